"""Bootstrap over clusters (runs) and permutation p-values, vectorised over resamples.

A run is drawn or not drawn as a whole, so a statistic that depends on the data only through sums over
messages (a rate, a mean, a kappa) needs nothing but each run's own sums: a resample is a row of weights (how
often each run was drawn), and `weights @ totals` gives all resamples at once. No loop over resamples,
messages or runs.
"""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.special import ndtr, stdtrit

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = "Sequence[Hashable] | npt.NDArray[np.generic] | pd.Series[str]"
Alternative: TypeAlias = Literal["two-sided", "greater", "less"]

RESAMPLES = 10_000
LEVEL = 0.95
UNDEFINED_AT_MOST = 0.05
"""Share of resamples in which a statistic may be undefined before its interval is: a flag that occurs in
three runs is absent from e⁻³ ≈ 5% of the resamples, and an interval of the others is not at its level."""

PLAIN, EXPANDED = "percentile bootstrap", "expanded percentile bootstrap"

_DRAWN_AT_ONCE = 100_000  # what stays in a core's cache while it is counted and weighed
_FEW = 3
"""Columns up to which it is faster to add up what was drawn than to count it first."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, in the unit of its estimate."""

    low: float
    high: float
    level: float = LEVEL
    method: str = PLAIN


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its uncertainty and what it rests on. Undefined is None."""

    value: float | None
    interval: Interval | None
    n: int
    """How many units it is computed from: runs, where nothing else is said."""

    @property
    def low(self) -> float | None:
        return self.interval.low if self.interval else None

    @property
    def high(self) -> float | None:
        return self.interval.high if self.interval else None


def cluster_index(clusters: Labels) -> tuple[npt.NDArray[np.intp], int]:
    """Cluster labels (n,) as numbers 0 … k-1 in order of appearance, and k. A missing label is a cluster."""
    index, labels = factorized(clusters, missing=True)
    return index, len(labels)


def factorized(labels: Labels, *, missing: bool = False) -> tuple[npt.NDArray[np.intp], list[Hashable]]:
    """Labels (n,) as numbers in order of appearance, and each label once.

    A label that is `missing` (None, NaN) is −1, or else one of them. Of a column of categories no word is
    looked at.
    """
    column = labels if isinstance(labels, pd.Series) else np.asarray(labels)
    index, found = pd.factorize(column, use_na_sentinel=not missing)
    return index, found.tolist()


def cluster_totals(values: npt.ArrayLike, index: npt.NDArray[np.intp], clusters: int) -> Floats:
    """Sums of `values` (n, …) within each cluster: (clusters, …). `index` as `cluster_index` gives it."""
    array = np.asarray(values, dtype=np.float64)
    columns = array.reshape(len(array), math.prod(array.shape[1:]))
    totals = np.empty((clusters, columns.shape[1]))
    for column in range(columns.shape[1]):
        totals[:, column] = np.bincount(index, weights=columns[:, column], minlength=clusters)
    return totals.reshape(clusters, *array.shape[1:])


def bootstrap_weights(
    clusters: int, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Iterator[Floats]:
    """How often each cluster was drawn, in chunks (some resamples, clusters) that bound the memory.

    Every row sums to `clusters`. The draws do not depend on the size of the chunks.
    """
    for drawn in _draws(clusters, rng, resamples):
        rows = len(drawn)
        drawn += (np.arange(rows, dtype=drawn.dtype) * clusters)[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=rows * clusters)
        yield counts.reshape(rows, clusters).astype(np.float64)


def _draws(clusters: int, rng: np.random.Generator, resamples: int) -> Iterator[npt.NDArray[np.int32]]:
    """(some resamples, clusters): which clusters were drawn, each time as many as there are."""
    step = max(1, _DRAWN_AT_ONCE // clusters)
    for first in range(0, resamples, step):
        yield rng.integers(0, clusters, size=(min(step, resamples - first), clusters), dtype=np.int32)


def _summed(drawn: npt.NDArray[np.int32], columns: Floats) -> Floats:
    """(resamples, columns): sums over the clusters that were drawn."""
    resamples, clusters = drawn.shape
    bounds = np.arange(0, drawn.size + 1, clusters, dtype=np.int32)
    each = sparse.csr_array((np.ones(drawn.size), drawn.ravel(), bounds), shape=(resamples, clusters))
    return np.stack([each @ column for column in columns.T], axis=1)


def bootstrap_totals(totals: npt.ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Totals over resampled clusters: (clusters, …) → (resamples, …).

    All columns share their resamples, so whatever is compared across columns stays paired. Stack the columns
    of many statistics and call this once: drawing is what costs.
    """
    array = np.asarray(totals, dtype=np.float64)
    clusters, shape = len(array), array.shape[1:]
    if clusters == 0:
        raise ValueError("no clusters to resample")
    columns, place = _distinct(array.reshape(clusters, -1))
    if 0 < columns.shape[1] <= _FEW:
        chunks = [_summed(drawn, columns) for drawn in _draws(clusters, rng, resamples)]
    else:
        chunks = [weights @ columns for weights in bootstrap_weights(clusters, rng, resamples)]
    return np.concatenate(chunks)[:, place].reshape(resamples, *shape)


