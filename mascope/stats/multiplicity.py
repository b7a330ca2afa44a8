"""Several tests at once: p-values adjusted for the size of their family. Undefined p-values (NaN) stay so."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.stats.resampling import Floats

Adjustment: TypeAlias = Callable[[npt.ArrayLike], Floats]
"""p-values (tests,) of one family → adjusted p-values (tests,). NaN stays NaN and is no member."""


def bonferroni(p: npt.ArrayLike) -> Floats:
    """m·p, at most 1, where m tests of the family have a p-value (Dunn 1961)."""
    values = np.asarray(p, dtype=np.float64)
    return np.minimum(1.0, values * np.count_nonzero(~np.isnan(values)))


def holm(p: npt.ArrayLike) -> Floats:
    """Step-down Bonferroni (Holm 1979): the i-th smallest of m p-values times m − i + 1, never falling."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]  # NaN is sorted last
    adjusted = np.full(values.shape, np.nan)
    steps = values[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


ADJUSTMENTS: Mapping[str, Adjustment] = MappingProxyType({"holm": holm, "bonferroni": bonferroni})


def within_families(p: npt.ArrayLike, families: Sequence[Hashable], adjust: Adjustment = holm) -> Floats:
    """p-values (tests,) adjusted within each family; `families` names the family of each test."""
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    for family in set(families):
        members = np.array([other == family for other in families])
        adjusted[members] = adjust(values[members])
    return adjusted
