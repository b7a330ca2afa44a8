"""How far coders agree: per flag for each pair of a panel, and over the whole panel, with intervals by runs.

Codes are float arrays: 1 yes, 0 no, NaN undecided or missing. A pair is compared on the messages that both
decided; nothing is filled in. Every coefficient is a function of counts, so runs are summed once and
resampled as wholes (see `resampling`).
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats import confusion as two
from mascope.stats import reliability
from mascope.stats.confusion import Confusion, McNemar
from mascope.stats.resampling import (
    Bootstrap,
    Estimate,
    Floats,
    Interval,
    Resampled,
    cluster_index,
    cluster_totals,
    resampled,
)

Formula: TypeAlias = Callable[[Floats], Floats]

COEFFICIENTS: Mapping[str, Formula] = {
    "agreement": two.observed_agreement,
    "prevalence_a": two.prevalence_a,
    "prevalence_b": two.prevalence_b,
    "bias": two.bias,
    "kappa": two.kappa,
    "ac1": two.ac1,
    "pabak": two.pabak,
    "alpha": two.alpha,
    "positive": two.positive_agreement,
    "negative": two.negative_agreement,
}
"""What is computed of the 2 × 2 counts of a pair; each is documented in `confusion`."""

PANEL_COEFFICIENTS: Mapping[str, Formula] = {
    "alpha": lambda terms: reliability.alpha_of(terms[..., 0:3]),
    "fleiss": lambda terms: reliability.fleiss_of(terms[..., 3:6]),
    "ac1": lambda terms: reliability.ac1_of(terms[..., 6:11]),
}
"""What is computed of a whole panel, from the terms that `_panel_terms` lays side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class PanelCodes:
    """The codes of several coders for the same messages."""

    coders: tuple[str, ...]
    flags: tuple[str, ...]
    codes: Floats
    """(coders, flags, messages): 1 yes, 0 no, NaN undecided or missing."""
    runs: npt.NDArray[np.generic]
    """(messages,): the run of each message; runs are what the bootstrap draws."""

    def __post_init__(self) -> None:
        expected = (len(self.coders), len(self.flags), len(self.runs))
        if self.codes.shape != expected:
            raise ValueError(f"codes are {self.codes.shape}, not (coders, flags, messages) {expected}")
        if not (np.isnan(self.codes) | (self.codes == 0) | (self.codes == 1)).all():
            raise ValueError("a code is 1 (yes), 0 (no) or NaN (undecided or missing)")

    def take(self, messages: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "PanelCodes":
        """The same panel on some of the messages."""
        return PanelCodes(self.coders, self.flags, self.codes[:, :, messages], self.runs[messages])


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two coders on one flag, over the messages that both decided."""

    confusion: Confusion
    coefficients: Mapping[str, Estimate]
    """By the names of `COEFFICIENTS`: None where the formula has no value; interval by runs; n in runs."""
    kappa_interval: Interval | None
    """The analytic interval of kappa, which takes messages as independent."""
    mcnemar: McNemar | None

    @property
    def n(self) -> int:
        """Messages that both decided."""
        return self.confusion.n

    @property
    def kappa(self) -> float | None:
        return self.coefficients["kappa"].value


@dataclass(frozen=True, slots=True)
class MeanAgreement:
    """Means over those flags on which a coefficient is defined; an interval is that of the mean itself."""

    coefficients: Mapping[str, Estimate]
    flags: int
    """On how many flags kappa is defined."""

    @property
    def kappa(self) -> float | None:
        return self.coefficients["kappa"].value


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two coders on all flags."""

    coder_a: str
    coder_b: str
    flags: Mapping[str, Agreement]
    mean: MeanAgreement


@dataclass(frozen=True, slots=True)
class PanelAgreement:
    """All coders together on one flag."""

    messages: int
    """Coded by at least two coders."""
    complete: int
    """Coded by all of them: what Fleiss' kappa rests on."""
    coefficients: Mapping[str, Estimate]
    """By the names of `PANEL_COEFFICIENTS`; interval by runs; n in runs."""


def pair_agreements(panel: PanelCodes, bootstrap: Bootstrap | None = None) -> tuple[PairAgreement, ...]:
    """Every pair of coders, in the order of the panel. Without `bootstrap` there are no intervals by runs.

    All pairs and flags share their resamples: one matrix product serves them all.
    """
    pairs = tuple(combinations(range(len(panel.coders)), 2))
    if not pairs or not panel.flags:
        return ()
    counts = resampled(_counts_by_run(panel, pairs), bootstrap)
    return tuple(
        PairAgreement(panel.coders[a], panel.coders[b], _by_flag(panel.flags, pair), _mean(pair))
        for pair, (a, b) in ((counts.column(k), pair) for k, pair in enumerate(pairs))
    )


def panel_agreements(panel: PanelCodes, bootstrap: Bootstrap | None = None) -> Mapping[str, PanelAgreement]:
    """All coders together, by flag."""
    if not panel.coders or not panel.flags:
        return {}
    index, runs = cluster_index(panel.runs)
    coded = (~np.isnan(panel.codes)).sum(axis=0)  # (flags, messages)
    terms = [cluster_totals(_panel_terms(codes), index, runs) for codes in panel.codes.swapaxes(0, 1)]
    summed = resampled(np.stack(terms, axis=1), bootstrap)
    return {
        flag: PanelAgreement(
            messages=int((coded[k] >= 2).sum()),
            complete=int((coded[k] == len(panel.coders)).sum()),
            coefficients=_estimates(PANEL_COEFFICIENTS, summed.column(k)),
        )
        for k, flag in enumerate(panel.flags)
    }


def by_stratum(
    panel: PanelCodes,
    strata: Sequence[Hashable] | npt.NDArray[np.generic],
    bootstrap: Bootstrap | None = None,
) -> Mapping[Hashable, tuple[PairAgreement, ...]]:
    """`pair_agreements` within each stratum (a series, a model): strata (messages,), in order of appearance.

    Messages whose stratum is missing (None, NaN) are left out.
    """
    index, labels = pd.factorize(np.asarray(strata))
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(len(labels) + 1))
    return {
        label: pair_agreements(panel.take(order[first:last]), bootstrap)
        for label, first, last in zip(labels.tolist(), bounds[:-1], bounds[1:], strict=True)
    }


