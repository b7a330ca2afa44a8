from typing import Any

import pytest

from mascope.chat.replies import read_reply
from mascope.chat.types import Model, Reply
from mascope.chat.wellformed import well_formed
from mascope.errors import CallFailed, FailureKind
from mascope.records import Usage
from tests.real.openai_server import completion

MODEL = Model("m", "openai/m", "M")


def reading(body: object, **options: Any) -> Reply:
    reply = read_reply(body, MODEL, **options)
    if isinstance(reply, CallFailed):
        raise reply
    return reply


def test_a_whole_answer_is_read_whole() -> None:
    message = {"content": "Hello.", "reasoning_content": "They greet me."}
    usage = {
        "prompt_tokens": 11,
        "completion_tokens": 30,
        "completion_tokens_details": {"reasoning_tokens": 27},
    }

    reply = reading(completion(message=message, usage=usage, finish_reason="length"))

    assert reply == Reply(
        text="Hello.",
        finish_reason="length",
        usage=Usage(11, 30, 27),
        reasoning="They greet me.",
        served_model="served-model",
        fingerprint="fp_1",
    )


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_answer_is_an_answer(text: str | None) -> None:
    assert reading(completion(text)).text == ""


def test_reasoning_under_its_other_name_is_found() -> None:
    assert reading(completion(message={"content": "4", "reasoning": "2 + 2"})).reasoning == "2 + 2"


def test_text_in_parts_is_put_together() -> None:
    parts = [
        {"type": "thinking", "thinking": []},
        {"type": "text", "text": "One "},
        {"type": "text", "text": "two."},
    ]

    assert reading(completion(message={"content": parts})).text == "One two."


def test_a_refusal_is_what_the_model_said() -> None:
    assert reading(completion(message={"content": None, "refusal": "I cannot."})).text == "I cannot."


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        completion(choices=[]),
        completion(choices=None),
        completion(choices={"0": {}}),
        completion(choices=["text"]),
        completion(message=None),
        completion(usage=None),
        completion(usage={}),
        completion(usage={"prompt_tokens": 0, "completion_tokens": 0}),
        completion(usage={"prompt_tokens": "many"}),
        completion(usage=[1, 2]),
    ],
)
def test_what_cannot_be_counted_or_read_is_a_bad_body(body: object) -> None:
    outcome = read_reply(body, MODEL)

    assert isinstance(outcome, CallFailed)
    assert outcome.kind is FailureKind.BAD_BODY


def test_a_filtered_answer_without_text_is_a_failure_and_with_text_an_answer() -> None:
    outcome = read_reply(completion("", finish_reason="content_filter"), MODEL)

    assert isinstance(outcome, CallFailed)
    assert outcome.kind is FailureKind.CONTENT_FILTER
    assert reading(completion("Half an", finish_reason="content_filter")).finish_reason == "content_filter"


def usage_costing(cost: object) -> dict[str, object]:
    return {"prompt_tokens": 1, "completion_tokens": 1, "cost": cost}


@pytest.mark.parametrize("cost", [None, "cheap", -1, float("nan"), float("inf")])
def test_a_cost_that_is_none_is_unknown_not_zero(cost: object) -> None:
    assert reading(completion(usage=usage_costing(cost))).cost_usd is None
    assert reading(completion()).cost_usd is None


def test_the_price_table_comes_before_what_the_server_reports() -> None:
    body = completion(usage=usage_costing(0.5))

    assert reading(body).cost_usd == 0.5
    assert reading(body, prices=lambda model, usage: 0.25 * usage.prompt).cost_usd == 0.25


def test_halves_of_surrogate_pairs_are_joined_or_replaced() -> None:
    assert well_formed("\ud83d\ude00 and \ud83d alone") == "😀 and \ufffd alone"
    assert reading(completion("\ud83d")).text == "\ufffd"
