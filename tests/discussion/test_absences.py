from mascope.chat.types import Request
from mascope.errors import CallFailed, FailureKind
from mascope.store import journal
from tests.discussion.holding import Held, Holder

B = "X-run01|Agent-B"


def test_the_others_read_that_an_agent_is_back_just_before_it_speaks(hold: Holder) -> None:
    back = "on_return: '[System]: {name} is back.'"

    held = hold(f"rounds: 5, faults: [{{agent: bob, round: 1, rounds: 2, {back}}}]")

    message = held.messages[f"{B}|R3"]
    assert message.announced == "[System]: Agent-B is back."
    assert message.text == "bob says 2"
    heard = [turn.text for turn in held.requests["ann"][4].turns]
    assert "[System]: Agent-B is back.\n\n[Agent-B]: bob says 2" in heard
    assert [m.announced for m in held.messages.values() if m.id != message.id] == [None] * 12


def test_a_return_is_announced_when_the_agent_speaks_again_not_when_it_fails_again(hold: Holder) -> None:
    calls = []

    def failing(request: Request) -> str:
        calls.append(request)
        if len(calls) == 2:
            raise CallFailed(FailureKind.NOT_FOUND, "gone")
        return "tea"

    back = "on_return: '{name} is back.'"
    held = hold(f"rounds: 5, faults: [{{agent: bob, round: 1, rounds: 1, kind: mute, {back}}}]", bob=failing)

    assert held.failures[f"{B}|R2"].origin == "organic"
    assert held.messages[f"{B}|R3"].announced == "Agent-B is back."
    assert held.messages[f"{B}|R4"].announced is None


def test_a_return_is_announced_with_the_first_words_and_not_with_an_empty_answer(hold: Holder) -> None:
    calls = []

    def silent_at_first(request: Request) -> str:
        calls.append(request)
        return "" if len(calls) == 2 else "tea"

    back = "on_return: '{name} is back.'"
    fault = f"faults: [{{agent: bob, round: 1, rounds: 1, kind: mute, {back}}}]"
    held = hold(f"rounds: 5, {fault}", bob=silent_at_first)

    assert held.messages[f"{B}|R2"].text == ""
    assert held.messages[f"{B}|R2"].announced is None
    assert held.messages[f"{B}|R3"].announced == "Agent-B is back."
    assert held.messages[f"{B}|R4"].announced is None
    heard = [turn.text for turn in held.requests["ann"][4].turns]
    assert [text for text in heard if "is back" in text] == ["Agent-B is back.\n\n[Agent-B]: tea"]


def end_of(held: Held) -> dict[str, str]:
    end = journal.read(held.results.journal("X-run01")).end
    return {key: str(end[key]) for key in ("status", "reason") if key in end} if end else {}


def test_a_run_in_which_everybody_has_crashed_says_so_at_its_end(hold: Holder) -> None:
    faults = ", ".join(f"{{agent: {who}, round: {n}}}" for n, who in enumerate(("ann", "bob", "cy")))

    held = hold(f"rounds: 6, faults: [{faults}]")

    assert end_of(held) == {"status": "done", "reason": "nobody was left from round 2 on"}


def test_a_run_whose_agents_come_back_or_only_fall_silent_ends_as_any_other(hold: Holder) -> None:
    faults = "{agent: ann, round: 1, rounds: 1}, {agent: bob, round: 1}, {agent: cy, round: 0, kind: mute}"

    held = hold(f"rounds: 3, faults: [{faults}]")

    assert end_of(held) == {"status": "done"}


def test_a_run_that_all_were_removed_from_has_failed_and_can_be_held_anew(hold: Holder) -> None:
    def at_first(request: Request) -> str:
        if len(request.turns) > 2:  # a scaffold and the brief; more once somebody has spoken
            raise CallFailed(FailureKind.NOT_FOUND, "gone")
        return "tea"

    held = hold("on_failure: {then: remove}", at_first)

    assert end_of(held) == {"status": "failed", "reason": "nobody was left from round 2 on"}


def test_a_killed_run_that_was_to_be_aborted_is_still_aborted_when_resumed(hold: Holder) -> None:
    def gone(request: Request) -> str:
        raise CallFailed(FailureKind.NOT_FOUND, "gone")

    base = "on_failure: {then: abort, restarts: 0}"
    held = hold(base, bob=gone)
    file = held.results.journal("X-run01")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))

    again = hold(base)

    assert again.statuses == {"X-run01": "aborted"}
    assert all(requests == [] for requests in again.requests.values())