def _counts_by_run(panel: PanelCodes, pairs: Sequence[tuple[int, int]]) -> Floats:
    """2 × 2 counts (runs, pairs, flags, 4)."""
    index, runs = cluster_index(panel.runs)
    counts = np.empty((runs, len(pairs), len(panel.flags), 4))
    for k, (a, b) in enumerate(pairs):
        for flag in range(len(panel.flags)):
            counts[:, k, flag] = two.confusions(panel.codes[a, flag], panel.codes[b, flag], index, runs)
    return counts


def _panel_terms(codes: Floats) -> Floats:
    """What each message adds to the coefficients: codes (coders, messages) → (messages, 3 + 3 + 5)."""
    tallies = reliability.tally(codes)
    parts = (
        reliability.alpha_terms(tallies),
        reliability.fleiss_terms(tallies, len(codes)),
        reliability.ac1_terms(tallies),
    )
    return np.concatenate(parts, axis=-1)


def _estimates(formulas: Mapping[str, Formula], totals: Resampled) -> dict[str, Estimate]:
    return {name: totals.estimate(formula) for name, formula in formulas.items()}


def _by_flag(flags: Sequence[str], counts: Resampled) -> Mapping[str, Agreement]:
    return {flag: _agreement(counts.column(k)) for k, flag in enumerate(flags)}


def _agreement(counts: Resampled) -> Agreement:
    """From counts (runs, 4) of one pair and flag."""
    table = two.as_confusion(counts.totals.sum(axis=0))
    coefficients = _estimates(COEFFICIENTS, counts)
    analytic = two.kappa_interval(table, counts.level)
    if analytic is None:  # every resample then gives the same kappa, and that is not certainty either
        coefficients["kappa"] = replace(coefficients["kappa"], interval=None)
    return Agreement(table, coefficients, analytic, two.mcnemar(table))


def _mean(counts: Resampled) -> MeanAgreement:
    """From counts (runs, flags, 4) of one pair."""
    totals = counts.totals.sum(axis=0)
    defined = {name: ~np.isnan(formula(totals)) for name, formula in COEFFICIENTS.items()}
    means = {name: _mean_over(COEFFICIENTS[name], flags) for name, flags in defined.items()}
    return MeanAgreement(_estimates(means, counts), int(defined["kappa"].sum()))


def _mean_over(formula: Formula, flags: npt.NDArray[np.bool_]) -> Formula:
    """The mean of a formula over the given flags; where one of them has no value, the mean has none."""

    def mean(counts: Floats) -> Floats:
        values = formula(counts[..., flags, :])
        return values.sum(axis=-1) / flags.sum() if flags.any() else np.full(values.shape[:-1], np.nan)

    return mean
