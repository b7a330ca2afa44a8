"""How often studies of a size would support their hypotheses: many of them at once.

Values of a measure come as (studies, runs). The tests are those of the contrasts: Mann-Whitney by Z, or of
matched runs Wilcoxon's signed ranks, or two one-sided tests for equivalence, with Holm within each family.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from mascope.stats.comparisons import Comparison, Direction
from mascope.stats.resampling import Floats, ratio
from mascope.stats.sensitivity import ALPHA, adjusted

ENOUGH = 0.8
"""Power that a study should have (Cohen 1988)."""
FEWEST = 2
_PAIRS_AT_ONCE = 20_000_000

Samples: TypeAlias = Mapping[str, tuple[Floats, Floats]]
"""Hypothesis → its measure in the runs of both series, (studies, runs) each; matched runs share a column."""


@dataclass(frozen=True, slots=True)
class Point:
    runs: int
    """In each series; of matched runs, the pairs."""
    power: float
    """Share of the studies that support the hypothesis."""
    error: float
    """Its Monte-Carlo standard error, √(p(1 − p) / studies)."""


@dataclass(frozen=True, slots=True)
class Curve:
    hypothesis: str
    points: tuple[Point, ...]
    needed: int | None
    """Fewest runs per series with a power of `ENOUGH`; None where the most that were tried lack it."""


def curves(
    questions: Sequence[Comparison],
    samples: Samples,
    sizes: Sequence[int],
    told: Callable[[], None] = lambda: None,
) -> tuple[Curve, ...]:
    """Power at each of `sizes` (runs a series), and the fewest runs that are enough, up to the largest size.

    A study of n runs is the first n of each row. `told` is called after each size.
    """
    known: dict[int, Floats] = {}

    def at(runs: int) -> Floats:
        if runs not in known:
            known[runs] = power(questions, samples, runs)
            told()
        return known[runs]

    studies = _studies(samples)

    def curve(place: int) -> Curve:
        points = tuple(_point(runs, float(at(runs)[place]), studies) for runs in sizes)
        needed = _fewest(lambda runs: float(at(runs)[place]), max(sizes))
        return Curve(questions[place].hypothesis, points, needed)

    return tuple(curve(place) for place in range(len(questions)))


def power(questions: Sequence[Comparison], samples: Samples, runs: int) -> Floats:
    """Share (questions,) of studies with that many runs a series in which Holm's p is below `ALPHA`."""
    p = np.stack([_p(question, samples, runs) for question in questions], axis=1)
    families = [question.family for question in questions]
    after = np.stack([adjusted(questions, list(row), families) for row in p])
    return np.asarray((after < ALPHA).mean(axis=0), dtype=np.float64)


