from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from mascope.discussion.schedule import ORDERS
from mascope.study import Run, load_study, plan


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, ...]:
    file = tmp_path / "s.yaml"
    file.write_text(
        "study: s\nbrief: b\nmodels: {m: {model: rehearsal/plain}}\n"
        "series: {A: {participants: {clones_of: m, count: 6}, runs: 6, rounds: 3}}\n"
    )
    return plan(load_study(file))


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_seats_everybody_once(runs: tuple[Run, ...], order: str) -> None:
    for run in runs:
        for round_ in range(3):
            assert sorted(ORDERS[order](run, round_)) == list(range(6))


@pytest.mark.parametrize("order", ["fixed", "reversed", "shuffled", "latin"])
def test_an_order_of_the_run_is_the_same_in_all_rounds(runs: tuple[Run, ...], order: str) -> None:
    assert len({ORDERS[order](runs[0], round_) for round_ in range(3)}) == 1


def test_orders_shuffled_by_round_differ_between_rounds_and_runs(runs: tuple[Run, ...]) -> None:
    orders = {ORDERS["shuffled_rounds"](run, round_) for run in runs for round_ in range(3)}

    assert len(orders) > 10


def test_a_latin_square_gives_every_seat_every_place_and_every_predecessor_once(
    runs: tuple[Run, ...],
) -> None:
    square = [ORDERS["latin"](run, 0) for run in runs]

    places = Counter((seat, place) for row in square for place, seat in enumerate(row))
    neighbours = Counter(pair for row in square for pair in pairwise(row))
    assert set(places.values()) == {1}
    assert set(neighbours.values()) == {1}
