import asyncio
from dataclasses import replace

import pytest

from mascope.chat.budget import Budgeted, Purse, worst_cost
from mascope.chat.prices import PriceTable, Rate
from mascope.chat.scripted import Scripted
from mascope.chat.types import ChatTurn, Model, Reply, Request, Sampling
from mascope.errors import BudgetReached, CallFailed, FailureKind, InvalidInput
from mascope.records import Usage

PRICES = PriceTable("a test", {"x/m": Rate(0.0, 0.01)})
REQUEST = Request(Model("m", "x/m", "M"), (ChatTurn("user", "hi"),), Sampling(max_tokens=100))
"""Costs 1 USD at most."""


def answering(cost: float | None) -> Scripted:
    return Scripted(lambda request: Reply("ok", "stop", Usage(1, 1), cost_usd=cost))


def test_the_worst_cost_is_every_token_that_may_be_answered() -> None:
    assert worst_cost(REQUEST, PRICES) == pytest.approx(1.0)


def test_a_call_is_charged_what_it_cost_not_what_it_could_have() -> None:
    purse = Purse(10.0)

    asyncio.run(Budgeted(answering(0.25), purse, PRICES).complete(REQUEST))

    assert purse.spent_usd == 0.25


def test_no_call_is_made_that_could_exceed_what_is_left() -> None:
    inner = answering(0.1)

    with pytest.raises(BudgetReached, match="could cost"):
        asyncio.run(Budgeted(inner, Purse(1.5, spent_usd=0.6), PRICES).complete(REQUEST))

    assert inner.requests == []


def test_a_call_waits_while_others_under_way_might_leave_it_room() -> None:
    async def slow(request: Request) -> Reply:
        await asyncio.sleep(0)
        return Reply("ok", "stop", Usage(1, 1), cost_usd=0.01)

    async def all_at_once() -> float:
        purse = Purse(1.2)
        chat = Budgeted(Scripted(slow), purse, PRICES)
        await asyncio.gather(*(chat.complete(REQUEST) for _ in range(15)))
        return purse.spent_usd

    assert asyncio.run(all_at_once()) == pytest.approx(0.15)


def test_those_that_wait_are_told_when_the_money_is_gone() -> None:
    async def dear(request: Request) -> Reply:
        await asyncio.sleep(0)
        return Reply("ok", "stop", Usage(1, 1), cost_usd=0.9)

    async def both() -> list[object]:
        chat = Budgeted(Scripted(dear), Purse(1.2), PRICES)
        return list(await asyncio.gather(*(chat.complete(REQUEST) for _ in range(2)), return_exceptions=True))

    first, second = asyncio.run(both())

    assert isinstance(first, Reply)
    assert isinstance(second, BudgetReached)


@pytest.mark.parametrize(("kind", "charged"), [(FailureKind.TIMEOUT, 1.0), (FailureKind.RATE_LIMIT, 0.0)])
def test_a_failure_is_charged_only_where_it_may_have_been_billed(kind: FailureKind, charged: float) -> None:
    def fail(request: Request) -> str:
        raise CallFailed(kind, "x")

    purse = Purse(10.0)
    with pytest.raises(CallFailed) as caught:
        asyncio.run(Budgeted(Scripted(fail), purse, PRICES).complete(REQUEST))

    assert purse.spent_usd == pytest.approx(charged)
    assert caught.value.cost_usd == pytest.approx(charged)


def test_an_unknown_price_is_an_error_not_nothing() -> None:
    with pytest.raises(InvalidInput, match="unknown"):
        worst_cost(Request(Model("m", "x/other", "M"), ()), PRICES)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("预算为五万欧元，期限为三个月。请计划工作并决定谁做什么。", 34),
        ("A liecnt tnaws a iboelm pap htat rdeelvis lmesa ni a ctiy fo 500,000 poepel. ehyT aevh 50,000", 43),
        ("| a | b |\n|---|---|\n| 12.5 | 3,400 |\n3.14159265358979 2.718281828459045", 36),
        ("🎉🚀✅🔥👍🏽🇫🇷", 23),
    ],
    ids=["Chinese", "garbled", "a table", "emoji"],
)
def test_no_script_takes_more_tokens_than_are_set_aside(text: str, tokens: int) -> None:
    """`tokens` as cl100k counts them."""
    dear = PriceTable("a test", {"x/m": Rate(1.0, 0.0)})

    assert worst_cost(replace(REQUEST, turns=(ChatTurn("user", text),)), dear) >= tokens
