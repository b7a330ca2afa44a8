import math

import numpy as np
import pytest

from mascope.stats.recoding import by_group, drift, paired, slope, turns_of
from mascope.stats.resampling import Bootstrap

NAN = math.nan
ANCHORS = np.array(
    [
        [1.0, 1.0, 0.0, 0.0],  # first turn
        [1.0, 1.0, 0.0, NAN],  # 3 of 3 alike
        [1.0, 0.0, 0.0, 1.0],  # 2 of 4
        [0.0, 0.0, 0.0, 0.0],  # 2 of 4
    ]
)


def bootstrap() -> Bootstrap:
    return Bootstrap(np.random.default_rng(1), 500)


def test_each_turn_is_held_against_the_first() -> None:
    found = turns_of(ANCHORS)

    assert [turn.turn for turn in found] == [2, 3, 4]
    assert [turn.agreement.value for turn in found] == [1.0, 0.5, 0.5]
    assert [turn.agreement.n for turn in found] == [3, 4, 4]
    assert [turn.yes for turn in found] == [pytest.approx(2 / 3), 0.5, 0.0]


def test_drift_is_the_slope_of_agreement_and_of_yeses() -> None:
    found = drift(ANCHORS, bootstrap())

    assert found.turns == 4
    assert found.agreement.value == pytest.approx(7 / 11)
    # Agreement 1, 1/2, 1/2 at turns 1, 2, 3: slope (0·0 − 1·1 + 1·½) / 2 = −1/4.
    assert found.agreement_slope.value == pytest.approx(-0.25)
    # Yeses 1/2, 2/3, 1/2, 0 at −1.5, −.5, .5, 1.5: (−.75 − 1/3 + 1/4 + 0) / 5 = −1/6.
    assert found.yes_slope.value == pytest.approx(-1 / 6)


def test_a_judge_that_drifts_has_a_slope_that_is_not_zero_and_a_steady_one_does_not() -> None:
    rng = np.random.default_rng(4)
    truth = rng.random(60) < 0.5
    wrong = rng.random((8, 60))
    drifting = (truth ^ (wrong < 0.05 * np.arange(8)[:, np.newaxis])).astype(np.float64)
    steady = (truth ^ (wrong < 0.1)).astype(np.float64)

    found, other = drift(drifting, bootstrap()), drift(steady, bootstrap())

    assert found.agreement_slope.high is not None
    assert found.agreement_slope.high < 0
    assert other.agreement_slope.low is not None
    assert other.agreement_slope.high is not None
    assert other.agreement_slope.low < 0 < other.agreement_slope.high


def test_two_turns_have_no_slope_of_agreement() -> None:
    found = drift(ANCHORS[:2], bootstrap())

    assert found.agreement.value == 1.0
    assert found.agreement_slope.value is None
    assert found.yes_slope.value is not None


def test_slope_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(2)
    values = rng.random((5, 9))
    values[0, 2:4] = NAN

    kept = [0, 1, *range(4, 9)]
    expected = [np.polyfit(kept, values[0, kept], 1)[0]]
    expected += [np.polyfit(np.arange(9), row, 1)[0] for row in values[1:]]
    assert slope(values) == pytest.approx(np.array(expected))
    assert np.isnan(slope(np.array([0.4]))).all()


def test_groups_are_held_against_all_others() -> None:
    codes = np.array([1.0, 1.0, 0.0, NAN, 0.0, 0.0, 1.0, 0.0])
    groups = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    runs = ["a", "a", "b", "b", "a", "b", "a", "b"]

    found = by_group(codes, groups, ["1", "2", "3"], runs, bootstrap())

    assert [(group.name, group.n) for group in found] == [("1", 3), ("2", 2), ("3", 2)]
    assert [group.yes.value for group in found] == [pytest.approx(2 / 3), 0.0, 0.5]
    assert found[0].difference.value == pytest.approx(2 / 3 - 1 / 4)
    assert found[1].difference.value == pytest.approx(0 - 3 / 5)


def test_a_pair_of_ways_is_compared_on_what_both_decided() -> None:
    # yy 2, yn 1, ny 1, nn 4, as in the tests of agreement: κ = 14/30.
    first = np.array([1, 1, 1, 0, 0, 0, 0, 0, NAN])
    second = np.array([1, 1, 0, 1, 0, 0, 0, 0, 1])
    runs = ["a", "a", "a", "b", "b", "b", "c", "c", "c"]

    found = paired(first, second, runs, bootstrap())

    assert found.n == 8
    assert found.yes.value == pytest.approx(3 / 8)
    assert found.difference.value == pytest.approx(0.0)
    assert found.agreement.value == pytest.approx(6 / 8)
    assert found.kappa.value == pytest.approx(14 / 30)


def test_the_difference_is_of_the_second_way() -> None:
    first, second = np.zeros(6), np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])

    assert paired(first, second, list("aabbcc"), bootstrap()).difference.value == pytest.approx(0.5)