def _distinct(columns: Floats) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The columns that differ, and the place of each among them: many counts are out of the same messages."""
    seen: dict[bytes, int] = {}
    place = np.array([seen.setdefault(column.tobytes(), len(seen)) for column in columns.T], dtype=np.intp)
    return columns[:, np.unique(place, return_index=True)[1]], place


def percentile_interval(
    draws: npt.ArrayLike, level: float = LEVEL, clusters: int | None = None
) -> Interval | None:
    """Percentile interval of the draws (resamples,) of one statistic (Efron 1979); NaN is undefined.

    With the number of `clusters` it is the expanded percentile interval (Hesterberg 2015), which reaches as
    far out as a t interval would: the plain one is too narrow by a tenth with ten clusters, by a twentieth
    with 20. None without draws, or where more than `UNDEFINED_AT_MOST` of them are undefined.
    """
    array = np.asarray(draws, dtype=np.float64)
    defined = array[~np.isnan(array)]
    if defined.size == 0 or defined.size < (1 - UNDEFINED_AT_MOST) * array.size:
        return None
    tail = (1 - level) / 2 if clusters is None else expanded_tail(level, clusters)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high), level, PLAIN if clusters is None else EXPANDED)


def expanded_tail(level: float, clusters: int) -> float:
    """What to cut off at either end: Φ(−√(n/(n−1)) · t), t the quantile of n − 1 degrees of freedom."""
    t = float(stdtrit(clusters - 1, (1 + level) / 2))
    return float(ndtr(-math.sqrt(clusters / (clusters - 1)) * t))


def percentile_intervals(
    draws: Floats, level: float = LEVEL, clusters: Sequence[int] | None = None
) -> tuple[Interval | None, ...]:
    """One interval a column of draws (resamples, columns); `clusters` as many numbers as columns.

    None of a column that rests on fewer than two clusters.
    """
    if clusters is None:
        return tuple(percentile_interval(column, level) for column in draws.T)
    return tuple(
        percentile_interval(column, level, n) if n > 1 else None
        for column, n in zip(draws.T, clusters, strict=True)
    )


def bootstrap_statistic(
    totals: npt.ArrayLike,
    statistic: Callable[[Floats], Floats],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval | None:
    """Cluster bootstrap of a statistic of sums.

    `totals` is (clusters, …); `statistic` takes resampled totals (resamples, …) to values (resamples,).
    Source: Davison & Hinkley 1997, section 3.8 (clusters resampled, their members kept); expanded for the
    number of clusters (Hesterberg 2015). None with fewer than two clusters, which say nothing about how
    clusters vary, and where all resamples are the same: resampling cannot see beyond what never varies.
    """
    array = np.asarray(totals, dtype=np.float64)
    if len(array) < 2:
        return None
    found = percentile_interval(statistic(bootstrap_totals(array, rng, resamples)), level, len(array))
    return found if found is not None and found.low < found.high else None


def bootstrap_mean(
    values: npt.ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> Estimate:
    """Mean of one value a run (n,) with its expanded bootstrap interval over runs. NaN is left out.

    No value: no mean. One value, or all of them the same: no interval.
    """
    array = np.asarray(values, dtype=np.float64)
    defined = array[~np.isnan(array)]
    if defined.size == 0:
        return Estimate(None, None, 0)
    interval = bootstrap_statistic(defined, lambda sums: sums / defined.size, rng, resamples, level)
    return Estimate(float(defined.mean()), interval, defined.size)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How to resample. The generator advances: the same seed and the same calls give the same intervals."""

    rng: np.random.Generator
    resamples: int = RESAMPLES
    level: float = LEVEL


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Totals by cluster (clusters, …) and over resampled clusters (resamples, …); no draws, no intervals."""

    totals: Floats
    draws: Floats | None
    level: float = LEVEL

    def column(self, k: int) -> "Resampled":
        """One of the columns that follow the clusters, with the resamples that all of them share."""
        draws = None if self.draws is None else self.draws[:, k]
        return Resampled(self.totals[:, k], draws, self.level)

    def estimate(self, formula: Callable[[Floats], Floats]) -> Estimate:
        """A formula takes totals (…, its own shape) to values (…,). n: the clusters that are not all 0."""
        clusters = int(_telling(self.totals).sum())
        value = number(formula(self.totals.sum(axis=0)))
        if self.draws is None or value is None or clusters < 2:
            return Estimate(value, None, clusters)
        return Estimate(value, percentile_interval(formula(self.draws), self.level, clusters), clusters)


def resampled(totals: Floats, bootstrap: Bootstrap | None) -> Resampled:
    """Draw clusters once for all that is to be computed from `totals` (clusters, …)."""
    if bootstrap is None:
        return Resampled(totals, None)
    # Clusters that contribute nothing to any column are not part of the sample.
    telling = totals[_telling(totals)]
    if len(telling) < 2:
        return Resampled(totals, None, bootstrap.level)
    return Resampled(totals, bootstrap_totals(telling, bootstrap.rng, bootstrap.resamples), bootstrap.level)


def _telling(totals: Floats) -> npt.NDArray[np.bool_]:
    """(clusters,): which clusters contribute to any column."""
    some: npt.NDArray[np.bool_] = np.any(totals != 0, axis=tuple(range(1, totals.ndim)))
    return some


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """`numerator / denominator`, NaN where the denominator is 0."""
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=undefined, where=denominator != 0)
    return undefined


def number(value: Floats | np.float64) -> float | None:
    """One computed value as a result: None where it is undefined (NaN)."""
    return None if np.isnan(value) else float(value)


def permutation_p(
    observed: float, null: npt.ArrayLike, alternative: Alternative = "two-sided"
) -> float | None:
    """p-value of `observed` among permuted statistics (permutations,): (1 + as extreme) / (1 + permutations).

    The observed arrangement counts as one of the permutations, so p is never 0 (Phipson & Smyth 2010).
    Two-sided is twice the smaller tail, at most 1. Undefined (NaN) permutations are left out; None where
    nothing is defined.
    """
    array = np.asarray(null, dtype=np.float64)
    defined = array[~np.isnan(array)]
    if defined.size == 0 or np.isnan(observed):
        return None
    # The same arrangement summed in another order differs in the last bits, and must count as equal.
    slack = 1e-12 * max(abs(observed), float(np.abs(defined).max()))
    greater = (1 + np.count_nonzero(defined >= observed - slack)) / (1 + defined.size)
    less = (1 + np.count_nonzero(defined <= observed + slack)) / (1 + defined.size)
    tails = {"greater": greater, "less": less, "two-sided": min(1.0, 2 * min(greater, less))}
    return float(tails[alternative])
