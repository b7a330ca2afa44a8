"""What a fork has from its parent cannot be changed, is not counted again, and is compared with like."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mascope.chat.scripted import Script, Scripted
from mascope.chat.types import Request
from mascope.discussion.engine import Unobserved
from mascope.discussion.schedule import ORDERS
from mascope.errors import CallFailed, FailureKind, InvalidInput
from mascope.judging.units import units_of
from mascope.pipeline import reporting
from mascope.pipeline.forking import ForkOptions, prepare_forks
from mascope.pipeline.running import Options, Prepared, RunSummary, hold, prepare
from mascope.pipeline.status import status_of
from mascope.records import Message
from mascope.store import frames, journal
from mascope.store.layout import Results
from mascope.tables.analysis import Analysis
from mascope.tables.contrasts import contrasts_table
from mascope.tables.hypotheses import measured

STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {model: rehearsal/leader}
  bob: {model: rehearsal/critic}
  cy: {model: rehearsal/plain}
base:
  participants: [ann, {model: bob, lines: {1: "I am for rooibos."}}, cy]
  runs: 3
  rounds: 6
  schedule: {order: shuffled_rounds}
  faults:
    - {agent: ann, round: 1, kind: mute, rounds: 2, on_return: "{name} is back."}
    - {agent: cy, round: 2, kind: crash}
  probes: [{id: p, ask: "Which tea?", kind: text, when: [before, 1, after]}]
series: {A: {}}
hypotheses:
  - {id: pairs, measure: messages, compare: [A-fork3-control, A], matched_by: parent}
  - {id: whole, measure: messages, compare: [A-fork3-control, A]}
  - id: grand
    measure: messages
    compare: [A-fork3-control-fork4-control, A-fork3-control]
    matched_by: parent
"""
CONTROL = "A-fork3-control"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    study = tmp_path / "tea.yaml"
    study.write_text(STUDY)
    asyncio.run(hold(prepare(study, tmp_path / "out", Options()), Unobserved()))
    return Results(tmp_path / "out")


def forks(results: Results, run: str = "A-run01", change: str | None = None, round_: int = 3) -> RunSummary:
    prepared = prepare_forks(ForkOptions(run, round_, change, 2, results.root))
    return asyncio.run(hold(prepared, Unobserved()))


PAST: Mapping[str, tuple[str, str]] = {
    "a past fault left out": ("faults=[]", "the fault 'mute' of 'ann' in round 1 is past"),
    "a fault set in the past": ("faults.1.round=0", "of 'cy' in round"),
    "another kind": ("faults.0.kind=crash", "of 'ann' in round 1 is past"),
    "another notice": ("faults.1.notice=gone", "of 'cy' in round 2 is past"),
    "a shorter absence": ("faults.0.rounds=1", "of 'ann' in round 1 is past"),
    "a past line": ("participants.1.lines={1: No.}", "participants.1.lines: the line of round 1 is past"),
    "a line more in the past": ("participants.1.lines={0: No.}", "the line of round 0 is past"),
    "a new wording": ("probes.0.ask=Why?", "the probe 'p' was asked before the first round in other words"),
    "a new scale": ("probes.0={kind: scale}", "in other words: give the new one another id"),
    "a new probe in the past": (
        "probes=[{id: q, ask: Why, when: [0, after]}]",
        "'q' would have been asked after round 0, which is past: say `when:` in rounds from 2 on",
    ),
    "a probe asked earlier": ("probes.0.when=[before, 0]", "after round 0, which is past"),
}


@pytest.mark.parametrize("case", PAST)
def test_what_is_past_cannot_be_changed(results: Results, case: str) -> None:
    change, said = PAST[case]
    before = sorted(results.root.rglob("*"))

    with pytest.raises(InvalidInput) as caught:
        forks(results, change=change)

    assert f"--set {change}: " in str(caught.value)
    assert said in str(caught.value)
    assert sorted(results.root.rglob("*")) == before


