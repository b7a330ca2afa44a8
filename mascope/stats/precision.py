"""How well a mean, or the difference of two means, is known from few runs."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from mascope.stats.resampling import LEVEL, Floats, Interval, percentile_interval


@dataclass(frozen=True, slots=True)
class Precision:
    """The standard error of a mean or of a difference of means."""

    se: float
    df: float
    """Degrees of freedom (Welch 1947); n − 1 for one sample."""
    shrinkage: float
    """The bootstrap's standard error over this one: it takes variances by n, not by n − 1."""

    @classmethod
    def of(cls, *samples: Floats) -> "Precision | None":
        """From one sample or two, without NaN. None where one has fewer than two values, or none varies."""
        sizes = np.array([len(sample) for sample in samples])
        if sizes.min() < 2:
            return None
        parts = np.array([sample.var(ddof=1) for sample in samples]) / sizes
        if parts.sum() == 0:
            return None
        return cls(
            se=float(np.sqrt(parts.sum())),
            df=float(parts.sum() ** 2 / np.sum(parts**2 / (sizes - 1))),
            shrinkage=float(np.sqrt(np.sum(parts * (sizes - 1) / sizes) / parts.sum())),
        )


def expanded_interval(draws: Floats, precision: Precision | None, level: float = LEVEL) -> Interval | None:
    """Expanded percentile interval (Hesterberg 2015) of the draws (resamples,) of one statistic.

    Its percentiles are those at which normal quantiles reach as far as Student's t does with a standard error
    by n − 1; plain percentiles of 10 values hold the mean in 91% of studies, not in 95%. None without
    precision, and where all draws are the same: resampling cannot see beyond runs that never vary or overlap.
    """
    if precision is None:
        return None
    reach = float(stdtrit(precision.df, (1 + level) / 2)) / precision.shrinkage
    found = percentile_interval(draws, 2 * float(ndtr(reach)) - 1)
    if found is None or found.low >= found.high:
        return None
    return Interval(found.low, found.high, level, "expanded percentile bootstrap")
