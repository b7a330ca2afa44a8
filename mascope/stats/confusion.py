"""Two coders, one flag: the 2 × 2 table of their codes, and the coefficients that are formulas of it.

The formulas take counts (…, 4) in the order yy, yn, ny, nn (coder a first: yn is "a yes, b no") and give
(…,), NaN where undefined, so that one line serves a single table, all flags of a pair, and ten thousand
resamples of them.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from mascope.stats.resampling import LEVEL, Floats, Interval, number, ratio

Indices: TypeAlias = npt.NDArray[np.intp]

EXACT_BELOW = 25
"""Discordant messages below which McNemar's test is exact; above, the chi-square is close enough."""

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many messages two coders coded alike and apart; only messages that both decided."""

    yy: int
    yn: int
    ny: int
    nn: int

    @property
    def n(self) -> int:
        return self.yy + self.yn + self.ny + self.nn


@dataclass(frozen=True, slots=True)
class McNemar:
    """Does one coder say yes more often than the other? `statistic` is None where the test is exact."""

    statistic: float | None
    p: float


def confusions(
    a: npt.ArrayLike, b: npt.ArrayLike, index: Indices, clusters: int, weights: Floats | None = None
) -> Floats:
    """Counts (clusters, 4) of two coders' codes (messages,): 1 yes, 0 no, NaN undecided.

    `index` is the cluster (run) of each message. Messages that either coder left undecided are not counted.
    With `weights` (messages,) each counts for as many as it stands for, scaled to sum to their number.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    both = ~(np.isnan(first) | np.isnan(second))
    cell = 3 - 2 * first[both].astype(np.intp) - second[both].astype(np.intp)
    weighed = None if weights is None or not both.any() else weights[both] / weights[both].mean()
    counts = np.bincount(4 * index[both] + cell, weights=weighed, minlength=4 * clusters)
    return counts.reshape(clusters, 4).astype(np.float64)


def confusion(a: npt.ArrayLike, b: npt.ArrayLike) -> Confusion:
    """The 2 × 2 table of two coders' codes (messages,)."""
    everything = np.zeros(np.shape(a)[0], dtype=np.intp)
    return as_confusion(confusions(a, b, everything, 1)[0])


def as_confusion(counts: Floats) -> Confusion:
    return Confusion(*(int(count) for count in counts))


def as_counts(table: Confusion) -> Floats:
    return np.array([table.yy, table.yn, table.ny, table.nn], dtype=np.float64)


