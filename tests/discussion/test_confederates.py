from mascope.chat.types import Request
from mascope.errors import CallFailed, FailureKind
from mascope.records import codable
from mascope.store import lines
from tests.discussion.holding import Holder

A, D = "X-run01|Agent-A", "X-run01|Agent-D"
LINES = "{0: 'I vote for rooibos.', 2: 'Still rooibos.'}"
WITH_DORA = f"participants: [ann, bob, cy, {{confederate: dora, lines: {LINES}}}]"


def test_a_confederate_says_its_lines_in_their_rounds_and_nothing_else(hold: Holder) -> None:
    held = hold(WITH_DORA)

    assert {id_: m.text for id_, m in held.messages.items() if m.agent == "dora"} == {
        f"{D}|R0": "I vote for rooibos.",
        f"{D}|R2": "Still rooibos.",
    }
    assert held.failures == {}
    assert held.statuses == {"X-run01": "done"}


def test_the_others_read_a_confederate_like_anybody_else(hold: Holder) -> None:
    held = hold(WITH_DORA)

    assert f"{D}|R0" in held.messages[f"{A}|R1"].seen
    assert "[Agent-D]: I vote for rooibos." in [turn.text for turn in held.requests["ann"][1].turns]
    assert held.requests["ann"][0].turns[0].text.endswith("Other agents: Agent-B, Agent-C, Agent-D")


def test_a_given_line_costs_no_call_and_is_marked_and_counted_apart(hold: Holder) -> None:
    held = hold(WITH_DORA)

    line = held.messages[f"{D}|R0"]
    assert (line.scripted, line.served_model, line.attempts, line.cost_usd) == (True, "script/lines", 0, 0.0)
    assert not codable(line)
    events = [e for e in lines.read(held.results.journal("X-run01")) if e.get("agent") == "dora"]
    assert {event["event"] for event in events} == {"message"}
    assert not any(m.scripted for m in held.messages.values() if m.agent != "dora")


def test_a_participant_can_begin_with_a_given_line_and_then_speak_for_itself(hold: Holder) -> None:
    held = hold("participants: [{model: ann, lines: [I am for rooibos.]}, bob]")

    assert held.messages[f"{A}|R0"].scripted
    assert held.messages[f"{A}|R1"].text == "ann says 1"
    assert [(t.role, t.text) for t in held.requests["ann"][0].turns][2] == ("assistant", "I am for rooibos.")


def test_several_confederates_can_say_the_same(hold: Holder) -> None:
    held = hold("participants: [ann, {confederate: dora, count: 3, lines: [Rooibos!]}]")

    said = [message for message in held.messages.values() if message.scripted]
    assert [message.agent for message in said] == ["dora-1", "dora-2", "dora-3"]
    assert {message.text for message in said} == {"Rooibos!"}


def test_a_confederate_can_crash(hold: Holder) -> None:
    held = hold(WITH_DORA + ", faults: [{agent: dora, round: 1}]")

    assert list(held.failures) == [f"{D}|R1"]
    assert f"{D}|R2" not in held.messages


def test_the_no_confederate_control_sends_the_same_prompts_but_for_the_confederate(hold: Holder) -> None:
    def first_prompt(base: str) -> str:
        return hold(base).requests["ann"][0].turns[0].text

    control = first_prompt("participants: [ann, bob, cy]")
    (hold.folder / "results" / "runs" / "X" / "X-run01.jsonl").unlink()

    assert first_prompt(WITH_DORA) == control + ", Agent-D"


def test_a_confederate_passes_for_a_model_where_names_are_real(hold: Holder) -> None:
    held = hold(
        "names: {peers: real}, participants: [ann, {confederate: dora, label: Kimi K2, lines: [Tea.]}]"
    )

    assert held.messages["X-run01|Kimi K2|R0"].text == "Tea."


def test_under_sequential_visibility_a_confederate_is_heard_in_its_own_round(hold: Holder) -> None:
    def answer(request: Request) -> str:
        return "fine"

    held = hold(
        "schedule: {visibility: sequential}, participants: [{confederate: dora, lines: [Tea.]}, ann]",
        script=answer,
    )

    assert held.messages["X-run01|Agent-B|R0"].seen == ("X-run01|Agent-A|R0",)


def test_a_seat_whose_model_never_answers_is_said_to_have_failed_whatever_its_line(hold: Holder) -> None:
    def gone(request: Request) -> str:
        raise CallFailed(FailureKind.NOT_FOUND, "withdrawn")

    held = hold("participants: [{model: ann, lines: [I am for rooibos.]}, bob]", ann=gone)

    assert held.statuses == {"X-run01": "failed"}
