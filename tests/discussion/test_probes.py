"""Private questions: asked once, read strictly, and never part of what anybody is told later."""

import itertools
import re
from collections.abc import Callable

import pytest

from mascope.chat.types import Reply, Request
from mascope.discussion.engine import Unobserved
from mascope.errors import BudgetReached, CallFailed, FailureKind
from mascope.halt import Halt
from mascope.records import Usage
from mascope.store import journal, lines
from mascope.study import Run
from tests.discussion.holding import Held, Holder

A, B, C = "X-run01|Agent-A", "X-run01|Agent-B", "X-run01|Agent-C"
QUESTION = "How strong should the tea be?"
STANCE = (
    f"probes: [{{id: stance, ask: '{QUESTION}', kind: scale, low: 1, high: 7, when: [before, 1, after]}}]"
)


def asked_in_private(request: Request) -> bool:
    return QUESTION in request.turns[-1].text


def speaker(private: str) -> Callable[[Request], str]:
    said = itertools.count(1)

    def answer(request: Request) -> str:
        return private if asked_in_private(request) else f"words {next(said)}"

    return answer


def test_each_agent_is_asked_before_at_the_chosen_round_and_after(hold: Holder) -> None:
    held = hold(STANCE, script=speaker("5"))

    moments = ["before", "R1", "R2"]
    assert sorted(held.answers) == sorted(f"{who}|P:stance|{m}" for who in (A, B, C) for m in moments)
    assert {answer.answer for answer in held.answers.values()} == {5.0}
    assert {answer.outcome for answer in held.answers.values()} == {"answered"}


def test_what_a_probe_shows_is_all_that_was_said_until_then(hold: Holder) -> None:
    held = hold(STANCE, script=speaker("5"))

    assert held.answers[f"{A}|P:stance|before"].seen == ()
    assert held.answers[f"{A}|P:stance|R1"].seen == tuple(f"{w}|R{n}" for n in (0, 1) for w in (A, B, C))


@pytest.mark.parametrize("layout", ["separate", "merged", "single"])
@pytest.mark.parametrize("visibility", ["simultaneous", "sequential", "staggered"])
def test_a_probe_never_leaks_into_the_chat(hold: Holder, layout: str, visibility: str) -> None:
    base = f"{STANCE}, turns: {{layout: {layout}}}, schedule: {{visibility: {visibility}, stagger: 0}}"

    held = hold(base, script=speaker("my secret is 3"))

    turns = [r for rs in held.requests.values() for r in rs if not asked_in_private(r)]
    assert len(turns) == 9
    assert not any(word in t.text for r in turns for t in r.turns for word in ("secret", QUESTION))
    private = [r for rs in held.requests.values() for r in rs if asked_in_private(r)]
    assert not any("secret" in turn.text for request in private for turn in request.turns)
    assert not any("secret" in message.text for message in held.messages.values())


def test_a_discussion_with_probes_sends_the_same_turns_as_one_without(hold: Holder) -> None:
    def digests(held: Held) -> list[str]:
        return sorted(message.prompt_digest for message in held.messages.values())

    probed = digests(hold(STANCE, script=lambda request: "4"))
    (hold.folder / "results" / "runs" / "X" / "X-run01.jsonl").unlink()

    assert digests(hold(script=lambda request: "4")) == probed


def test_an_answer_that_cannot_be_read_stays_unreadable(hold: Holder) -> None:
    held = hold(STANCE, script=speaker("somewhere between 3 and 5"))

    answer = held.answers[f"{A}|P:stance|R1"]
    assert (answer.outcome, answer.answer) == ("unreadable", None)
    assert answer.text == "somewhere between 3 and 5"


def test_reasoning_is_no_part_of_an_answer(hold: Holder) -> None:
    held = hold(STANCE, script=speaker("<think>2 or 6?</think>6"))

    assert held.answers[f"{A}|P:stance|R1"].answer == 6.0
    assert held.answers[f"{A}|P:stance|R1"].reasoning == "2 or 6?"


def test_a_failed_probe_is_recorded_once_and_the_discussion_goes_on(hold: Holder) -> None:
    def failing(request: Request) -> str:
        if asked_in_private(request):
            raise CallFailed(FailureKind.CONTENT_FILTER, "no")
        return "tea"

    held = hold(STANCE, script=speaker("5"), bob=failing)

    assert held.answers[f"{B}|P:stance|R1"].outcome == "failed"
    assert held.failures == {}
    assert held.statuses == {"X-run01": "done"}


def test_a_crashed_agent_is_not_probed(hold: Holder) -> None:
    held = hold(STANCE + ", faults: [{agent: bob, round: 1}, {agent: cy, round: 0}]", script=speaker("5"))

    assert f"{B}|P:stance|before" in held.answers
    assert f"{B}|P:stance|R1" not in held.answers
    assert not any(id_.startswith(C) for id_ in held.answers)
    assert held.requests["cy"] == []


def test_confederates_are_not_probed(hold: Holder) -> None:
    held = hold(STANCE + ", participants: [ann, {confederate: dora, lines: [Tea.]}]", script=speaker("5"))

    assert {answer.agent for answer in held.answers.values()} == {"ann"}


