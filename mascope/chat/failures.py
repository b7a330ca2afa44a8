"""What a failed call was: by its HTTP status, its words, or the chain of exceptions. Shared by all routes."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mascope.chat.redaction import LONGEST_READ
from mascope.errors import FailureKind

STATUS: Mapping[int, FailureKind] = {
    401: FailureKind.AUTHENTICATION,
    402: FailureKind.QUOTA,
    403: FailureKind.AUTHENTICATION,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMEOUT,
    410: FailureKind.NOT_FOUND,
    413: FailureKind.CONTEXT,
    425: FailureKind.SERVER,
    429: FailureKind.RATE_LIMIT,
    498: FailureKind.RATE_LIMIT,  # Groq: no capacity in the flexible tier
    504: FailureKind.TIMEOUT,  # a gateway gave up waiting: the model behind it may have answered, and billed
    524: FailureKind.TIMEOUT,
}
"""Statuses with a meaning of their own; other 4xx are REJECTED, other 5xx SERVER."""

SAID: tuple[tuple[frozenset[int], FailureKind, re.Pattern[str]], ...] = tuple(
    (frozenset(statuses), kind, re.compile(words, re.IGNORECASE))
    for statuses, kind, words in (
        (
            (400, 413, 422, 500),
            FailureKind.CONTEXT,
            r"context_length_exceeded|exceed_context_size|maximum (?:context|prompt) length"
            r"|available context size|context (?:window|length) (?:is |was )?(?:exceed|too)"
            r"|exceed\w{0,3} (?:\S+ ){0,4}context (?:window|length|limit)|too many tokens"
            r"|max_new_tokens` must be|(?:prompt|input) is too long|input token count"
            r"|reduce the length of (?:the|your)",
        ),
        (
            (400, 403, 422, 451),
            FailureKind.CONTENT_FILTER,
            r"content_filter|content(?: management)? policy|content_policy_violation|responsible ai"
            r"|requires moderation|flagged (?:by|for|as)",
        ),
        # the model, not the request, was at fault: Groq says so when an answer misses the schema
        ((400,), FailureKind.BAD_BODY, r"json_validate_failed|tool_use_failed|failed to generate json"),
        (
            (400, 403),
            FailureKind.AUTHENTICATION,
            r"api[ _]key[ _](?:not valid|invalid)|invalid[ _]api[ _]key",
        ),
        (
            (400, 403, 422),
            FailureKind.NOT_FOUND,
            r"model_decommissioned|decommissioned|model_not_found|model .{1,200} (?:does not exist|not found)"
            r"|not a valid model",
        ),
        (
            (400, 403, 429),
            FailureKind.QUOTA,
            r"insufficient_quota|billing_hard_limit|credit balance|out of credits",
        ),
    )
)
"""Words that tell more than the status does, and at which statuses they are believed."""

USED_UP = re.compile(r"exceeded your current quota", re.IGNORECASE)
SOON_AGAIN = re.compile(r"per ?minute|retry ?delay|(?:retry|try again) in", re.IGNORECASE)

RAISED: Mapping[str, FailureKind] = {
    "JSONDecodeError": FailureKind.BAD_BODY,
    "UnicodeDecodeError": FailureKind.BAD_BODY,
    "DecodingError": FailureKind.BAD_BODY,
    "ContentTypeError": FailureKind.BAD_BODY,
    "BadStatusLine": FailureKind.BAD_BODY,
    "InvalidURL": FailureKind.REJECTED,
    "UnsupportedProtocol": FailureKind.REJECTED,
    "ConnectTimeout": FailureKind.CONNECT,
    "ConnectionTimeoutError": FailureKind.CONNECT,
    "ClientConnectorError": FailureKind.CONNECT,
    "ConnectionRefusedError": FailureKind.CONNECT,
    "gaierror": FailureKind.CONNECT,
    "ConnectionError": FailureKind.DROPPED,  # Python's own: reset, aborted, broken pipe
    "ClientOSError": FailureKind.DROPPED,
    "ClientPayloadError": FailureKind.DROPPED,
    "ServerDisconnectedError": FailureKind.DROPPED,
    "RemoteProtocolError": FailureKind.DROPPED,
    "ReadError": FailureKind.DROPPED,
    "WriteError": FailureKind.DROPPED,
    "ConnectError": FailureKind.CONNECT,
    "TimeoutException": FailureKind.TIMEOUT,
    "APITimeoutError": FailureKind.TIMEOUT,
    "TimeoutError": FailureKind.TIMEOUT,
}
"""Exceptions by the name of their class or of a class above it, the most telling first.

By name, because aiohttp, httpx and openai each have their own, and none of them is imported for this. The
order matters: httpx calls a connection that was reset after the request had gone out a `ConnectError`, so
what lies beneath it is asked first.
"""


def kind_of_status(status: int, text: str = "") -> FailureKind:
    """What an HTTP answer of 400 or more means, by its status and what its body says."""
    text = text[:LONGEST_READ]
    if status == 429 and USED_UP.search(text) and not SOON_AGAIN.search(text):
        return (
            FailureKind.QUOTA
        )  # the same words are Gemini's for an ordinary limit, which says when to come back
    for statuses, kind, words in SAID:
        if status in statuses and words.search(text):
            return kind
    return STATUS.get(status, FailureKind.SERVER if status >= 500 else FailureKind.REJECTED)


def kind_of_exception(error: BaseException) -> FailureKind | None:
    """What broke below HTTP, by the chain of causes; None where the chain does not tell."""
    names = {ancestor.__name__ for link in chain(error) for ancestor in type(link).__mro__}
    return next((kind for name, kind in RAISED.items() if name in names), None)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, then what caused it, to the bottom."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def retry_after(headers: Mapping[str, str], text: str = "", now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait: by its headers (a number or an HTTP date), else by its words."""
    given = {name.lower(): value for name, value in headers.items()}
    in_ms = _number(given.get("retry-after-ms"))
    if in_ms is not None:
        return in_ms / 1000
    header = given.get("retry-after")
    seconds = _number(header)
    if seconds is None and header:
        seconds = _until(header, now or datetime.now(UTC))
    return _asked_in_words(text) if seconds is None else seconds


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "nan")
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _until(date: str, now: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(date)
    except ValueError:
        return None
    aware = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)


_IN_WORDS = re.compile(
    r"(?:try again|retry) (?:in|after) (?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?P<s>\d+(?:\.\d+)?)(?P<unit>ms|s)\b"
    r"|\"retryDelay\": ?\"(?P<d>\d+(?:\.\d+)?)s\"",
    re.IGNORECASE,
)


def _asked_in_words(text: str) -> float | None:
    """Groq, OpenAI and Gemini say it in the message too: `Please try again in 1m7.5s`."""
    found = _IN_WORDS.search(text[:LONGEST_READ])
    if found is None:
        return None
    if found["d"]:
        return float(found["d"])
    seconds = float(found["s"]) / (1000 if found["unit"].lower() == "ms" else 1)
    return 3600 * int(found["h"] or 0) + 60 * int(found["m"] or 0) + seconds


def message_in(body: str) -> str:
    """The sentence meant for people in an error's body, where it is JSON of a usual form; else the body."""
    try:
        told = json.loads(body)
    except ValueError:
        return body
    while isinstance(told, dict):
        told = next((told[key] for key in ("error", "message", "detail", "msg") if told.get(key)), None)
    return told if isinstance(told, str) else body
