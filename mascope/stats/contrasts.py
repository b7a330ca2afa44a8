"""Two series compared on a measure of their runs: tests, effect sizes and intervals, side by side.

The run is the unit. Everything is signed: z, r, Cliff's delta and the difference are positive where series a
is larger. Intervals are bootstrap percentiles over runs (over pairs, where runs are matched), expanded for
the number of runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from mascope.stats.precision import Precision, expanded_interval
from mascope.stats.ranks import (
    MannWhitney,
    SignedRank,
    defined,
    mann_whitney,
    mann_whitney_sd,
    signed_rank,
    signed_rank_sd,
    snapped,
)
from mascope.stats.resampling import (
    LEVEL,
    RESAMPLES,
    Alternative,
    Estimate,
    Floats,
    Interval,
    bootstrap_weights,
    ratio,
)

EQUIVALENCE_LEVEL = 0.90
"""Level of the interval that is held against a margin: two one-sided tests at 5%."""

_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
_AT_ONCE = 100_000  # weights drawn together: what stays in a core's cache is done three times as fast


@dataclass(frozen=True, slots=True)
class Contrast:
    """What the runs of two series, a and b, say about their difference in a measure."""

    n_a: int
    n_b: int
    """Runs with a defined value; of matched runs, those with a partner."""
    mean_a: float | None
    mean_b: float | None
    test: MannWhitney | SignedRank | None
    """None where a sample is empty."""
    difference: Estimate
    """mean_a − mean_b."""
    narrower: Interval | None
    """The difference at `EQUIVALENCE_LEVEL`."""
    r: Estimate
    """Z / √(number of runs), or of pairs."""
    effect: Estimate
    """Cliff's delta; of matched pairs, the rank-biserial correlation."""


def contrast(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    rng: np.random.Generator,
    alternative: Alternative = "two-sided",
    resamples: int = RESAMPLES,
) -> Contrast:
    """Compare independent runs by one value each, a (n_a,) and b (n_b,). NaN is left out.

    `greater` is a > b. `resamples` are those of the bootstrap, and of the permutations where it takes these.
    """
    x, y = defined(a), defined(b)
    test = mann_whitney(x, y, rng, alternative, resamples)
    if test is None or min(len(x), len(y)) < 2:
        return _contrast(x, y, test, len(x) + len(y))
    # r is Cliff's delta on another scale, once U's standard deviation under the null is held at that of the
    # data: a run that is drawn twice makes no tie between runs.
    sd = mann_whitney_sd(snapped(np.concatenate([x, y])), len(x))
    scale = len(x) * len(y) / 2 / sd / sqrt(len(x) + len(y)) if sd > 0 else np.nan
    draws = _Draws(*_resampled(x, y, rng, resamples), scale, Precision.of(x, y))
    return _contrast(x, y, test, len(x) + len(y), draws)


def matched_contrast(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    rng: np.random.Generator,
    alternative: Alternative = "two-sided",
    resamples: int = RESAMPLES,
) -> Contrast:
    """Compare matched runs: a (n,) and b (n,) in the same order. A pair with a NaN is left out."""
    pairs = np.stack([np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)])
    x, y = pairs[:, ~np.isnan(pairs).any(axis=0)]
    d = differences(x, y)
    test = signed_rank(d, rng, alternative, resamples)
    if test is None or len(d) < 2:
        return _contrast(x, y, test, len(d))
    sizes = snapped(np.abs(d[d != 0]))
    sd = signed_rank_sd(sizes)
    scale = len(sizes) * (len(sizes) + 1) / 4 / sd / sqrt(len(d)) if sd > 0 else np.nan
    draws = _Draws(*_resampled_pairs(d, rng, resamples), scale, Precision.of(d))
    return _contrast(x, y, test, len(d), draws)


def differences(a: Floats, b: Floats) -> Floats:
    """a − b (n,), exactly 0 where the two are the same but for their last bits."""
    d = a - b
    return np.where(np.abs(d) <= 1e-12 * np.maximum(np.abs(a), np.abs(b)), 0.0, d)


@dataclass(frozen=True, slots=True)
class _Draws:
    """Resampled statistics (resamples,)."""

    difference: Floats
    effect: Floats
    scale: float
    """How much r one unit of the ordinal effect is."""
    precision: Precision | None

    def interval(self, draws: Floats, level: float = LEVEL) -> Interval | None:
        return expanded_interval(draws, self.precision, level)


