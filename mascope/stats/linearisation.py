"""Variance and intervals of estimates that are smooth functions of means, by linearisation.

An estimate changes, to first order, by the sum of its messages' *influences*. Runs are independent of each
other and messages in a run are not, so influences are summed by run, and the spread of those sums is the
variance (Taylor linearisation for clusters; Binder 1983).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from mascope.stats.resampling import Floats, Interval


@dataclass(frozen=True, slots=True)
class Spread:
    variance: float
    freedom: float
    """Degrees of freedom of the variance."""

    def plus(self, variance: float) -> "Spread":
        return Spread(self.variance + variance, self.freedom)

    def quantile(self, level: float) -> float:
        return float(stats.t.ppf((1 + level) / 2, self.freedom))


def spread_of(by_run: Floats, in_target: npt.NDArray[np.bool_]) -> Spread | None:
    """Variance from influences summed by run (runs,); None with fewer than two runs in the target.

    The target's runs, and those that only add to what is known of the coder, are two strata, each with its
    own number of runs; the degrees of freedom are Satterthwaite's (1946).
    """
    if in_target.sum() < 2:
        return None
    strata = [stratum for stratum in (by_run[in_target], by_run[~in_target]) if stratum.size]
    # A stratum of a single run shows no variance of its own; its whole influence stands for it.
    parts = [float(s.size * s.var(ddof=1) if s.size > 1 else s[0] ** 2) for s in strata]
    weighed = sum(part**2 / max(1, s.size - 1) for part, s in zip(parts, strata, strict=True))
    variance = sum(parts)
    return Spread(variance, variance**2 / weighed if weighed > 0 else float(in_target.sum() - 1))


def delta_interval(value: float, spread: Spread, level: float) -> Interval:
    margin = spread.quantile(level) * spread.variance**0.5
    low, high = (min(1.0, max(0.0, bound)) for bound in (value - margin, value + margin))
    return Interval(low, high, level, "delta method")


def share_interval(value: float, spread: Spread, level: float) -> Interval:
    """Wilson's where the estimate is a possible share; it may be none, and then the delta method's."""
    if not 0 < value < 1:
        return delta_interval(value, spread, level)
    size = value * (1 - value) / spread.variance  # the effective sample size (Korn & Graubard 1998)
    return wilson(value, size, spread.quantile(level), level)


def wilson(share: float, size: float, quantile: float, level: float) -> Interval:
    """Wilson 1927."""
    z2 = quantile**2 / size
    centre = (share + z2 / 2) / (1 + z2)
    margin = quantile * math.sqrt(share * (1 - share) / size + z2 / (4 * size)) / (1 + z2)
    return Interval(max(0.0, centre - margin), min(1.0, centre + margin), level, "Wilson")
