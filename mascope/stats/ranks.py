"""Two samples by ranks: Mann-Whitney for independent runs, Wilcoxon's signed ranks for matched pairs.

Signs: Z, r and the ordinal effect sizes are positive where the first sample is larger.

Z has the correction for ties and none for continuity, and r = Z/√N and the asymptotic p are of that same
Z. The published comparison of 21 with 21 runs (p = 6·10⁻⁶, r = .70) is two-sided; its rounding allows
both forms, for without ties U = 41 and U = 40 give r = .697 and .701, p = 6.3·10⁻⁶ and 5.6·10⁻⁶
uncorrected, and U = 40 gives 5.9·10⁻⁶ corrected. Uncorrected is what makes p and r one statement, and its
level is nearer to nominal in small samples. The permutation p-value beside it needs no such choice: it is
the exact conditional distribution of the same statistic, ties included, wherever that can be computed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import rankdata

from mascope.stats.resampling import RESAMPLES, Alternative, Floats, permutation_p

_EXACT_COST = 50_000_000  # additions: about 0.1 s
_SHUFFLED_AT_MOST = 20_000_000  # ranks in all, for samples too large for the exact distribution
_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class MannWhitney:
    n_a: int
    n_b: int
    U: float
    """Pairs in which a is larger, ties counted half."""
    z: float | None
    """None, as are p and r, where all values are equal."""
    p: float | None
    """From the normal distribution of Z."""
    r: float | None
    """Z / √(n_a + n_b), from −1 to 1 (in fact up to about .87 for two samples of one size)."""
    cliffs_delta: float
    """P(a > b) − P(a < b) over pairs (Cliff 1993): from −1 to 1."""
    p_permutation: float
    exact: bool
    """Whether `p_permutation` is over all arrangements, or over a sample of them."""


@dataclass(frozen=True, slots=True)
class SignedRank:
    n: int
    """Pairs, those without a difference included."""
    W: float
    """Sum of the ranks of the positive differences."""
    z: float | None
    """None, as are p, r and the correlation, where no pair differs."""
    p: float | None
    r: float | None
    """Z / √n."""
    rank_biserial: float | None
    """(positive − negative rank sum) / their total (Kerby 2014): from −1 to 1."""
    p_permutation: float
    exact: bool


def defined(values: npt.ArrayLike) -> Floats:
    """The values (n,) without NaN."""
    array = np.asarray(values, dtype=np.float64)
    return array[~np.isnan(array)]


def snapped(values: Floats) -> Floats:
    """Values with their last bits dropped: equal results of sums in another order must be ties."""
    scale = np.abs(values).max(initial=0.0)
    return np.round(values / scale, 12) if scale > 0 else values


def mann_whitney(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    rng: np.random.Generator,
    alternative: Alternative = "two-sided",
    permutations: int = RESAMPLES,
) -> MannWhitney | None:
    """Mann & Whitney (1947) on a (n_a,) and b (n_b,); `greater` is a > b. NaN is left out.

    Z = (U − n_a n_b / 2) / √(n_a n_b / 12 · [(N + 1) − Σ(t³ − t) / (N(N − 1))]), t the sizes of ties.
    None where a sample is empty.
    """
    x, y = defined(a), defined(b)
    if not len(x) or not len(y):
        return None
    pooled = snapped(np.concatenate([x, y]))
    ranks = rankdata(pooled)
    pairs, total = len(x) * len(y), len(pooled)
    u = float(ranks[: len(x)].sum()) - len(x) * (len(x) + 1) / 2
    sd = mann_whitney_sd(pooled, len(x))
    z = (u - pairs / 2) / sd if sd > 0 else None
    p_permutation, exact = _rank_sum_p(ranks, len(x), rng, alternative, permutations)
    return MannWhitney(
        n_a=len(x), n_b=len(y), U=u, z=z, p=None if z is None else normal_p(z, alternative),
        r=None if z is None else z / sqrt(total), cliffs_delta=2 * u / pairs - 1,
        p_permutation=p_permutation, exact=exact,
    )  # fmt: skip


def mann_whitney_sd(pooled: Floats, n_a: int) -> float:
    """Standard deviation of U when the pooled values (N,) are dealt at random into n_a and N − n_a."""
    n, ties = len(pooled), _tie_sum(pooled)
    return sqrt(n_a * (n - n_a) / 12 * (n + 1 - ties / (n * (n - 1))))


def signed_rank(
    differences: npt.ArrayLike,
    rng: np.random.Generator,
    alternative: Alternative = "two-sided",
    permutations: int = RESAMPLES,
) -> SignedRank | None:
    """Wilcoxon (1945) on the differences a − b of matched pairs (n,). NaN is left out, zeros are not ranked.

    Z = (W − m(m+1)/4) / √(m(m+1)(2m+1)/24 − Σ(t³ − t)/48) over the m pairs that differ. The permutation
    p-value is over the signs of the differences. None without pairs.
    """
    pairs = defined(differences)
    if not len(pairs):
        return None
    d = snapped(pairs)
    d = d[d != 0]
    ranks = rankdata(np.abs(d))
    w, highest = float(ranks[d > 0].sum()), len(d) * (len(d) + 1) / 2
    sd = signed_rank_sd(np.abs(d))
    z = (w - highest / 2) / sd if sd > 0 else None
    p_permutation, exact = _sign_p(ranks, w, rng, alternative, permutations)
    return SignedRank(
        n=len(pairs), W=w, z=z, p=None if z is None else normal_p(z, alternative),
        r=None if z is None else z / sqrt(len(pairs)), rank_biserial=2 * w / highest - 1 if highest else None,
        p_permutation=p_permutation, exact=exact,
    )  # fmt: skip


def signed_rank_sd(sizes: Floats) -> float:
    """Standard deviation of W when the signs of differences of these sizes (m,), none 0, are random."""
    m = len(sizes)
    return sqrt(m * (m + 1) * (2 * m + 1) / 24 - _tie_sum(sizes) / 48)


def normal_p(z: float, alternative: Alternative) -> float:
    """Tail of the standard normal distribution."""
    tails = {"greater": ndtr(-z), "less": ndtr(z), "two-sided": 2 * ndtr(-abs(z))}
    return float(tails[alternative])


def _tie_sum(values: Floats) -> float:
    ties = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float(np.sum(ties**3 - ties))


# The permutation distributions ----------------------------------------------------------------------------


def _rank_sum_p(
    ranks: Floats, n_a: int, rng: np.random.Generator, alternative: Alternative, permutations: int
) -> tuple[float, bool]:
    scores = _scores(ranks)
    observed = int(scores[:n_a].sum())
    highest = int(np.sort(scores)[len(scores) - n_a :].sum())
    if len(scores) * n_a * highest <= _EXACT_COST:
        return _tail(subset_sums(scores, n_a, highest), observed, alternative), True
    draws = np.concatenate(list(_shuffled_sums(scores, n_a, rng, permutations)))
    return permutation_p(observed, draws, alternative) or 1.0, False


def _sign_p(
    ranks: Floats, w: float, rng: np.random.Generator, alternative: Alternative, permutations: int
) -> tuple[float, bool]:
    doubled = np.rint(2 * ranks).astype(np.int64)  # mid-ranks are halves
    if len(doubled) * int(doubled.sum()) <= _EXACT_COST:
        return _tail(sign_sums(doubled), round(2 * w), alternative), True
    count = max(999, min(permutations, _SHUFFLED_AT_MOST // len(ranks)))
    steps = _steps(count, len(ranks))
    draws = np.concatenate([rng.integers(0, 2, size=(step, len(ranks))) @ ranks for step in steps])
    return permutation_p(w, draws, alternative) or 1.0, False


def _scores(ranks: Floats) -> npt.NDArray[np.int64]:
    """Mid-ranks as the smallest whole numbers that differ from each other in the same proportions."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    doubled -= doubled.min()
    return doubled // max(1, int(np.gcd.reduce(doubled)))