def _contrast(
    x: Floats, y: Floats, test: MannWhitney | SignedRank | None, n: int, draws: _Draws | None = None
) -> Contrast:
    mean_a, mean_b = _mean(x), _mean(y)
    difference = None if mean_a is None or mean_b is None else mean_a - mean_b
    r = test.r if test else None
    effect = test.cliffs_delta if isinstance(test, MannWhitney) else test.rank_biserial if test else None
    return Contrast(
        n_a=len(x), n_b=len(y), mean_a=mean_a, mean_b=mean_b, test=test,
        difference=Estimate(difference, draws.interval(draws.difference) if draws else None, n),
        narrower=draws.interval(draws.difference, EQUIVALENCE_LEVEL) if draws else None,
        r=Estimate(r, draws.interval(draws.effect * draws.scale) if draws else None, n),
        effect=Estimate(effect, draws.interval(draws.effect) if draws else None, n),
    )  # fmt: skip


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _resampled(x: Floats, y: Floats, rng: np.random.Generator, resamples: int) -> tuple[Floats, Floats]:
    """Difference of means and Cliff's delta (resamples,), each sample resampled on its own.

    A value of y exceeds as many of x as the weights below it in the order of x say: no pair is visited.
    """
    pooled = snapped(np.concatenate([x, y]))
    order = np.argsort(pooled[: len(x)])
    below, upto = (np.searchsorted(pooled[: len(x)][order], pooled[len(x) :], side) for side in _SIDES)
    found = []
    for rows in _portions(resamples, max(len(x), len(y))):
        of_x, of_y = _weights(len(x), rows, rng)[:, order], _weights(len(y), rows, rng)
        cumulated = np.zeros((rows, len(x) + 1))
        np.cumsum(of_x, axis=1, out=cumulated[:, 1:])
        lower = (np.take(cumulated, below, axis=1) + np.take(cumulated, upto, axis=1)) / 2
        u = len(x) * len(y) - np.einsum("rn,rn->r", lower, of_y)
        found.append((of_x @ x[order] / len(x) - of_y @ y / len(y), 2 * u / (len(x) * len(y)) - 1))
    means, deltas = (np.concatenate(part) for part in zip(*found, strict=True))
    return means, deltas


def _resampled_pairs(d: Floats, rng: np.random.Generator, resamples: int) -> tuple[Floats, Floats]:
    """Mean difference and rank-biserial correlation (resamples,) of resampled pairs.

    The mid-rank of equal sizes is the weight below them and half of their own, so that a resample is ranked
    by cumulated weights.
    """
    order = np.argsort(np.abs(d))
    d = d[order]
    ranked = d != 0
    first = np.unique(snapped(np.abs(d[ranked])), return_index=True)[1]
    found = []
    for rows in _portions(resamples, len(d)):
        weights = _weights(len(d), rows, rng)[:, order]
        found.append((weights @ d / len(d), _rank_biserial(weights[:, ranked], d[ranked] > 0, first)))
    means, correlations = (np.concatenate(part) for part in zip(*found, strict=True))
    return means, correlations


def _rank_biserial(weights: Floats, positive: npt.NDArray[np.bool_], first: npt.NDArray[np.intp]) -> Floats:
    """From weights (resamples, pairs) in the order of size; `first` of each group of equal sizes."""
    if not len(first):
        return np.full(len(weights), np.nan)
    own = np.add.reduceat(weights, first, axis=1)
    ranks = np.cumsum(own, axis=1) - own / 2 + 0.5
    w = (np.add.reduceat(weights * positive, first, axis=1) * ranks).sum(axis=1)
    pairs = own.sum(axis=1)
    return 2 * ratio(w, pairs * (pairs + 1) / 2) - 1


def _weights(n: int, rows: int, rng: np.random.Generator) -> Floats:
    return np.concatenate(list(bootstrap_weights(n, rng, rows)))


def _portions(count: int, width: int) -> Iterator[int]:
    """`count` rows of `width` in portions that bound the memory."""
    size = max(1, _AT_ONCE // width)
    return (min(size, count - done) for done in range(0, count, size))
