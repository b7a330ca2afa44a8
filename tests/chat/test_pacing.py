import asyncio
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest

from mascope.chat.limiter import Bucket, Limit, Limiter, Permit
from mascope.chat.pacing import Paced, Pacer, declared_limit
from mascope.chat.scripted import Scripted
from mascope.chat.types import ChatTurn, Model, Reply, Request
from mascope.errors import CallFailed, FailureKind, InvalidInput
from mascope.records import Usage
from tests.chat.timeless import now, timeless, wakes

HERE = Model(key="here", served_by="openai/here", label="Here", base_url="http://127.0.0.1:1/v1")


def declaring(model: Model = HERE, **parameters: Any) -> Model:
    return replace(model, parameters=MappingProxyType(parameters))


def asking(model: Model = HERE, words: str = "Hello") -> Request:
    return Request(model, (ChatTurn("user", words),))


class Server:
    """Counts who is under way; each call takes a second."""

    def __init__(self, stands: int = 10_000) -> None:
        self.stands = stands
        self.under_way = self.peak = 0
        self.begun: list[float] = []

    async def __call__(self, request: Request) -> Reply:
        self.begun.append(now())
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        crowded = self.under_way > self.stands
        try:
            await asyncio.sleep(1)
        finally:
            self.under_way -= 1
        if crowded:
            raise CallFailed(FailureKind.RATE_LIMIT, "slow down")
        return Reply("Yes.", "stop", Usage(70, 30))


async def ask_all(paced: Paced, requests: list[Request]) -> list[Reply | BaseException]:
    return await asyncio.gather(*(paced.complete(request) for request in requests), return_exceptions=True)


def test_no_more_calls_are_under_way_than_a_model_declares() -> None:
    server = Server()
    model = replace(HERE, concurrency=3)

    timeless(ask_all(Paced(Scripted(server), Pacer()), [asking(model)] * 10))

    assert server.peak == 3
    assert len(server.begun) == 10


def test_calls_start_in_the_order_in_which_they_came() -> None:
    model = replace(HERE, concurrency=2)
    asked: list[str] = []

    async def answer(request: Request) -> str:
        asked.append(request.turns[0].text)
        await asyncio.sleep(1)
        return "Yes."

    words = [f"question {i}" for i in range(9)]
    timeless(ask_all(Paced(Scripted(answer), Pacer()), [asking(model, w) for w in words]))

    assert asked == words


def test_two_models_at_one_address_share_its_limiter_and_another_key_does_not() -> None:
    pacer = Pacer()
    other = replace(HERE, key="other", served_by="openai/other")

    assert pacer.endpoint(HERE) is pacer.endpoint(other)
    assert pacer.endpoint(HERE) is not pacer.endpoint(replace(HERE, key_env="SECOND_KEY"))
    assert pacer.endpoint(HERE) is not pacer.endpoint(replace(HERE, base_url="http://127.0.0.1:2/v1"))


def test_a_slow_model_does_not_take_the_places_of_its_neighbour() -> None:
    slow, fast = replace(HERE, key="slow", concurrency=1), replace(HERE, key="fast")
    server = Server()
    pacer = Pacer()

    async def main() -> float:
        waiting = asyncio.ensure_future(ask_all(Paced(Scripted(server), pacer), [asking(slow)] * 20))
        await ask_all(Paced(Scripted(server), pacer), [asking(fast)] * 20)
        took = now()
        await waiting
        return took

    assert timeless(main()) == pytest.approx(1)


def test_a_rate_limit_halves_the_calls_at_once_but_only_once_for_calls_that_failed_together() -> None:
    server = Server(stands=4)
    pacer = Pacer(Limit(start=16, maximum=16))

    async def main() -> tuple[float, int]:
        await ask_all(Paced(Scripted(server), pacer), [asking()] * 16)
        return pacer.endpoint(HERE).allowed, pacer.endpoint(HERE).era

    assert timeless(main()) == (8.0, 1)


def test_however_often_a_server_refuses_one_call_may_still_be_under_way() -> None:
    def refuse(request: Request) -> str:
        raise CallFailed(FailureKind.RATE_LIMIT, "no")

    pacer = Pacer(Limit(start=4))

    async def main() -> float:
        for _ in range(10):
            await ask_all(Paced(Scripted(refuse), pacer), [asking()])
        return pacer.endpoint(HERE).allowed

    assert timeless(main()) == 1.0


