import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mascope.chat.limiter import Limit
from mascope.chat.pacing import Pacer
from mascope.chat.retrying import TRUST, Retrying, RetryPolicy
from mascope.chat.scripted import Scripted
from mascope.chat.types import ChatTurn, Model, Reply, Request
from mascope.errors import BudgetReached, CallFailed, FailureKind
from tests.chat.timeless import now, timeless

REQUEST = Request(Model("m", "openai/m", "M"), (ChatTurn("user", "Hello"),))

PASSING = [FailureKind.RATE_LIMIT, FailureKind.SERVER, FailureKind.CONNECT]
DOUBTFUL = [FailureKind.TIMEOUT, FailureKind.DROPPED, FailureKind.BAD_BODY]
FINAL = [kind for kind in FailureKind if kind not in PASSING + DOUBTFUL]


@dataclass
class Seen:
    """Keeps what the watch was told, in order."""

    events: list[tuple[str, int]] = field(default_factory=list)
    waits: list[float | None] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def sending(self, request: Request, attempt: int) -> None:
        self.events.append(("sending", attempt))
        self.at.append(now())

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        self.events.append(("failed", attempt))
        self.waits.append(retry_in)


def failing(*kinds: FailureKind, retry_after: float | None = None) -> Callable[[Request], str]:
    """Fails in these ways, in order; then answers."""
    remaining = iter(kinds)

    def answer(request: Request) -> str:
        kind = next(remaining, None)
        if kind is not None:
            raise CallFailed(kind, "as scripted", retry_after)
        return "Yes."

    return answer


def ask(
    script: Callable[[Request], str], policy: RetryPolicy | None = None
) -> tuple[Reply | CallFailed, Seen]:
    seen = Seen()
    chat = Retrying(Scripted(script), policy or RetryPolicy(), seen, rng=random.Random(1))

    async def main() -> Reply | CallFailed:
        try:
            return await chat.complete(REQUEST)
        except CallFailed as error:
            return error

    return timeless(main()), seen


def test_each_kind_of_failure_is_either_passing_doubtful_or_final() -> None:
    assert set(TRUST) == set(FailureKind)
    assert {kind for kind, trust in TRUST.items() if trust == "doubtful"} == {
        kind for kind in FailureKind if kind.may_be_billed
    }


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_failure_is_asked_again_until_it_passes(kind: FailureKind) -> None:
    reply, seen = ask(failing(kind, kind, kind))

    assert isinstance(reply, Reply)
    assert reply.attempts == 4
    assert seen.events == [("sending", 1), ("failed", 1), ("sending", 2), ("failed", 2), ("sending", 3),
                           ("failed", 3), ("sending", 4)]  # fmt: skip


@pytest.mark.parametrize(("kinds", "attempts"), [(PASSING, 6), (DOUBTFUL, 3), (FINAL, 1)])
def test_attempts_are_bounded_by_what_a_failure_may_cost(kinds: list[FailureKind], attempts: int) -> None:
    for kind in kinds:
        error, seen = ask(failing(*[kind] * 100))

        assert isinstance(error, CallFailed)
        assert (error.kind, error.attempts) == (kind, attempts)
        assert seen.events.count(("sending", attempts)) == 1
        assert len(seen.events) == 2 * attempts
        assert seen.waits[-1] is None
        assert None not in seen.waits[:-1]


def test_rate_limits_do_not_use_up_the_attempts_of_a_timeout() -> None:
    limit, timeout = FailureKind.RATE_LIMIT, FailureKind.TIMEOUT

    reply, _ = ask(failing(limit, limit, limit, timeout, timeout))
    error, _ = ask(failing(limit, timeout, limit, timeout, timeout))

    assert isinstance(reply, Reply)
    assert reply.attempts == 6
    assert isinstance(error, CallFailed)
    assert error.attempts == 5


def test_a_policy_of_one_attempt_asks_once() -> None:
    error, seen = ask(failing(FailureKind.SERVER), RetryPolicy(attempts=1))

    assert isinstance(error, CallFailed)
    assert seen.events == [("sending", 1), ("failed", 1)]


