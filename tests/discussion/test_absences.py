from mascope.chat.types import Request
from mascope.errors import CallFailed, FailureKind
from tests.discussion.holding import Holder

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
