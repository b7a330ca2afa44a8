"""Do the agents of a series fall into roles? Clusters of agents by what they do, and whether to believe them.

k-means (Lloyd 1982) on z-scored features, the number of clusters by mean silhouette (Rousseeuw 1987),
stability as the mean adjusted Rand index (Hubert & Arabie 1985) between the clusters and those of resampled
runs. Many resamples are clustered at once, for a group has few agents.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mascope.stats.resampling import Floats, bootstrap_totals, ratio

Ints = npt.NDArray[np.intp]

MOST_CLUSTERS = 8
AGENTS_TO_CLUSTER = 4
"""With fewer, every division into two or more has clusters of one."""
AGENTS_TO_SUPPORT = 10
"""With fewer points than features, k-means finds clusters in noise."""
REASONABLE_SILHOUETTE = 0.5
"""From here on "a reasonable structure has been found" (Kaufman & Rousseeuw 1990, table 4)."""
STABLE = 0.75
"""Similarity under resampling from which a cluster is "valid, stable" (Hennig 2007)."""
RESAMPLES = 200
STARTS = 50
"""Sets of first centres; fewer for each resample."""
_STARTS_RESAMPLED = 10
_ITERATIONS = 100
_AT_ONCE = 4_000_000  # coordinates' distances held together


@dataclass(frozen=True, slots=True)
class Roles:
    """The clusters of one series' agents."""

    cluster: Ints
    """(agents,) from 0, the largest first."""
    k: int
    silhouette: float
    """Mean over the agents, −1 to 1."""
    stability: float | None
    """Mean adjusted Rand index under resampling of runs; None with fewer than two runs."""
    z: Floats
    """(agents, features), 0 for a feature in which all are alike."""
    doubt: str
    """Why the clusters are not supported; empty where they are."""


def roles(
    numerators: Floats, denominators: Floats, rng: np.random.Generator, most: int = MOST_CLUSTERS
) -> Roles | None:
    """Cluster agents by features that are ratios of sums over runs, given as (runs, agents, features).

    None with too few agents, and where they do not differ.
    """
    points = z_scores(ratio(numerators.sum(axis=0), denominators.sum(axis=0)))
    agents = len(points)
    if agents < AGENTS_TO_CLUSTER or len(np.unique(points.round(9), axis=0)) < 3:
        return None
    tried = [_clustered(points, k, rng) for k in range(2, min(most, agents - 1) + 1)]
    cluster, silhouette = max(tried, key=lambda found: found[1])
    k = int(cluster.max()) + 1
    stability = _stability(numerators, denominators, cluster, rng)
    return Roles(cluster, k, silhouette, stability, points, _doubt(agents, silhouette, stability))


def z_scores(features: Floats) -> Floats:
    """(…, agents, features) → z over the agents; what is undefined, or the same for all, is 0."""
    known = ~np.isnan(features)
    count = known.sum(axis=-2, keepdims=True)
    mean = ratio(np.where(known, features, 0.0).sum(axis=-2, keepdims=True), count.astype(np.float64))
    deviation = np.where(known, features - mean, 0.0)
    sd = np.sqrt(ratio((deviation**2).sum(axis=-2, keepdims=True), count.astype(np.float64)))
    varies = sd > 1e-12 * np.maximum(1.0, np.abs(mean))
    return np.where(varies, ratio(deviation, np.where(varies, sd, 1.0)), 0.0)


def k_means(points: Floats, k: int, rng: np.random.Generator, starts: int = STARTS) -> tuple[Ints, Floats]:
    """Clusters (sets, points) and their inertia (sets,) of many sets of points (sets, points, features).

    The best of several `starts`, each from k points drawn at random.
    """
    sets, n, features = points.shape
    step = max(1, _AT_ONCE // max(1, starts * n * k * features))
    found = [_best(points[first : first + step], k, rng, starts) for first in range(0, sets, step)]
    labels, inertia = zip(*found, strict=True)
    return np.concatenate(labels), np.concatenate(inertia)


def silhouette_score(points: Floats, cluster: Ints) -> float:
    """Mean over points (n, features) of (b − a) / max(a, b); 0 for a point that is alone in its cluster.

    a: mean distance to the others of its cluster; b: to the nearest other cluster. At least two clusters.
    """
    squared = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(0.0, squared[:, np.newaxis] + squared - 2 * points @ points.T))
    np.fill_diagonal(distances, 0.0)
    member = np.eye(int(cluster.max()) + 1)[cluster]
    sizes, sums = member.sum(axis=0), distances @ member
    own = sizes[cluster] - 1
    a = ratio(sums[np.arange(len(points)), cluster], own)
    b = np.where(member == 1, np.inf, ratio(sums, np.broadcast_to(sizes, sums.shape)))
    nearest = np.nanmin(b, axis=1)
    widths = ratio(nearest - a, np.maximum(a, nearest))
    return float(np.where(np.isnan(widths), 0.0, widths).mean())