def rank_sum_p(a: Floats, b: Floats, direction: Direction) -> Floats:
    """p-value (studies,) of Mann & Whitney's Z for a (studies, n_a) and b (studies, n_b); NaN is left out.

    NaN where a sample is empty or all values are equal.
    """
    step = max(1, _PAIRS_AT_ONCE // (a.shape[1] + b.shape[1]) ** 2)
    parts = [_z(a[first : first + step], b[first : first + step]) for first in range(0, len(a), step)]
    return _tails(np.concatenate(parts), direction)


def equivalence_p(a: Floats, b: Floats, margin: float) -> Floats:
    """p-value (studies,) of two one-sided Welch tests of a (studies, n_a) and b (studies, n_b); NaN left out.

    NaN with fewer than two values in a sample, and where neither varies.
    """
    (mean_a, var_a, df_a), (mean_b, var_b, df_b) = _mean_variance(a), _mean_variance(b)
    variance = var_a + var_b
    se = _sd(variance)
    df = ratio(variance**2, ratio(var_a**2, df_a) + ratio(var_b**2, df_b))
    difference = mean_a - mean_b
    above, below = stdtr(df, -(difference + margin) / se), stdtr(df, (difference - margin) / se)
    return np.asarray(np.maximum(above, below), dtype=np.float64)


def signed_rank_p(differences: Floats, direction: Direction) -> Floats:
    """p-value (studies,) of Wilcoxon's Z for the differences of matched pairs (studies, n); NaN is left out.

    Zeros are not ranked. NaN where no pair differs.
    """
    step = max(1, _PAIRS_AT_ONCE // max(1, differences.shape[1]) ** 2)
    parts = [_signed_z(differences[first : first + step]) for first in range(0, len(differences), step)]
    return _tails(np.concatenate(parts), direction)


def _signed_z(differences: Floats) -> Floats:
    d = _snapped(differences)
    d = np.where(d == 0, np.nan, d)
    sizes = np.abs(d)
    below = (sizes[:, np.newaxis] < sizes[:, :, np.newaxis]).sum(axis=2)
    alike = (sizes[:, np.newaxis] == sizes[:, :, np.newaxis]).sum(axis=2).astype(np.float64)
    positive = np.where(d > 0, below + (alike + 1) / 2, 0.0).sum(axis=1)
    pairs = np.count_nonzero(~np.isnan(d), axis=1).astype(np.float64)
    variance = pairs * (pairs + 1) * (2 * pairs + 1) / 24 - _tie_sum(alike) / 48
    return np.asarray((positive - pairs * (pairs + 1) / 4) / _sd(variance), dtype=np.float64)


def matched_equivalence_p(differences: Floats, margin: float) -> Floats:
    """p-value (studies,) of two one-sided t-tests of matched differences (studies, n); NaN left out."""
    mean, variance, df = _mean_variance(differences)
    se = _sd(variance)
    return np.asarray(
        np.maximum(stdtr(df, -(mean + margin) / se), stdtr(df, (mean - margin) / se)), dtype=np.float64
    )


def _p(question: Comparison, samples: Samples, runs: int) -> Floats:
    a, b = (values[:, :runs] for values in samples[question.hypothesis])
    margin = question.margin if question.direction == "equivalent" else None
    if question.matched_by is None:
        return rank_sum_p(a, b, question.direction) if margin is None else equivalence_p(a, b, margin)
    if margin is None:
        return signed_rank_p(a - b, question.direction)
    return matched_equivalence_p(a - b, margin)


def _tails(z: Floats, direction: Direction) -> Floats:
    tails = {"greater": ndtr(-z), "less": ndtr(z)}
    return np.asarray(tails.get(direction, 2 * ndtr(-np.abs(z))), dtype=np.float64)


def _sd(variance: Floats) -> Floats:
    """NaN where nothing varies."""
    return np.asarray(np.sqrt(np.where(variance > 0, variance, np.nan)), dtype=np.float64)


def _tie_sum(alike: Floats) -> Floats:
    """Σ (t³ − t) over ties, as Σ (t² − 1) over values, from how many are like each value: (studies,)."""
    return np.asarray(np.where(alike > 0, alike**2 - 1, 0.0).sum(axis=1), dtype=np.float64)


def _z(a: Floats, b: Floats) -> Floats:
    x, y = _snapped(a), _snapped(b)
    n, m = (np.count_nonzero(~np.isnan(values), axis=1).astype(np.float64) for values in (x, y))
    above = (x[:, :, np.newaxis] > y[:, np.newaxis]).sum(axis=(1, 2))
    equal = (x[:, :, np.newaxis] == y[:, np.newaxis]).sum(axis=(1, 2))
    pooled = np.concatenate([x, y], axis=1)
    alike = (pooled[:, :, np.newaxis] == pooled[:, np.newaxis]).sum(axis=2).astype(np.float64)
    ties = _tie_sum(alike)
    total = n + m
    variance = n * m / 12 * (total + 1 - ratio(ties, total * (total - 1)))
    sd = np.sqrt(np.where(variance > 1e-9, variance, np.nan))
    return np.asarray((above + equal / 2 - n * m / 2) / sd, dtype=np.float64)


def _snapped(values: Floats) -> Floats:
    """Without the last bits, in which equal sums may differ."""
    return np.round(values, 12)


def _mean_variance(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, variance of the mean and degrees of freedom of each row; NaN where undefined."""
    known = ~np.isnan(values)
    count = known.sum(axis=1).astype(np.float64)
    mean = ratio(np.where(known, values, 0.0).sum(axis=1), count)
    squares = np.where(known, values - mean[:, np.newaxis], 0.0) ** 2
    df = np.where(count > 1, count - 1, np.nan)
    return mean, squares.sum(axis=1) / df / np.maximum(1.0, count), df


def _studies(samples: Samples) -> int:
    return max(len(a) for a, _ in samples.values())


def _point(runs: int, share: float, studies: int) -> Point:
    return Point(runs, share, sqrt(share * (1 - share) / studies))


def _fewest(at: Callable[[int], float], most: int) -> int | None:
    """By bisection: power grows with the runs, but for what the Monte-Carlo error makes of it."""
    if at(most) < ENOUGH:
        return None
    low, high = FEWEST - 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at(middle) >= ENOUGH else (middle, high)
    return high


# Runs that are made up ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How often a message shows which flags together."""

    patterns: npt.NDArray[np.bool_]
    """(patterns, flags)"""
    chances: Floats
    """(patterns,), adding up to 1."""


def observed(true: Behaviour, sensitivity: Floats, false_yes: Floats) -> Behaviour:
    """The same labelled with errors, on each flag by itself: P(yes | shown), P(yes | not shown), (flags,)."""
    flags = len(sensitivity)
    seen = np.array([[bool(number >> place & 1) for place in range(flags)] for number in range(2**flags)])
    yes = np.where(true.patterns, sensitivity, false_yes)
    likelihood = np.where(seen[:, np.newaxis], yes, 1 - yes).prod(axis=2)
    chances = likelihood @ true.chances
    order = np.argsort(-chances)  # the likely ones first: drawing ends where no message is left
    return Behaviour(seen[order], chances[order] / chances.sum())


def draw_counts(
    parts: Sequence[tuple[Behaviour, int]],
    rng: np.random.Generator,
    size: tuple[int, int],
    traits: Sequence[int],
) -> tuple[Floats, Floats]:
    """Messages of one agent in each run of each study: how many show each flag, and how many any trait.

    `parts`: how it behaves in so many of its messages. Gives (studies, runs, flags) and (studies, runs).
    """
    yes, with_trait = _zeros(parts, size)
    for behaviour, messages in parts:
        drawn = rng.multinomial(messages, behaviour.chances, size=size)
        yes += drawn @ behaviour.patterns
        with_trait += drawn @ behaviour.patterns[:, list(traits)].any(axis=1)
    return yes, with_trait


def _zeros(parts: Sequence[tuple[Behaviour, int]], size: tuple[int, int]) -> Iterator[Floats]:
    flags = parts[0][0].patterns.shape[1] if parts else 0
    return iter((np.zeros((*size, flags)), np.zeros(size)))
