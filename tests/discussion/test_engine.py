import asyncio
from pathlib import Path

import pytest

from mascope.chat.types import Reply, Request
from mascope.errors import BudgetReached, CallFailed, FailureKind
from mascope.halt import Halt
from mascope.records import Usage
from mascope.store import journal, lines
from tests.discussion.holding import Holder

A, B, C = "X-run01|Agent-A", "X-run01|Agent-B", "X-run01|Agent-C"


def test_everybody_speaks_once_a_round_and_the_run_ends(hold: Holder) -> None:
    held = hold()

    assert sorted(held.messages) == sorted(f"{who}|R{n}" for who in (A, B, C) for n in range(3))
    assert held.statuses == {"X-run01": "done"}


def test_simultaneous_speakers_see_the_rounds_before_and_nothing_of_their_own(hold: Holder) -> None:
    held = hold()

    for who in (A, B, C):
        assert held.messages[f"{who}|R0"].seen == ()
        assert held.messages[f"{who}|R1"].seen == (f"{A}|R0", f"{B}|R0", f"{C}|R0")


def test_what_is_seen_does_not_depend_on_who_answers_first(hold: Holder) -> None:
    async def slow(request: Request) -> str:
        for _ in range(50):
            await asyncio.sleep(0)
        return "slow"

    held = hold(ann=slow)

    assert held.turns[2].id == f"{A}|R0"
    assert held.messages[f"{B}|R1"].seen == (f"{A}|R0", f"{B}|R0", f"{C}|R0")


def test_sequential_speakers_see_all_who_spoke_before_them(hold: Holder) -> None:
    held = hold("schedule: {visibility: sequential}")

    assert held.messages[f"{C}|R0"].seen == (f"{A}|R0", f"{B}|R0")
    assert held.messages[f"{A}|R1"].seen == (f"{A}|R0", f"{B}|R0", f"{C}|R0")


def test_staggered_speakers_see_what_has_arrived_by_then(hold: Holder) -> None:
    held = hold("schedule: {visibility: staggered, stagger: 0.5}")

    seen = held.messages[f"{C}|R1"].seen
    assert set(seen) >= {f"{A}|R0", f"{B}|R0", f"{C}|R0"}


def test_an_isolated_agent_sees_the_brief_alone(hold: Holder) -> None:
    held = hold("schedule: {interaction: isolation}")

    assert all(message.seen == () for message in held.messages.values())
    assert {len(request.turns) for request in held.requests["ann"]} == {2}


def test_a_solo_agent_sees_its_own_turns_alone(hold: Holder) -> None:
    held = hold("schedule: {interaction: solo}")

    assert held.messages[f"{B}|R2"].seen == (f"{B}|R0", f"{B}|R1")


def test_a_crashed_agent_is_not_asked_again_and_the_others_are_told_once(hold: Holder) -> None:
    held = hold("faults: [{agent: bob, round: 1}]")

    assert len(held.requests["bob"]) == 1
    assert list(held.failures) == [f"{B}|R1"]
    assert held.failures[f"{B}|R1"].told == "[System]: Agent-B has left the discussion."
    assert f"{B}|R1" in held.messages[f"{A}|R2"].seen
    assert held.statuses == {"X-run01": "done"}


def test_an_agent_that_crashed_for_a_while_comes_back(hold: Holder) -> None:
    held = hold("rounds: 5, faults: [{agent: bob, round: 1, rounds: 2}]")

    assert [message for message in held.messages if message.startswith(B)] == [
        f"{B}|R0",
        f"{B}|R3",
        f"{B}|R4",
    ]


def test_a_mute_agent_fails_in_each_of_its_rounds_and_nobody_is_told(hold: Holder) -> None:
    held = hold("faults: [{agent: bob, round: 1, kind: mute, rounds: 2, peers_see: nothing}]")

    assert {failure.told for failure in held.failures.values()} == {None}
    assert sorted(held.failures) == [f"{B}|R1", f"{B}|R2"]
    assert held.messages[f"{A}|R2"].seen == (f"{A}|R0", f"{B}|R0", f"{C}|R0", f"{A}|R1", f"{C}|R1")


def test_peers_can_be_shown_the_raw_error_of_a_fault(hold: Holder) -> None:
    held = hold("faults: [{agent: bob, round: 0, peers_see: raw, error: Model gone.}]")

    assert held.failures[f"{B}|R0"].told == "Model gone."