@pytest.mark.parametrize(
    "change",
    [
        "faults.1.rounds=2",  # it comes back in round 4
        "participants.1.lines={5: Now I am for mint.}",
        "probes=[{id: q, ask: Why, when: [2, after]}]",
        "probes.0.when=[before, 1, 4]",
        "rounds=8",
    ],
)
def test_what_is_still_to_come_can_be_changed(results: Results, change: str) -> None:
    assert set(forks(results, change=change).statuses.values()) == {"done"}


def test_a_new_probe_is_asked_from_the_round_just_before_the_fork_on(results: Results) -> None:
    (run, _) = forks(results, change="probes=[{id: q, ask: Why, when: [2, after]}]").statuses

    answers = journal.probe_answers(journal.read(results.journal(run)))
    assert {answer.round for answer in answers if answer.probe == "q"} == {2, 5}
    assert {answer.copied_from is None for answer in answers if answer.probe == "p"} == {False}


def test_what_a_fork_repeats_is_counted_in_its_parent_alone(results: Results) -> None:
    (run, _) = forks(results).statuses
    found = frames.load(results)

    # Rounds 3 to 5 of ann and bob; cy has crashed, in what was copied.
    (row,) = found.runs[found.runs["run"] == run].to_dict("records")
    assert (row["messages"], row["failures_injected"], row["rounds"], row["from_round"]) == (6, 0, 3, 3)
    assert row["unpriced"] == 0
    messages = found.messages[found.messages["run"] == run]
    assert sorted(set(messages["round"])) == [3, 4, 5]
    assert not (found.failures["run"] == run).any()
    agents = found.agents[found.agents["run"] == run].set_index("agent")
    assert agents["messages"].to_dict() == {"ann": 3, "bob": 3, "cy": 0}
    assert agents["failures"].to_dict() == {"ann": 0, "bob": 0, "cy": 0}
    assert set(found.probes.loc[found.probes["run"] == run, "round"]) == {5}
    tokens = [t.usage for t in journal.read(results.journal(run)).turns if isinstance(t, Message) and t.usage]
    assert row["completion_tokens"] == sum(usage.completion for usage in tokens)


def test_the_status_counts_a_forks_own_turns(results: Results) -> None:
    forks(results)

    series = {one.series: one for one in status_of(results).series}
    assert (series[CONTROL].messages, series[CONTROL].failures_injected) == (12, 0)


def test_what_a_fork_repeats_is_context_for_judges_and_not_coded_again(results: Results) -> None:
    (run, _) = forks(results).statuses

    units = units_of(journal.read(results.journal(run)), 3)

    assert {unit.message.round for unit in units} == {3, 4, 5}
    first = next(unit for unit in units if unit.message.round == 3)
    assert len(first.context) == 3
    assert all(message.copied_from for message in first.context)
    # cy fell silent in round 2; bob's words there came in the same round, before or after.
    (absence,) = (absence for absence in first.absent if absence.agent == "cy")
    assert absence.messages is not None


def test_absences_in_a_fork_are_counted_as_in_its_parent(results: Results) -> None:
    (run, _) = forks(results).statuses
    parent = units_of(journal.read(results.journal("A-run01")), 3)
    own = units_of(journal.read(results.journal(run)), 3)

    before = [unit.absent for unit in parent if unit.message.round == 3]
    assert [unit.absent for unit in own if unit.message.round == 3] == before


def analysed(results: Results) -> Analysis:
    return reporting.analyse(results, reporting.Options())


