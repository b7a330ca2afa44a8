"""Labels from several fallible coders: each coder's error rates and each message's answer, estimated as one.

Dawid & Skene 1979, for a yes/no flag: an expectation–maximisation that weighs a coder by how well it agrees
with what the panel as a whole makes of the messages. Coders are taken to err independently given the true
answer.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats: TypeAlias = npt.NDArray[np.float64]

CODERS_NEEDED = 3
"""With fewer the model has more unknowns than the data have counts, and its rates are the priors'."""

DECIDED = 0.6
"""Probability from which an answer is a label; between that and its complement a message stays undecided."""

RIGHT, WRONG = 2.0, 1.0
"""Prior: each coder is credited with this many right and wrong codes of each kind, so that a coder is better
than chance until the messages say otherwise and no error rate is 0 or 1 from a handful of codes."""

EACH = 1.0
"""Prior: one message of either answer is added to the prevalence."""

ITERATIONS = 1000
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class DawidSkene:
    probability: Floats
    """(messages,) that the answer is yes; NaN where nobody decided."""
    prevalence: float
    sensitivity: Floats
    """(coders,) share of true yeses that the coder finds."""
    specificity: Floats
    """(coders,) share of true noes that the coder leaves."""
    iterations: int
    converged: bool

    def labels(self, decided: float = DECIDED) -> Floats:
        """(messages,): 1 yes, 0 no, NaN where neither has probability `decided`."""
        labels = np.full(self.probability.shape, np.nan)
        labels[self.probability >= decided] = 1.0
        labels[self.probability <= 1 - decided] = 0.0
        return labels


@dataclass(frozen=True, slots=True, eq=False)
class _Patterns:
    """Messages coded alike by all coders are one pattern: a few dozen stand for a million messages."""

    yes: Floats
    """(patterns, coders): 1 where the coder said yes."""
    no: Floats
    count: Floats
    """(patterns,) messages that show the pattern."""
    of: npt.NDArray[np.intp]
    """(messages,) the pattern of each."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rates:
    prevalence: float
    sensitivity: Floats
    specificity: Floats


def fit(codes: npt.ArrayLike) -> DawidSkene:
    """Codes (coders, messages): 1 yes, 0 no, NaN undecided or missing. Deterministic: no random start."""
    patterns = _patterns(np.asarray(codes, dtype=np.float64))
    probability, change, iteration = _vote_share(patterns), np.inf, 0
    rates = _maximise(patterns, probability)
    while change > TOLERANCE and iteration < ITERATIONS:
        updated = _expect(patterns, rates)
        change = float(np.abs(updated - probability).max(initial=0.0))
        probability, rates, iteration = updated, _maximise(patterns, updated), iteration + 1
    coded = (patterns.yes + patterns.no).any(axis=1)
    return DawidSkene(
        probability=np.where(coded, probability, np.nan)[patterns.of],
        prevalence=rates.prevalence,
        sensitivity=rates.sensitivity,
        specificity=rates.specificity,
        iterations=iteration,
        converged=change <= TOLERANCE,
    )


def _patterns(codes: Floats) -> _Patterns:
    states = np.where(np.isnan(codes), 2, codes).astype(np.int8)
    # Each message's codes as one opaque value: sorting those is far quicker than sorting rows.
    rows = np.ascontiguousarray(states.T)
    opaque = rows.view(np.dtype((np.void, rows.shape[1]))).ravel()
    _, first, of, count = np.unique(opaque, return_index=True, return_inverse=True, return_counts=True)
    distinct = rows[first]
    return _Patterns(
        (distinct == 1).astype(np.float64), (distinct == 0).astype(np.float64), count.astype(np.float64), of
    )


def _vote_share(patterns: _Patterns) -> Floats:
    """The share of yes among the codes of each pattern; one half where there are none."""
    yes, no = patterns.yes.sum(axis=1), patterns.no.sum(axis=1)
    share = np.full(yes.shape, 0.5)
    np.divide(yes, yes + no, out=share, where=yes + no > 0)
    return share


def _maximise(patterns: _Patterns, probability: Floats) -> _Rates:
    """The rates under the present answers (M step), with the priors' messages added."""
    decided = patterns.yes + patterns.no
    coded = patterns.count * decided.any(axis=1)
    yes, no = coded * probability, coded * (1 - probability)
    return _Rates(
        prevalence=float((yes.sum() + EACH) / (coded.sum() + 2 * EACH)),
        sensitivity=(yes @ patterns.yes + RIGHT) / (yes @ decided + RIGHT + WRONG),
        specificity=(no @ patterns.no + RIGHT) / (no @ decided + RIGHT + WRONG),
    )


def _expect(patterns: _Patterns, rates: _Rates) -> Floats:
    """The probability of yes for each pattern under the present rates (E step)."""
    of_yes = np.log(rates.sensitivity / (1 - rates.specificity))
    of_no = np.log((1 - rates.sensitivity) / rates.specificity)
    odds = np.log(rates.prevalence / (1 - rates.prevalence))
    probability: Floats = expit(odds + patterns.yes @ of_yes + patterns.no @ of_no)
    return probability
