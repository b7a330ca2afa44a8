"""A coder asked again: does it say the same, does it drift, and does it matter how many it is asked at once?

Codes are float arrays: 1 yes, 0 no, NaN undecided or missing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.stats import confusion as two
from mascope.stats.kappa_interval import kappa_by_runs
from mascope.stats.linearisation import wilson
from mascope.stats.resampling import (
    LEVEL,
    Bootstrap,
    Estimate,
    Floats,
    cluster_index,
    cluster_totals,
    ratio,
    resampled,
)

Formula: TypeAlias = Callable[[Floats], Floats]

_ROUNDING = 1e-12

NORMAL = 1.959963984540054
"""The .975 quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The anchors coded anew, once."""

    turn: int
    agreement: Estimate
    """Share of the anchors coded as in the first turn, Wilson interval; n: anchors that both decided."""
    yes: float | None
    """Share of the decided anchors that are yes."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What becomes of one flag as the anchors are coded again and again."""

    turns: int
    agreement: Estimate
    """Of the later turns with the first, all together; n: anchors."""
    agreement_slope: Estimate
    """Its change a turn, by least squares over the turns after the first."""
    yes_slope: Estimate
    """Change a turn of the share of yeses, the first turn counted."""


def turns_of(codes: Floats) -> tuple[Turn, ...]:
    """Codes (turns, anchors) → each turn after the first, held against the first."""
    alike, both = _alike(codes)
    found = []
    for turn in range(1, len(codes)):
        n, same = int(both[turn].sum()), float(alike[turn].sum())
        share = same / n if n else None
        interval = None if share is None else wilson(share, n, NORMAL, LEVEL)
        decided = codes[turn][~np.isnan(codes[turn])]
        yes = float(decided.mean()) if decided.size else None
        found.append(Turn(turn + 1, Estimate(share, interval, n), yes))
    return tuple(found)


def drift(codes: Floats, bootstrap: Bootstrap) -> Drift:
    """Codes (turns, anchors) of one flag; intervals by bootstrap over the anchors."""
    alike, both = _alike(codes)
    decided = ~np.isnan(codes)
    told = np.stack([alike, both, np.nan_to_num(codes), decided.astype(np.float64)], axis=-1)
    summed = resampled(told.swapaxes(0, 1), bootstrap)  # (anchors, turns, 4)

    def overall(sums: Floats) -> Floats:
        return ratio(sums[..., 1:, 0].sum(axis=-1), sums[..., 1:, 1].sum(axis=-1))

    return Drift(
        turns=len(codes),
        agreement=summed.estimate(overall),
        agreement_slope=summed.estimate(lambda sums: slope(ratio(sums[..., 1:, 0], sums[..., 1:, 1]))),
        yes_slope=summed.estimate(lambda sums: slope(ratio(sums[..., 2], sums[..., 3]))),
    )


def _alike(codes: Floats) -> tuple[Floats, Floats]:
    """(turns, anchors) twice: whether a code is that of the first turn, and whether both are decided."""
    both = ~np.isnan(codes) & ~np.isnan(codes[:1])
    return (both & (codes == codes[:1])).astype(np.float64), both.astype(np.float64)


def slope(values: Floats) -> Floats:
    """Least-squares slope over the last axis (…, turns), a unit a turn; NaN with fewer than two values."""
    known = ~np.isnan(values)
    turn = np.where(known, np.arange(values.shape[-1], dtype=np.float64), np.nan)
    n = known.sum(axis=-1, keepdims=True).astype(np.float64)
    centred = turn - ratio(np.nansum(turn, axis=-1, keepdims=True), n)
    steep = ratio(np.nansum(centred * np.nan_to_num(values), axis=-1), np.nansum(centred**2, axis=-1))
    return np.where(np.abs(steep) < _ROUNDING, 0.0, steep)  # what never changes has no slope at all


# Batches ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Some of a coder's messages, told from the others by how they were asked about."""

    name: str
    n: int
    """Messages that it decided."""
    yes: Estimate
    difference: Estimate
    """Share of yeses less that of all other groups together."""


def by_group(
    codes: Floats, groups: npt.ArrayLike, names: Sequence[str], runs: npt.ArrayLike, bootstrap: Bootstrap
) -> tuple[Group, ...]:
    """Codes (messages,) of one flag by each message's group, a place in `names`; intervals by runs."""
    index, clusters = cluster_index(np.asarray(runs))
    member = np.asarray(groups)[:, np.newaxis] == np.arange(len(names))
    decided = member & ~np.isnan(codes)[:, np.newaxis]
    told = np.stack([decided * np.nan_to_num(codes)[:, np.newaxis], decided], axis=-1).astype(np.float64)
    summed = resampled(cluster_totals(told, index, clusters), bootstrap)  # (runs, groups, 2)
    counts = told[..., 1].sum(axis=0)
    return tuple(
        Group(name, int(counts[k]), summed.estimate(_share_of(k)), summed.estimate(_beyond_others(k)))
        for k, name in enumerate(names)
    )


def _share_of(group: int) -> Formula:
    return lambda sums: ratio(sums[..., group, 0], sums[..., group, 1])


def _beyond_others(group: int) -> Formula:
    def difference(sums: Floats) -> Floats:
        others = sums.sum(axis=-2) - sums[..., group, :]
        return _share_of(group)(sums) - ratio(others[..., 0], others[..., 1])

    return difference


@dataclass(frozen=True, slots=True)
class Pair:
    """The same messages asked about in two ways."""

    n: int
    """Messages that were decided both times."""
    yes: Estimate
    """Of the second way."""
    difference: Estimate
    """Share of yeses of the second way less that of the first."""
    agreement: Estimate
    kappa: Estimate


def paired(first: Floats, second: Floats, runs: npt.ArrayLike, bootstrap: Bootstrap) -> Pair:
    """Codes (messages,) of one flag, twice; intervals by runs."""
    index, clusters = cluster_index(np.asarray(runs))
    counts = two.confusions(first, second, index, clusters)
    summed = resampled(counts, bootstrap)
    kappa = kappa_by_runs(counts)
    varied = two.kappa_interval(two.as_confusion(counts.sum(axis=0))) is not None
    return Pair(
        n=int(counts.sum()),
        yes=summed.estimate(two.prevalence_b),
        difference=summed.estimate(lambda sums: -two.bias(sums)),
        agreement=summed.estimate(two.observed_agreement),
        kappa=kappa if varied else replace(kappa, interval=None),
    )
