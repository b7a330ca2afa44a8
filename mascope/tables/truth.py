"""Whose codes are taken for the truth: each human's, and where several coded, what they come to together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.judging.adjudication import ADJUDICATIONS
from mascope.stats.resampling import Floats
from mascope.tables.analysis import Analysis
from mascope.tables.codes import came_to, half_weighted, kinds, panel_codes, weights_of

Mask: TypeAlias = npt.NDArray[np.bool_]

BIASED = "all count alike: estimates may be biased."


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Codes that others are held against."""

    name: str
    """The human, or `humans:<rule>` for all of them."""
    codes: Floats
    """(flags, messages): 1 yes, 0 no, NaN undecided or not coded."""
    weights: Floats | None
    """(messages,) for how many messages each stands that was coded; None where all count alike."""
    problem: str | None = None
    """Why all count alike although some of the codes have weights."""


def humans(analysis: Analysis) -> tuple[str, ...]:
    """The humans who coded beside others."""
    known = kinds(analysis)
    return tuple(coder for coder in analysis.references if known[coder] == "human")


def truths(analysis: Analysis) -> tuple[Truth, ...]:
    """Every human alone; before them what several come to by the rule that the panel names (`humans:`)."""
    return analysis.once("truths", lambda: tuple(_truths(analysis)))


def _truths(analysis: Analysis) -> Iterator[Truth]:
    names = humans(analysis)
    if not names or not analysis.flags:
        return
    said = panel_codes(analysis, names)
    alone = [_alone(analysis, name, codes) for name, codes in zip(names, said.codes, strict=True)]
    if len(alone) > 1:
        yield _together(analysis, alone)
    yield from alone


def _alone(analysis: Analysis, name: str, codes: Floats) -> Truth:
    problem = None
    if half_weighted(analysis, name):
        problem = f"Only some codes of {name} have sampling weights, so {BIASED}"
    return Truth(name, codes, weights_of(analysis, name), problem)


def _together(analysis: Analysis, alone: Sequence[Truth]) -> Truth:
    rule = analysis.reconcile
    codes = np.stack([one.codes for one in alone])
    coded = np.stack([came_to(analysis, one.name) for one in alone])
    found = np.stack([reconciled(codes[:, flag], coded, rule) for flag in range(codes.shape[1])])
    weights, shared = _shared([one.weights for one in alone])
    name = f"humans:{rule}"
    unlike = f"The humans coded different samples, so for {name} {BIASED}"
    return Truth(name, found, weights, None if shared else unlike)


def reconciled(codes: Floats, coded: Mask, rule: str) -> Floats:
    """Labels (messages,) of one flag from codes (humans, messages), message by message of those who coded it.

    Somebody who was never at a message is not silent about it: of two shares of a sample each is its
    annotator's. Somebody who was, and could not tell, is; and a tie stays undecided. Dawid–Skene alone takes
    all messages at once, for it weighs coders by all that they coded.
    """
    adjudication = ADJUDICATIONS[rule]
    if adjudication.takes_gaps:
        return adjudication.label(codes)
    labels = np.full(codes.shape[1], np.nan)
    patterns, of = np.unique(coded, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        if pattern.any():
            here = of.ravel() == number
            labels[here] = adjudication.label(codes[np.ix_(pattern, here)])
    return labels


def _shared(weights: Sequence[Floats | None]) -> tuple[Floats | None, bool]:
    """The weights of a sample that all of them share; and whether they do (having none is sharing, too)."""
    given = [each for each in weights if each is not None]
    if not given:
        return None, True
    if len(given) < len(weights):
        return None, False
    whole = np.fmax.reduce(given)
    alike = all(bool((np.isnan(each) | (each == whole)).all()) for each in given)
    return (whole, True) if alike else (None, False)
