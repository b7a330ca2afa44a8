"""From a panel's codes to labels: one flag, three states.

Codes are float arrays (coders, messages) with 1 yes, 0 no and NaN undecided or missing; labels (messages,)
say the same. A judgement that is missing could have been either, so the rules follow Kleene's three-valued
logic: a label is given only where no missing judgement could have changed it. That makes a coder who says no
enough for an intersection to be no, and every other gap a gap. Dawid–Skene alone goes by probability.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.errors import InvalidInput
from mascope.judging import dawid_skene

Floats: TypeAlias = npt.NDArray[np.float64]

UNDECIDED = 0.5  # Kleene's unknown lies between no (0) and yes (1): AND is then the minimum, OR the maximum


@dataclass(frozen=True, slots=True)
class Adjudication:
    label: Callable[[Floats], Floats]
    """Codes (coders, messages) → labels (messages,)."""
    definition: str
    """One sentence for a reader of the report."""
    takes_gaps: bool = False
    """Whether it weighs coders who did not come to a message for itself; the others count them as silent."""


def intersection(codes: Floats) -> Floats:
    """Yes where all coders say yes, no where any says no."""
    return _three_states(_with_unknown(codes).min(axis=0))


def union(codes: Floats) -> Floats:
    """Yes where any coder says yes, no where all say no."""
    return _three_states(_with_unknown(codes).max(axis=0))


def majority(codes: Floats) -> Floats:
    """What more than half of the whole panel say, the silent counted in; a tie is undecided."""
    half = len(codes) / 2
    yes, no = (codes == 1).sum(axis=0) > half, (codes == 0).sum(axis=0) > half
    return _three_states(np.where(yes, 1.0, np.where(no, 0.0, UNDECIDED)))


def by_dawid_skene(codes: Floats) -> Floats:
    """The more probable answer under the coders' estimated errors; undecided where neither is clearly so.

    Two coders' error rates cannot be told from their codes: with fewer than three it is what they agree on.
    """
    active = codes[~np.isnan(codes).all(axis=1)]
    if len(active) < dawid_skene.CODERS_NEEDED:
        return majority(active)
    return dawid_skene.fit(active).labels()


ADJUDICATIONS: Mapping[str, Adjudication] = {
    "intersection": Adjudication(
        intersection, "yes where every coder says yes, no where one says no, else undecided"
    ),
    "union": Adjudication(
        union, "yes where one coder says yes, no where every coder says no, else undecided"
    ),
    "majority": Adjudication(majority, "what more than half of all coders say, else undecided"),
    "dawid_skene": Adjudication(
        by_dawid_skene,
        "yes or no where its probability under the coders' estimated error rates (Dawid & Skene 1979) is at "
        f"least {dawid_skene.DECIDED}, else undecided; with fewer than {dawid_skene.CODERS_NEEDED} coders, "
        "what all of them say",
        takes_gaps=True,
    ),
}
"""The rules by name. Beside them the name of any coder stands for that coder's codes alone."""


def adjudicate(codes: Mapping[str, npt.ArrayLike], how: str) -> Floats:
    """Labels (messages,) from codes by coder, each (messages,), by a rule or by the name of one coder.

    Raises `InvalidInput` for a name that is neither, or where there is no coder.
    """
    if not codes:
        raise InvalidInput(
            "There are no codes to make labels from; run `mascope judge` or `mascope import codes`"
        )
    arrays = {coder: _checked(coder, values) for coder, values in codes.items()}
    if how in ADJUDICATIONS:
        return ADJUDICATIONS[how].label(np.stack(list(arrays.values())))
    if how in arrays:
        return arrays[how].copy()
    raise InvalidInput(_unknown(how, (*ADJUDICATIONS, *codes)))


def _checked(coder: str, values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not (np.isnan(array) | (array == 0) | (array == 1)).all():
        raise ValueError(f"a code of {coder} is neither 1 (yes), 0 (no) nor NaN (undecided or missing)")
    return array


def _unknown(how: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(how, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"There is no way of labelling called {how!r}{hint} Known are: {', '.join(known)}"


def _with_unknown(codes: Floats) -> Floats:
    return np.where(np.isnan(codes), UNDECIDED, codes)


def _three_states(values: Floats) -> Floats:
    return np.where(values == UNDECIDED, np.nan, values)
