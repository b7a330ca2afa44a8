"""Two one-sided tests: whether a difference is too small to matter (Schuirmann 1987)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from mascope.stats.precision import Precision
from mascope.stats.ranks import defined

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Equivalence:
    difference: float
    """Mean of a − mean of b."""
    margin: float
    p: float
    """The larger of the two p-values; below α, the difference lies within ±margin."""
    low: float
    high: float
    """The interval at level 1 − 2α: it lies within ±margin just where p < α."""
    df: float


def equivalence(
    a: npt.ArrayLike, b: npt.ArrayLike, margin: float, alpha: float = ALPHA
) -> Equivalence | None:
    """Are the means of a (n_a,) and b (n_b,) within ±margin? By Welch's t: variances may differ.

    NaN is left out. None with fewer than two values in a sample, and where neither varies.
    """
    x, y = defined(a), defined(b)
    precision = Precision.of(x, y)
    return _two_one_sided(float(x.mean() - y.mean()), precision, margin, alpha) if precision else None


def matched_equivalence(
    differences: npt.ArrayLike, margin: float, alpha: float = ALPHA
) -> Equivalence | None:
    """Is the mean difference of matched pairs (n,) within ±margin? By Student's t. NaN is left out.

    None with fewer than two pairs, and where the differences do not vary.
    """
    d = defined(differences)
    precision = Precision.of(d)
    return _two_one_sided(float(d.mean()), precision, margin, alpha) if precision else None


def _two_one_sided(difference: float, precision: Precision, margin: float, alpha: float) -> Equivalence:
    if margin <= 0:
        raise ValueError(f"a margin of equivalence is positive, not {margin}")
    se, df = precision.se, precision.df
    above = stdtr(df, -(difference + margin) / se)  # of the hypothesis: difference ≤ −margin
    below = stdtr(df, (difference - margin) / se)  # of the hypothesis: difference ≥ margin
    half = float(stdtrit(df, 1 - alpha)) * se
    return Equivalence(
        difference=difference, margin=margin, p=float(np.maximum(above, below)),
        low=difference - half, high=difference + half, df=df,
    )  # fmt: skip
