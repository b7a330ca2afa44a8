"""What a model can hold is known before the call."""

from mascope.chat.types import Request
from mascope.store import lines
from tests.discussion.holding import Holder

A, B, C = "X-run01|Agent-A", "X-run01|Agent-B", "X-run01|Agent-C"
SMALL = "context: 300"
"""Tokens. The scaffold and the brief take about 25 of them, an answer of `long` a hundred."""


def long(request: Request) -> str:
    return "tea " * 100


def test_a_prompt_that_its_model_cannot_hold_is_a_failure_and_no_call(hold: Holder) -> None:
    held = hold("sampling: {max_tokens: 100}", script=long, options=SMALL)

    failure = held.failures[f"{A}|R1"]
    assert (failure.kind, failure.origin, failure.attempts) == ("context", "organic", 0)
    assert "exceed the 300 of model 'ann'" in failure.detail
    assert len(held.requests["ann"]) == 1
    events = lines.read(held.results.journal("X-run01"))
    assert not [e for e in events if e["event"] == "call" and e["agent"] == "ann" and e["round"] == 1]


def test_a_model_without_a_limit_is_asked_whatever_the_length(hold: Holder) -> None:
    held = hold("sampling: {max_tokens: 100}", script=long, options=SMALL)

    assert len(held.requests["cy"]) == 3


def test_the_oldest_turns_are_cut_where_the_study_says_so_and_it_is_recorded(hold: Holder) -> None:
    held = hold("sampling: {max_tokens: 100}, context: {overflow: cut}", script=long, options=SMALL)

    message = held.messages[f"{A}|R1"]
    assert held.failures == {}
    assert message.seen == (f"{C}|R0",)
    assert message.cut == (f"{A}|R0", f"{B}|R0")
    for request in held.requests["ann"]:
        assert sum(len(turn.text) for turn in request.turns) <= 4 * (300 - 100)
    assert held.messages[f"{C}|R1"].cut == ()


def test_a_limit_that_the_brief_alone_exceeds_fails_whatever_is_cut(hold: Holder) -> None:
    held = hold("sampling: {max_tokens: 100}, context: {overflow: cut}", script=long, options="context: 101")

    assert {failure.kind for failure in held.failures.values()} == {"context"}
    assert {failure.agent for failure in held.failures.values()} == {"ann", "bob"}
    assert held.requests["ann"] == []
    assert held.statuses == {"X-run01": "failed"}


def test_a_probe_that_does_not_fit_is_not_sent_either(hold: Holder) -> None:
    probe = "probes: [{id: p, ask: 'Which tea?', kind: text, when: 0}]"

    held = hold(f"rounds: 1, sampling: {{max_tokens: 100}}, {probe}", script=long, options=SMALL)

    answer = held.answers[f"{A}|P:p|R0"]
    assert answer.outcome == "failed"
    assert "not sent" in str(answer.detail)
    assert len(held.requests["ann"]) == 1


def test_a_models_own_layout_is_used_and_recorded(hold: Holder) -> None:
    held = hold(options="turns: single")

    assert [len(request.turns) for request in held.requests["ann"]] == [2, 2, 2]
    assert len(held.requests["cy"][1].turns) == 6
    assert held.messages[f"{A}|R1"].layout == "single"
    assert held.messages[f"{C}|R1"].layout == "separate"


def test_a_seats_layout_goes_before_its_models(hold: Holder) -> None:
    held = hold("participants: [{model: ann, turns: merged}, ann, cy]", options="turns: single")

    assert held.messages[f"{A}|R1"].layout == "merged"
    assert held.messages[f"{B}|R1"].layout == "single"


CHINESE = "一位客户想要一个为五十万人口城市送餐的移动应用程序。"
"""26 characters, and 27 tokens of cl100k; four characters a token would be 7."""


def test_texts_of_other_scripts_are_cut_by_what_they_really_take(hold: Holder) -> None:
    held = hold(
        "sampling: {max_tokens: 100}, context: {overflow: cut}", script=lambda r: CHINESE * 2, options=SMALL
    )

    for request in held.requests["ann"]:
        assert 100 + sum(turn.text.count("一位客户") * 27 for turn in request.turns) < 300
    assert held.messages[f"{A}|R1"].cut == (f"{A}|R0", f"{B}|R0")
    assert held.failures == {}
