import numpy as np
import pytest
from scipy import stats

from mascope.stats import ranks
from mascope.stats.ranks import mann_whitney, sign_sums, signed_rank, subset_sums
from mascope.stats.resampling import Alternative, Floats

NAN = np.nan
ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "less", "greater")


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def samples(seed: int, ties: bool) -> tuple[Floats, Floats]:
    generator = rng(seed)
    n_a, n_b = generator.integers(2, 14, 2)
    a, b = generator.normal(0.5, 1, n_a), generator.normal(0, 1, n_b)
    return (np.round(a), np.round(b)) if ties else (a, b)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("ties", [False, True])
def test_mann_whitney_equals_scipy(ties: bool, alternative: Alternative) -> None:
    for seed in range(30):
        a, b = samples(seed, ties)
        found = mann_whitney(a, b, rng(), alternative)
        expected = stats.mannwhitneyu(
            a, b, alternative=alternative, use_continuity=False, method="asymptotic"
        )

        assert found is not None
        assert (found.U, found.p) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_the_exact_mann_whitney_p_value_equals_scipy(alternative: Alternative) -> None:
    for seed in range(30):
        a, b = samples(seed, ties=False)
        found = mann_whitney(a, b, rng(), alternative)
        expected = stats.mannwhitneyu(a, b, alternative=alternative, method="exact")

        assert found is not None
        assert found.exact
        assert found.p_permutation == pytest.approx(expected.pvalue, abs=1e-9)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_the_exact_p_value_with_ties_is_that_of_all_arrangements(alternative: Alternative) -> None:
    a, b = np.array([1.0, 2, 2, 3, 5]), np.array([0.0, 2, 2, 1])
    pooled = stats.rankdata(np.concatenate([a, b]))

    def rank_sum(x: Floats, _: Floats) -> float:
        return float(x.sum())

    expected = stats.permutation_test((pooled[:5], pooled[5:]), rank_sum, alternative=alternative)
    found = mann_whitney(a, b, rng(), alternative)

    assert found is not None
    assert found.p_permutation == pytest.approx(expected.pvalue, abs=1e-9)


def test_mann_whitney_by_hand() -> None:
    # One of six pairs has a > b: U = 1, mean 3, variance 3·2·6/12 = 3; Z = −2/√3, r = Z/√5, δ = 2/6 − 1.
    # Of the ten ways to choose three of the ranks 1 … 5, two have a sum of at most 7: p = 2 · 2/10.
    found = mann_whitney([1, 2, 4], [3, 5], rng())

    assert found is not None
    assert (found.U, found.z, found.r) == pytest.approx((1, -2 / 3**0.5, -2 / 15**0.5))
    assert (found.cliffs_delta, found.p_permutation) == pytest.approx((-2 / 3, 0.4))


def test_the_published_comparison_is_two_sided_with_r_of_z() -> None:
    # Series B against A, 21 + 21 runs: p = 6e-6 and r = .70. Here two runs of a lie above 19 and 21 of b, so
    # that a is larger in 40 of 441 pairs.
    a = [*range(19), 39.5, 41.5]
    b = list(range(21, 42))
    found = mann_whitney(b, a, rng())

    assert found is not None
    assert found.U == 441 - 40
    assert found.r == pytest.approx(0.70, abs=0.005)
    assert found.p == pytest.approx(6e-6, abs=0.5e-6)
    assert found.cliffs_delta == pytest.approx(1 - 80 / 441)


def test_signs_turn_with_the_order_of_the_samples() -> None:
    a, b = samples(3, ties=True)
    one, other = mann_whitney(a, b, rng()), mann_whitney(b, a, rng())

    assert one is not None
    assert other is not None
    assert one.z == pytest.approx(-other.z if other.z is not None else NAN)
    assert one.r == pytest.approx(-other.r if other.r is not None else NAN)
    assert one.cliffs_delta == pytest.approx(-other.cliffs_delta)
    assert (one.p, one.p_permutation) == pytest.approx((other.p, other.p_permutation))


def test_z_is_positive_where_the_first_is_larger() -> None:
    found = mann_whitney([5, 6, 7], [1, 2, 3], rng(), "greater")

    assert found is not None
    assert found.z is not None
    assert found.z > 0
    assert found.cliffs_delta == 1
    assert found.p_permutation == pytest.approx(1 / 20)


def test_equal_values_have_neither_z_nor_r() -> None:
    found = mann_whitney([2, 2, 2], [2, 2], rng())

    assert found is not None
    assert (found.z, found.p, found.r) == (None, None, None)
    assert (found.U, found.cliffs_delta, found.p_permutation) == (3, 0, 1)


