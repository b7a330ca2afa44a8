"""What the desk deals out: places, starts and money, over all workers together."""

import itertools
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mascope.chat.limiter import Limit
from mascope.cluster.pools import UNLIMITED, Pool, Report, level_of
from mascope.cluster.treasury import Account, Treasury


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def pool(limit: Limit, clock: Clock | None = None) -> Pool:
    return Pool(limit, clock or Clock())


FIXED = Limit(4, 4, adaptive=False)


def test_no_more_places_are_given_than_there_are() -> None:
    four = pool(FIXED)

    first = four.settle("a", Report(want=3))
    second = four.settle("b", Report(want=3))

    assert (first.places, second.places) == (3, 1)
    assert second.again_s is not None


def test_whoever_has_more_than_its_share_gives_back_what_others_want() -> None:
    four = pool(FIXED)
    four.settle("a", Report(want=4))
    four.settle("b", Report(want=4))

    told = four.settle("a", Report(held=4))
    four.settle("a", Report(held=told.most))
    then = four.settle("b", Report(want=4))

    assert told.most == 2
    assert then.places == 2


def test_fewer_places_than_workers_go_round() -> None:
    one = pool(Limit(1, 1, adaptive=False))
    order = []
    for worker in itertools.islice(itertools.cycle("abc"), 30):
        grant = one.settle(worker, Report(want=5))
        if grant.places:
            order.append(worker)
            assert sum(one.held.values()) == 1
            one.settle(worker, Report(held=0, want=4))

    assert {order.count(worker) for worker in "abc"} <= set(range(5, 16))


def test_a_dead_worker_gives_back_its_places() -> None:
    four = pool(FIXED)
    four.settle("a", Report(want=4))

    four.lose("a")

    assert four.settle("b", Report(want=4)).places == 4


def test_places_that_nobody_wants_are_given_ahead_and_not_beyond_the_limit() -> None:
    adaptive = pool(Limit())

    grant = adaptive.settle("a", Report(want=1))

    assert 1 < grant.places <= 64
    assert grant.again_s is None


def test_starts_follow_each_other_as_the_rate_allows_whoever_asks() -> None:
    clock = Clock()
    rate = pool(Limit(UNLIMITED, UNLIMITED, adaptive=False, rpm=60), clock)
    started = 0
    for step in range(1, 601):
        clock.now = step / 10
        for worker in "abc":
            started += rate.settle(worker, Report(want=50, tokens=[0.0] * 50)).places

    assert 59 <= started <= 61


def test_tokens_beyond_those_reckoned_are_taken_from_all() -> None:
    clock = Clock()
    rate = pool(Limit(UNLIMITED, UNLIMITED, adaptive=False, tpm=6000), clock)
    assert rate.settle("a", Report(want=1, tokens=[500.0])).places == 1

    rate.settle("a", Report(used=1500.0))
    refused = rate.settle("b", Report(want=1, tokens=[100.0]))
    clock.now = 11.0

    assert refused.places == 0
    assert rate.settle("b", Report(want=1, tokens=[100.0])).places == 1


def test_a_call_turned_away_halves_the_pool_once_for_all_calls_of_its_era() -> None:
    adaptive = pool(Limit())
    adaptive.settle("a", Report(turned_away=0))
    adaptive.settle("b", Report(turned_away=0))

    assert adaptive.allowed == 32
    assert adaptive.settle("c", Report()).era == 1


def test_a_pause_that_one_worker_was_asked_for_holds_for_all() -> None:
    clock = Clock(100.0)
    adaptive = pool(Limit(), clock)
    adaptive.settle("a", Report(pause_s=7.0))

    told = adaptive.settle("b", Report(want=3))
    clock.now = 107.5

    assert told.places == 0
    assert told.pause_s == pytest.approx(7.0)
    assert adaptive.settle("b", Report(want=3)).places >= 3


