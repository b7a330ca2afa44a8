import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mascope.stats import resampling
from mascope.stats.resampling import (
    Bootstrap,
    bootstrap_mean,
    bootstrap_statistic,
    bootstrap_totals,
    bootstrap_weights,
    cluster_index,
    cluster_totals,
    expanded_tail,
    factorized,
    number,
    percentile_interval,
    percentile_intervals,
    permutation_p,
    ratio,
    resampled,
)


def share(totals: resampling.Floats) -> resampling.Floats:
    return ratio(totals[..., 0], totals[..., 1])


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_clusters_are_numbered_as_they_appear() -> None:
    index, clusters = cluster_index(["b", "a", "b", "c"])

    assert index.tolist() == [0, 1, 0, 2]
    assert clusters == 3


@pytest.mark.parametrize("dtype", [np.dtype(object), pd.CategoricalDtype()])
def test_a_missing_label_is_one_of_them_only_where_it_is_to_be(dtype: Any) -> None:
    labels = pd.Series(["b", None, "a", "b"], dtype=dtype)

    assert factorized(labels)[0].tolist() == [0, -1, 1, 0]
    assert factorized(labels)[1] == ["b", "a"]
    assert factorized(labels, missing=True)[0].tolist() == [0, 1, 2, 0]
    assert cluster_index(labels)[1] == 3


def test_totals_are_sums_within_clusters() -> None:
    totals = cluster_totals([[1, 10], [2, 20], [3, 30]], np.array([1, 0, 1]), 3)

    assert totals.tolist() == [[2, 20], [4, 40], [0, 0]]


def test_every_resample_draws_as_many_clusters_as_there_are() -> None:
    weights = np.concatenate(list(bootstrap_weights(7, rng(), 1000)))

    assert weights.shape == (1000, 7)
    assert set(weights.sum(axis=1)) == {7}
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)


@pytest.mark.parametrize("drawn", [1, 22, 1000])
def test_draws_do_not_depend_on_the_size_of_the_chunks(monkeypatch: pytest.MonkeyPatch, drawn: int) -> None:
    values = np.arange(11.0)
    whole = bootstrap_totals(values, rng(), 500)
    monkeypatch.setattr(resampling, "_DRAWN_AT_ONCE", drawn)

    assert np.array_equal(bootstrap_totals(values, rng(), 500), whole)


@pytest.mark.parametrize(("clusters", "columns"), [(1, 1), (2, 3), (11, 2), (12, 1), (333, 3)])
def test_few_columns_are_added_up_as_many_are_weighed(clusters: int, columns: int) -> None:
    totals = rng().normal(size=(clusters, columns))
    weights = np.concatenate(list(bootstrap_weights(clusters, rng(), 501)))

    assert bootstrap_totals(totals, rng(), 501) == pytest.approx(weights @ totals, abs=1e-12)


def test_resampled_totals_keep_the_shape_of_the_statistic() -> None:
    assert bootstrap_totals(np.ones((5, 2, 3)), rng(), 10).shape == (10, 2, 3)


def test_columns_of_one_bootstrap_share_their_resamples() -> None:
    draws = bootstrap_totals(np.column_stack([np.arange(9), 2 * np.arange(9)]), rng(), 50)

    assert np.array_equal(2 * draws[:, 0], draws[:, 1])


def test_columns_that_are_the_same_have_the_draws_of_each_by_itself() -> None:
    a, b = np.arange(6.0), np.arange(6.0)[::-1]

    draws = bootstrap_totals(np.column_stack([a, b, a, a + 1, b]).reshape(6, 5, 1), rng(), 40)

    for place, column in enumerate((a, b, a, a + 1, b)):
        assert np.array_equal(draws[:, place, 0], bootstrap_totals(column, rng(), 40))


def test_without_columns_there_is_nothing_in_any_resample() -> None:
    assert bootstrap_totals(np.empty((4, 0)), rng(), 10).shape == (10, 0)


def test_nothing_to_resample_is_an_error() -> None:
    with pytest.raises(ValueError, match="no clusters"):
        bootstrap_totals(np.empty((0, 3)), rng())


def test_the_interval_of_a_mean_agrees_with_scipy() -> None:
    values = rng(3).gamma(2, size=40)

    ours = bootstrap_mean(values, rng(), resamples=40_000)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=40_000, rng=rng(2),
        confidence_level=1 - 2 * expanded_tail(0.95, 40),
    )  # fmt: skip

    assert ours.value == pytest.approx(values.mean(), abs=1e-12)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.02)
    assert ours.n == 40


def test_the_bootstrap_of_two_values_is_known_by_hand() -> None:
    # Of two values 0 and 1 the resampled mean is 0, 1/2, 1 with probability 1/4, 1/2, 1/4.
    draws = bootstrap_totals([0.0, 1.0], rng(), 40_000) / 2

    assert np.mean(draws == 0) == pytest.approx(0.25, abs=0.01)
    assert np.mean(draws == 0.5) == pytest.approx(0.5, abs=0.01)


def test_a_mean_of_nothing_is_undefined() -> None:
    estimate = bootstrap_mean([math.nan, math.nan], rng())

    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None, None, None, 0)


def test_runs_that_are_all_the_same_have_a_mean_but_no_interval() -> None:
    estimate = bootstrap_mean([0.25] * 5, rng())

    assert (estimate.value, estimate.interval, estimate.n) == (0.25, None, 5)


def test_one_run_has_a_mean_but_no_interval() -> None:
    estimate = bootstrap_mean([0.25, math.nan], rng())

    assert (estimate.value, estimate.interval, estimate.n) == (0.25, None, 1)


