import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mascope.cli.progress import JudgeProgress, Now, RunProgress
from mascope.errors import CallFailed, FailureKind
from mascope.pipeline.running import Options, prepare
from mascope.records import Message, Usage

STUDY = """\
study: tea
brief: Choose a tea.
models: {ann: {model: rehearsal/plain}}
base: {participants: {clones_of: ann, count: 2}, runs: 1, rounds: 3}
series: {A: {}}
"""
MESSAGE = Message("A|x|R0", "ann-1", "x", "ann", None, 0, 0, "Hello.", (), "d")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spoken(tmp_path: Path, clock: Clock) -> Callable[[float], None]:
    """Has an agent speak at a time."""
    file = tmp_path / "tea.yaml"
    file.write_text(STUDY)
    prepared = prepare(file, tmp_path / "out", Options())
    progress = RunProgress(prepared, clock)

    def speak(at: float) -> None:
        clock.now = at
        progress.spoke(prepared.runs[0], MESSAGE)

    return speak


def test_a_short_run_says_nothing_where_there_is_no_terminal(
    spoken: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    spoken(29.0)

    assert capsys.readouterr().err == ""


def test_a_long_run_says_a_plain_line_every_half_minute(
    spoken: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for at in (10.0, 31.0, 32.0, 62.0):
        spoken(at)

    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" · ")[0] for line in said] == ["2 of 6 turns", "4 of 6 turns"]


def test_only_the_first_retry_is_said(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = JudgeProgress(clock)
    progress.started("a", 1)

    for kind in (FailureKind.RATE_LIMIT, FailureKind.SERVER):
        progress.retrying("a", CallFailed(kind, "too\nmany"), 12.0)

    assert capsys.readouterr().err == "retrying after rate_limit: too many; again in 12.0 s (said once)\n"


def test_judging_says_how_far_each_coder_is(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = JudgeProgress(clock)
    progress.started("a", 1)
    progress.found("a", 1, 1200, 300)
    clock.now = 40.0

    progress.retrying("a", CallFailed(FailureKind.SERVER, "busy"), 1.0)

    assert "messages coded: a 300 of 1,200\n" in capsys.readouterr().err


def test_where_a_bar_is_seen_no_line_is_printed(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    now = Now(seen=True, clock=clock)
    clock.now = 100.0

    now.say(lambda: "x")
    now.retrying(CallFailed(FailureKind.SERVER, "busy"), 1.0)

    assert capsys.readouterr().err == ""


def test_what_is_paid_for_no_turn_is_in_the_live_spend(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tea.yaml"
    file.write_text(STUDY)
    prepared = prepare(file, tmp_path / "out", Options())
    progress, run = RunProgress(prepared, clock, lines=True), prepared.runs[0]

    progress.spoke(run, replace(MESSAGE, cost_usd=0.5, usage=Usage(1, 10)))
    progress.paid(run, 30, 0.25)
    clock.now = 2.0
    progress.ended(run, "done")

    state = json.loads(capsys.readouterr().err)
    assert (state["cost_usd"], state["tokens_per_s"], state["turns"]) == (0.75, 20.0, 1)


def test_turns_that_crashes_and_confederates_leave_out_are_not_waited_for(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tea.yaml"
    seats = "participants: [ann, {confederate: first, lines: {0: Rooibos.}}, ann]"
    file.write_text(
        STUDY.replace("participants: {clones_of: ann, count: 2}", seats).replace(
            "{A: {}}", "{A: {faults: [{agent: ann-1, round: 1}]}}"
        )
    )
    prepared = prepare(file, tmp_path / "out", Options())
    progress = RunProgress(prepared, clock)
    clock.now = 31.0

    progress.spoke(prepared.runs[0], MESSAGE)

    # ann-1 speaks in round 0 and crashes in 1, which is a turn too; first speaks once; ann-2 three times.
    assert capsys.readouterr().err.startswith("1 of 6 turns")
