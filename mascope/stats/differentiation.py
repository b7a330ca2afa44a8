"""Whether the agents of a series differ: Kruskal-Wallis and ICC over agents, on their rates in each run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, fdtrc, fdtri
from scipy.stats import rankdata

from mascope.stats.multiplicity import bonferroni, holm
from mascope.stats.profiles import Ints, Tally, tally
from mascope.stats.resampling import LEVEL, Floats

DIFFERENTIATION_COLUMNS = (
    "series", "flag", "H", "df", "p", "p_adjusted", "p_holm", "epsilon_squared",
    "icc", "icc_low", "icc_high", "n", "agents", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KruskalWallis:
    """Rank test of the hypothesis that all groups come from one distribution."""

    H: float
    """Corrected for ties; about chi-square with `df` degrees of freedom under the hypothesis."""
    df: int
    p: float
    epsilon_squared: float
    """Effect size from 0 to 1: the share of the variance of the ranks that lies between the groups."""
    n: int


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """ICC(1): the share of variance that lies between groups."""

    value: float
    """At most 1; below 0 where groups are more alike than chance, which is as good as none between them."""
    low: float
    high: float
    """NaN where no group varies within itself: few values that are alike say nothing of those to come."""
    F: float
    df_between: int
    df_within: int
    p: float


def kruskal_wallis(values: npt.ArrayLike, groups: npt.ArrayLike) -> KruskalWallis | None:
    """Kruskal & Wallis (1952) on values (n,) with the group of each (n,); NaN is left out.

    H = [12/(n(n+1)) Σ R²/nᵢ − 3(n+1)] / [1 − Σ(t³−t)/(n³−n)], R the rank sum of a group, t the sizes of ties;
    ε² = H(n+1)/(n²−1) = H/(n−1) (Kelley 1935; Tomczak & Tomczak 2014). None with fewer than two groups, and
    where all values are equal.
    """
    x, group, sizes = _grouped(values, groups)
    n = len(x)
    if len(sizes) < 2 or x.min() == x.max():
        return None
    rank_sums = np.bincount(group, weights=rankdata(x))
    ties = np.unique(x, return_counts=True)[1].astype(np.float64)
    raw = 12 / (n * (n + 1)) * np.sum(rank_sums**2 / sizes) - 3 * (n + 1)
    h = float(raw / (1 - np.sum(ties**3 - ties) / (float(n) ** 3 - n)))
    df = len(sizes) - 1
    return KruskalWallis(H=h, df=df, p=chi_square_p(h, df), epsilon_squared=h / (n - 1), n=n)


def chi_square_p(statistic: float, df: int) -> float:
    """Upper tail of the chi-square distribution."""
    return float(chdtrc(df, max(0.0, statistic)))  # rounding can leave a statistic of 0 just below it


def intraclass_correlation(
    values: npt.ArrayLike, groups: npt.ArrayLike, level: float = LEVEL
) -> IntraclassCorrelation | None:
    """ICC(1) of values (n,) in groups (n,): one-way random effects, groups of any size; NaN is left out.

    (MSB − MSW) / (MSB + (n₀ − 1) MSW) with n₀ = (n − Σnᵢ²/n)/(k − 1) (Shrout & Fleiss 1979, case 1; Donner
    1986 for unequal groups). The interval follows from F = MSB/MSW; it is exact for normal values in groups
    of one size, else approximate. None with fewer than two groups, without a group of two, and where all
    values are equal.
    """
    x, group, sizes = _grouped(values, groups)
    n, k = len(x), len(sizes)
    if k < 2 or n == k or x.min() == x.max():
        return None
    means = np.bincount(group, weights=x) / sizes
    between = float(np.sum(sizes * (means - x.mean()) ** 2) / (k - 1))
    within = float(np.sum((x - means[group]) ** 2) / (n - k))
    n0 = float((n - np.sum(sizes**2) / n) / (k - 1))
    f_ratio = between / within if within > 0 else np.inf
    low, high = _icc_bounds(f_ratio, (k - 1, n - k), n0, level)
    return IntraclassCorrelation(
        value=_icc(f_ratio, n0), low=low, high=high, F=f_ratio, df_between=k - 1, df_within=n - k,
        p=float(fdtrc(k - 1, n - k, f_ratio)),
    )  # fmt: skip


def differentiation(
    labels: pd.DataFrame, flags: Sequence[str], series: Sequence[str] | None = None
) -> pd.DataFrame:
    """Do the agents of a series differ in a flag? One row a series and flag: `DIFFERENTIATION_COLUMNS`.

    The observations are the `n` rates of the agents in the runs (agents × runs, those without a decided label
    left out). The family of a test is its series: `p_adjusted` is Bonferroni's over `flags`, `p_holm` Holm's.
    `icc` is the share of the rates' variance that lies between agents, on the same observations. Undefined is
    NaN, and `note` says why.
    """
    if not flags:
        return pd.DataFrame(columns=list(DIFFERENTIATION_COLUMNS))
    counts = tally(labels, flags, series)
    blocks = [_series_rows(counts, number) for number in range(len(counts.cells.series))]
    columns = list(DIFFERENTIATION_COLUMNS)
    return pd.concat(blocks, ignore_index=True)[columns] if blocks else pd.DataFrame(columns=columns)


def _series_rows(counts: Tally, series: int) -> pd.DataFrame:
    part = counts.cells.of_series(series)
    agent, run = counts.cells.agent[part], counts.cells.run[part]
    rows = [
        {"series": counts.cells.series[series], "flag": flag} | _row(rates, agent, run)
        for flag, rates in zip(counts.flags, counts.rates[part].T, strict=True)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(p_adjusted=bonferroni(frame["p"]), p_holm=holm(frame["p"]))


def _row(rates: Floats, agent: Ints, run: Ints) -> dict[str, object]:
    decided = ~np.isnan(rates)
    runs, agents = len(np.unique(run[decided])), len(np.unique(agent[decided]))
    test = kruskal_wallis(rates, agent) if runs > 1 else None
    icc = intraclass_correlation(rates, agent) if runs > 1 else None
    return {
        "H": test.H if test else np.nan, "df": test.df if test else np.nan,
        "p": test.p if test else np.nan, "epsilon_squared": test.epsilon_squared if test else np.nan,
        "icc": icc.value if icc else np.nan,
        "icc_low": icc.low if icc else np.nan, "icc_high": icc.high if icc else np.nan,
        "n": int(decided.sum()), "agents": agents, "note": _note(rates[decided], agents, runs),
    }  # fmt: skip


def _note(rates: Floats, agents: int, runs: int) -> str:
    if rates.size == 0:
        return "no decided labels"
    if agents < 2:
        return "one agent: nothing to compare"
    if runs < 2:
        return "one run: no variation within agents"
    if rates.min() == rates.max():
        return "all rates are equal"
    return "" if rates.size >= 5 * agents else "fewer than 5 runs an agent: the chi-square p-value is rough"


def _grouped(values: npt.ArrayLike, groups: npt.ArrayLike) -> tuple[Floats, Ints, Floats]:
    """Defined values, the number of the group of each, and the groups' sizes."""
    x = np.asarray(values, dtype=np.float64)
    defined = ~np.isnan(x)
    group = np.unique(np.asarray(groups)[defined], return_inverse=True)[1]
    return x[defined], group, np.bincount(group).astype(np.float64)


def _icc(f_ratio: float, n0: float) -> float:
    """ICC(1) as a function of F = MSB/MSW."""
    return 1.0 if np.isinf(f_ratio) else (f_ratio - 1) / (f_ratio + n0 - 1)


def _icc_bounds(f_ratio: float, df: tuple[int, int], n0: float, level: float) -> tuple[float, float]:
    """F over its upper and lower quantiles bounds the ratio of variances, and that the ICC."""
    if np.isinf(f_ratio):
        return np.nan, np.nan
    upper, lower = (float(fdtri(*df, share)) for share in ((1 + level) / 2, (1 - level) / 2))
    return _icc(f_ratio / upper, n0), _icc(f_ratio / lower, n0)
