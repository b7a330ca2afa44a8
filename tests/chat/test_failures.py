from datetime import UTC, datetime
from itertools import pairwise

import pytest

from mascope.chat.failures import kind_of_exception, kind_of_status, message_in, retry_after
from mascope.errors import FailureKind

GEMINI = "You exceeded your current quota, please check your plan and billing details."


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (429, "Rate limit reached", FailureKind.RATE_LIMIT),
        (429, '{"error": {"code": "insufficient_quota"}}', FailureKind.QUOTA),
        (429, GEMINI, FailureKind.QUOTA),
        (429, f'{GEMINI} Please retry in 34.07s. "quotaId": "RequestsPerMinute"', FailureKind.RATE_LIMIT),
        (498, "Flex tier capacity exceeded", FailureKind.RATE_LIMIT),
        (400, "Your credit balance is too low to access the Anthropic API.", FailureKind.QUOTA),
        (402, "", FailureKind.QUOTA),
        (500, "", FailureKind.SERVER),
        (503, "", FailureKind.SERVER),
        (529, "Overloaded", FailureKind.SERVER),
        (599, "", FailureKind.SERVER),
        (504, "upstream request timeout", FailureKind.TIMEOUT),
        (408, "", FailureKind.TIMEOUT),
        (401, "", FailureKind.AUTHENTICATION),
        (403, "Permission denied", FailureKind.AUTHENTICATION),
        (400, "API key not valid. Please pass a valid API key.", FailureKind.AUTHENTICATION),
        (404, "", FailureKind.NOT_FOUND),
        (400, "The model `llama3-8b` has been decommissioned", FailureKind.NOT_FOUND),
        (400, "foo/bar is not a valid model ID", FailureKind.NOT_FOUND),
        (413, "Request too large", FailureKind.CONTEXT),
        (400, "prompt is too long: 208310 tokens > 200000 maximum", FailureKind.CONTEXT),
        (400, "input length and `max_tokens` exceed context limit: 199000 + 8192", FailureKind.CONTEXT),
        (400, "The input token count (1050000) exceeds the maximum number of tokens", FailureKind.CONTEXT),
        (400, "This model's maximum prompt length is 131072 but the request has more", FailureKind.CONTEXT),
        (500, "the request exceeds the available context size", FailureKind.CONTEXT),
        (400, "ResponsibleAIPolicyViolation: content management policy", FailureKind.CONTENT_FILTER),
        (403, "This input requires moderation; it was flagged for violence", FailureKind.CONTENT_FILTER),
        (400, '{"code": "json_validate_failed"}', FailureKind.BAD_BODY),
        (400, "temperature must be at most 2", FailureKind.REJECTED),
        (418, "", FailureKind.REJECTED),
        (422, "field required", FailureKind.REJECTED),
    ],
)
def test_an_answer_with_an_error_status_is_told_by_status_and_words(
    status: int, text: str, kind: FailureKind
) -> None:
    assert kind_of_status(status, text) is kind


def test_words_are_believed_only_where_they_make_sense() -> None:
    assert kind_of_status(503, "our content policy page is down too") is FailureKind.SERVER
    assert kind_of_status(401, "maximum context length") is FailureKind.AUTHENTICATION


class ConnectError(Exception):
    """Named as httpx names it."""


class ClientPayloadError(Exception):
    """Named as aiohttp names it."""


def caused(*errors: Exception) -> Exception:
    """The first error, caused by the second, and so on."""
    for error, cause in pairwise(errors):
        error.__cause__ = cause
    return errors[0]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (caused(ValueError(), ConnectError(), ConnectionRefusedError()), FailureKind.CONNECT),
        (caused(ValueError(), ConnectError(), ConnectionResetError()), FailureKind.DROPPED),
        (caused(ValueError(), ConnectError()), FailureKind.CONNECT),
        (caused(ValueError(), ClientPayloadError()), FailureKind.DROPPED),
        (caused(ValueError(), TimeoutError()), FailureKind.TIMEOUT),
        (caused(ValueError(), BrokenPipeError()), FailureKind.DROPPED),
        (caused(ValueError(), KeyError()), None),
    ],
)
def test_what_broke_below_http_is_told_by_the_bottom_of_the_chain(
    error: Exception, kind: FailureKind | None
) -> None:
    assert kind_of_exception(error) is kind


def test_a_chain_that_bites_its_own_tail_ends() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first

    assert kind_of_exception(first) is None


NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"Retry-After": "7"}, "", 7),
        ({"retry-after": "0.25"}, "", 0.25),
        ({"retry-after-ms": "1500", "retry-after": "2"}, "", 1.5),
        ({"Retry-After": "Sun, 01 Nov 2026 12:00:30 GMT"}, "", 30),
        ({"Retry-After": "Sun, 01 Nov 2026 11:00:00 GMT"}, "", 0),
        ({"Retry-After": "-5"}, "", 0),
        ({"Retry-After": "soon"}, "", None),
        ({"Retry-After": "nan"}, "", None),
        ({"Retry-After": "inf"}, "", None),
        ({}, "", None),
        ({}, "Please try again in 1m7.5s. Need more?", 67.5),
        ({}, "Please try again in 2h3m1s.", 7381),
        ({}, "Please try again in 450ms.", 0.45),
        ({}, '"retryDelay": "34s"', 34),
        ({"Retry-After": "3"}, "Please try again in 9s.", 3),
    ],
)
def test_the_wait_that_a_server_asks_for(headers: dict[str, str], text: str, seconds: float | None) -> None:
    assert retry_after(headers, text, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "Overloaded", "code": 529}}', "Overloaded"),
        ('{"error": "model not found"}', "model not found"),
        ('{"object": "error", "message": "too long"}', "too long"),
        ('{"detail": [{"loc": ["body"]}]}', '{"detail": [{"loc": ["body"]}]}'),
        ("<html>502</html>", "<html>502</html>"),
        ("[1]", "[1]"),
        ("", ""),
    ],
)
def test_the_sentence_meant_for_people_is_found(body: str, message: str) -> None:
    assert message_in(body) == message