@pytest.mark.parametrize("kind", ["garble", "truncate"])
def test_an_altering_fault_changes_what_others_read_and_keeps_what_was_said(hold: Holder, kind: str) -> None:
    def long(request: Request) -> str:
        return "A fairly long answer about oolong and darjeeling"

    held = hold(f"faults: [{{agent: bob, round: 1, kind: {kind}, rounds: 1}}]", bob=long)

    message = held.messages[f"{B}|R1"]
    assert message.raw == long(held.requests["bob"][0])
    assert message.text != message.raw
    assert message.changes == (kind,)
    assert f"[Agent-B]: {message.text}" in [turn.text for turn in held.requests["ann"][2].turns]
    assert held.messages[f"{B}|R2"].raw is None


def broken(kind: FailureKind = FailureKind.NOT_FOUND) -> CallFailed:
    return CallFailed(kind, "model xy-9 was withdrawn")


def test_an_organic_failure_is_a_value_and_the_others_go_on(hold: Holder) -> None:
    def gone(request: Request) -> str:
        raise broken()

    held = hold(bob=gone)

    assert sorted(held.failures) == [f"{B}|R0", f"{B}|R1", f"{B}|R2"]
    assert {f.kind for f in held.failures.values()} == {"not_found"}
    assert {f.origin for f in held.failures.values()} == {"organic"}
    assert len(held.messages) == 6
    assert held.statuses == {"X-run01": "failed"}
    assert "Agent-B" in str(journal.read(held.results.journal("X-run01")).end)


@pytest.mark.parametrize("policy", ["nothing", "notice"])
def test_the_provider_s_words_reach_no_other_agent(hold: Holder, policy: str) -> None:
    def gone(request: Request) -> str:
        raise broken()

    held = hold(f"on_failure: {{then: skip, peers_see: {policy}}}", bob=gone)

    prompts = [turn.text for request in held.requests["ann"] for turn in request.turns]
    assert not any("xy-9" in text for text in prompts)
    assert any("did not answer" in text for text in prompts) == (policy == "notice")


def test_an_agent_that_failed_can_be_removed(hold: Holder) -> None:
    calls = 0

    def once(request: Request) -> str:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise broken()
        return "hello"

    held = hold("rounds: 5, on_failure: {then: remove, peers_see: notice}", bob=once)

    assert list(held.failures) == [f"{B}|R1"]
    assert held.failures[f"{B}|R1"].told == "[System]: Agent-B did not answer."
    assert len(held.requests["bob"]) == 2


def test_an_aborted_run_is_started_anew_with_other_draws_and_the_old_one_is_kept(hold: Holder) -> None:
    seeds = []

    def first_time(request: Request) -> str:
        seeds.append(request.sampling.seed)
        if len(seeds) == 1:
            raise broken()
        return "fine"

    held = hold("on_failure: abort", bob=first_time)

    assert held.statuses == {"X-run01": "done"}
    assert seeds[1] != seeds[0]
    aside = held.results.root / "runs" / "X" / "aborted" / "X-run01-1.jsonl"
    assert journal.read(aside).status == "aborted"


def test_a_run_that_aborts_every_time_ends_so(hold: Holder) -> None:
    def never(request: Request) -> str:
        raise broken()

    assert hold("on_failure: {then: abort, restarts: 1}", bob=never).statuses == {"X-run01": "aborted"}


def test_each_attempt_is_journaled_before_it_is_sent_and_when_it_fails(hold: Holder) -> None:
    attempts = 0

    def third_time(request: Request) -> str:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise broken(FailureKind.SERVER)
        return "at last"

    held = hold("rounds: 1", bob=third_time)

    events = [
        (line["event"], line["attempt"])
        for line in lines.read(held.results.journal("X-run01"))
        if line.get("agent") == "bob" and line["event"] in ("call", "error")
    ]
    assert events == [("call", 1), ("error", 1), ("call", 2), ("error", 2), ("call", 3)]
    assert held.messages[f"{B}|R0"].attempts == 3


def test_an_empty_answer_is_kept_and_shown_to_nobody(hold: Holder) -> None:
    held = hold(bob=lambda request: "  \n")

    assert held.messages[f"{B}|R0"].text == "  \n"
    assert held.messages[f"{A}|R1"].seen == (f"{A}|R0", f"{C}|R0")
    assert held.statuses == {"X-run01": "done"}