def test_waits_double_up_to_the_longest_and_vary_by_chance() -> None:
    policy = RetryPolicy(attempts=8, first_wait_s=1, max_wait_s=20)

    _, seen = ask(failing(*[FailureKind.SERVER] * 100), policy)

    waits = [wait for wait in seen.waits if wait is not None]
    for wait, whole in zip(waits, [1, 2, 4, 8, 16, 20, 20], strict=True):
        assert whole / 2 <= wait <= whole
    assert waits[-1] != waits[-2]


def test_the_watch_is_told_the_wait_that_is_then_kept() -> None:
    _, seen = ask(failing(FailureKind.SERVER, FailureKind.SERVER))

    assert seen.at[1] - seen.at[0] == pytest.approx(seen.waits[0])
    assert seen.at[2] - seen.at[1] == pytest.approx(seen.waits[1])


def test_a_retry_after_is_never_undercut() -> None:
    _, seen = ask(failing(*[FailureKind.RATE_LIMIT] * 5, retry_after=7))

    assert all(7 <= wait <= 7.5 for wait in seen.waits if wait is not None)


def test_an_unreasonable_retry_after_is_cut_to_the_longest_wait() -> None:
    _, seen = ask(failing(FailureKind.RATE_LIMIT, retry_after=86_400), RetryPolicy(max_wait_s=60))

    assert seen.waits == [60]


def test_waiting_uses_no_chance_but_its_own() -> None:
    random.seed(5)
    expected = random.random()
    random.seed(5)

    ask(failing(FailureKind.SERVER, FailureKind.SERVER))

    assert random.random() == expected


def test_an_error_that_is_no_failed_call_is_passed_on_at_once() -> None:
    def answer(request: Request) -> str:
        raise BudgetReached("enough")

    seen = Seen()

    with pytest.raises(BudgetReached):
        timeless(Retrying(Scripted(answer), watch=seen).complete(REQUEST))
    assert seen.events == [("sending", 1)]


def test_cancelled_while_it_waits_a_call_is_not_sent_again() -> None:
    seen = Seen()
    chat = Retrying(Scripted(failing(*[FailureKind.SERVER] * 9)), RetryPolicy(first_wait_s=10), seen)

    async def main() -> None:
        async with asyncio.timeout(1):
            await chat.complete(REQUEST)

    with pytest.raises(TimeoutError):
        timeless(main())
    assert seen.events == [("sending", 1), ("failed", 1)]


def test_an_attempt_is_announced_when_its_turn_has_come_not_when_it_begins_to_wait() -> None:
    seen = Seen()

    async def slow(request: Request) -> str:
        await asyncio.sleep(3)
        return "Yes."

    async def main() -> None:
        chat = Retrying(Scripted(slow), watch=seen, gate=Pacer(Limit(start=1, maximum=1)))
        await asyncio.gather(*(chat.complete(REQUEST) for _ in range(3)))

    timeless(main())

    assert seen.at == pytest.approx([0, 3, 6])


def test_a_call_that_waits_to_be_sent_again_leaves_its_place_to_others() -> None:
    model = Model("m", "openai/m", "M", concurrency=1)
    answers = iter([CallFailed(FailureKind.SERVER, "down"), None, None])

    def answer(request: Request) -> str:
        failure = next(answers)
        if failure:
            raise failure
        return request.turns[0].text

    async def main() -> list[str]:
        chat = Retrying(Scripted(answer), RetryPolicy(first_wait_s=30), gate=Pacer())
        done: list[str] = []

        async def call(words: str) -> None:
            done.append((await chat.complete(Request(model, (ChatTurn("user", words),)))).text)

        await asyncio.gather(call("first"), call("second"))
        return done

    assert timeless(main()) == ["second", "first"]


def test_closing_closes_the_chat_within() -> None:
    inner = Scripted(lambda request: "Yes.")

    timeless(Retrying(inner).aclose())

    assert inner.closed
