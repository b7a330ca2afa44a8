"""Compensation against placebo: the same rounds in runs where nobody failed."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mascope.stats.network import Bools
from mascope.stats.precision import Precision, expanded_interval
from mascope.stats.profiles import Ints
from mascope.stats.resampling import (
    Estimate,
    Floats,
    bootstrap_totals,
    permutation_p,
    ratio,
)

PERMUTATIONS = 10_000


class Coded(Protocol):
    """What is needed of all messages and runs; see `compensation.Observed`."""

    @property
    def runs(self) -> tuple[str, ...]: ...
    @property
    def run(self) -> Ints: ...
    @property
    def round(self) -> Ints: ...
    @property
    def event(self) -> Floats: ...
    @property
    def broadcast(self) -> Bools: ...
    @property
    def onset(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Placebo:
    difference: Estimate
    """Of the change of the rate of events after the failure; None where there is nothing to compare."""
    p: float | None
    """Two-sided, by permutation of runs."""
    failed: int
    placebo: int
    """Runs compared."""


def difference_in_differences(data: Coded, runs: Ints, rng: np.random.Generator, resamples: int) -> Placebo:
    """The runs with a failure among `runs` against all runs of the study without any.

    In each run, the rate of events per decided message (broadcasts left out) after the failure's round, less
    that before it. In a placebo run, the round is the most common one of the runs that failed. Where most
    failures fall in round 0 there is no before, and rates after it are compared as they are.
    """
    failed = runs[~np.isnan(data.onset[runs])]
    placebo = np.flatnonzero(np.isnan(data.onset))
    if not len(failed) or not len(placebo):
        return Placebo(Estimate(None, None, 0), None, len(failed), len(placebo))
    values, counts = np.unique(data.onset[failed], return_counts=True)
    usual = float(values[counts.argmax()])
    onset = np.where(np.isnan(data.onset), usual, data.onset)
    change = _change(data, onset, before=usual > 0)
    return compared(change[failed], change[placebo], rng, resamples)


def compared(failed: Floats, placebo: Floats, rng: np.random.Generator, resamples: int) -> Placebo:
    """The mean change of runs with a failure, less that of runs without: (runs,) each, NaN left out."""
    a, b = failed[~np.isnan(failed)], placebo[~np.isnan(placebo)]
    if not len(a) or not len(b):
        return Placebo(Estimate(None, None, 0), None, len(a), len(b))
    observed = float(a.mean() - b.mean())
    return Placebo(_estimate(a, b, observed, rng, resamples), _permuted(a, b, observed, rng), len(a), len(b))


def _change(data: Coded, onset: Floats, *, before: bool) -> Floats:
    """(runs,): the rate of events after the onset, less the rate before it."""
    counts = ~np.isnan(data.event) & ~data.broadcast & (data.run >= 0)
    run, round_, event = data.run[counts], data.round[counts], data.event[counts]
    after = _rate(event, run, round_ > onset[run], len(data.runs))
    return after - _rate(event, run, round_ < onset[run], len(data.runs)) if before else after


def _rate(event: Floats, run: Ints, among: Bools, runs: int) -> Floats:
    said = np.bincount(run[among], minlength=runs).astype(np.float64)
    return ratio(np.bincount(run[among], weights=event[among], minlength=runs).astype(np.float64), said)


def _estimate(a: Floats, b: Floats, observed: float, rng: np.random.Generator, resamples: int) -> Estimate:
    precision = Precision.of(a, b)
    if precision is None:
        return Estimate(observed, None, len(a) + len(b))
    draws = bootstrap_totals(a, rng, resamples) / len(a) - bootstrap_totals(b, rng, resamples) / len(b)
    return Estimate(observed, expanded_interval(draws, precision), len(a) + len(b))


def _permuted(a: Floats, b: Floats, observed: float, rng: np.random.Generator) -> float | None:
    if min(len(a), len(b)) < 2:
        return None
    pooled = np.concatenate([a, b])
    order = np.argsort(rng.random((PERMUTATIONS, len(pooled)), dtype=np.float32), axis=1)
    sums = pooled[order[:, : len(a)]].sum(axis=1)
    return permutation_p(observed, sums / len(a) - (pooled.sum() - sums) / len(b))
