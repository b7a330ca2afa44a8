"""A worker's side: many calls wait for one exchange, and places are kept or given back."""

import asyncio
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from mascope.chat.limiter import Limit, Permit
from mascope.chat.types import ChatTurn, Model, Request
from mascope.cluster.advance import SharedPurse
from mascope.cluster.claims import check_shared, claimed
from mascope.cluster.pools import Grant, Report
from mascope.cluster.shares import Share, SharedPacer
from mascope.cluster.treasury import Account, Treasury
from mascope.errors import BudgetReached, CallFailed, FailureKind, MissingPrerequisite, ResultsLocked
from mascope.records import Usage
from mascope.store.layout import Results


def nothing() -> None:
    pass


def told(share: Share) -> Report:
    report = share.report()
    assert report is not None
    return report


async def entering(share: Share, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(share.enter(Permit())) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def entered(tasks: list[asyncio.Task[None]]) -> list[bool]:
    return [task.done() for task in tasks]


def test_calls_wait_until_places_are_granted_and_start_in_their_order() -> None:
    async def story() -> None:
        share = Share(Limit(), nothing)
        tasks = await entering(share, 3)
        assert told(share).want == 3

        share.grant(Grant(places=2))
        await asyncio.sleep(0)

        assert entered(tasks) == [True, True, False]
        share.leave(Permit(), None)
        await asyncio.sleep(0)
        assert entered(tasks) == [True, True, True]
        assert told(share).held == 2

    asyncio.run(story())


def test_places_that_were_not_needed_go_back_at_the_second_report() -> None:
    async def story() -> None:
        share = Share(Limit(), nothing)
        await entering(share, 1)
        share.grant(Grant(places=5))
        await asyncio.sleep(0)

        assert told(share).held == 5
        assert told(share).held == 1

    asyncio.run(story())


def test_where_starts_are_dealt_out_each_call_takes_one() -> None:
    async def story() -> None:
        share = Share(Limit(rpm=60, adaptive=False), nothing)
        tasks = await entering(share, 2)
        share.grant(Grant(places=1))
        await asyncio.sleep(0)
        share.leave(Permit(), None)
        await asyncio.sleep(0)

        assert entered(tasks) == [True, False]
        assert told(share).want == 1

        tasks[1].cancel()

    asyncio.run(story())


def test_a_call_that_is_cancelled_while_it_waits_wants_nothing_more() -> None:
    async def story() -> None:
        share = Share(Limit(), nothing)
        tasks = await entering(share, 2)
        tasks[0].cancel()
        await asyncio.sleep(0)

        assert told(share).want == 1

        share.grant(Grant(places=1))
        await asyncio.sleep(0)
        assert share.under_way == 1
        assert entered(tasks) == [True, True]

    asyncio.run(story())


def test_a_call_turned_away_is_told_with_its_era_and_the_pause_holds_here_at_once() -> None:
    async def story() -> None:
        share = Share(Limit(), nothing)
        await entering(share, 1)
        share.grant(Grant(places=4))
        await asyncio.sleep(0)
        share.leave(Permit(), CallFailed(FailureKind.RATE_LIMIT, "slow down", retry_after=30.0))
        waiting = await entering(share, 1)
        report = told(share)

        assert (report.turned_away, report.pause_s) == (0, 30.0)
        assert entered(waiting) == [False]

        waiting[0].cancel()

    asyncio.run(story())


def test_tokens_are_reported_as_they_were_used() -> None:
    async def story() -> None:
        share = Share(Limit(tpm=6000, adaptive=False), nothing)
        permit = Permit(tokens=100.0)
        share.under_way = share.places = 1
        permit.spent(Usage(prompt=150, completion=50))
        share.leave(permit, None)

        assert told(share).used == 100.0

    asyncio.run(story())


def test_a_model_that_declares_no_limit_has_no_pool_of_its_own() -> None:
    async def story() -> None:
        pacer = SharedPacer(nothing)
        free, bound = (Model(f"m{c}", "openai/m", "M", "http://x/v1", concurrency=c) for c in (None, 2))

        assert len(pacer.slot(Request(free, (ChatTurn("user", "hello"),))).limiters) == 1
        assert len(pacer.slot(Request(bound, (ChatTurn("user", "hello"),))).limiters) == 2

    asyncio.run(story())


# Money ----------------------------------------------------------------------------------------------------


def test_a_call_waits_for_money_and_what_it_cost_is_told() -> None:
    async def story() -> None:
        purse = SharedPurse(nothing)
        waiting = asyncio.create_task(purse.reserve(0.5))
        await asyncio.sleep(0)
        assert purse.account()["lacking"] == 0.5

        purse.advance({"given": 0.5})
        purse.settle(await waiting, 0.125)

        account = purse.account()
        assert (account["spent"], account["held"], account["lacking"]) == (0.125, 0.375, 0.0)
        purse.advance({"given": 0.0, "back": True})
        assert purse.account()["held"] == 0.0

    asyncio.run(story())


def test_a_refusal_ends_every_call_that_waits_for_money() -> None:
    async def story() -> None:
        purse = SharedPurse(nothing)
        waiting = [asyncio.create_task(purse.reserve(usd)) for usd in (0.5, 0.25)]
        await asyncio.sleep(0)
        purse.advance({"given": 0.0, "refused": "budget reached: all of it"})

        for one in waiting:
            with pytest.raises(BudgetReached, match="all of it"):
                await one

    asyncio.run(story())


def test_workers_that_each_have_too_little_for_a_call_pool_it_until_the_budget_is_spent() -> None:
    async def story() -> None:
        treasury, purses = Treasury(1.0, 0.0), [SharedPurse(nothing) for _ in range(4)]
        spent = list[float]()

        async def calling(purse: SharedPurse) -> None:
            with suppress(BudgetReached):
                while True:
                    reserved = await purse.reserve(0.16)  # what a call could cost; it comes cheaper
                    await asyncio.sleep(0)
                    purse.settle(reserved, 0.1)
                    spent.append(0.1)

        calls = [asyncio.create_task(calling(purse)) for purse in purses for _ in range(2)]
        for _ in range(200):
            for number, purse in enumerate(purses):
                purse.advance(asdict(treasury.settle(str(number), Account(**purse.account()))))
                await asyncio.sleep(0)
        over = [call.done() for call in calls]
        for call in calls:
            call.cancel()

        assert all(over)
        assert 1.0 - 0.16 < sum(spent) <= 1.0

    asyncio.run(story())


def test_money_goes_to_calls_in_their_order() -> None:
    async def story() -> None:
        purse = SharedPurse(nothing)
        dear, cheap = (asyncio.create_task(purse.reserve(usd)) for usd in (0.5, 0.1))
        await asyncio.sleep(0)
        purse.advance({"given": 0.3})
        await asyncio.sleep(0)
        assert not dear.done()
        assert not cheap.done()

        purse.advance({"given": 0.3})
        await dear
        await cheap

        assert purse.account()["held"] == pytest.approx(0.6)

    asyncio.run(story())


# Claims ---------------------------------------------------------------------------------------------------


def test_a_run_has_one_writer_also_within_one_process(tmp_path: Path) -> None:
    async def story() -> None:
        results = Results(tmp_path)
        async with claimed(results, "A-run01"):
            with pytest.raises(ResultsLocked, match="another worker still holds this run"):
                async with claimed(results, "A-run01", patience_s=0.0):
                    pass
            async with claimed(results, "A-run02", patience_s=0.0):
                pass
        async with claimed(results, "A-run01", patience_s=0.0):
            pass
        assert list((tmp_path / ".claims").iterdir()) == []

    asyncio.run(story())


def test_whoever_waits_for_a_claim_gets_it_when_it_is_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        results, order = Results(tmp_path), []

        async def writer(name: str) -> None:
            async with claimed(results, "A-run01"):
                order.append(f"{name} begins")
                await asyncio.sleep(0.01)
                order.append(f"{name} ends")

        await asyncio.gather(*(writer(name) for name in "abc"))

        assert [entry.split()[1] for entry in order] == ["begins", "ends"] * 3

    asyncio.run(story())


def test_a_worker_sees_whether_the_directory_is_the_clients(tmp_path: Path) -> None:
    results = Results(tmp_path / "out")
    with pytest.raises(MissingPrerequisite, match="is not the results directory that the command writes to"):
        check_shared(results.root)

    with results.locked():
        check_shared(results.root)

    with pytest.raises(MissingPrerequisite, match="is not seen here"):
        check_shared(results.root)
