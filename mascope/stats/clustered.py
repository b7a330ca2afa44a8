"""Logistic comparison of two series over their messages, with runs as clusters.

The generalised estimating equations of Liang & Zeger (1986) with an exchangeable working correlation. Where
the only covariate is the series, all that enters are each run's yeses and noes, and the equations can be
solved in closed form but for the correlation, which is found by iteration.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import logit, stdtr, stdtrit

from mascope.stats.resampling import LEVEL, Alternative, Floats, Interval

_ITERATIONS = 200
_TOLERANCE = 1e-13


@dataclass(frozen=True, slots=True)
class RunCounts:
    """One yes-or-no outcome of the messages of a series, counted by run; runs without messages left out."""

    yes: Floats
    """(runs,)"""
    messages: Floats
    """(runs,): yes and no; undecided messages do not count."""

    @classmethod
    def of(cls, yes: npt.ArrayLike, messages: npt.ArrayLike) -> "RunCounts":
        said, n = np.asarray(yes, dtype=np.float64), np.asarray(messages, dtype=np.float64)
        return cls(said[n > 0], n[n > 0])

    @property
    def varies(self) -> bool:
        """Whether there is both a yes and a no."""
        return 0 < float(self.yes.sum()) < float(self.messages.sum())


@dataclass(frozen=True, slots=True)
class ClusteredLogit:
    log_odds: float
    """Logarithm of the odds ratio of a yes, series a against b."""
    se: float
    """Robust to any correlation within runs, corrected for few of them (Mancl & DeRouen 2001)."""
    naive_se: float
    """Robust without that correction: the sandwich of Liang & Zeger."""
    interval: Interval
    p: float
    """From Student's t with as many degrees of freedom as runs − 2."""
    correlation: float
    """Of two messages of one run, as estimated; 0 where the estimate is impossible for such large runs."""
    runs: int


def clustered_logit(
    a: RunCounts, b: RunCounts, alternative: Alternative = "two-sided", level: float = LEVEL
) -> ClusteredLogit | None:
    """Odds of a yes in the messages of series a against those of b; `greater` is a > b.

    None with fewer than two runs in a series, and where a series has only yeses or only noes (its odds are
    then 0 or infinite).
    """
    runs = len(a.yes) + len(b.yes)
    if min(len(a.yes), len(b.yes)) < 2 or not (a.varies and b.varies):
        return None
    correlation, (p_a, p_b) = _solved(a, b)
    naive = sqrt(_variance(a, p_a, correlation) + _variance(b, p_b, correlation))
    se = sqrt(_variance(a, p_a, correlation, corrected=True) + _variance(b, p_b, correlation, corrected=True))
    if se == 0:
        return None
    log_odds = float(logit(p_a) - logit(p_b))
    half = float(stdtrit(runs - 2, (1 + level) / 2)) * se
    return ClusteredLogit(
        log_odds=log_odds,
        se=se,
        naive_se=naive,
        interval=Interval(log_odds - half, log_odds + half, level, "generalised estimating equations"),
        p=_student_p(log_odds / se, runs - 2, alternative),
        correlation=correlation,
        runs=runs,
    )


def _solved(a: RunCounts, b: RunCounts) -> tuple[float, tuple[float, float]]:
    """The working correlation and the two shares: each follows from the other, until neither moves."""
    correlation = 0.0
    for _ in range(_ITERATIONS):
        shares = _share(a, correlation), _share(b, correlation)
        found = _correlation((a, b), shares)
        if abs(found - correlation) < _TOLERANCE:
            break
        correlation = found
    return correlation, shares


def _weights(counts: RunCounts, correlation: float) -> Floats:
    """(runs,): what a run of n messages tells, n / (1 + (n − 1) ρ): between n messages and one."""
    return counts.messages / (1 + (counts.messages - 1) * correlation)


def _share(counts: RunCounts, correlation: float) -> float:
    """Σ w ȳ / Σ w over the runs."""
    weights = _weights(counts, correlation)
    return float(weights @ (counts.yes / counts.messages) / weights.sum())


def _correlation(series: tuple[RunCounts, RunCounts], shares: tuple[float, float]) -> float:
    """Moment estimate from products of Pearson residuals within runs, two parameters taken off."""
    squares = products = messages = pairs = 0.0
    for counts, p in zip(series, shares, strict=True):
        of_runs = (counts.yes * (1 - p) ** 2 + (counts.messages - counts.yes) * p**2) / (p * (1 - p))
        sums = (counts.yes - counts.messages * p) ** 2 / (p * (1 - p))
        squares += float(of_runs.sum())
        products += float((sums - of_runs).sum()) / 2
        messages += float(counts.messages.sum())
        pairs += float((counts.messages * (counts.messages - 1)).sum()) / 2
    if pairs <= 2 or messages <= 2 or squares == 0:
        return 0.0
    found = products / (squares / (messages - 2)) / (pairs - 2)
    largest = max(float(counts.messages.max()) for counts in series)
    return found if found * (largest - 1) > -1 and found < 1 else 0.0


def _variance(counts: RunCounts, p: float, correlation: float, *, corrected: bool = False) -> float:
    """Sandwich variance of the logit of a series' share.

    `corrected` divides a run's residual by 1 − its leverage: the run drew the share towards itself.
    """
    weights = _weights(counts, correlation)
    residuals = weights * (counts.yes / counts.messages - p)
    if corrected:
        residuals = residuals / (1 - weights / weights.sum())
    return float(residuals @ residuals) / (p * (1 - p) * float(weights.sum())) ** 2


def _student_p(t: float, df: int, alternative: Alternative) -> float:
    tails = {"greater": stdtr(df, -t), "less": stdtr(df, t), "two-sided": 2 * stdtr(df, -abs(t))}
    return float(tails[alternative])
