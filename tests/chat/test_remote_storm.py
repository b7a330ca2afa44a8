"""A server that fails a third of all calls, in many ways at once: all of it ends, all of it is counted."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from mascope.chat.direct import Direct
from mascope.chat.limiter import Limit
from mascope.chat.pacing import Pacer
from mascope.chat.remote import Remote, import_litellm
from mascope.chat.retrying import Retrying, RetryPolicy
from mascope.chat.types import Chat, ChatTurn, Model, Reply, Request
from mascope.errors import CallFailed
from tests.real.misbehaviours import at_random
from tests.real.openai_server import OpenAIServer, serving

SHARES = {
    **{"rate_limit": 0.08, "server_error": 0.06, "unavailable": 0.04, "reset_in_body": 0.05},
    **{"closed_before_answer": 0.03, "truncated_json": 0.03, "no_usage": 0.02, "trickle": 0.02},
}
CALLS = 120


@dataclass
class Tally:
    """What the watch was told, by the words of the request."""

    sent: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def sending(self, request: Request, attempt: int) -> None:
        self.sent[request.turns[0].text] += 1

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        self.lost[request.turns[0].text] += 1


async def no_wait(seconds: float) -> None:
    pass


async def storm(remote: Chat, server: OpenAIServer, tally: Tally) -> dict[str, Reply | CallFailed]:
    model = Model("m", "openai/m", "M", server.url, deadline_s=3.0)
    chat = Retrying(remote, RetryPolicy(), tally, gate=Pacer(Limit(start=8)), sleep=no_wait)
    requests = [Request(model, (ChatTurn("user", f"question {i}"),)) for i in range(CALLS)]
    try:
        ends = await asyncio.gather(*map(chat.complete, requests), return_exceptions=True)
    finally:
        await chat.aclose()
    words = [request.turns[0].text for request in requests]
    return {word: end for word, end in zip(words, ends, strict=True) if isinstance(end, Reply | CallFailed)}


@pytest.fixture(scope="module", params=[Direct, Remote])
def storming(
    request: pytest.FixtureRequest,
) -> tuple[dict[str, Reply | CallFailed], Tally, OpenAIServer]:
    import_litellm()
    tally = Tally()
    with serving(at_random(SHARES, seed=4)) as server:
        return asyncio.run(storm(request.param(), server, tally)), tally, server


def test_in_a_storm_every_call_ends_and_nearly_all_are_answered(
    storming: tuple[dict[str, Reply | CallFailed], Tally, OpenAIServer],
) -> None:
    ends, _, _ = storming

    assert len(ends) == CALLS
    assert sum(isinstance(end, Reply) for end in ends.values()) >= 0.9 * CALLS


def test_in_a_storm_every_attempt_is_reported_once_and_bounded(
    storming: tuple[dict[str, Reply | CallFailed], Tally, OpenAIServer],
) -> None:
    ends, tally, server = storming

    at_the_server = Counter(body["messages"][0]["content"] for body in server.bodies)
    assert at_the_server == tally.sent
    assert {word: end.attempts for word, end in ends.items()} == tally.sent
    assert max(tally.sent.values()) <= 6
    for word, end in ends.items():
        assert tally.lost[word] == end.attempts - isinstance(end, Reply)


def test_in_a_storm_calls_did_fail(
    storming: tuple[dict[str, Reply | CallFailed], Tally, OpenAIServer],
) -> None:
    _, tally, _ = storming

    assert tally.lost.total() > 0.2 * CALLS
