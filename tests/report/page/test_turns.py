"""The index of all turns, and the transcript of one run."""

from pathlib import Path
from typing import Any

import pytest

from mascope.report.evidence import coder_info, kind, runs
from mascope.report.page.turns import Coded, Index, LabelsByRun, transcript
from mascope.store.layout import Results
from tests.report.page.made import Made, report_of


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Made(series=("A", "C"), runs=1).write(tmp_path_factory.mktemp("turns") / "results")


@pytest.fixture(scope="module")
def index(results: Results) -> dict[str, Any]:
    labels = report_of(results).labels
    assert labels is not None
    coded = Coded(coder_info(results), labels.flags, labels, frozenset(["A-run01|Alpha|R1"]))
    by_run, index = LabelsByRun(coded), Index(coded)
    for found in runs(results, ["C", "A"]):
        index.add(found, by_run.of(found.run))
    return index.data()


def test_the_index_has_one_sign_a_turn_in_the_order_of_the_study(index: dict[str, Any]) -> None:
    assert [run["run"] for run in index["runs"]] == ["C-run01", "A-run01"]
    assert index["kinds"] == "mmmmimmmm" * 2
    assert index["rounds"] == [0, 0, 0, 1, 1, 1, 2, 2, 2] * 2
    assert [index["agents"][n] for n in index["speakers"][:3]] == ["m0", "m1", "m2"]


def test_marks_add_up(index: dict[str, Any]) -> None:
    changed, broadcast, told, retried = "2", "8", "g", "4"

    assert index["marks"][9:] == f"00{changed}{broadcast}{told}0{retried * 3}"


def test_what_a_coder_said_is_kept_apart_from_what_it_never_said(index: dict[str, Any]) -> None:
    codes = index["codes"]

    assert codes["one"]["META"][9:] == "ynny.nynn"
    assert codes["two"]["META"][9:] == "xnny.nnnn"
    assert codes["two"]["LEAD"][9:] == "xnun.unnu"


def test_labels_are_undecided_where_a_missing_verdict_could_have_changed_them(index: dict[str, Any]) -> None:
    assert index["labels"]["META"][9:] == "unny.nnnn"


def test_a_yes_has_the_level_that_is_counted(index: dict[str, Any]) -> None:
    assert index["codes"]["one"]["COMP"][-1] == "1"
    assert index["codes"]["two"]["COMP"][-1] == "2"
    assert index["labels"]["COMP"][-1] == "1"  # by intersection, what all agree that it reaches


def test_a_transcript_says_what_a_turn_saw_by_place(results: Results) -> None:
    found = transcript(next(runs(results)))
    last = found["turns"][-1]

    assert last["seen"] == list(range(8))
    assert last["cut"] == [0]
    assert last["errors"] == [{"attempt": 1, "kind": "rate_limit", "detail": "slow down"}]
    assert last["codes"]["two"]["flags"]["COMP"] == {"answer": "yes", "level": "L2"}
    assert found["turns"][0]["round"] == 0
    assert found["probes"][0]["answer"] == "tea"


def test_a_torn_last_line_is_no_turn(results: Results, tmp_path: Path) -> None:
    copy = Results(tmp_path)
    journal = copy.journal("A-run01")
    journal.parent.mkdir(parents=True)
    journal.write_bytes(
        results.journal("A-run01").read_bytes().rpartition(b'{"event":"end"')[0] + b'{"event":"mes'
    )
    found = next(runs(copy))

    assert found.end is None
    assert len(found.turns) == 9


def test_a_journal_that_was_only_opened_is_no_run(tmp_path: Path) -> None:
    results = Results(tmp_path)
    journal = results.journal("A-run01")
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"")

    assert list(runs(results)) == []


@pytest.mark.parametrize("event", ["message", "failure"])
def test_what_a_fork_repeats_of_its_parent_is_neither_message_nor_failure(event: str) -> None:
    line = {"event": event, "text": "Green tea.", "origin": "organic"}

    assert kind(line) == event
    assert kind({**line, "copied_from": "A-run01|Alpha|R0"}) == "copied"