def test_an_empty_answer_can_be_asked_for_again(hold: Holder) -> None:
    answers = iter(["", " ", "tea", "x", "y"])

    held = hold("hygiene: {empty: ask_again, ask_again: 2}", bob=lambda request: next(answers))

    assert held.messages[f"{B}|R0"].text == "tea"
    assert held.messages[f"{B}|R0"].attempts == 3
    assert len({request.sampling.seed for request in held.requests["bob"][:3]}) == 3


def test_an_empty_answer_can_be_a_failure(hold: Holder) -> None:
    held = hold("hygiene: {empty: fail}", bob=lambda request: "")

    assert {failure.kind for failure in held.failures.values()} == {"empty"}


def test_hygiene_keeps_the_raw_text_and_says_what_it_changed(hold: Holder) -> None:
    held = hold(bob=lambda request: "<think>hm</think>Tea.")

    message = held.messages[f"{B}|R0"]
    assert (message.text, message.raw, message.reasoning) == ("Tea.", "<think>hm</think>Tea.", "hm")
    assert message.changes == ("reasoning",)


def test_what_came_with_an_answer_is_recorded(hold: Holder) -> None:
    reply = Reply("Tea.", "length", Usage(10, 5, 2), "because", "tea-1", "fp", 0.5, 1.5)

    message = hold(bob=lambda request: reply).messages[f"{B}|R0"]

    assert (message.served_model, message.fingerprint, message.finish_reason) == ("tea-1", "fp", "length")
    assert (message.usage, message.cost_usd, message.latency_s) == (Usage(10, 5, 2), 0.5, 1.5)
    assert message.reasoning == "because"


def test_a_window_shows_the_latest_and_records_what_it_cut(hold: Holder) -> None:
    held = hold("context: {messages: 2}")

    message = held.messages[f"{A}|R1"]
    assert message.seen == (f"{B}|R0", f"{C}|R0")
    assert message.cut == (f"{A}|R0",)


def test_when_the_budget_is_reached_answers_under_way_are_kept_and_no_call_is_made(hold: Holder) -> None:
    def broke(request: Request) -> str:
        raise BudgetReached("enough")

    halt = Halt()

    held = hold(halt=halt, bob=broke)

    assert isinstance(halt.reason, BudgetReached)
    assert sorted(held.messages) == [f"{A}|R0"]
    assert held.statuses == {"X-run01": "partial"}


def test_seen_and_journal_give_the_exact_prompt_again(hold: Holder) -> None:
    held = hold("rounds: 4, faults: [{agent: cy, round: 1}], scaffold: {statuses: true, clock: true}")

    digests = {request.digest() for requests in held.requests.values() for request in requests}
    assert {message.prompt_digest for message in held.messages.values()} == digests


def test_an_empty_answer_that_was_paid_for_is_not_asked_for_again_after_a_kill(tmp_path: Path) -> None:
    hold = Holder(tmp_path)
    killed = RuntimeError("killed")
    seeds = []

    def dies_at_the_second(request: Request) -> str:
        seeds.append(request.sampling.seed)
        if len(seeds) == 2:
            raise killed
        return "" if len(seeds) == 1 else "tea"

    base = "rounds: 1, hygiene: {empty: ask_again, ask_again: 2}"
    with pytest.raises(ExceptionGroup):
        hold(base, bob=dies_at_the_second)
    held = hold(base, bob=dies_at_the_second)

    assert held.messages[f"{B}|R0"].text == "tea"
    assert len(set(seeds[:2])) == 2
    assert seeds[2] == seeds[1]


def test_an_empty_answer_that_becomes_a_failure_keeps_what_it_was_and_cost(hold: Holder) -> None:
    reply = Reply("<think>hm</think>", "length", Usage(10, 5), cost_usd=0.5)

    held = hold("rounds: 1, hygiene: {empty: fail}", bob=lambda request: reply)

    noted = [line for line in lines.read(held.results.journal("X-run01")) if line["event"] == "empty"]
    assert [(line["raw"], line["reasoning"], line["cost_usd"]) for line in noted] == [
        ("<think>hm</think>", "hm", 0.5)
    ]
    assert held.failures[f"{B}|R0"].kind == "empty"
