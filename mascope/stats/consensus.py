"""Whom agents name when each is asked in private who led: do they agree, and with the graph of mentions?

names: (runs, seats), the seat that each agent named, −1 where it named nobody; size: (runs,), agents of the
run, any of whom can be named. Measures are (…, runs), NaN where nobody was named.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio

Measure: TypeAlias = Callable[[Ints, Ints], Floats]
_AT_ONCE = 4_000_000  # names counted together


def named(names: Ints) -> Floats:
    """How often each seat was named: (…, runs, seats)."""
    seats = names.shape[-1]
    flat = names.reshape(-1, seats)
    row, place = np.nonzero(flat >= 0)
    counts = np.bincount(row * seats + flat[row, place], minlength=flat.size)
    return counts.reshape(names.shape).astype(np.float64)


def entropy(names: Ints, size: Ints) -> Floats:
    """Shannon entropy of the agents named over log₂ of how many there are: 0 where all name the same one."""
    counts = named(names)
    p = ratio(counts, counts.sum(axis=-1, keepdims=True))
    p = np.where(np.isnan(p) | (p == 0), 1.0, p)
    bits = -(p * np.log2(p)).sum(axis=-1)
    most = np.where(size > 1, np.log2(np.maximum(2, size)), 0.0)
    return np.where(
        counts.sum(axis=-1) > 0, np.maximum(0.0, ratio(bits, np.broadcast_to(most, bits.shape))), np.nan
    )


def top_share(names: Ints, size: Ints) -> Floats:
    """Share of the answers that name the agent who is named most."""
    counts = named(names)
    return ratio(counts.max(axis=-1, initial=0.0), counts.sum(axis=-1))


def self_share(names: Ints, size: Ints) -> Floats:
    """Share of the answers that name the one who answers."""
    own = names == np.arange(names.shape[-1])
    return ratio(own.sum(axis=-1).astype(np.float64), (names >= 0).sum(axis=-1).astype(np.float64))


def agreement_with(names: Ints, leader: Ints) -> Floats:
    """Share of the answers that name the `leader` (runs,); NaN where a run has none (−1)."""
    given = (names >= 0).sum(axis=-1).astype(np.float64)
    found = ratio((names == leader[:, np.newaxis]).sum(axis=-1).astype(np.float64), given)
    return np.where(leader >= 0, found, np.nan)


MEASURES: Mapping[str, Measure] = MappingProxyType({
    "entropy": entropy,
    "top_share": top_share,
    "self_share": self_share,
})  # fmt: skip
"""Of the answers alone."""


def by_chance(names: Ints, size: Ints, rng: np.random.Generator, permutations: int) -> Ints:
    """The same agents answering, each with any agent of its run alike: (permutations, runs, seats)."""
    times = min(permutations, max(1, _AT_ONCE // max(1, names.size)))
    drawn = (rng.random((times, *names.shape)) * size[:, np.newaxis]).astype(np.intp)
    return np.where(names >= 0, drawn, -1)
