"""Declared comparisons, answered from the measures of the runs: the table of contrasts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from mascope.stats.contrasts import Contrast, contrast, differences, matched_contrast
from mascope.stats.equivalence import Equivalence, equivalence, matched_equivalence
from mascope.stats.multiplicity import Adjustment, holm, within_families
from mascope.stats.ranks import MannWhitney, SignedRank
from mascope.stats.resampling import RESAMPLES, Floats

Direction: TypeAlias = Literal["two-sided", "greater", "less", "equivalent"]

CONTRAST_COLUMNS = (
    "hypothesis", "family", "measure", "series_a", "series_b", "direction", "test",
    "n_a", "n_b", "mean_a", "mean_b", "difference", "difference_low", "difference_high",
    "U", "W", "z", "p", "p_adjusted", "r", "r_low", "r_high", "p_permutation", "exact",
    "cliffs_delta", "rank_biserial", "effect_low", "effect_high",
    "margin", "p_equivalence", "within_margin", "note",
)  # fmt: skip

_NO_FLOATS = {
    "hypothesis": "object", "family": "object", "measure": "object", "series_a": "object",
    "series_b": "object", "direction": "object", "test": "object", "n_a": "int64", "n_b": "int64",
    "exact": "boolean", "within_margin": "boolean", "note": "object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question: does series a differ from series b in a measure?"""

    hypothesis: str
    measure: str
    series_a: str
    series_b: str
    direction: Direction = "two-sided"
    """`less`: a is expected to be smaller. `equivalent`: within ±margin of b."""
    family: str = "primary"
    """Comparisons whose p-values are adjusted together."""
    margin: float | None = None
    """The largest difference of means that would not matter, in the measure's unit."""
    matched_by: str | None = None
    """The column that says which runs of a and b belong together; None for independent runs."""


def contrasts(
    comparisons: Sequence[Comparison],
    measures: pd.DataFrame,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    adjust: Adjustment = holm,
) -> pd.DataFrame:
    """One row a comparison, in their order, with the columns `CONTRAST_COLUMNS`; undefined is NaN (or None).

    measures: one row a run with `run`, `series` and a column a measure (and those named by `matched_by`); a
    row with `only_for` stands in that comparison for what is compared otherwise.
    `p` is of Z, one-sided where the comparison has a direction; `p_adjusted` within its family, where a
    comparison for equivalence counts with `p_equivalence`. `effect_low`, `effect_high` belong to Cliff's
    delta, or to the rank-biserial correlation of matched pairs. `within_margin`: whether the bootstrap
    interval of the difference at 90% lies inside ±margin. `note`: what could not be computed, and why.
    """
    rows = [_row(comparison, measures, rng, resamples) for comparison in comparisons]
    kinds = dict.fromkeys(CONTRAST_COLUMNS, "float64") | _NO_FLOATS
    frame = pd.DataFrame(rows, columns=list(CONTRAST_COLUMNS)).astype(kinds)
    tested = frame["p_equivalence"].where(frame["direction"] == "equivalent", frame["p"])
    return frame.assign(p_adjusted=within_families(tested, list(frame["family"]), adjust))


def _row(
    question: Comparison, measures: pd.DataFrame, rng: np.random.Generator, resamples: int
) -> dict[str, object]:
    a, b = samples(question, measures)
    alternative = "two-sided" if question.direction == "equivalent" else question.direction
    compare = contrast if question.matched_by is None else matched_contrast
    found = compare(a, b, rng, alternative, resamples)
    return {
        "hypothesis": question.hypothesis, "family": question.family, "measure": question.measure,
        "series_a": question.series_a, "series_b": question.series_b, "direction": question.direction,
        "test": "Mann-Whitney" if question.matched_by is None else "signed rank",
        **_estimates(found), **_tested(found), **_held_against(question, found, a, b),
        "note": "; ".join(_notes(question, measures, found)),
    }  # fmt: skip