def adjusted_rand(clusters: Ints, reference: Ints) -> Floats:
    """Adjusted Rand index (sets,) of clusters (sets, points) against one reference (points,).

    (Σ C(nᵢⱼ, 2) − E) / (½ [Σ C(aᵢ, 2) + Σ C(bⱼ, 2)] − E), E = Σ C(aᵢ, 2) Σ C(bⱼ, 2) / C(n, 2). 1 where both
    are one cluster, or both all singletons.
    """
    n = len(reference)
    ours, theirs = np.eye(int(clusters.max()) + 1)[clusters], np.eye(int(reference.max()) + 1)[reference]
    table = np.einsum("sni,nj->sij", ours, theirs)
    both = _pairs(table).sum(axis=(1, 2))
    rows, columns = _pairs(table.sum(axis=2)).sum(axis=1), _pairs(table.sum(axis=1)).sum(axis=1)
    expected = rows * columns / (n * (n - 1) / 2)
    index = ratio(both - expected, (rows + columns) / 2 - expected)
    return np.where(np.isnan(index), 1.0, index)


def _pairs(count: Floats) -> Floats:
    return count * (count - 1) / 2


def _clustered(points: Floats, k: int, rng: np.random.Generator) -> tuple[Ints, float]:
    cluster = _by_size(k_means(points[np.newaxis], k, rng)[0][0])
    return cluster, silhouette_score(points, cluster) if cluster.max() > 0 else -1.0


def _by_size(cluster: Ints) -> Ints:
    """Numbered anew from 0, the largest cluster first, without the empty ones."""
    names, members = np.unique(cluster, return_inverse=True)
    order = np.argsort(-np.bincount(members), kind="stable")
    place = np.empty(len(names), dtype=np.intp)
    place[order] = np.arange(len(names))
    return place[members]


def _stability(
    numerators: Floats, denominators: Floats, cluster: Ints, rng: np.random.Generator
) -> float | None:
    if len(numerators) < 2:
        return None
    sums = bootstrap_totals(np.stack([numerators, denominators], axis=1), rng, RESAMPLES)
    points = z_scores(ratio(sums[:, 0], sums[:, 1]))
    found, _ = k_means(points, int(cluster.max()) + 1, rng, _STARTS_RESAMPLED)
    return float(adjusted_rand(found, cluster).mean())


def _doubt(agents: int, silhouette: float, stability: float | None) -> str:
    return "; ".join(_doubts(agents, silhouette, stability))


def _doubts(agents: int, silhouette: float, stability: float | None) -> Iterator[str]:
    if agents < AGENTS_TO_SUPPORT:
        yield f"only {agents} agents, of {AGENTS_TO_SUPPORT} that are needed"
    if silhouette < REASONABLE_SILHOUETTE:
        yield f"silhouette below {REASONABLE_SILHOUETTE}"
    if stability is None:
        yield "one run: stability unknown"
    elif stability < STABLE:
        yield f"stability below {STABLE}"


def _best(points: Floats, k: int, rng: np.random.Generator, starts: int) -> tuple[Ints, Floats]:
    sets, n, features = points.shape
    chosen = np.argsort(rng.random((sets, starts, n)), axis=-1)[..., :k]
    every = np.broadcast_to(points[:, np.newaxis], (sets, starts, n, features))
    centres = np.take_along_axis(every, chosen[..., np.newaxis], axis=2)
    cluster = _nearest(points, centres)
    for _ in range(_ITERATIONS):
        centres = _centres(points, cluster, centres)
        moved = _nearest(points, centres)
        if (moved == cluster).all():
            break
        cluster = moved
    spread = _squared(points, centres).min(axis=-1).sum(axis=-1)
    best = spread.argmin(axis=1)
    return cluster[np.arange(sets), best], spread[np.arange(sets), best]


def _squared(points: Floats, centres: Floats) -> Floats:
    """Squared distances (sets, starts, points, k)."""
    difference = points[:, np.newaxis, :, np.newaxis] - centres[:, :, np.newaxis]
    squared: Floats = np.einsum("...f,...f->...", difference, difference)
    return squared


def _nearest(points: Floats, centres: Floats) -> Ints:
    nearest: Ints = _squared(points, centres).argmin(axis=-1)
    return nearest


def _centres(points: Floats, cluster: Ints, before: Floats) -> Floats:
    """Means of the clusters; one that lost all its points stays where it was."""
    member = np.eye(before.shape[2])[cluster]
    sizes = member.sum(axis=2)[..., np.newaxis]
    sums = np.einsum("rsnk,rnf->rskf", member, points)
    return np.where(sizes > 0, ratio(sums, sizes), before)