def test_successes_while_others_wait_let_a_pool_grow_to_its_maximum() -> None:
    adaptive = pool(Limit(start=4, maximum=6))

    adaptive.settle("a", Report(succeeded=5))

    assert adaptive.allowed == 6


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(0, 100))
def test_a_fair_level_uses_the_capacity_and_never_exceeds_it(demands: list[int], capacity: int) -> None:
    level = level_of(demands, capacity)
    given_out = sum(min(demand, level) for demand in demands)

    assert given_out <= max(capacity, 0) or level == UNLIMITED
    if level == UNLIMITED:
        assert sum(demands) <= capacity
    else:
        assert capacity - given_out < len(demands)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 6), st.integers(0, 9)), max_size=60))
@settings(max_examples=200)
def test_places_never_exceed_the_limit_whatever_workers_report(steps: list[tuple[str, int, int]]) -> None:
    seven = pool(Limit(7, 7, adaptive=False))
    held = dict.fromkeys("abcd", 0)
    for worker, ended, want in steps:
        held[worker] -= min(ended, held[worker])
        held[worker] += seven.settle(worker, Report(held=held[worker], want=want)).places

        assert sum(held.values()) <= 7


# Money ----------------------------------------------------------------------------------------------------


def lacking(usd: float, dearest: float | None = None, ahead: float = 0.0) -> Account:
    return Account(lacking=usd, first=usd, dearest=usd if dearest is None else dearest, ahead=ahead)


def test_what_is_out_and_what_is_spent_never_exceed_the_budget() -> None:
    treasury = Treasury(10.0, 4.0)

    first = treasury.settle("a", lacking(4.0, ahead=100.0))
    second = treasury.settle("b", lacking(4.0))

    assert first.given >= 4.0
    assert second.given == 0.0
    assert second.refused is None
    assert treasury.spent_usd + first.given <= 10.0


def test_money_at_hand_is_called_back_where_another_lacks_it() -> None:
    treasury = Treasury(10.0, 0.0)
    given_out = treasury.settle("a", lacking(4.0, ahead=4.0)).given
    waiting = treasury.settle("b", lacking(5.9))

    told = treasury.settle("a", Account(spent=0.5, held=given_out - 0.5))
    treasury.settle("a", Account(spent=0.5, held=0.0))
    then = treasury.settle("b", lacking(5.9))

    assert given_out == 7.0
    assert (waiting.given, waiting.refused) == (0.0, None)
    assert told.back
    assert then.given == 5.9


def test_a_call_that_could_never_be_paid_is_refused_with_the_sums() -> None:
    treasury = Treasury(1.0, 0.25)

    advance = treasury.settle("a", lacking(0.9))

    assert advance.refused is not None
    assert "$0.2500 of $1.0000 is spent" in advance.refused


def test_what_a_dead_worker_held_counts_as_spent() -> None:
    treasury = Treasury(1.0, 0.0)
    treasury.settle("a", lacking(0.6))
    treasury.settle("a", Account(spent=0.1, held=0.5))

    treasury.lose("a")

    assert treasury.spent_usd == pytest.approx(0.6)
    assert treasury.free == pytest.approx(0.4)


SPENDING = st.tuples(st.sampled_from("abc"), st.floats(0.0, 3.0), st.floats(0.0, 1.0), st.booleans())


@given(st.lists(SPENDING, max_size=60))
def test_the_budget_holds_whatever_workers_ask_and_spend(steps: list[tuple[str, float, float, bool]]) -> None:
    treasury = Treasury(10.0, 1.0)
    accounts = {worker: Account() for worker in "abc"}
    for worker, wanted, share, back in steps:
        account = accounts[worker]
        paid = account.held * share
        left = 0.0 if back else account.held - paid
        account = replace(account, spent=account.spent + paid, held=left)
        asked = replace(account, lacking=wanted, first=wanted, dearest=wanted, ahead=1.0)
        advance = treasury.settle(worker, asked)
        accounts[worker] = replace(account, held=account.held + advance.given)

        assert 1.0 + sum(one.spent + one.held for one in accounts.values()) <= 10.0 + 1e-9