def samples(question: Comparison, measures: pd.DataFrame) -> tuple[Floats, Floats]:
    """The values of a and b; matched ones in the same order."""
    if question.measure not in measures:
        return np.empty(0), np.empty(0)
    rows = rows_for(question, measures)
    of_a, of_b = (rows[rows["series"] == name] for name in (question.series_a, question.series_b))
    if question.matched_by is None:
        return _values(of_a[question.measure]), _values(of_b[question.measure])
    # Several runs of one arm that continue the same pair count as one: the pair is the unit.
    a, b = (part.groupby(question.matched_by)[question.measure].mean() for part in (of_a, of_b))
    both = a.index.intersection(b.index)
    return _values(a.loc[both]), _values(b.loc[both])


FEW = 5
"""Runs below which Z is not near to normal: of 3 and 3, a two-sided p < .05 comes up in 10% of studies."""
ONLY_FOR = "only_for"
"""Column of the measures: the hypothesis that a row is only for; empty for all without rows of their own."""


def rows_for(question: Comparison, measures: pd.DataFrame) -> pd.DataFrame:
    """The rows that answer this question."""
    if ONLY_FOR not in measures:
        return measures
    own = measures[measures[ONLY_FOR] == question.hypothesis]
    return own if len(own) else measures[measures[ONLY_FOR] == ""]


def _values(column: "pd.Series[float]") -> Floats:
    return np.asarray(column.to_numpy(na_value=np.nan), dtype=np.float64)


def _estimates(found: Contrast) -> dict[str, object]:
    return {
        "n_a": found.n_a, "n_b": found.n_b, "mean_a": found.mean_a, "mean_b": found.mean_b,
        "difference": found.difference.value,
        "difference_low": found.difference.low, "difference_high": found.difference.high,
        "r": found.r.value, "r_low": found.r.low, "r_high": found.r.high,
        "effect_low": found.effect.low, "effect_high": found.effect.high,
    }  # fmt: skip


def _tested(found: Contrast) -> dict[str, object]:
    test = found.test
    if test is None:
        return {}
    shared: dict[str, object] = {
        "z": test.z,
        "p": test.p,
        "p_permutation": test.p_permutation,
        "exact": test.exact,
    }
    match test:
        case MannWhitney():
            return shared | {"U": test.U, "cliffs_delta": test.cliffs_delta}
        case SignedRank():
            return shared | {"W": test.W, "rank_biserial": test.rank_biserial}


def _held_against(question: Comparison, found: Contrast, a: Floats, b: Floats) -> dict[str, object]:
    """The columns of equivalence; empty without a margin."""
    if question.margin is None:
        return {}
    tested = _equivalence(question, question.margin, a, b)
    bounds = found.narrower
    inside = None if bounds is None else -question.margin < bounds.low and bounds.high < question.margin
    return {
        "margin": question.margin,
        "p_equivalence": tested.p if tested else None,
        "within_margin": inside,
    }


def _equivalence(question: Comparison, margin: float, a: Floats, b: Floats) -> Equivalence | None:
    if question.matched_by is None:
        return equivalence(a, b, margin)
    return matched_equivalence(differences(a, b), margin)


def _notes(question: Comparison, measures: pd.DataFrame, found: Contrast) -> Iterator[str]:
    if question.measure not in measures:
        yield f"{question.measure} is not among the measures of these runs"
        return
    if question.matched_by is None:
        yield from _thin(f"run of {question.series_a}", found.n_a)
        yield from _thin(f"run of {question.series_b}", found.n_b)
    else:
        yield from _thin("matched pair", found.n_a)
    if 1 < min(found.n_a, found.n_b) < FEW:
        yield f"fewer than {FEW} runs: p and p_adjusted are rough, trust p_permutation"
    if found.test is not None and found.test.z is None:
        yield "all values are equal"
    if question.direction == "equivalent" and question.margin is None:
        yield "equivalence needs a margin"


def _thin(unit: str, n: int) -> Iterator[str]:
    if n == 0:
        yield f"no {unit} has a value"
    if n == 1:
        yield f"one {unit}: no intervals"