def subset_sums(scores: npt.NDArray[np.int64], size: int, highest: int) -> Floats:
    """How many subsets of `size` scores (n,) have each sum 0 … highest: (highest + 1,).

    The shift algorithm (Streitberg & Röhmel 1986): each score either joins, which adds it to the sum and one
    to the size, or does not.
    """
    ways = np.zeros((size + 1, highest + 1))
    ways[0, 0] = 1.0
    for score in scores:
        ways[1:, score:] += ways[:-1, : highest + 1 - score].copy()
    counts: Floats = ways[size]
    return counts


def sign_sums(scores: npt.NDArray[np.int64]) -> Floats:
    """How many of the 2ⁿ choices among the scores (n,) have each sum: (sum of scores + 1,)."""
    ways = np.zeros(int(scores.sum()) + 1)
    ways[0] = 1.0
    for score in scores:
        ways[score:] += ways[: len(ways) - score].copy()
    return ways


def _tail(ways: Floats, observed: int, alternative: Alternative) -> float:
    """Share of arrangements at least as extreme; two-sided is twice the smaller tail, at most 1."""
    less = float(ways[: observed + 1].sum() / ways.sum())
    greater = float(ways[observed:].sum() / ways.sum())
    tails = {"less": less, "greater": greater, "two-sided": min(1.0, 2 * min(less, greater))}
    return tails[alternative]


def _shuffled_sums(
    scores: npt.NDArray[np.int64], size: int, rng: np.random.Generator, permutations: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Sums (some permutations,) of `size` scores drawn without replacement."""
    for step in _steps(max(999, min(permutations, _SHUFFLED_AT_MOST // len(scores))), len(scores)):
        drawn = np.argpartition(rng.random((step, len(scores))), size - 1, axis=1)[:, :size]
        yield scores[drawn].sum(axis=1)


def _steps(count: int, width: int) -> list[int]:
    """`count` rows of `width` in portions that bound the memory."""
    size = max(1, _AT_ONCE // max(1, width))
    return [min(size, count - done) for done in range(0, count, size)]