def test_a_fork_is_compared_with_the_same_rounds_of_its_parent(results: Results) -> None:
    for n in (1, 2, 3):
        forks(results, f"A-run0{n}")

    table = contrasts_table(analysed(results))

    rows = {row["hypothesis"]: row for row in table.frame.to_dict("records")}
    # In rounds 3 to 5, ann and bob speak, in forks and parents alike: six messages.
    assert [rows["pairs"][name] for name in ("mean_a", "mean_b", "n_a")] == [6, 6, 3]
    # Parents as a whole: ann 4, bob 5 (one more is a given line), cy 2.
    assert [rows["whole"][name] for name in ("mean_a", "mean_b", "n_a")] == [6, 11, 6]
    assert "pairs: of each pair the rounds that both have, from round 3 on." in table.notes
    assert any(n.startswith(f"whole: {CONTROL} has only the rounds from 3 on") for n in table.notes)


def test_a_fork_of_a_fork_is_matched_with_the_fork_that_it_came_from(results: Results) -> None:
    for run in forks(results).statuses:
        forks(results, run, round_=4)

    analysis = analysed(results)
    found = measured(analysis, analysis.labelled)

    rows = found[found["only_for"] == "grand"]
    first = f"{CONTROL}-run01-f1"
    assert sorted(rows.groupby("parent")["run"].count().items()) == [(first, 3), (f"{CONTROL}-run01-f2", 3)]
    assert set(rows["messages"]) == {4.0}


# Held anew --------------------------------------------------------------------------------------------------


def scripted(prepared: Prepared, script: Script) -> RunSummary:
    chats = {key: Scripted(script) for key in prepared.chats}
    return asyncio.run(hold(replace(prepared, chats=chats), Unobserved()))


def refuses(request: Request) -> str:
    raise CallFailed(FailureKind.AUTHENTICATION, "no")


def test_forks_that_failed_are_held_anew_on_demand_with_the_same_seeds(results: Results) -> None:
    options = ForkOptions("A-run01", 3, None, 2, results.root)
    failed = scripted(prepare_forks(options), refuses)
    assert set(failed.statuses.values()) == {"failed"}

    again = scripted(
        prepare_forks(replace(options, redo_failed=True)), lambda request: f"seed {request.sampling.seed}"
    )

    assert set(again.statuses.values()) == {"done"}
    assert len(list(results.root.glob(f"runs/{CONTROL}/failed/*.jsonl"))) == 2
    planned = prepare_forks(options).runs[0]
    found = journal.read(results.journal(planned.id))
    assert found.header is not None
    assert found.header.seed == planned.seed
    assert len([turn for turn in found.turns if turn.copied_from]) == len(
        planned.branch.turns if planned.branch else ()
    )


def test_forks_that_are_done_are_not_held_anew(results: Results) -> None:
    forks(results)
    before = {f: f.read_bytes() for f in results.root.glob("runs/*/*.jsonl")}

    asyncio.run(
        hold(prepare_forks(ForkOptions("A-run01", 3, None, 2, results.root, redo_failed=True)), Unobserved())
    )

    assert {f: f.read_bytes() for f in before} == before


def test_a_fork_started_anew_keeps_its_parents_orders_and_draws_other_answers(results: Results) -> None:
    change = "on_failure={then: abort, restarts: 1}"
    seeds: list[list[int | None]] = [[], []]

    def fails_once(request: Request) -> str:
        attempt = 0 if not list(results.root.glob("runs/*/aborted/*.jsonl")) else 1
        seeds[attempt].append(request.sampling.seed)
        if attempt == 0:
            raise CallFailed(FailureKind.REJECTED, "no")
        return "tea"

    prepared = prepare_forks(ForkOptions("A-run01", 3, change, 1, results.root))
    summary = scripted(prepared, fails_once)

    (run,) = summary.statuses
    assert summary.statuses[run] == "done"
    assert seeds[0]
    assert not set(seeds[0]) & set(seeds[1])
    found = journal.read(results.journal(run))
    order = ORDERS["shuffled_rounds"]
    for turn in found.turns:
        seat = next(agent.seat for agent in prepared.runs[0].agents if agent.id == turn.agent)
        assert order(prepared.runs[0], turn.round)[turn.position] == seat
    again = prepare_forks(ForkOptions("A-run01", 3, change, 1, results.root))
    assert again.journals[run].status == "done"
