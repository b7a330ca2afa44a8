"""Measures of who addresses whom, on many small graphs at once.

A graph is a matrix (…, n, n) of weights: how often the agent of the row named that of the column. The
diagonal is 0. Groups of different size share an array: `present` (…, n) marks the seats that are taken, and
the others have no edges. Undefined is NaN.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.stats.resampling import Floats, ratio

Bools: TypeAlias = npt.NDArray[np.bool_]
Measure: TypeAlias = Callable[[Floats, Bools], Floats]
"""(graphs (…, n, n), present (…, n)) → (…,)."""

DAMPING = 0.85


def gini(amounts: Floats, present: Bools | None = None) -> Floats:
    """Gini coefficient (…,) of amounts (…, n): Σ(2i − n − 1)x_i / (nΣx), x rising (Gini 1914; Damgaard &
    Weiner 2000). 0: all alike. NaN where nothing is there to share, or nobody."""
    taken = np.ones(amounts.shape, dtype=np.bool_) if present is None else present
    n = np.broadcast_to(taken, amounts.shape).sum(axis=-1, keepdims=True).astype(np.float64)
    x = np.sort(np.where(taken, amounts, 0.0), axis=-1)
    # Seats not taken hold 0 and come first; ranks count from those that are.
    size = amounts.shape[-1]
    rank = np.arange(1, size + 1) - (size - n)
    return ratio(((2 * rank - n - 1) * x).sum(axis=-1), n[..., 0] * x.sum(axis=-1))


def density(graphs: Floats, present: Bools) -> Floats:
    """Share of the ordered pairs of agents in which the first named the second."""
    n = _size(present)
    return ratio((graphs > 0).sum(axis=(-2, -1)).astype(np.float64), n * (n - 1))


def reciprocity(graphs: Floats, present: Bools) -> Floats:
    """Share of edges that are returned. NaN without edges."""
    edges = graphs > 0
    returned = edges & np.swapaxes(edges, -2, -1)
    return ratio(_total(returned), _total(edges))


def in_centralization(graphs: Floats, present: Bools) -> Floats:
    """Σ(max − d) / (n − 1)² over in-degrees d, the numbers of others by whom an agent is named (Freeman).

    Freeman 1979; 0 where all are named by equally many, 1 where all name one and nobody else.
    """
    degree = (graphs > 0).sum(axis=-2)
    gaps = np.where(present, degree.max(axis=-1, keepdims=True, initial=0) - degree, 0)
    return ratio(gaps.sum(axis=-1).astype(np.float64), np.square(np.maximum(_size(present) - 1, 0)))


def in_gini(graphs: Floats, present: Bools) -> Floats:
    """Gini coefficient of how often each agent is named."""
    return gini(graphs.sum(axis=-2), present)


def constraint(graphs: Floats, present: Bools) -> Floats:
    """Burt's constraint, mean over the agents that name or are named (Burt 1992, equation 2.4).

    p_ij: the share of i's exchanges, in both directions, that are with j. c_i = Σ_j (p_ij + Σ_q p_iq p_qj)²
    over the j that i exchanges with: high where all contacts know each other.
    """
    mutual = graphs + np.swapaxes(graphs, -2, -1)
    p = np.nan_to_num(ratio(mutual, mutual.sum(axis=-1, keepdims=True)))
    invested = np.where(mutual > 0, np.square(p + p @ p), 0.0).sum(axis=-1)
    active = (mutual.sum(axis=-1) > 0).sum(axis=-1)
    return ratio(invested.sum(axis=-1), active.astype(np.float64))


def pagerank(graphs: Floats, present: Bools) -> Floats:
    """PageRank (…, n) of each agent (Page et al. 1999), damping .85; 0 on seats not taken.

    Who names nobody passes its rank on to all alike. Solved, not iterated.
    """
    teleport = ratio(present.astype(np.float64), _size(present)[..., np.newaxis])
    out = graphs.sum(axis=-1, keepdims=True)
    passed = np.where(out > 0, np.nan_to_num(ratio(graphs, out)), teleport[..., np.newaxis, :])
    passed = np.where(present[..., np.newaxis], passed, 0.0)
    system: Floats = np.eye(graphs.shape[-1], dtype=np.float64) - DAMPING * np.swapaxes(passed, -2, -1)
    right = np.broadcast_to((1 - DAMPING) * np.nan_to_num(teleport), graphs.shape[:-1])
    ranks: Floats = np.linalg.solve(system, right[..., np.newaxis])[..., 0].astype(np.float64)
    return ranks


def pagerank_top(graphs: Floats, present: Bools) -> Floats:
    """The highest PageRank in the group; 1/n where nobody stands out. NaN without edges."""
    return np.where(graphs.sum(axis=(-2, -1)) > 0, pagerank(graphs, present).max(axis=-1, initial=0), np.nan)


MEASURES: Mapping[str, Measure] = MappingProxyType({
    "density": density,
    "reciprocity": reciprocity,
    "in_centralization": in_centralization,
    "in_gini": in_gini,
    "constraint": constraint,
    "pagerank_top": pagerank_top,
})  # fmt: skip
"""Measures of one run's graph."""


def leaders(graphs: Floats, present: Bools) -> npt.NDArray[np.intp]:
    """The seat (…,) with the highest PageRank; −1 without edges, and where several share the place."""
    if graphs.shape[-1] == 0:
        return np.full(graphs.shape[:-2], -1, dtype=np.intp)
    ranks = np.round(pagerank(graphs, present), 12)
    alone = (ranks == ranks.max(axis=-1, keepdims=True)).sum(axis=-1) == 1
    found: npt.NDArray[np.intp] = np.where(alone & (graphs.sum(axis=(-2, -1)) > 0), ranks.argmax(axis=-1), -1)
    return found


def persistence(leading: npt.NDArray[np.intp]) -> Floats:
    """Share (…,) of rounds, from the second on, that keep the leader of the round before.

    leading: (…, rounds), −1 where a round has none; only neighbouring rounds that both have one count.
    """
    before, after = leading[..., :-1], leading[..., 1:]
    both = (before >= 0) & (after >= 0)
    return ratio(
        (both & (before == after)).sum(axis=-1).astype(np.float64), both.sum(axis=-1).astype(np.float64)
    )


def _size(present: Bools) -> Floats:
    return np.asarray(present.sum(axis=-1), dtype=np.float64)


def _total(marks: Bools) -> Floats:
    return np.asarray(marks.sum(axis=(-2, -1)), dtype=np.float64)
