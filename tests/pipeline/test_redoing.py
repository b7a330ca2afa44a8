import asyncio
import signal
from pathlib import Path

import pytest

from mascope.cli.progress import RunProgress
from mascope.errors import InvalidInput
from mascope.halt import INTERRUPTED
from mascope.pipeline.losses import Loss, losses
from mascope.pipeline.redoing import set_aside
from mascope.pipeline.running import Options, RunSummary, hold, prepare
from mascope.records import Turn
from mascope.store import journal
from mascope.store.layout import Results
from mascope.study import Run

FAILING = "{authentication: 1.0}"
STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {model: rehearsal/plain, parameters: {failures: {authentication: 1.0}}}
  bob: {model: rehearsal/leader}
base: {participants: [ann, bob], runs: 2, rounds: 2}
series:
  A: {}
  B: {on_failure: {then: abort, restarts: 1}}
  C: {participants: [bob]}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    file = tmp_path / "tea.yaml"
    file.write_text(STUDY)
    return file


def held(study: Path, options: Options | None = None) -> RunSummary:
    prepared = prepare(study, study.parent / "out", options or Options())
    return asyncio.run(hold(prepared, RunProgress(prepared)))


def mended(study: Path) -> None:
    study.write_text(STUDY.replace(FAILING, "{}"))


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*.jsonl"))


def test_what_was_lost_is_counted_by_kind_with_the_commonest_words(study: Path) -> None:
    summary = held(study)

    assert summary.counts == {"failed": 2, "aborted": 2, "done": 2}
    assert summary.lost == (Loss("authentication", 6, "rehearsed failure"),)


def test_nothing_is_lost_where_nothing_failed(study: Path) -> None:
    mended(study)

    assert held(study).lost == ()


def test_failures_that_the_study_asked_for_are_no_loss(study: Path) -> None:
    mended(study)
    study.write_text(study.read_text().replace("A: {}", "A: {faults: [{agent: bob, round: 1}]}"))

    assert held(study).lost == ()


def test_failed_and_aborted_runs_are_set_aside_and_held_anew(study: Path) -> None:
    held(study)
    runs = study.parent / "out" / "runs"
    failed = (runs / "A" / "A-run01.jsonl").read_bytes()
    done = (runs / "C" / "C-run01.jsonl").read_bytes()
    mended(study)

    summary = held(study, Options(redo_failed=True))

    assert summary.counts == {"done": 6}
    assert (runs / "A" / "failed" / "A-run01-1.jsonl").read_bytes() == failed
    assert (runs / "C" / "C-run01.jsonl").read_bytes() == done
    assert files(runs / "B") == [
        "B-run01.jsonl",
        "B-run02.jsonl",
        *(f"failed/B-run0{run}-{attempt}.jsonl" for run in (1, 2) for attempt in (1, 2)),
    ]
    assert len(Results(study.parent / "out").journals()) == 6


def test_a_run_that_fails_again_is_kept_as_well(study: Path) -> None:
    for options in (Options(), Options(redo_failed=True), Options(redo_failed=True)):
        held(study, options)

    assert files(study.parent / "out" / "runs" / "A" / "failed") == [
        f"A-run0{run}-{attempt}.jsonl" for run in (1, 2) for attempt in (1, 2)
    ]


def test_without_the_option_failed_runs_stay_as_they_are(study: Path) -> None:
    held(study)
    before = files(study.parent / "out")

    assert held(study).counts == {"failed": 2, "aborted": 2, "done": 2}
    assert files(study.parent / "out") == before


def test_everybodys_codes_of_a_run_held_anew_are_set_aside(study: Path) -> None:
    held(study)
    results = Results(study.parent / "out")
    for run in ("A-run01", "C-run01"):
        results.codes("kim", run).parent.mkdir(parents=True)
        results.codes("kim", run).write_text("{}\n")

    set_aside(results, ["A-run01"])

    assert files(results.root / "superseded") == ["kim/A/A-run01-1.jsonl"]
    assert results.codes_of("kim") == [results.codes("kim", "C-run01")]


def test_codes_of_an_attempt_that_was_started_anew_are_set_aside(study: Path) -> None:
    results = Results(study.parent / "out")
    results.codes("kim", "B-run01").parent.mkdir(parents=True)
    results.codes("kim", "B-run01").write_text("{}\n")
    results.write_study("study: tea\n")

    held(study, Options(series=["B"], first=1))

    assert files(results.root / "superseded") == ["kim/B/B-run01-1.jsonl"]
    assert results.codes_of("kim") == []


def test_a_run_with_forks_is_not_held_anew(study: Path) -> None:
    held(study)
    results = Results(study.parent / "out")
    fork = results.journal("A-fork1-x-run01")
    fork.parent.mkdir()
    content = results.journal("A-run01").read_text().replace('"parent":null', '"parent":"A-run01"', 1)
    fork.write_text(content)
    before = files(results.root)

    with pytest.raises(InvalidInput, match="A-run01 has a fork"):
        held(study, Options(redo_failed=True))

    assert files(results.root) == before


def test_a_copied_failure_of_a_fork_is_its_parents_loss(study: Path) -> None:
    held(study, Options(series=["A"], first=1))
    file = Results(study.parent / "out").journal("A-run01")
    file.write_text(file.read_text().replace('"copied_from":null', '"copied_from":"x"'))

    assert losses([file]) == ()


class Interrupting(RunProgress):
    """Sends Ctrl-C to this process once somebody has spoken."""

    def spoke(self, run: Run, turn: Turn) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_run_that_was_never_begun_is_to_do_and_not_partial(study: Path) -> None:
    mended(study)
    prepared = prepare(study, study.parent / "out", Options(jobs=1))

    summary = asyncio.run(hold(prepared, Interrupting(prepared)))

    assert summary.halted == INTERRUPTED
    assert summary.statuses["A-run01"] == "partial"
    assert summary.counts == {"partial": 1, "to do": 5}


class Twice(RunProgress):
    def spoke(self, run: Run, turn: Turn) -> None:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)


def test_after_a_second_interrupt_the_journals_say_what_was_begun(study: Path) -> None:
    mended(study)
    prepared = prepare(study, study.parent / "out", Options(jobs=1, series=["A"]))

    summary = asyncio.run(hold(prepared, Twice(prepared)))

    assert summary.exit_code == 130
    assert summary.statuses == {"A-run01": "partial", "A-run02": "to do"}
    assert journal.read(prepared.results.journal("A-run01")).turns
