"""Agreement of a whole panel: Krippendorff's alpha, Fleiss' kappa and Gwet's AC1 for any number of coders.

All three are functions of how many coders gave each value to each unit, and depend on the units only through
sums: `*_terms` gives what a unit contributes, `*_of` the coefficient of summed contributions (…, terms).
Summing by run first makes the bootstrap over runs a matrix product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.stats.resampling import Floats, number, ratio

Values: TypeAlias = Sequence[float]

YES_NO: Values = (1.0, 0.0)


def tally(codes: npt.ArrayLike, values: Values = YES_NO) -> Floats:
    """How many coders gave each value: codes (coders, units), NaN missing → (units, values)."""
    array = np.asarray(codes, dtype=np.float64)
    counts = np.empty((array.shape[1], len(values)))
    for column, value in enumerate(values):
        counts[:, column] = (array == value).sum(axis=0)
    return counts


def values_in(codes: npt.ArrayLike) -> Values:
    """The values that occur in codes of any number of nominal categories."""
    array = np.asarray(codes, dtype=np.float64)
    return tuple(np.unique(array[~np.isnan(array)]).tolist())


def alpha_terms(tallies: Floats) -> Floats:
    """A unit's share of the coincidence matrix: what lies off the diagonal, then its pairable values by kind.

    Units with fewer than two codes cannot be paired and contribute nothing. (units, values) → (units, 1 +
    values).
    """
    coded = tallies.sum(axis=-1, keepdims=True)
    pairable = np.where(coded >= 2, tallies, 0.0)
    apart = (pairable * (coded - pairable)).sum(axis=-1, keepdims=True)
    return np.concatenate([apart / np.maximum(coded - 1, 1), pairable], axis=-1)


def alpha_of(terms: Floats) -> Floats:
    """1 − D_o / D_e, nominal (Krippendorff 2011): with n pairable values, n_c of kind c, and o of them apart,

        α = 1 − (n − 1) o / (n² − Σ n_c²)

    Undefined (NaN) where all values are the same.
    """
    apart, kinds = terms[..., 0], terms[..., 1:]
    n = kinds.sum(axis=-1)
    return 1 - ratio((n - 1) * apart, n**2 - (kinds**2).sum(axis=-1))


def fleiss_terms(tallies: Floats, coders: int) -> Floats:
    """As `alpha_terms`, of the units that every coder coded (Fleiss 1971 knows no missing codes)."""
    complete = tallies.sum(axis=-1, keepdims=True) == coders
    return alpha_terms(np.where(complete, tallies, 0.0))


def fleiss_of(terms: Floats) -> Floats:
    """Fleiss' kappa (Fleiss 1971): (p_o − p_e) / (1 − p_e), p_o = 1 − o/n, p_e = Σ (n_c/n)².

    Undefined (NaN) where all values are the same.
    """
    apart, kinds = terms[..., 0], terms[..., 1:]
    n = kinds.sum(axis=-1)
    return 1 - ratio(n * apart, n**2 - (kinds**2).sum(axis=-1))


def ac1_terms(tallies: Floats) -> Floats:
    """A unit's agreement and whether it has one (two codes), whether it is coded, its shares by value.

    (units, values) → (units, 3 + values).
    """
    coded = tallies.sum(axis=-1, keepdims=True)
    pairs = coded * (coded - 1)
    alike = (tallies * (tallies - 1)).sum(axis=-1, keepdims=True) / np.maximum(pairs, 1)
    return np.concatenate([alike, coded >= 2, coded >= 1, tallies / np.maximum(coded, 1)], axis=-1)


def observed_of(terms: Floats) -> Floats:
    """Mean share of a unit's pairs of codes that are alike, of the terms of AC1; of units with two codes."""
    return ratio(terms[..., 0], terms[..., 1])


def ac1_of(terms: Floats) -> Floats:
    """Gwet's AC1 for several coders with missing codes (Gwet 2008; Gwet 2014, Handbook, 4th edition).

    p_e = Σ π_c (1 − π_c) / (q − 1) over q values, π_c the mean share of value c over the coded units.
    """
    observed = ratio(terms[..., 0], terms[..., 1])
    share = ratio(terms[..., 3:], terms[..., 2:3])
    chance = (share * (1 - share)).sum(axis=-1) / max(1, terms.shape[-1] - 4)
    return ratio(observed - chance, 1 - chance)


@dataclass(frozen=True, slots=True, eq=False)
class Tallied:
    """How many coders say yes and how many no to each message.

    That is all the coefficients of a panel depend on: messages of one *kind*, with as many of each, are
    counted, and what such a message adds is computed once.
    """

    coders: int
    kind: npt.NDArray[np.intp]
    """(messages,): the row of `tallies` that is the message's."""

    @classmethod
    def of(cls, codes: Floats) -> "Tallied":
        """Codes (coders, messages): 1 yes, 0 no, NaN undecided or missing."""
        yes, no = (np.count_nonzero(codes == value, axis=0) for value in YES_NO)
        return cls(len(codes), yes * (len(codes) + 1) + no)

    @property
    def tallies(self) -> Floats:
        """(kinds, values), as `tally` has them of messages."""
        answers = np.arange(self.coders + 1, dtype=np.float64)
        return np.stack([np.repeat(answers, len(answers)), np.tile(answers, len(answers))], axis=1)

    def messages(self, coders: int) -> int:
        """How many messages so many coders coded at the least."""
        enough = self.tallies.sum(axis=1) >= coders
        return int(np.bincount(self.kind, minlength=len(enough))[enough].sum())

    def totals(self, index: npt.NDArray[np.intp], runs: int, weights: Floats | None = None) -> Floats:
        """What the messages of each run add to the coefficients: terms of alpha, Fleiss' kappa and AC1.

        `index` is the run of each message; (runs, 3 + 3 + 5). Weights are scaled to sum to the messages that
        are coded, on whose number alpha depends.
        """
        tallies = self.tallies
        terms = (alpha_terms(tallies), fleiss_terms(tallies, self.coders), ac1_terms(tallies))
        weighed = None if weights is None else self._scaled(weights)
        kinds = len(tallies)
        counts = np.bincount(kinds * index + self.kind, weights=weighed, minlength=kinds * runs)
        return np.asarray(counts.reshape(runs, kinds) @ np.concatenate(terms, axis=1), dtype=np.float64)

    def _scaled(self, weights: Floats) -> Floats:
        coded = ~np.isnan(weights) & (self.kind > 0)
        scale = coded.sum() / weights[coded].sum() if coded.any() else 1.0
        return np.where(coded, weights * scale, 0.0)


def krippendorff_alpha(codes: npt.ArrayLike) -> float | None:
    """Nominal alpha of codes (coders, units) in any number of values, NaN missing; None if undefined."""
    return number(alpha_of(alpha_terms(tally(codes, values_in(codes))).sum(axis=0)))


def fleiss_kappa(codes: npt.ArrayLike) -> float | None:
    """Fleiss' kappa of codes (coders, units) over the units that all coders coded; None if undefined."""
    tallies = tally(codes, values_in(codes))
    return number(fleiss_of(fleiss_terms(tallies, np.shape(codes)[0]).sum(axis=0)))


def gwet_ac1(codes: npt.ArrayLike, values: Values | None = None) -> float | None:
    """AC1 of codes (coders, units), NaN missing; None if undefined.

    `values` are the answers that were possible (chance depends on their number); by default those that occur.
    """
    possible = values_in(codes) if values is None else values
    return number(ac1_of(ac1_terms(tally(codes, possible)).sum(axis=0)))
