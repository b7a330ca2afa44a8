"""A chat completion's body, in OpenAI's form, read as a Reply. Shared by the routes that speak it."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from mascope.chat.failures import kind_of_status, message_in, retry_after
from mascope.chat.types import Model, Reply
from mascope.chat.wellformed import well_formed
from mascope.errors import CallFailed, FailureKind
from mascope.records import Usage

Prices: TypeAlias = Callable[[Model, Usage], float | None]
"""What an answer cost in USD; None where the price is not known."""


def unknown_price(model: Model, usage: Usage) -> float | None:
    """The price table of those who have none."""
    return None


def parse_reply(raw: bytes, model: Model, prices: Prices, latency_s: float) -> Reply | CallFailed:
    """The same from the bytes of a body, as a server sent it with a status of success.

    Some servers say so of an error too: that is what it says it is, where its code is an HTTP status.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:  # the latter for brackets nested by the thousand
        return _bad(f"the answer is not JSON ({type(error).__name__}): {raw.decode('utf-8', 'replace')}")
    return _told_error(body) or read_reply(body, model, prices, latency_s)


def _told_error(body: object) -> CallFailed | None:
    error = body.get("error") if isinstance(body, Mapping) and not body.get("choices") else None
    if not isinstance(error, Mapping | str) or not error:
        return None
    code = error.get("code") if isinstance(error, Mapping) else None
    said = message_in(json.dumps({"error": error}))
    if isinstance(code, int) and 400 <= code < 600:
        kind = kind_of_status(code, json.dumps(error))
        wait = retry_after({}, said) if kind is FailureKind.RATE_LIMIT else None
        return CallFailed(kind, f"HTTP 200, and in it the error {code}: {said}", wait)
    return _bad(f"HTTP 200, and in it an error: {said}")


def read_reply(
    body: object, model: Model, prices: Prices = unknown_price, latency_s: float | None = None
) -> Reply | CallFailed:
    """The reply in the body of a successful answer, or why it is none.

    An answer without choices or without usage is a failure: what it says cannot be told from silence, and
    what it cost cannot be known.
    """
    if not isinstance(body, Mapping):
        return _bad("the answer is not a JSON object")
    choice = _first_choice(body)
    if choice is None:
        return _bad("the answer holds no choices")
    usage = _usage(body.get("usage"))
    if usage is None:
        return _bad("the answer does not say how many tokens it used")
    message = choice.get("message") or {}
    text = _text(message.get("content")) or _text(message.get("refusal"))
    if not text and choice.get("finish_reason") == "content_filter":
        return CallFailed(FailureKind.CONTENT_FILTER, "the provider's content filter withheld the answer")
    return Reply(
        text=text,
        finish_reason=_word(choice.get("finish_reason")),
        usage=usage,
        reasoning=_text(message.get("reasoning_content")) or _text(message.get("reasoning")) or None,
        served_model=_word(body.get("model")),
        fingerprint=_word(body.get("system_fingerprint")),
        cost_usd=_cost(body["usage"], prices(model, usage)),
        latency_s=latency_s,
    )


def _bad(problem: str) -> CallFailed:
    return CallFailed(FailureKind.BAD_BODY, problem)


def _first_choice(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return None
    return choices[0] if isinstance(choices[0].get("message"), Mapping) else None


def _usage(given: object) -> Usage | None:
    """None also where both counts are 0, which is how litellm shows that the server counted nothing."""
    if not isinstance(given, Mapping):
        return None
    prompt, completion = _count(given.get("prompt_tokens")), _count(given.get("completion_tokens"))
    if not prompt and not completion:
        return None
    details = given.get("completion_tokens_details")
    reasoning = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None
    return Usage(prompt or 0, completion or 0, reasoning)


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None


def _cost(usage: Mapping[str, Any], by_table: float | None) -> float | None:
    """By the price table, which the user can set right; else what the server itself reported."""
    reported = usage.get("cost")
    if by_table is not None or not isinstance(reported, int | float) or not math.isfinite(reported):
        return by_table
    return float(reported) if reported >= 0 else None


def _text(content: object) -> str:
    """The text of a message: a string, or the text among its parts."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        return well_formed("".join(part for part in parts if isinstance(part, str)))
    return well_formed(content) if isinstance(content, str) else ""


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
