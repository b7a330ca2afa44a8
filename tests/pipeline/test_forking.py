"""Branching a run: what is kept, what is changed, and how forks and parents stay paired."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mascope.chat.scripted import Scripted
from mascope.chat.types import Request
from mascope.cli import forking as command
from mascope.discussion.engine import Unobserved
from mascope.errors import CallFailed, FailureKind, ForeignResults, InvalidInput, MascopeError
from mascope.pipeline.forking import ForkOptions, prepare_forks
from mascope.pipeline.running import Options, RunSummary, hold, prepare
from mascope.records import Failure, Message, Turn
from mascope.store import frames, journal, lines
from mascope.store.layout import Results, series_of

STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {model: rehearsal/leader, label: Ann 1B}
  bob: {model: rehearsal/critic, label: Bob 7B}
base:
  participants: [ann, bob, ann]
  runs: 2
  rounds: 5
  names: {permute: true}
  schedule: {order: shuffled_rounds}
  sampling: {temperature: 0.8}
  probes: [{id: p, ask: 'Which tea?', kind: text, when: [before, 1, after]}]
series: {A: {}}
"""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    study = tmp_path / "tea.yaml"
    study.write_text(STUDY)
    asyncio.run(hold(prepare(study, tmp_path / "out", Options()), Unobserved()))
    return Results(tmp_path / "out")


def forked(results: Results, change: str | None, *, run: str = "A-run01", **more: Any) -> RunSummary:
    options = ForkOptions(run, **{"round": 2, "change": change, "runs": 2, "results": results.root, **more})
    return asyncio.run(hold(prepare_forks(options), Unobserved()))


