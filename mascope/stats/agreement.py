"""How far coders agree: per flag for each pair of a panel, and over the whole panel, with intervals by runs.

Codes are float arrays: 1 yes, 0 no, NaN undecided or missing. A pair is compared on the messages that both
decided; nothing is filled in. Every coefficient is a function of counts, so runs are summed once and
resampled as wholes (see `resampling`). Where a coder was given a sample drawn with unequal chances, each
message counts for as many as it stands for.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.stats import confusion as two
from mascope.stats import reliability
from mascope.stats.confusion import Confusion, McNemar
from mascope.stats.kappa_interval import kappa_by_runs
from mascope.stats.resampling import (
    Bootstrap,
    Estimate,
    Floats,
    Interval,
    Labels,
    Resampled,
    cluster_index,
    factorized,
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
    "agreement": lambda terms: reliability.observed_of(terms[..., 6:11]),
}
"""What is computed of a whole panel, from the terms that `reliability.Tallied.totals` lays side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class PanelCodes:
    """The codes of several coders for the same messages."""

    coders: tuple[str, ...]
    flags: tuple[str, ...]
    codes: Floats
    """(coders, flags, messages): 1 yes, 0 no, NaN undecided or missing."""
    runs: npt.NDArray[np.generic]
    """(messages,): the run of each message; runs are what the bootstrap draws."""
    weights: Mapping[str, Floats] = field(default_factory=dict)
    """Coder → (messages,) for how many messages each of its sample stands, NaN elsewhere. Coders that are
    left out were given every message, or a sample in which all count alike."""

    def __post_init__(self) -> None:
        expected = (len(self.coders), len(self.flags), len(self.runs))
        if self.codes.shape != expected:
            raise ValueError(f"codes are {self.codes.shape}, not (coders, flags, messages) {expected}")
        if not (np.isnan(self.codes) | (self.codes == 0) | (self.codes == 1)).all():
            raise ValueError("a code is 1 (yes), 0 (no) or NaN (undecided or missing)")

    def take(self, messages: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "PanelCodes":
        """The same panel on some of the messages."""
        weights = {coder: each[messages] for coder, each in self.weights.items()}
        return PanelCodes(self.coders, self.flags, self.codes[:, :, messages], self.runs[messages], weights)

    def joint_weights(self, coders: Sequence[str]) -> Floats | None:
        """(messages,) for what several coders coded together; None where all messages count alike.

        Of coders who share a sample, its weights. Of coders with samples of their own the product: a message
        is in both with the product of its chances.
        """
        given = [self.weights[coder] for coder in coders if coder in self.weights]
        joint: Floats | None = None
        for weights in given:
            joint = weights if joint is None else _jointly(joint, weights)
        return joint


def _jointly(one: Floats, other: Floats) -> Floats:
    """Weights of the messages that are in both of two samples; NaN where in neither or in one alone."""
    both = ~(np.isnan(one) | np.isnan(other))
    return one if np.array_equal(one[both], other[both]) else one * other


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two coders on one flag, over the messages that both decided."""

    confusion: Confusion
    """Of the messages themselves, whatever they stand for."""
    coefficients: Mapping[str, Estimate]
    """By the names of `COEFFICIENTS`: None where the formula has no value; interval by runs; n in runs."""
    kappa_interval: Interval | None
    """The analytic interval of kappa, which takes messages as independent. None also where they are weighted,
    for which it does not hold."""
    mcnemar: McNemar | None
    """None also where messages are weighted: a sample drawn by one coder's answers tells nothing of how often
    the two say yes."""
    weighted: bool = False
    """Whether the coefficients count each message for as many as it stands for."""

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
    """Every pair of coders, in the order of the panel. Without `bootstrap` only kappa has intervals by runs.

    All pairs and flags share their resamples: one matrix product serves them all.
    """
    pairs = tuple(combinations(range(len(panel.coders)), 2))
    if not pairs or not panel.flags:
        return ()
    weights = [panel.joint_weights((panel.coders[a], panel.coders[b])) for a, b in pairs]
    counts = resampled(_counts_by_run(panel, pairs, weights), bootstrap)
    return tuple(
        PairAgreement(
            panel.coders[a],
            panel.coders[b],
            _by_flag(panel, (a, b), counts.column(k), weighted=weights[k] is not None),
            _mean(counts.column(k)),
        )
        for k, (a, b) in enumerate(pairs)
    )


def panel_agreements(panel: PanelCodes, bootstrap: Bootstrap | None = None) -> Mapping[str, PanelAgreement]:
    """All coders together, by flag."""
    if not panel.coders or not panel.flags:
        return {}
    weights = panel.joint_weights(panel.coders)
    tallied = [reliability.Tallied.of(codes) for codes in panel.codes.swapaxes(0, 1)]
    index, runs = cluster_index(panel.runs)
    summed = resampled(np.stack([said.totals(index, runs, weights) for said in tallied], axis=1), bootstrap)
    return {
        flag: PanelAgreement(
            messages=said.messages(2),
            complete=said.messages(len(panel.coders)),
            coefficients=_estimates(PANEL_COEFFICIENTS, summed.column(k)),
        )
        for k, (flag, said) in enumerate(zip(panel.flags, tallied, strict=True))
    }


def split(panel: PanelCodes, strata: Labels) -> Mapping[Hashable, PanelCodes]:
    """The panel on the messages of each stratum (a series, a model), in order of appearance.

    strata (messages,). Messages whose stratum is missing (None, NaN) are left out.
    """
    index, labels = factorized(strata)
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(len(labels) + 1))
    return {
        label: panel.take(order[first:last])
        for label, first, last in zip(labels, bounds[:-1], bounds[1:], strict=True)
    }


def by_stratum(
    panel: PanelCodes, strata: Labels, bootstrap: Bootstrap | None = None
) -> Mapping[Hashable, tuple[PairAgreement, ...]]:
    """`pair_agreements` within each stratum, as `split` has them."""
    return {label: pair_agreements(part, bootstrap) for label, part in split(panel, strata).items()}


def _counts_by_run(
    panel: PanelCodes, pairs: Sequence[tuple[int, int]], weights: Sequence[Floats | None]
) -> Floats:
    """2 × 2 counts (runs, pairs, flags, 4), weighted by the pairs' weights."""
    index, runs = cluster_index(panel.runs)
    counts = np.empty((runs, len(pairs), len(panel.flags), 4))
    for k, (a, b) in enumerate(pairs):
        for flag in range(len(panel.flags)):
            codes = panel.codes[a, flag], panel.codes[b, flag]
            counts[:, k, flag] = two.confusions(*codes, index, runs, weights[k])
    return counts


def _estimates(formulas: Mapping[str, Formula], totals: Resampled) -> dict[str, Estimate]:
    return {name: totals.estimate(formula) for name, formula in formulas.items()}


def _by_flag(
    panel: PanelCodes, pair: tuple[int, int], counts: Resampled, *, weighted: bool
) -> Mapping[str, Agreement]:
    """From counts (runs, flags, 4) of one pair."""
    found = {}
    for k, flag in enumerate(panel.flags):
        counted = counts.totals[:, k].sum(axis=0)
        table = (
            two.confusion(panel.codes[pair[0], k], panel.codes[pair[1], k])
            if weighted
            else two.as_confusion(counted)
        )
        found[flag] = _agreement(counts.column(k), table, weighted=weighted)
    return found


def _agreement(counts: Resampled, table: Confusion, *, weighted: bool) -> Agreement:
    """From counts (runs, 4) of one pair and flag, and the table of the messages themselves."""
    coefficients = _estimates(COEFFICIENTS, counts)
    analytic = two.kappa_interval(table, counts.level)
    kappa = kappa_by_runs(counts.totals, counts.level)
    if analytic is None:  # nothing varied, in any run, and that is not certainty either
        kappa = replace(kappa, interval=None)
    coefficients["kappa"] = kappa
    if weighted:
        return Agreement(table, coefficients, None, None, weighted=True)
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
