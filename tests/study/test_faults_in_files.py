"""Faults that cannot happen as they are written are errors, with the line and what to do."""

from pathlib import Path

import pytest

from mascope.errors import InvalidFile
from mascope.pipeline.planning import plan_study
from mascope.study import load_study, stamped
from mascope.study.condition import Condition
from mascope.yamlfile import dump

STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {model: rehearsal/plain}
  bob: {model: rehearsal/plain}
base:
  participants: [ann, bob]
  rounds: 4
"""


def study(folder: Path, rest: str) -> Path:
    file = folder / "study.yaml"
    file.write_text(STUDY + rest)
    return file


def condition(folder: Path, rest: str) -> Condition:
    return load_study(study(folder, rest)).series["X"]


def refused(folder: Path, rest: str) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        load_study(study(folder, rest))
    return caught.value


def test_two_faults_of_one_agent_in_the_same_round_are_refused(tmp_path: Path) -> None:
    error = refused(
        tmp_path,
        """\
  faults:
    - {agent: bob, round: 1, kind: mute, rounds: 2}
    - {agent: bob, round: 2, kind: garble, rounds: 1}
series: {X: {}}
""",
    )

    assert (error.line, error.key) == (11, "base.faults.1")
    assert "'bob' already has the fault 'mute' in round 2" in error.problem
    assert "give the earlier fault `rounds`" in error.problem


def test_a_fault_for_good_overlaps_with_all_that_come_later(tmp_path: Path) -> None:
    faults = "{first: {agent: bob, round: 0}, second: {agent: bob, round: 3, kind: mute}}"

    error = refused(tmp_path, f"series:\n  X: {{faults: {faults}}}\n")

    assert error.key == "series.X.faults.second"
    assert error.line == 10


def test_faults_that_follow_each_other_or_have_different_agents_are_no_overlap(tmp_path: Path) -> None:
    faults = "[{agent: bob, round: 0, rounds: 2}, {agent: bob, round: 2, kind: mute}, {agent: ann, round: 1}]"

    found = condition(tmp_path, f"series: {{X: {{faults: {faults}}}}}\n")

    assert len(found.faults) == 3


def test_a_fault_of_a_series_in_a_round_that_it_never_reaches_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "series:\n  X:\n    faults:\n      loss: {agent: bob, round: 4}\n")

    assert (error.line, error.key) == (12, "series.X.faults.loss.round")
    assert "round 4 never comes: the series has rounds 0 to 3" in error.problem


def test_a_fault_of_the_base_that_a_series_is_too_short_for_is_told_by_the_plan(tmp_path: Path) -> None:
    series = "series: {X: {}, Y: {rounds: 3}, Z: {participants: [ann], rounds: 1}}"
    rest = f"  faults: [{{agent: bob, round: 3}}]\n{series}\n"

    (said,) = plan_study(study(tmp_path, rest)).cautions

    assert said == "Y: the fault 'crash' of 'bob' never happens: round 3 is not among its rounds 0 to 2"


def test_a_series_may_do_without_the_faults_of_the_base(tmp_path: Path) -> None:
    rest = "  faults: [{agent: bob, round: 3}]\nseries: {X: {}, Y: {rounds: 3, faults: []}}\n"

    assert load_study(study(tmp_path, rest)).series["Y"].faults == ()


def test_a_fault_of_the_base_is_passed_over_where_its_agent_does_not_sit(tmp_path: Path) -> None:
    rest = "  faults: [{agent: bob, round: 3}]\nseries: {X: {participants: [ann], rounds: 2}, Y: {}}\n"

    assert len(condition(tmp_path, rest).faults) == 1


@pytest.mark.parametrize("kind", ["garble", "truncate"])
@pytest.mark.parametrize("key", ["peers_see: notice", "peers_see: raw", "notice: gone", "error: '503'"])
def test_a_fault_that_shows_nothing_cannot_say_what_is_shown(tmp_path: Path, kind: str, key: str) -> None:
    error = refused(tmp_path, f"series: {{X: {{faults: [{{agent: bob, round: 1, kind: {kind}, {key}}}]}}}}\n")

    assert f"`{key.partition(':')[0]}` belongs to a crash or mute" in error.problem


@pytest.mark.parametrize("kind", ["garble", "truncate"])
def test_that_nothing_is_shown_may_be_said(tmp_path: Path, kind: str) -> None:
    faults = f"[{{agent: bob, round: 1, kind: {kind}, peers_see: nothing}}]"

    assert condition(tmp_path, f"series: {{X: {{faults: {faults}}}}}\n").faults[0].kind == kind


@pytest.mark.parametrize(
    ("kind", "notice"),
    [("crash", "[System]: {name} has left the discussion."), ("mute", "[System]: {name} is silent.")],
)
def test_the_notice_fits_the_fault(tmp_path: Path, kind: str, notice: str) -> None:
    found = condition(tmp_path, f"series: {{X: {{faults: [{{agent: bob, round: 1, kind: {kind}}}]}}}}\n")

    assert found.faults[0].telling.notice == notice


def test_a_resolved_study_reads_the_same_again_with_every_kind_of_fault(tmp_path: Path) -> None:
    kinds = ("crash", "mute", "garble", "truncate")
    faults = ", ".join(f"{{agent: bob, round: {n}, rounds: 1, kind: {kind}}}" for n, kind in enumerate(kinds))
    found = load_study(study(tmp_path, f"series: {{X: {{faults: [{faults}]}}}}\n"))
    again = tmp_path / "again.yaml"
    again.write_text(dump(stamped(found, tmp_path)))

    read = load_study(again)

    assert read.digest == found.digest
    assert read.series["X"].faults == found.series["X"].faults


def test_a_stored_study_keeps_the_fault_of_an_agent_that_some_series_do_not_seat(tmp_path: Path) -> None:
    faults = "  faults: [{agent: bob, round: 1}]\n"
    written = load_study(study(tmp_path, f"{faults}series: {{X: {{}}, Y: {{participants: [ann, ann]}}}}\n"))
    stored = tmp_path / "out" / "study.yaml"
    stored.parent.mkdir()
    stored.write_text(dump(stamped(written, stored.parent)))

    again = load_study(stored)

    assert again.series == written.series
    assert again.digest == written.digest
    assert [fault.agent for fault in again.series["X"].faults] == ["bob"]


def test_a_stored_study_whose_fault_nobody_is_there_for_is_refused(tmp_path: Path) -> None:
    faults = "  faults: [{agent: bob, round: 1}]\n"
    written = load_study(study(tmp_path, f"{faults}series: {{X: {{}}}}\n"))
    stored = tmp_path / "stored.yaml"
    stored.write_text(dump(stamped(written, tmp_path)).replace("agent: bob", "agent: nobody"))

    with pytest.raises(InvalidFile, match="no series seats an agent 'nobody'"):
        load_study(stored)