def refused(results: Results, change: str | None, **more: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        forked(results, change, **more)
    return str(caught.value)


def texts(turns: Iterable[Turn]) -> dict[tuple[int, str], str]:
    return {(turn.round, turn.name): turn.text for turn in turns if isinstance(turn, Message)}


def test_forks_are_a_series_of_their_own_and_name_their_parent(results: Results) -> None:
    summary = forked(results, "sampling.temperature=0.2")

    series = "A-fork2-sampling.temperature-0.2"
    assert summary.statuses == {f"{series}-run01-f1": "done", f"{series}-run01-f2": "done"}
    for run in summary.statuses:
        header = journal.read(results.journal(run)).header
        assert header is not None
        assert (header.parent, header.series, header.replicate) == ("A-run01", series, 1)
        assert header.condition["sampling"]["temperature"] == 0.2
        assert series_of(run) == series


def test_what_was_said_before_is_the_parents_and_the_rest_is_not(results: Results) -> None:
    summary = forked(results, "sampling.temperature=0.2")

    parent = texts(journal.read(results.journal("A-run01")).turns)
    forks = [texts(journal.read(results.journal(run)).turns) for run in summary.statuses]
    before = {place for place in parent if place[0] < 2}
    for fork in forks:
        assert fork.keys() == parent.keys()
        assert {place: fork[place] for place in before} == {place: parent[place] for place in before}
        assert all(fork[place] != parent[place] for place in parent.keys() - before)
    assert forks[0] != forks[1]


def test_copied_turns_are_marked_renamed_and_cost_nothing(results: Results) -> None:
    run = next(iter(forked(results, None).statuses))

    found = journal.read(results.journal(run))
    copied = [turn for turn in found.turns if turn.copied_from is not None]
    own = [turn for turn in found.turns if turn.copied_from is None]
    assert {turn.round for turn in copied} == {0, 1}
    assert {turn.round for turn in own} == {2, 3, 4}
    for turn in found.turns:
        assert isinstance(turn, Message)
        assert all(id_.startswith(f"{run}|") for id_ in (turn.id, *turn.seen))
    first = copied[0]
    assert isinstance(first, Message)
    assert first.copied_from == first.id.replace(run, "A-run01")
    assert (first.cost_usd, first.usage, first.attempts) == (0.0, None, 0)
    events = lines.read(results.journal(run))
    assert {event["round"] for event in events if event["event"] == "call"} == {2, 3, 4}


def test_names_and_orders_stay_the_parents(results: Results) -> None:
    run = next(iter(forked(results, "sampling.temperature=0.2").statuses))

    parent, fork = journal.read(results.journal("A-run01")), journal.read(results.journal(run))
    assert parent.header is not None
    assert fork.header is not None
    assert fork.header.agents == parent.header.agents
    assert fork.header.seed == parent.header.seed
    assert [(t.round, t.position, t.agent) for t in sorted(fork.turns, key=place)] == [
        (t.round, t.position, t.agent) for t in sorted(parent.turns, key=place)
    ]


def place(turn: Turn) -> tuple[int, int]:
    return turn.round, turn.position


def test_earlier_private_answers_come_along_and_are_not_asked_for_again(results: Results) -> None:
    run = next(iter(forked(results, None).statuses))

    answers = journal.probe_answers(journal.read(results.journal(run)))
    assert {answer.round for answer in answers if answer.copied_from} == {None, 1}
    assert {answer.round for answer in answers if not answer.copied_from} == {4}
    assert len(answers) == 9


def test_a_change_of_the_instrument_takes_effect_from_the_round_on(results: Results) -> None:
    run = next(iter(forked(results, "faults=[{agent: bob, round: 3}]").statuses))

    turns = journal.read(results.journal(run)).turns
    assert [(turn.round, turn.agent) for turn in turns if isinstance(turn, Failure)] == [(3, "bob")]


def test_a_fork_whose_agents_are_alone_from_then_on_does_not_tell_them_of_others(results: Results) -> None:
    forked(results, "schedule.interaction=solo", runs=1)
    forked(results, "sampling.temperature=0.2", runs=1)

    headers = map(journal.read_header, results.journals())
    found = {header.series: header.condition for header in headers if header is not None}
    alone, group = found["A-fork2-schedule.interaction-solo"], found["A-fork2-sampling.temperature-0.2"]
    assert (alone["scaffold"]["peers"], alone["turns"]["cue"]) == (False, "Continue.")
    assert (group["scaffold"]["peers"], group["turns"]["cue"]) == (True, "Continue the discussion.")


def test_a_fork_of_it_whose_agents_are_together_again_tells_them_of_each_other(results: Results) -> None:
    (solo,) = forked(results, "schedule.interaction=solo", runs=1).statuses
    (back,) = forked(results, "schedule.interaction=group", run=solo, round=3, runs=1).statuses

    header, first = (journal.read_header(results.journal(run)) for run in (back, "A-run01"))
    assert header is not None
    assert first is not None
    assert header.condition == first.condition


def test_a_seat_can_get_another_model_and_knows_its_seats_words_as_its_own(results: Results) -> None:
    run = next(iter(forked(results, "participants.2.model=bob").statuses))

    found = journal.read(results.journal(run))
    assert found.header is not None
    assert [agent.id for agent in found.header.agents] == ["ann", "bob-1", "bob-2"]
    assert {turn.agent for turn in found.turns} == {"ann", "bob-1", "bob-2"}
    assert len(found.turns) == 15


def test_a_fork_can_be_longer_than_its_parent(results: Results) -> None:
    run = next(iter(forked(results, "rounds=7", round=5).statuses))

    assert {turn.round for turn in journal.read(results.journal(run)).turns} == set(range(7))


def test_a_fork_can_be_forked(results: Results) -> None:
    first = next(iter(forked(results, "sampling.temperature=0.2").statuses))

    second = next(iter(forked(results, None, run=first, round=3).statuses))

    header = journal.read(results.journal(second)).header
    assert header is not None
    assert header.parent == first
    assert header.condition["sampling"]["temperature"] == 0.2


def test_a_half_finished_run_can_be_forked_from_a_round_that_is_complete(results: Results) -> None:
    file = results.journal("A-run01")
    events = lines.read(file)
    third = next(n for n, e in enumerate(events) if e["event"] == "message" and e["round"] == 3)
    file.write_bytes(b"".join(lines.encode(event) for event in events[:third]))

    assert set(forked(results, None, round=3).statuses.values()) == {"done"}
    assert "complete up to round 2 only" in refused(results, None, round=4)


def test_a_killed_fork_goes_on_where_it_stopped(results: Results) -> None:
    run = next(iter(forked(results, "sampling.temperature=0.2").statuses))
    file = results.journal(run)
    whole = file.read_bytes()
    turns = journal.read(file).turns
    rows = whole.splitlines(keepends=True)
    file.write_bytes(b"".join(rows[: len(rows) // 2]) + rows[len(rows) // 2][:10])

    forked(results, "sampling.temperature=0.2")

    assert texts(journal.read(file).turns) == texts(turns)


def test_more_forks_can_be_added_and_those_held_are_left_alone(results: Results) -> None:
    first = forked(results, None, runs=1)
    before = results.journal(next(iter(first.statuses))).read_bytes()

    forked(results, None, runs=3)

    assert results.journal(next(iter(first.statuses))).read_bytes() == before
    assert len(list((results.root / "runs" / "A-fork2-control").glob("*.jsonl"))) == 3


def test_a_fork_that_was_aborted_starts_anew_from_the_copied_turns(results: Results) -> None:
    failing = iter([True])

    def once(request: Request) -> str:
        if next(failing, False):
            raise CallFailed(FailureKind.NOT_FOUND, "gone")
        return "fine"

    options = ForkOptions("A-run01", 2, "on_failure=abort", 1, results.root)
    prepared = prepare_forks(options)
    scripted = replace(prepared, chats=dict.fromkeys(prepared.chats, Scripted(once)))

    summary = asyncio.run(hold(scripted, Unobserved()))

    (run,) = summary.statuses
    assert summary.statuses[run] == "done"
    found = journal.read(results.journal(run))
    assert len(found.turns) == 15
    assert sum(turn.copied_from is not None for turn in found.turns) == 6
    assert len(list(results.journal(run).parent.glob("aborted/*"))) == 1


def test_the_study_and_the_parent_are_not_touched(results: Results) -> None:
    before = {f: f.read_bytes() for f in (results.study_file, *results.journals())}

    forked(results, "sampling.temperature=0.2")

    assert {file: file.read_bytes() for file in before} == before


def test_the_tables_pair_each_fork_with_its_parent(results: Results) -> None:
    forked(results, "sampling.temperature=0.2")
    forked(results, "sampling.temperature=0.2", run="A-run02")

    runs = frames.load(results).runs
    forks = runs[runs["series"] == "A-fork2-sampling.temperature-0.2"]
    assert list(forks["parent"]) == ["A-run01", "A-run01", "A-run02", "A-run02"]
    assert list(forks["replicate"]) == [1, 1, 2, 2]


BAD: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "no such run": ({"run": "A-run1"}, "sampling.temperature=0.2", "did you mean 'A-run01'?"),
    "no such journal": ({"run": "no/such.jsonl"}, None, "no such journal"),
    "round 0": ({"round": 0}, "rounds=9", "add a series"),
    "a round past the end": ({"round": 5}, "sampling.temperature=0.2", "ends with round 4"),
    "a round nobody has come to": ({"round": 6}, "rounds=9", "complete up to round 4 only"),
    "no equals sign": ({}, "sampling.temperature", "write KEY=VALUE"),
    "an unknown key": ({}, "samplin.temperature=1", "there is no 'samplin'; did you mean 'sampling'?"),
    "an unknown last key": ({}, "sampling.temprature=1", "did you mean 'temperature'?"),
    "a wrong value": ({}, "sampling.temperature=hot", "sampling.temperature"),
    "an unknown model": ({}, "participants.0.model=zoe", "no model 'zoe'"),
    "broken YAML": ({}, "faults=[{", "not valid YAML"),
    "names": ({}, "names.peers=real", "cannot change in the middle"),
    "another number of seats": ({}, "participants=[ann, bob]", "keeps the 3 seats"),
    "nothing changed": ({}, "sampling.temperature=0.8", "that is what it is"),
}


@pytest.mark.parametrize("case", BAD)
def test_nonsense_gets_one_clear_error_and_writes_nothing(results: Results, case: str) -> None:
    more, change, said = BAD[case]
    before = sorted(results.root.rglob("*"))

    text = refused(results, change, **more)

    assert said in text
    assert "\n" not in text
    assert sorted(results.root.rglob("*")) == before


def test_a_run_of_other_models_is_not_gone_on_with(results: Results) -> None:
    text = results.study_file.read_text()
    results.study_file.write_text(text.replace("rehearsal/leader", "rehearsal/quiet"))

    with pytest.raises(ForeignResults, match="not held by this version"):
        forked(results, None)


def command_line(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    command.register(app)
    app.command()(lambda: None)
    found = CliRunner().invoke(app, ["fork", *arguments])
    if isinstance(found.exception, MascopeError):
        return found.exception.exit_code, str(found.exception)
    return found.exit_code, found.output


def test_the_command_holds_forks_and_says_how_they_ended(results: Results) -> None:
    file = str(results.journal("A-run02"))

    code, said = command_line(file, "--round", "3", "--set", "sampling.temperature=0.1", "--runs", "2")

    assert code == 0
    assert "A-fork3-sampling.temperature-0.1-run02-f2: done" in said


def test_the_command_ends_with_2_where_there_is_nothing_to_fork(results: Results) -> None:
    code, said = command_line("A-run09", "--round", "3", "--results", str(results.root))

    assert code == 2
    assert "no run 'A-run09'" in said