def test_an_empty_sample_cannot_be_compared() -> None:
    assert mann_whitney([], [1, 2], rng()) is None
    assert mann_whitney([1, 2], [NAN], rng()) is None
    assert signed_rank([NAN], rng()) is None


def test_missing_values_are_left_out() -> None:
    assert mann_whitney([1, NAN, 3], [2, 5, NAN], rng()) == mann_whitney([1, 3], [2, 5], rng())
    assert signed_rank([1, NAN, -3], rng()) == signed_rank([1, -3], rng())


def test_the_same_value_summed_in_another_order_is_a_tie() -> None:
    found = mann_whitney([0.1 + 0.2, 0.5], [0.3, 0.6], rng())

    assert found is not None
    assert found.U == 0.5 + 1


def test_large_samples_are_permuted_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = samples(8, ties=True)
    exact, exact_signs = mann_whitney(a, b, rng()), signed_rank(a - 0.4, rng())
    monkeypatch.setattr(ranks, "_EXACT_COST", 0)
    sampled, sampled_signs = mann_whitney(a, b, rng()), signed_rank(a - 0.4, rng())

    assert exact is not None
    assert sampled is not None
    assert exact_signs is not None
    assert sampled_signs is not None
    assert (exact.exact, sampled.exact, sampled_signs.exact) == (True, False, False)
    assert sampled.p_permutation == pytest.approx(exact.p_permutation, abs=0.02)
    assert sampled_signs.p_permutation == pytest.approx(exact_signs.p_permutation, abs=0.02)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("ties", [False, True])
def test_signed_rank_equals_scipy(ties: bool, alternative: Alternative) -> None:
    for seed in range(30):
        d = samples(seed, ties)[0]
        d = d[d != 0] if seed % 2 else d
        if len(d[d != 0]) < 2:
            continue
        found = signed_rank(d, rng(), alternative)
        expected = stats.wilcoxon(d, alternative=alternative, correction=False, method="approx")

        assert found is not None
        assert found.p == pytest.approx(expected.pvalue, abs=1e-9)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_the_exact_signed_rank_p_value_with_ties_is_that_of_all_signs(alternative: Alternative) -> None:
    d = np.array([1.0, 1, -1, 2, -2, 3, 4, 4])
    expected = stats.wilcoxon(d, alternative=alternative, method=stats.PermutationMethod())
    found = signed_rank(d, rng(), alternative)

    assert found is not None
    assert found.exact
    assert found.p_permutation == pytest.approx(expected.pvalue, abs=1e-9)


def test_signed_rank_by_hand() -> None:
    # Ranks 1, 2, 3, 4, the second negative: W = 8, mean 5, variance 4·5·9/24 = 7.5; Z = 3/√7.5. The pair
    # without a difference counts in r = Z/√5 only. Rank-biserial (8 − 2)/10. Three of the 16 choices of signs
    # have a negative sum of at most 2: p = 2 · 3/16.
    found = signed_rank([1, -2, 3, 4, 0], rng())

    assert found is not None
    assert (found.W, found.n) == (8, 5)
    assert (found.z, found.r) == pytest.approx((3 / 7.5**0.5, 3 / 37.5**0.5))
    assert (found.rank_biserial, found.p_permutation) == pytest.approx((0.6, 0.375))


def test_pairs_that_never_differ_have_no_signed_rank() -> None:
    found = signed_rank([0, 0, 0], rng())

    assert found is not None
    assert (found.z, found.p, found.r, found.rank_biserial, found.p_permutation) == (
        None,
        None,
        None,
        None,
        1,
    )


def test_subsets_are_counted_by_size_and_sum() -> None:
    # Of {0, 1, 1, 3}: 0+1 twice, 1+1, 0+3, 1+3 twice.
    assert subset_sums(np.array([0, 1, 1, 3]), 2, 4).tolist() == [0, 2, 1, 1, 2]
    assert sign_sums(np.array([1, 1, 2])).tolist() == [1, 2, 2, 2, 1]


@pytest.mark.parametrize(("n_a", "n_b"), [(8, 8), (15, 15), (21, 21), (21, 15)])
def test_the_level_of_the_asymptotic_test_is_nominal_at_the_sizes_of_the_published_series(
    n_a: int, n_b: int
) -> None:
    # Without simulation: the probability under the exact null distribution of all U that would be rejected.
    highest = sum(range(n_b, n_a + n_b))
    ways = subset_sums(np.arange(n_a + n_b), n_a, highest)[n_a * (n_a - 1) // 2 :]
    z = (np.arange(n_a * n_b + 1) - n_a * n_b / 2) / np.sqrt(n_a * n_b * (n_a + n_b + 1) / 12)
    level = ways[2 * stats.norm.sf(np.abs(z)) < 0.05].sum() / ways.sum()

    assert 0.04 < level < 0.06
