import numpy as np
import pytest
from scipy import stats

from mascope.stats import contrasts
from mascope.stats.contrasts import contrast, differences, matched_contrast
from mascope.stats.ranks import MannWhitney, SignedRank
from mascope.stats.resampling import Floats


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def two_series(shift: float = 0.8, n: int = 15, decimals: int = 1) -> tuple[Floats, Floats]:
    generator = rng(11)
    return np.round(generator.normal(shift, 1, n), decimals), np.round(
        generator.normal(0, 1, n + 3), decimals
    )


def expanded(draws: list[float], reach: float) -> tuple[float, float]:
    share = stats.norm.cdf(reach)
    low, high = np.quantile(draws, [1 - share, share])
    return float(low), float(high)


def test_the_test_is_that_of_the_same_samples() -> None:
    a, b = two_series()
    found = contrast(a, b, rng(), "greater", resamples=100)
    expected = stats.mannwhitneyu(a, b, alternative="greater", use_continuity=False, method="asymptotic")

    assert isinstance(found.test, MannWhitney)
    assert found.test.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert (found.r.value, found.effect.value) == (found.test.r, found.test.cliffs_delta)
    assert (found.n_a, found.n_b) == (15, 18)
    assert found.difference.value == pytest.approx(a.mean() - b.mean())


def test_intervals_are_those_of_a_bootstrap_that_visits_every_pair() -> None:
    a, b = two_series()
    generator = rng(70)
    means, deltas = [], []
    for _ in range(4000):
        x, y = generator.choice(a, len(a)), generator.choice(b, len(b))
        means.append(float(x.mean() - y.mean()))
        deltas.append(float(np.sign(x[:, np.newaxis] - y).mean()))
    # The reach of t over the bootstrap's standard error, by hand.
    parts = np.array([a.var(ddof=1) / 15, b.var(ddof=1) / 18])
    df = parts.sum() ** 2 / (parts**2 / [14, 17]).sum()
    reach = stats.t.ppf(0.975, df) * np.sqrt(parts.sum() / (parts * [14 / 15, 17 / 18]).sum())
    found = contrast(a, b, rng())

    assert (found.difference.low, found.difference.high) == pytest.approx(expanded(means, reach), abs=0.05)
    assert (found.effect.low, found.effect.high) == pytest.approx(expanded(deltas, reach), abs=0.04)
    assert found.difference.interval is not None
    assert found.difference.interval.level == 0.95


def test_r_and_its_interval_are_cliffs_delta_on_another_scale() -> None:
    found = contrast(*two_series(), rng(), resamples=500)
    values = (found.r.value, found.r.low, found.r.high)
    deltas = (found.effect.value, found.effect.low, found.effect.high)
    ratios = [r / delta for r, delta in zip(values, deltas, strict=True) if r is not None and delta]

    assert ratios == pytest.approx([ratios[0]] * 3)


def test_the_narrower_interval_lies_inside_the_interval() -> None:
    found = contrast(*two_series(), rng(), resamples=2000)

    assert found.narrower is not None
    assert found.difference.low is not None
    assert found.difference.high is not None
    assert found.difference.low < found.narrower.low < found.narrower.high < found.difference.high


def test_series_that_do_not_overlap_have_an_effect_without_an_interval() -> None:
    found = contrast([5, 6, 7, 8], [1, 2, 3, 4], rng(), resamples=200)

    assert found.effect.value == 1
    assert (found.effect.interval, found.r.interval) == (None, None)
    assert found.difference.interval is not None


def test_runs_that_never_vary_have_no_intervals() -> None:
    found = contrast([0, 0, 0], [0, 0, 0], rng(), resamples=50)

    assert (found.mean_a, found.mean_b, found.difference.value) == (0, 0, 0)
    assert (found.difference.interval, found.narrower, found.r.value) == (None, None, None)
    assert found.effect.value == 0


def test_one_run_has_a_test_and_no_intervals() -> None:
    found = contrast([0.9], [0.1, 0.2, 0.3], rng())

    assert found.test is not None
    assert found.test.p_permutation == pytest.approx(0.5)
    assert (found.difference.interval, found.r.interval) == (None, None)


def test_an_empty_series_has_the_mean_of_the_other_and_no_test() -> None:
    found = contrast([np.nan], [0.1, 0.3], rng())

    assert (found.n_a, found.n_b, found.mean_a) == (0, 2, None)
    assert found.mean_b == pytest.approx(0.2)
    assert (found.test, found.difference.value, found.r.value, found.effect.value) == (None,) * 4


def test_the_intervals_do_not_depend_on_the_order_of_runs_within_ties(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = two_series(decimals=0)
    whole = contrast(a, b, rng(), resamples=3000)
    monkeypatch.setattr(contrasts, "_AT_ONCE", 4000)
    in_portions = contrast(a[::-1], b[::-1], rng(), resamples=3000)

    assert in_portions.test == whole.test
    assert in_portions.effect.low == pytest.approx(whole.effect.low, abs=0.05)


def test_matched_runs_are_compared_by_their_differences() -> None:
    generator = rng(3)
    run = generator.normal(0, 3, 12)
    a, b = run + generator.normal(1, 0.5, 12), run + generator.normal(0, 0.5, 12)
    found = matched_contrast(a, b, rng(), resamples=2000)
    expected = stats.wilcoxon(a, b, correction=False, method="approx")

    assert isinstance(found.test, SignedRank)
    assert found.test.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.difference.value == pytest.approx((a - b).mean())
    assert found.difference.low is not None
    assert found.difference.low > 0
    independent = contrast(a, b, rng(), resamples=2000).difference
    assert independent.low is not None
    assert independent.low < 0


def test_matched_intervals_are_those_of_a_bootstrap_that_ranks_each_resample() -> None:
    d = np.array([0.5, -0.2, 0.2, 1.1, 0.0, 0.9, -0.5, 0.7, 0.7, 0.3, -0.1, 0.4])
    generator = rng(70)
    means, correlations = [], []
    for _ in range(4000):
        drawn = generator.choice(d, len(d))
        ranks = stats.rankdata(np.abs(drawn[drawn != 0]))
        means.append(float(drawn.mean()))
        correlations.append(float((ranks * np.sign(drawn[drawn != 0])).sum() / ranks.sum()))
    reach = stats.t.ppf(0.975, 11) * np.sqrt(12 / 11)
    found = matched_contrast(d, np.zeros(12), rng())

    assert (found.difference.low, found.difference.high) == pytest.approx(expanded(means, reach), abs=0.03)
    assert (found.effect.low, found.effect.high) == pytest.approx(expanded(correlations, reach), abs=0.05)


def test_a_pair_with_a_gap_is_left_out() -> None:
    found = matched_contrast([1, 2, np.nan, 4], [0, np.nan, 3, 2], rng(), resamples=50)

    assert (found.n_a, found.n_b, found.mean_a, found.mean_b) == (2, 2, 2.5, 1)


def test_matched_runs_that_are_the_same_do_not_differ() -> None:
    found = matched_contrast([0.3, 0.6], [0.1 + 0.2, 0.6], rng(), resamples=50)

    assert isinstance(found.test, SignedRank)
    assert (found.test.z, found.difference.interval) == (None, None)
    assert differences(np.array([0.3]), np.array([0.1 + 0.2])).tolist() == [0]


def test_no_pairs_have_no_contrast() -> None:
    found = matched_contrast([], [], rng())

    assert (found.n_a, found.test, found.mean_a, found.difference.value) == (0, None, None, None)