def test_a_ratio_is_resampled_by_clusters_not_by_messages() -> None:
    # Ten runs of 100 messages, all yes or all no: there are ten independent observations, not a thousand.
    totals = np.array([[100.0, 100.0]] * 5 + [[0.0, 100.0]] * 5)

    interval = bootstrap_statistic(totals, lambda sums: ratio(sums[:, 0], sums[:, 1]), rng())

    assert interval is not None
    # Of ten clusters .86% are cut off at either end; Binomial(10, 1/2) is 0 in .1%, at most 1 in 1.1%.
    assert (interval.low, interval.high) == pytest.approx((0.1, 0.9))


def test_an_interval_covers_at_its_level() -> None:
    generator = rng(5)
    covered = 0
    for _ in range(300):
        estimate = bootstrap_mean(generator.normal(1.0, 1.0, 60), generator, resamples=500)
        interval = estimate.interval
        covered += interval is not None and interval.low <= 1.0 <= interval.high

    assert 0.90 <= covered / 300 <= 0.985


def test_the_level_widens_the_interval() -> None:
    draws = np.arange(1001.0)
    interval = percentile_interval(draws, level=0.9)

    assert interval is not None
    assert (interval.low, interval.high, interval.level) == pytest.approx((50.0, 950.0, 0.9))


def test_an_interval_of_few_clusters_reaches_out_as_far_as_students_t() -> None:
    # Ten clusters: t = 2.262 with 9 degrees of freedom, √(10/9) · 2.262 = 2.385, Φ(−2.385) = .00855.
    draws = np.arange(100_001.0)

    plain, expanded = percentile_interval(draws), percentile_interval(draws, clusters=10)

    assert plain is not None
    assert expanded is not None
    assert plain.low == pytest.approx(2500)
    assert (expanded.low, expanded.high) == pytest.approx((855, 99_145), abs=1)
    assert expanded.method != plain.method


def test_an_interval_of_many_clusters_is_hardly_expanded() -> None:
    assert resampling.expanded_tail(0.95, 10_000) == pytest.approx(0.025, abs=1e-4)


def test_a_statistic_undefined_in_many_resamples_has_no_interval() -> None:
    draws = np.arange(100.0)
    few, many = draws.copy(), draws.copy()
    few[:5], many[:6] = math.nan, math.nan

    assert percentile_interval(few) is not None
    assert percentile_interval(many) is None
    assert percentile_interval([]) is None


def test_each_column_has_its_own_interval() -> None:
    draws = np.column_stack([np.arange(1001.0), np.full(1001, math.nan)])

    first, second = percentile_intervals(draws)

    assert first is not None
    assert first.low == pytest.approx(25.0)
    assert second is None


def test_a_ratio_with_nothing_below_is_undefined() -> None:
    values = ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0]))

    assert values[0] == 0.5
    assert math.isnan(values[1])


def test_a_permutation_p_counts_the_observed_arrangement() -> None:
    # 4 of 9 permutations are at least 6: (1 + 4) / (1 + 9).
    null = np.arange(1.0, 10.0)

    assert permutation_p(6.0, null, "greater") == pytest.approx(0.5)
    assert permutation_p(6.0, null, "less") == pytest.approx(0.7)
    assert permutation_p(6.0, null) == pytest.approx(1.0)
    assert permutation_p(100.0, null) == pytest.approx(0.2)


def test_a_permutation_that_differs_in_the_last_bit_counts_as_equal() -> None:
    observed = 0.1 + 0.2

    assert permutation_p(observed, [0.3], "greater") == 1.0


def test_an_undefined_permutation_is_no_evidence() -> None:
    assert permutation_p(1.0, [math.nan, 0.0], "greater") == pytest.approx(0.5)
    assert permutation_p(1.0, [math.nan]) is None
    assert permutation_p(math.nan, [0.0]) is None


def test_columns_are_estimated_from_the_same_resamples() -> None:
    totals = np.array([[[1.0, 2.0], [2.0, 4.0]], [[0.0, 2.0], [0.0, 4.0]], [[1.0, 1.0], [2.0, 2.0]]])
    whole = resampled(totals, Bootstrap(rng(), 200))

    first, second = (whole.column(k).estimate(share) for k in range(2))

    assert first == second
    assert first.value == pytest.approx(2 / 5)
    assert first.interval is not None
    assert first.n == 3


def test_clusters_that_contribute_nothing_are_not_drawn() -> None:
    telling = np.array([[1.0, 2.0], [0.0, 2.0], [1.0, 1.0]])
    padded = np.vstack([telling, np.zeros((5, 2))])

    estimate = resampled(padded, Bootstrap(rng(), 200)).estimate(share)

    assert estimate == resampled(telling, Bootstrap(rng(), 200)).estimate(share)
    assert estimate.n == 3


def test_without_a_bootstrap_there_is_a_value_and_no_interval() -> None:
    estimate = resampled(np.array([[1.0, 2.0], [0.0, 2.0]]), None).estimate(share)

    assert (estimate.value, estimate.interval, estimate.n) == (0.25, None, 2)


def test_nothing_has_no_estimate() -> None:
    estimate = resampled(np.zeros((0, 2)), Bootstrap(rng(), 200)).estimate(share)

    assert (estimate.value, estimate.interval, estimate.n) == (None, None, 0)


def test_an_undefined_value_is_none() -> None:
    assert number(np.float64(math.nan)) is None
    assert number(np.float64(0.5)) == 0.5
