"""Judging and reporting by workers: the same codes and tables as on one machine."""

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mascope.cluster import dispatch
from mascope.cluster import judging as on_cluster
from mascope.cluster import reporting as reporting_there
from mascope.errors import InvalidInput, MissingPrerequisite
from mascope.judging.coders import Judged
from mascope.judging.recording import Again
from mascope.judging.setting import Unobserved
from mascope.judging.summary import JudgingSummary
from mascope.pipeline import judging, reporting
from mascope.pipeline.reporting import Options
from mascope.report import as_json
from mascope.store.layout import Results
from tests.cluster.clustering import (
    Scheduler,
    lines_of,
    mascope,
    said,
    scheduling,
    until,
    without_time,
)

STUDY = """\
study: judged
brief: Choose a tea.
models:
  ann: {model: rehearsal/leader, parameters: {latency: 0}}
  bob: {model: rehearsal/critic, parameters: {latency: 0}}
base: {participants: [ann, bob, ann], runs: 4, rounds: 4, faults: [{agent: bob, round: 2}]}
series: {A: {}, B: {}}
hypotheses:
  - {id: same, measure: similarity, compare: [A, B]}
"""
PANEL = """\
panel: tried
codebook: FLAGS
coders:
  one: {{model: rehearsal/judge, parameters: {{latency: {latency}}}}}
  two: {{model: rehearsal/judge, parameters: {{latency: {latency}}}, max_tokens: 512}}
  rules:
{more}
"""
FLAGS = Path(__file__).resolve().parents[2] / "judges" / "behaviour.yaml"


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with scheduling(tmp_path_factory.mktemp("cluster")) as scheduler:
        scheduler.worker()
        scheduler.worker()
        yield scheduler


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight discussions, not judged yet."""
    folder = tmp_path_factory.mktemp("held")
    (folder / "study.yaml").write_text(STUDY)
    said(mascope("run", folder / "study.yaml", "--out", folder / "out"))
    return folder / "out"


class Seen(Unobserved):
    """Counts what an observer is told."""

    def __init__(self) -> None:
        self.judged_by: Counter[str] = Counter()
        self.found_by: Counter[str] = Counter()
        self.over: dict[str, str | None] = {}

    def found(self, coder: str, runs: int, messages: int, settled: int) -> None:
        self.found_by[coder] += messages

    def judged(self, coder: str, judged: Judged) -> None:
        self.judged_by[coder] += 1

    def ended(self, coder: str, stopped: str | None) -> None:
        self.over[coder] = stopped


def panel(folder: Path, latency: float = 0.0, more: str = "") -> Path:
    file = folder / "panel.yaml"
    file.write_text(PANEL.format(latency=latency, more=more).replace("FLAGS", str(FLAGS)))
    return file


def copies(held: Path, folder: Path) -> tuple[Path, Path]:
    one, many = folder / "one", folder / "many"
    shutil.copytree(held, one)
    shutil.copytree(held, many)
    return one, many


def judged_here(root: Path, file: Path) -> JudgingSummary:
    prepared = judging.prepare(Results(root), file, None, None, Again())
    return asyncio.run(judging.code(prepared, Seen()))


def judged_there(root: Path, file: Path, address: str, seen: Seen) -> JudgingSummary:
    prepared = judging.prepare(Results(root), file, None, None, Again(), elsewhere=True)
    return asyncio.run(on_cluster.code(prepared, None, seen, address))


@pytest.mark.parametrize(
    "more", ["", "batch: 5", "repeats: {sample: 6, times: 2}", "repeats: {anchors: 2, every: 20}"]
)
def test_workers_write_the_codes_that_one_machine_writes(
    scheduler: Scheduler, held: Path, tmp_path: Path, more: str
) -> None:
    one, many = copies(held, tmp_path)
    file, seen = panel(tmp_path, more=more), Seen()
    here = judged_here(one, file)

    there = judged_there(many, file, scheduler.address, seen)

    assert without_time(many) == without_time(one)
    assert there == here
    assert there.complete
    assert seen.judged_by == {coder.coder: coder.coded for coder in here.coders}
    assert seen.found_by == {coder.coder: coder.messages for coder in here.coders}
    assert seen.over == {"one": None, "two": None, "rules": None}


def test_codes_of_a_killed_worker_go_on_at_another(scheduler: Scheduler, held: Path, tmp_path: Path) -> None:
    one, many = copies(held, tmp_path)
    doomed = scheduler.worker()
    process = mascope(
        "judge", many, "--panel", panel(tmp_path, latency=0.3), "--cluster", scheduler.address, "--json"
    )
    until(lambda: len(list(many.glob("codes/*/*/*.jsonl"))) > 3, process)

    doomed.send_signal(signal.SIGKILL)
    doomed.wait(10)
    said(process)
    judged_here(one, panel(tmp_path))

    assert codings(many) == codings(one)


def test_the_report_has_the_same_tables(scheduler: Scheduler, held: Path, tmp_path: Path) -> None:
    one, _ = copies(held, tmp_path)
    judged_here(one, panel(tmp_path))
    options = Options(
        panel=panel(tmp_path),
        only=("runs", "agreement", "series", "contrasts", "sensitivity", "text"),
        resamples=200,
    )
    told: list[str] = []

    there = asyncio.run(reporting_there.report(Results(one), options, scheduler.address, told.append))

    assert as_json(there) == as_json(reporting.report(Results(one), options))
    assert sorted(told) == ["agreement", "contrasts", "sensitivity", "series", "text"]


def test_a_report_waits_for_workers_and_then_says_that_there_are_none(
    held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "WORKERS_S", 0.5)
    with (
        scheduling(tmp_path) as deserted,
        pytest.RaisesGroup(MissingPrerequisite, flatten_subgroups=True) as raised,
    ):
        asyncio.run(reporting_there.report(Results(held), Options(only=("series",)), deserted.address))

    assert "no worker at tcp://" in str(raised.value.exceptions)


def test_a_table_that_there_is_not_is_named_before_any_worker_is_asked(held: Path) -> None:
    options = Options(only=("serie",))

    with pytest.raises(InvalidInput, match="no table 'serie'; did you mean 'series'"):
        asyncio.run(reporting_there.report(Results(held), options, "tcp://127.0.0.1:9"))


def codings(root: Path) -> dict[str, list[str]]:
    """Who coded what how, each message once."""
    found = {}
    for file in sorted(root.glob("codes/*/*/*.jsonl")):
        lines = [line for line in lines_of(file) if line["event"] == "coding"]
        found[str(file.relative_to(root))] = sorted(f"{line['message']} {line['flags']}" for line in lines)
    return found
