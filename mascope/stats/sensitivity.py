"""Whether a result depends on a choice: the same question asked of variants of the same runs.

Each variant gets the test of the main analysis without its intervals, which need thousands of resamples and
decide nothing here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from mascope.stats.comparisons import Comparison, rows_for, samples
from mascope.stats.contrasts import differences
from mascope.stats.equivalence import equivalence, matched_equivalence
from mascope.stats.multiplicity import holm, within_families
from mascope.stats.ranks import defined, mann_whitney_sd, normal_p, signed_rank_sd, snapped
from mascope.stats.resampling import Alternative, Estimate, Floats, ratio

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """What one variant of the data says to one question. Undefined is None."""

    n_a: int
    n_b: int
    """Runs with a value; of matched runs, the pairs."""
    difference: float | None
    """mean a − mean b."""
    r: float | None
    """Z / √(runs or pairs)."""
    p: float | None
    """Of Z, one-sided where the question has a direction; of two one-sided tests where it is equivalence."""


def finding(question: Comparison, measures: pd.DataFrame) -> Finding:
    """The answer of these runs: p, r and the difference are those that `contrasts` gives."""
    a, b = samples(question, measures)
    if question.matched_by is not None:
        return _matched(question, a, b)
    x, y = defined(a), defined(b)
    if not len(x) or not len(y):
        return Finding(len(x), len(y), None, None, None)
    pooled = snapped(np.concatenate([x, y]))
    u = float(rankdata(pooled)[: len(x)].sum()) - len(x) * (len(x) + 1) / 2
    sd = mann_whitney_sd(pooled, len(x))
    z = (u - len(x) * len(y) / 2) / sd if sd > 0 else None
    p = _equivalence_p(question, x, y) if _asks_equivalence(question) else _p(z, question)
    r = None if z is None else z / sqrt(len(pooled))
    return Finding(len(x), len(y), float(x.mean() - y.mean()), r, p)


def without_each_run(question: Comparison, measures: pd.DataFrame) -> dict[str, Finding]:
    """Run → the finding without it, for each run of the two series.

    Of independent runs, what each adds to U and to the ties is known from the ranks of all, and nothing is
    ranked anew: U loses the values of the other sample that the run exceeds, and Σ(t³ − t) loses 3t(t − 1).
    """
    compared = measures[measures["series"].isin((question.series_a, question.series_b))]
    runs: list[str] = list(dict.fromkeys(compared["run"]))
    if question.matched_by is not None or _asks_equivalence(question) or question.measure not in measures:
        return {run: finding(question, compared[compared["run"] != run]) for run in runs}
    whole = finding(question, compared)
    found = dict.fromkeys(runs, whole)  # as good as all without a value
    rows = rows_for(question, compared)
    rows = rows[rows[question.measure].notna()]
    return found | dict(zip(*_without_each(question, rows), strict=True))


def _without_each(question: Comparison, rows: pd.DataFrame) -> tuple[list[str], list[Finding]]:
    """rows: one a run, all with a value."""
    of_a = (rows["series"] == question.series_a).to_numpy()
    values = rows[question.measure].to_numpy(dtype=np.float64)
    pooled = snapped(values)
    sizes = np.where(of_a, of_a.sum(), (~of_a).sum())
    rank = rankdata(pooled)
    exceeded = np.empty(len(rows))  # values of the other sample below one's own, ties counted half
    for sample in (of_a, ~of_a):
        exceeded[sample] = rank[sample] - rankdata(pooled[sample])
    u = exceeded[of_a].sum() - np.where(of_a, exceeded, (len(rows) - sizes) - exceeded)
    tied = np.unique(pooled, return_inverse=True, return_counts=True)
    t = tied[2][tied[1]].astype(np.float64)
    ties = np.sum(tied[2].astype(np.float64) ** 3 - tied[2]) - 3 * t * (t - 1)
    n_a, n_b = of_a.sum() - of_a, (~of_a).sum() - ~of_a
    n = len(rows) - 1
    variance = n_a * n_b / 12 * (n + 1 - ties / max(1, n * (n - 1)))
    z = ratio(u - n_a * n_b / 2, np.sqrt(np.maximum(0.0, variance)))
    mean_a = ratio(values[of_a].sum() - np.where(of_a, values, 0.0), n_a.astype(np.float64))
    mean_b = ratio(values[~of_a].sum() - np.where(of_a, 0.0, values), n_b.astype(np.float64))
    cells = zip(n_a.tolist(), n_b.tolist(), (mean_a - mean_b).tolist(), z.tolist(), strict=True)
    return list(rows["run"]), [_independent(question, *cell) for cell in cells]


def _independent(question: Comparison, n_a: int, n_b: int, difference: float, z: float) -> Finding:
    """NaN is undefined."""
    if n_a == 0 or n_b == 0:
        return Finding(n_a, n_b, None, None, None)
    if np.isnan(z):
        return Finding(n_a, n_b, difference, None, None)
    return Finding(n_a, n_b, difference, z / sqrt(n_a + n_b), _p(z, question))


def corrected_finding(question: Comparison, a: Estimate, b: Estimate) -> Finding:
    """The same question asked of two corrected rates, each with its 95% interval; n: runs.

    The interval of their difference comes from the two (MOVER, Zou & Donner 2008): downward it reaches
    √((a − low_a)² + (high_b − b)²), upward the mirror image. z is the distance from what is tested, in units
    of that reach / 1.96. None where a rate has no interval.
    """
    bounds = (a.value, a.low, a.high, b.value, b.low, b.high)
    if any(bound is None for bound in bounds):
        return Finding(a.n, b.n, None, None, None)
    value_a, low_a, high_a, value_b, low_b, high_b = (float(bound or 0.0) for bound in bounds)
    d = value_a - value_b
    down, up = (
        sqrt((value_a - low_a) ** 2 + (high_b - value_b) ** 2),
        sqrt((high_a - value_a) ** 2 + (value_b - low_b) ** 2),
    )
    unit = float(ndtri(0.975))
    if min(down, up) <= 0:
        return Finding(a.n, b.n, d, None, None)
    if _asks_equivalence(question):
        margin = question.margin or 0.0
        tails = ndtr(-(d + margin) * unit / down), ndtr((d - margin) * unit / up)
        return Finding(a.n, b.n, d, None, float(max(tails)))
    return Finding(a.n, b.n, d, None, _p(d * unit / (down if d > 0 else up), question))


def adjusted(questions: Sequence[Comparison], p: Sequence[float | None], families: Sequence[str]) -> Floats:
    """p-values (questions,) of one variant after Holm within the families; undefined is NaN."""
    values = np.array([np.nan if one is None else one for one in p], dtype=np.float64)
    return within_families(values, families, holm) if len(questions) else values


def agrees(main: tuple[Finding, float], other: tuple[Finding, float], question: Comparison) -> bool | None:
    """Whether a variant comes to the conclusion of the main analysis; None where either has none.

    Each is a finding with its adjusted p. The conclusion is whether the hypothesis is supported at `ALPHA`;
    a two-sided one is supported in one direction.
    """
    if np.isnan(main[1]) or np.isnan(other[1]):
        return None
    if (main[1] < ALPHA) != (other[1] < ALPHA):
        return False
    supported = main[1] < ALPHA
    if not supported or _asks_equivalence(question):
        return True
    return bool(np.sign(main[0].difference or 0.0) == np.sign(other[0].difference or 0.0))


def verdict(supported: bool | None, tried: int, against: Mapping[str, Sequence[str]]) -> str:
    """One plain sentence. `against`: kind of variant → those that come to the other conclusion."""
    if supported is None:
        return "nothing can be said: the test is undefined"
    dissent = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in against.items() if names)
    if not supported:
        return f"not supported, though it would be under {dissent}" if dissent else "not supported"
    if dissent:
        return f"supported, but that depends on {dissent}"
    return f"robust: it holds in all of {tried} variants" if tried else "supported; no variant could be tried"


def _matched(question: Comparison, a: Floats, b: Floats) -> Finding:
    pairs = np.stack([a, b])
    x, y = pairs[:, ~np.isnan(pairs).any(axis=0)]
    if not len(x):
        return Finding(0, 0, None, None, None)
    raw = differences(x, y)
    d = snapped(raw)
    d = d[d != 0]
    sd = signed_rank_sd(np.abs(d))
    w = float(rankdata(np.abs(d))[d > 0].sum())
    z = (w - len(d) * (len(d) + 1) / 4) / sd if sd > 0 else None
    p = _equivalence_p(question, x, y) if _asks_equivalence(question) else _p(z, question)
    return Finding(len(x), len(x), float(raw.mean()), None if z is None else z / sqrt(len(x)), p)


def _equivalence_p(question: Comparison, a: Floats, b: Floats) -> float | None:
    if question.margin is None:
        return None
    if question.matched_by is None:
        found = equivalence(a, b, question.margin)
    else:
        found = matched_equivalence(differences(a, b), question.margin)
    return found.p if found else None


def _asks_equivalence(question: Comparison) -> bool:
    return question.direction == "equivalent"


def _p(z: float | None, question: Comparison) -> float | None:
    side: Alternative = "two-sided" if question.direction == "equivalent" else question.direction
    return None if z is None else normal_p(z, side)
