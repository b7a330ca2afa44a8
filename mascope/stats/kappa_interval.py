"""The interval of Cohen's kappa where runs, not messages, are the units.

Percentile intervals of a cluster bootstrap hold kappa too seldom where a flag is rare and runs are few (88 to
91% of the time for 3% and ten runs, `bench/measurement.py`): kappa then has a skewed distribution, and its
spread grows with its value. Here its variance is that of the jackknife over runs (Tukey 1958; Efron & Stein
1981), and the interval is built on the log odds of where kappa lies between the least and the greatest value
that its margins allow, with Student's t. It stays within them.
"""

import math

import numpy as np
from scipy.special import stdtrit

from mascope.stats import confusion as two
from mascope.stats.resampling import LEVEL, Estimate, Floats, Interval, number

METHOD = "jackknife over runs, on the log odds between kappa's bounds"
_STEEPEST = 700.0
"""Log odds beyond which the end of the interval is the bound itself."""


def least_kappa(counts: Floats) -> float:
    """Kappa of the same margins where the yeses of both coders met as seldom as they can. Counts (4,)."""
    n = float(counts.sum())
    yes_a, yes_b = float(counts[0] + counts[1]), float(counts[0] + counts[2])
    met = max(0.0, yes_a + yes_b - n)
    return float(two.kappa(np.array([met, yes_a - met, yes_b - met, n - yes_a - yes_b + met])))


def kappa_by_runs(counts: Floats, level: float = LEVEL) -> Estimate:
    """Kappa of counts (runs, 4), weighted or not, with its interval; n: runs that hold any message.

    No interval with fewer than two runs, where one run decides whether kappa is defined, and where kappa is
    as small or as large as its margins allow: nothing then says how far it varies.
    """
    told = counts[counts.any(axis=1)]
    total = told.sum(axis=0)
    value = number(two.kappa(total)) if len(told) else None
    if value is None or len(told) < 2:
        return Estimate(value, None, len(told))
    return Estimate(value, _interval(value, total, two.kappa(total - told), level), len(told))


def _interval(kappa: float, total: Floats, without_one: Floats, level: float) -> Interval | None:
    runs, least = len(without_one), least_kappa(total)
    place = (kappa - least) / (1 - least)
    if np.isnan(without_one).any() or not 0 < place < 1:
        return None
    variance = (runs - 1) / runs * float(((without_one - without_one.mean()) ** 2).sum())
    if variance == 0:
        return None
    reach = float(stdtrit(runs - 1, (1 + level) / 2)) * math.sqrt(variance)
    reach /= (1 - least) * place * (1 - place)  # from the scale of kappa to that of log odds
    centre = math.log(place / (1 - place))
    low, high = (least + (1 - least) * _share(centre + side * reach) for side in (-1, 1))
    return Interval(low, high, level, METHOD)


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(min(max(-log_odds, -_STEEPEST), _STEEPEST)))