def test_calls_at_once_double_each_round_while_the_server_takes_them_all() -> None:
    server = Server()
    pacer = Pacer(Limit(start=2, maximum=100))

    timeless(ask_all(Paced(Scripted(server), pacer), [asking()] * 30))

    assert [server.begun.count(second) for second in range(4)] == [2, 4, 8, 16]


def test_after_a_refusal_calls_at_once_grow_by_one_a_round() -> None:
    server = Server()
    pacer = Pacer(Limit(start=4))
    pacer.endpoint(HERE).era = 1

    timeless(ask_all(Paced(Scripted(server), pacer), [asking()] * 40))

    per_round = [server.begun.count(second) for second in range(5)]
    assert per_round[0] == 4
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(per_round))
    assert per_round[-1] > 5


def test_calls_at_once_never_exceed_the_maximum() -> None:
    server = Server()

    timeless(ask_all(Paced(Scripted(server), Pacer(Limit(start=2, maximum=5))), [asking()] * 60))

    assert server.peak == 5


def test_calls_at_once_do_not_grow_while_nobody_waits() -> None:
    pacer = Pacer(Limit(start=2))

    async def main() -> float:
        for _ in range(20):
            await ask_all(Paced(Scripted(Server()), pacer), [asking()])
        return pacer.endpoint(HERE).allowed

    assert timeless(main()) == 2.0


def test_after_a_retry_after_the_whole_endpoint_waits() -> None:
    begun: list[float] = []

    def answer(request: Request) -> str:
        begun.append(now())
        if len(begun) == 1:
            raise CallFailed(FailureKind.RATE_LIMIT, "later", retry_after=30)
        return "Yes."

    other = replace(HERE, key="other", served_by="openai/other")

    async def main() -> None:
        paced = Paced(Scripted(answer), Pacer())
        await ask_all(paced, [asking()])
        await ask_all(paced, [asking(), asking(other)])

    timeless(main())

    assert begun == [0, pytest.approx(30), pytest.approx(30)]


def test_a_short_retry_after_does_not_end_a_long_one() -> None:
    begun: list[float] = []
    waits = iter([20.0, 1.0])

    async def answer(request: Request) -> str:
        begun.append(now())
        if len(begun) > 2:
            return "Yes."
        await asyncio.sleep(len(begun))
        raise CallFailed(FailureKind.RATE_LIMIT, "later", retry_after=next(waits))

    async def main() -> None:
        paced = Paced(Scripted(answer), Pacer())
        await ask_all(paced, [asking(), asking()])
        await ask_all(paced, [asking()])

    timeless(main())

    assert begun[2] == pytest.approx(1 + 20)


def test_what_a_model_declares_is_tried_at_once_unless_its_server_has_refused() -> None:
    model, server = replace(HERE, concurrency=20), Server()
    pacer, refused = Pacer(Limit(start=2)), Pacer(Limit(start=2))
    refused.endpoint(HERE).era = 1

    timeless(ask_all(Paced(Scripted(server), pacer), [asking(model)] * 20))
    timeless(ask_all(Paced(Scripted(Server()), refused), [asking(model)] * 2))

    assert server.begun == [0] * 20
    assert refused.endpoint(model).allowed < 4


def test_an_unreasonable_retry_after_does_not_stop_the_study_for_a_day() -> None:
    begun: list[float] = []

    def answer(request: Request) -> str:
        begun.append(now())
        raise CallFailed(FailureKind.SERVER, "maintenance", retry_after=86_400)

    timeless(_twice(Paced(Scripted(answer), Pacer(Limit(max_pause_s=90)))))

    assert begun == [0, pytest.approx(90)]


async def _twice(paced: Paced) -> None:
    await ask_all(paced, [asking()])
    await ask_all(paced, [asking()])


def test_requests_a_minute_are_spread_over_the_minute() -> None:
    server = Server()

    timeless(ask_all(Paced(Scripted(server), Pacer()), [asking(declaring(rpm=30))] * 5))

    assert server.begun == pytest.approx([0, 2, 4, 6, 8])