def test_nobody_is_asked_twice_when_a_halted_run_is_resumed(hold: Holder) -> None:
    calls = itertools.count()

    def broke(request: Request) -> str:
        if asked_in_private(request) and next(calls) == 1:
            raise BudgetReached("enough")
        return "5"

    first = hold(STANCE, script=speaker("5"), halt=Halt(), bob=broke)
    assert first.statuses == {"X-run01": "partial"}
    done = set(first.answers)

    second = hold(STANCE, script=speaker("5"))

    assert second.statuses == {"X-run01": "done"}
    assert len(second.answers) == 9
    events = [e for e in lines.read(second.results.journal("X-run01")) if e["event"] == "probe"]
    assert len(events) == 9
    private = [r for rs in second.requests.values() for r in rs if asked_in_private(r)]
    assert len(private) == 9 - len(done)


def test_attempts_at_a_probe_are_journaled_under_names_of_their_own(hold: Holder) -> None:
    tries = itertools.count()

    def second_time(request: Request) -> str:
        if asked_in_private(request) and next(tries) == 0:
            raise CallFailed(FailureKind.SERVER, "busy")
        return "5"

    held = hold(STANCE, script=speaker("5"), bob=second_time)

    events = lines.read(held.results.journal("X-run01"))
    of_bob = [e for e in events if e.get("agent") == "bob" and e["event"].startswith("probe")]
    kinds = [event["event"] for event in of_bob if event["round"] is None]
    assert kinds == ["probe-call", "probe-error", "probe-call", "probe"]
    assert journal.read(held.results.journal("X-run01")).calls == 9


def test_what_came_with_an_answer_is_recorded_with_a_probe_too(hold: Holder) -> None:
    reply = Reply("5", "stop", Usage(10, 1), None, "tea-1", "fp", 0.25, 1.5)

    answer = hold(STANCE, script=lambda request: reply).answers[f"{A}|P:stance|R1"]

    assert (answer.usage, answer.cost_usd, answer.latency_s) == (Usage(10, 1), 0.25, 1.5)
    assert (answer.served_model, answer.model, answer.attempts) == ("tea-1", "ann", 1)


def test_a_probe_can_limit_its_answer(hold: Holder) -> None:
    held = hold(STANCE.replace("low: 1", "max_tokens: 5, low: 1"), script=speaker("5"))

    sizes = {asked_in_private(r): r.sampling.max_tokens for r in held.requests["ann"]}
    assert sizes == {True: 5, False: 1024}


def test_who_led_is_answered_by_a_name_and_stored_as_the_agent(hold: Holder) -> None:
    base = f"probes: [{{id: led, ask: '{QUESTION}', kind: agent}}]"

    held = hold(base, script=speaker("**Agent‑B**"))

    assert {answer.answer for answer in held.answers.values()} == {"bob"}
    question = next(r for r in held.requests["cy"] if asked_in_private(r)).turns[-1].text
    assert "Agent-A, Agent-B, Agent-C" in question


def test_an_isolated_agent_is_probed_alone(hold: Holder) -> None:
    held = hold(STANCE + ", schedule: {interaction: isolation}", script=speaker("5"))

    assert all(answer.seen == () for answer in held.answers.values())


def test_a_strict_provider_gets_alternating_roles_with_a_probe(hold: Holder) -> None:
    held = hold(STANCE, script=speaker("5"), options="turns: merged")

    for request in held.requests["ann"]:
        roles = [turn.role for turn in request.turns if turn.role != "system"]
        assert roles == [("user", "assistant")[n % 2] for n in range(len(roles))]
        assert roles[-1] == "user"
    assert held.answers[f"{A}|P:stance|R1"].layout == "merged"


class Paid(Unobserved):
    """Adds up what is paid for that is no turn."""

    def __init__(self) -> None:
        self.tokens, self.usd = 0, 0.0

    def paid(self, run: Run, tokens: int, cost_usd: float) -> None:
        self.tokens += tokens
        self.usd += cost_usd


def test_what_private_answers_cost_is_told_while_they_are_given(hold: Holder) -> None:
    hold.observer = paid = Paid()

    hold(STANCE, script=lambda request: Reply("5", "stop", Usage(100, 7), cost_usd=0.25))

    assert (paid.tokens, paid.usd) == (9 * 7, 9 * 0.25)


def test_what_empty_answers_and_billed_failures_cost_is_told(hold: Holder) -> None:
    def failing(request: Request) -> Reply:
        error = CallFailed(FailureKind.TIMEOUT, "late")
        error.cost_usd = 0.5
        raise error

    hold.observer = paid = Paid()
    base = "rounds: 1, hygiene: {empty: ask_again, ask_again: 1}"
    hold(base, ann=lambda request: Reply("", "length", Usage(1, 9), cost_usd=0.25), bob=failing)

    assert (paid.tokens, paid.usd) == (9, 0.25 + 2 * 0.5)  # the second empty answer is kept, as a message


def test_an_agent_is_asked_who_led_in_the_names_that_it_knows(hold: Holder) -> None:
    probe = "probes: [{id: led, ask: 'Who led?', kind: agent}], rounds: 1"
    held = hold(f"{probe}, names: {{own: [Ann, Bob, Cy], peers: neutral}}", script=lambda request: "Bob")

    asked = {who: requests[-1].turns[-1].text for who, requests in held.requests.items()}
    assert "nothing else: Ann, Agent-B, Agent-C." in asked["ann"]
    assert "nothing else: Agent-A, Bob, Agent-C." in asked["bob"]
    assert held.answers[f"{B}|P:led|R0"].answer == "bob"


def test_no_usual_wording_of_a_probe_speaks_of_others_to_one_that_is_alone(hold: Holder) -> None:
    held = hold(f"{STANCE}, schedule: {{interaction: solo}}", script=speaker("5"))

    said = [turn.text for request in held.requests["ann"] for turn in request.turns]
    assert not [text for text in said if re.search("others?|else w|nobody|group|discussion|Agent-[BC]", text)]