def _cells(counts: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    return counts[..., 0], counts[..., 1], counts[..., 2], counts[..., 3]


def _messages(counts: Floats) -> Floats:
    """How many there are: (…,). Cell by cell, for to sum so short an axis takes ten times as long."""
    yy, yn, ny, nn = _cells(counts)
    return yy + yn + ny + nn


def observed_agreement(counts: Floats) -> Floats:
    """Share of messages coded alike."""
    yy, _, _, nn = _cells(counts)
    return ratio(yy + nn, _messages(counts))


def prevalence_a(counts: Floats) -> Floats:
    """Share of messages that coder a says yes to."""
    yy, yn, _, _ = _cells(counts)
    return ratio(yy + yn, _messages(counts))


def prevalence_b(counts: Floats) -> Floats:
    """Share of messages that coder b says yes to."""
    yy, _, ny, _ = _cells(counts)
    return ratio(yy + ny, _messages(counts))


def bias(counts: Floats) -> Floats:
    """Bias index, prevalence a − prevalence b (Byrt, Bishop & Carlin 1993)."""
    _, yn, ny, _ = _cells(counts)
    return ratio(yn - ny, _messages(counts))


def kappa(counts: Floats) -> Floats:
    """Cohen's kappa (Cohen 1960), (p_o − p_e) / (1 − p_e), written for two categories without rounding:

        κ = 2 (yy·nn − yn·ny) / [(yy + yn)(yn + nn) + (yy + ny)(ny + nn)]

    The denominator is n² (1 − p_e). It is 0, and kappa undefined, where neither coder varies and both give
    the same answer. Where one coder alone never varies kappa is 0: they agree exactly as often as chance has
    it.
    """
    yy, yn, ny, nn = _cells(counts)
    return ratio(2 * (yy * nn - yn * ny), (yy + yn) * (yn + nn) + (yy + ny) * (ny + nn))


def kappa_variance(counts: Floats) -> Floats:
    """Large-sample variance of kappa (Fleiss, Cohen & Everitt 1969); takes messages as independent."""
    n = _messages(counts)
    yy, yn, ny, nn = _cells(ratio(counts, n[..., np.newaxis]))
    a, b, k = prevalence_a(counts), prevalence_b(counts), kappa(counts)
    chance = a * b + (1 - a) * (1 - b)
    alike = yy * (1 - (a + b) * (1 - k)) ** 2 + nn * (1 - (2 - a - b) * (1 - k)) ** 2
    apart = (1 - k) ** 2 * (yn * (b + 1 - a) ** 2 + ny * (1 - b + a) ** 2)
    variance = alike + apart - (k - chance * (1 - k)) ** 2
    return ratio(np.maximum(variance, 0), n * (1 - chance) ** 2)


def kappa_interval(table: Confusion, level: float = LEVEL) -> Interval | None:
    """Analytic interval κ ± z·se, cut off at −1 and 1.

    The normal approximation may overstep what kappa can be; cutting that off loses no coverage. None where
    the variance is 0 (a coder that never varies, perfect agreement): the approximation fails there, and an
    interval without width would claim certainty.
    """
    counts = as_counts(table)
    centre, variance = number(kappa(counts)), number(kappa_variance(counts))
    if centre is None or variance is None or variance * table.n < _ROUNDING:
        return None
    margin = float(stats.norm.ppf((1 + level) / 2)) * variance**0.5
    low, high = max(-1.0, centre - margin), min(1.0, centre + margin)
    return Interval(low, high, level, "Fleiss, Cohen & Everitt 1969")


def ac1(counts: Floats) -> Floats:
    """Gwet's AC1 (Gwet 2008): chance agreement 2π(1 − π), with π the mean of the two prevalences."""
    mean_prevalence = (prevalence_a(counts) + prevalence_b(counts)) / 2
    chance = 2 * mean_prevalence * (1 - mean_prevalence)
    return (observed_agreement(counts) - chance) / (1 - chance)


def pabak(counts: Floats) -> Floats:
    """Prevalence- and bias-adjusted kappa, 2 p_o − 1 (Byrt, Bishop & Carlin 1993)."""
    return 2 * observed_agreement(counts) - 1


def alpha(counts: Floats) -> Floats:
    """Krippendorff's alpha, nominal, of the two coders alone (Krippendorff 2011): 1 − D_o / D_e.

    Every message gives two values, n = 2 messages in all, and each disagreement is two coincidences.
    Undefined where all values are the same.
    """
    yy, yn, ny, nn = _cells(counts)
    yes, no = 2 * yy + yn + ny, 2 * nn + yn + ny
    return 1 - ratio((yes + no - 1) * (yn + ny), yes * no)


def positive_agreement(counts: Floats) -> Floats:
    """Of the yeses of both coders, the share that the other shares (Cicchetti & Feinstein 1990)."""
    yy, yn, ny, _ = _cells(counts)
    return ratio(2 * yy, 2 * yy + yn + ny)


def negative_agreement(counts: Floats) -> Floats:
    """Of the noes of both coders, the share that the other shares (Cicchetti & Feinstein 1990)."""
    _, yn, ny, nn = _cells(counts)
    return ratio(2 * nn, 2 * nn + yn + ny)


def mcnemar(table: Confusion) -> McNemar | None:
    """McNemar's test (1947) of equal prevalence: exact for few discordant messages, else with correction.

    p = 1 without discordant messages; None without messages. Messages are taken as independent; the interval
    of the bias by runs is the check on that.
    """
    if table.n == 0:
        return None
    discordant, fewer = table.yn + table.ny, min(table.yn, table.ny)
    if discordant < EXACT_BELOW:
        return McNemar(None, min(1.0, 2 * float(stats.binom.cdf(fewer, discordant, 0.5))))
    statistic = max(0, abs(table.yn - table.ny) - 1) ** 2 / discordant
    return McNemar(statistic, float(stats.chi2.sf(statistic, 1)))