def test_tokens_a_minute_hold_back_the_next_call_by_what_the_last_one_used() -> None:
    model = declaring(replace(HERE, concurrency=1), tpm=600)  # 10 tokens a second; each call uses 100

    server = Server()
    timeless(ask_all(Paced(Scripted(server), Pacer()), [asking(model)] * 4))

    assert server.begun[3] - server.begun[2] == pytest.approx(10)


def test_a_call_that_was_turned_away_gives_its_tokens_back() -> None:
    answers = iter([CallFailed(FailureKind.RATE_LIMIT, "no"), None])
    begun: list[float] = []

    def answer(request: Request) -> str:
        begun.append(now())
        failure = next(answers)
        if failure:
            raise failure
        return "Yes."

    paced = Paced(Scripted(answer), Pacer())
    long = asking(declaring(tpm=60), "word " * 40)  # 50 tokens; one comes back each second

    async def main() -> None:
        await ask_all(paced, [long])
        await ask_all(paced, [long])

    timeless(main())

    assert begun == pytest.approx([0, 0])


def test_a_call_that_is_larger_than_any_minute_allows_goes_when_the_bucket_is_full() -> None:
    bucket = Bucket(per_minute=60, depth=10)
    bucket.take(10, now=0)

    assert bucket.wait(1_000, now=0) == pytest.approx(10)
    assert bucket.wait(1_000, now=10) == 0


def test_cancelled_while_waiting_a_call_takes_no_place() -> None:
    server = Server()
    model = replace(HERE, concurrency=1)

    async def main() -> list[Reply | BaseException]:
        paced = Paced(Scripted(server), Pacer())
        first = asyncio.ensure_future(paced.complete(asking(model)))
        waiting = [asyncio.ensure_future(paced.complete(asking(model))) for _ in range(5)]
        last = asyncio.ensure_future(paced.complete(asking(model)))
        await asyncio.sleep(0.5)
        for task in waiting:
            task.cancel()
        return await asyncio.gather(first, *waiting, last, return_exceptions=True)

    replies = timeless(main())

    assert [isinstance(reply, Reply) for reply in replies] == [True, *[False] * 5, True]
    assert server.begun == pytest.approx([0, 1])


@pytest.mark.parametrize("steps", range(4))
def test_cancelled_just_when_its_turn_has_come_a_call_gives_back_its_place_and_its_tokens(steps: int) -> None:
    limiter = Limiter(Limit(start=1, adaptive=False, tpm=600))  # holds 100 tokens

    async def hold(tokens: float) -> float:
        async with limiter.slot(Permit(tokens)):
            begun = now()
            await asyncio.sleep(1)
            return begun

    async def main() -> float:
        first, second = asyncio.ensure_future(hold(0)), asyncio.ensure_future(hold(80))
        await asyncio.sleep(0.5)
        first.cancel()
        for _ in range(steps):  # after one, the first has left and called the second, which has not run yet
            await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        return await hold(80)

    begun = timeless(main())

    assert limiter.under_way == 0
    if steps < 2:  # nothing of the second was sent
        assert begun == pytest.approx(0.5)


@pytest.mark.parametrize("moment", range(12))
def test_whenever_calls_are_cancelled_every_place_is_free_in_the_end(moment: int) -> None:
    pacer = Pacer(Limit(start=2))
    model = replace(declaring(rpm=6_000), concurrency=3)

    async def main() -> tuple[int, int]:
        paced = Paced(Scripted(Server()), pacer)
        tasks = [asyncio.ensure_future(paced.complete(asking(model))) for _ in range(8)]
        for _ in range(moment):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await paced.complete(asking(model))
        return pacer.model(model).under_way, pacer.endpoint(model).under_way

    assert timeless(main()) == (0, 0)


def test_thousands_of_waiting_calls_wake_nobody() -> None:
    limiter = Limiter(Limit(rpm=1))

    async def main() -> int:
        tasks = [asyncio.ensure_future(_pass(limiter)) for _ in range(3_000)]
        await asyncio.sleep(1)
        before = wakes()
        await asyncio.sleep(50)
        woken = wakes() - before
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return woken

    assert timeless(main()) <= 2


async def _pass(limiter: Limiter) -> None:
    async with limiter.slot(Permit()):
        pass


@pytest.mark.parametrize("rate", [0, -1, "many", True, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused_by_name(rate: object) -> None:
    with pytest.raises(InvalidInput, match="model here: `rpm` must be a positive number"):
        declared_limit(declaring(rpm=rate))
