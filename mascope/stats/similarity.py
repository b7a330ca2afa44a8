"""How alike the agents of a run are, by their profiles of traits; the series' mean.

The main measure is the mean cosine over pairs of agents. Jensen-Shannon and Euclidean distances stand beside
it, for they see other things: cosine and Jensen-Shannon compare the mix of traits and cannot place an agent
that shows none, Euclidean compares how much of each.

An agent has a profile where each trait has at least one decided label. Without labels of some trait at all
(a coder that does not know it), leave that trait out of `traits`: see `decided_traits`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

from mascope.stats.profiles import Ints, Tally, any_trait, cells, flag_values, tally
from mascope.stats.resampling import (
    RESAMPLES,
    Floats,
    bootstrap_mean,
    bootstrap_statistic,
    ratio,
)

SIMILARITY_COLUMNS = (
    "run", "series", "cosine", "pairs", "dropped", "agents", "jensen_shannon", "euclidean", "note",
)  # fmt: skip
SERIES_COLUMNS = (
    "series", "runs", "messages", "cosine", "low", "high",
    "runs_with_cosine", "pairs", "dropped",
    "any_trait", "any_trait_low", "any_trait_high", "labelled", "note",
)  # fmt: skip

UNCODED = "no message has a decided label of a trait"

_ESTIMATES = ("cosine", "low", "high", "any_trait", "any_trait_low", "any_trait_high")


@dataclass(frozen=True, slots=True)
class Cosines:
    """Mean pairwise cosine by run, and what it rests on. Each array is (…, runs)."""

    mean: Floats
    """NaN where no pair is left."""
    agents: Ints
    """Agents with a profile."""
    pairs: Ints
    """Pairs the mean is over."""
    dropped: Ints
    """Pairs left out because one of the two has no trait at all (a zero vector has no direction)."""


def mean_cosines(profiles: Floats, starts: Ints) -> Cosines:
    """Mean cosine over all pairs of agents within each run.

    profiles: (…, cells, traits), NaN where undefined; starts: (runs,) the first cell of each run, none empty.
    With unit vectors u of the m agents that show any trait, Σ over pairs of u·v = (|Σu|² − m) / 2, so that no
    pair need be visited.
    """
    by_trait = np.ascontiguousarray(np.moveaxis(profiles, -1, 0))
    has_profile = np.asarray(~np.isnan(by_trait).any(axis=0)) & (len(by_trait) > 0)
    known = np.where(has_profile, by_trait, 0.0)
    length = np.sqrt(np.square(known).sum(axis=0))
    unit = np.divide(known, length, out=np.zeros_like(known), where=length > 0)
    total = np.add.reduceat(unit, starts, axis=-1)
    m = np.add.reduceat(length > 0, starts, axis=-1, dtype=np.intp)
    agents = np.add.reduceat(has_profile, starts, axis=-1, dtype=np.intp)
    mean = ratio(np.square(total).sum(axis=0) - m, (m * (m - 1)).astype(np.float64))
    pairs = m * (m - 1) // 2
    # Rates are not negative, so neither is a cosine: only rounding leads outside.
    return Cosines(np.clip(mean, 0.0, 1.0), agents, pairs, agents * (agents - 1) // 2 - pairs)


Distance: TypeAlias = Callable[[Floats, Floats], Floats]
"""Two arrays of profiles (…, traits) → distances (…,); NaN where undefined."""


def jensen_shannon(p: Floats, q: Floats) -> Floats:
    """Jensen-Shannon distance to base 2 of the two mixes of traits: 0 the same mix, 1 no trait in common.

    Profiles are scaled to sum to 1; the distance is the square root of the divergence (Lin 1991; Endres &
    Schindelin 2003). Undefined where either is a zero vector.
    """
    p = ratio(p, p.sum(axis=-1, keepdims=True))
    q = ratio(q, q.sum(axis=-1, keepdims=True))
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return np.sqrt(np.clip(divergence, 0.0, 1.0))


def euclidean(p: Floats, q: Floats) -> Floats:
    """√Σ(p − q)², from 0 to √traits. Defined for zero vectors too."""
    distances: Floats = np.linalg.norm(p - q, axis=-1)
    return distances


DISTANCES: Mapping[str, Distance] = MappingProxyType(
    {"jensen_shannon": jensen_shannon, "euclidean": euclidean}
)


def mean_distances(profiles: Floats, starts: Ints, distance: Distance) -> Floats:
    """Mean distance over all pairs of agents of each run: (cells, traits) → (runs,); NaN without pairs."""
    total, pairs = np.zeros((2, len(starts)))
    for p, q in _pairs(_by_seat(profiles, starts)):
        found = distance(p, q)
        total += np.nansum(found, axis=1)
        pairs += np.count_nonzero(~np.isnan(found), axis=1)
    return ratio(total, pairs)


def decided_traits(labels: pd.DataFrame, traits: Sequence[str]) -> tuple[str, ...]:
    """The traits that have any decided label; the others can be in no profile."""
    return tuple(trait for trait in traits if trait in labels and labels[trait].notna().any())


def similarity(
    labels: pd.DataFrame, traits: Sequence[str], series: Sequence[str] | None = None
) -> pd.DataFrame:
    """Similarity of each run that has messages: one row each, with the columns `SIMILARITY_COLUMNS`.

    `cosine`: mean over the `pairs` of agents with a profile that is not zero, NaN where none is left;
    `dropped`: the other pairs of the `agents` with a profile. `jensen_shannon`: mean distance over the same
    pairs. `euclidean`: mean distance over both. `note`: why there is no cosine.
    """
    counts = tally(labels, traits, series)
    if not len(counts.cells.run):
        return pd.DataFrame(columns=list(SIMILARITY_COLUMNS))
    return _similarity_of(counts)


def _similarity_of(counts: Tally) -> pd.DataFrame:
    found, starts, rates = counts.cells, counts.cells.starts, counts.rates
    cosines = mean_cosines(rates, starts)
    distances = {name: mean_distances(rates, starts, distance) for name, distance in DISTANCES.items()}
    decided = np.add.reduceat(counts.decided.sum(axis=1), starts)
    columns = {
        "run": found.runs, "series": np.array(found.series)[found.series_of_run],
        "cosine": cosines.mean, "pairs": cosines.pairs, "dropped": cosines.dropped, "agents": cosines.agents,
        "note": np.select(
            [cosines.pairs > 0, decided == 0, cosines.agents < 2],
            ["", UNCODED, "fewer than two agents have a profile"],
            "fewer than two agents show any trait",
        ),
    }  # fmt: skip
    return pd.DataFrame(columns | distances)[list(SIMILARITY_COLUMNS)]


def series_similarity(
    labels: pd.DataFrame,
    traits: Sequence[str],
    rng: np.random.Generator,
    series: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Similarity and share of messages with any trait: one row a series, with the columns `SERIES_COLUMNS`.

    `cosine`: mean over the `runs_with_cosine` runs that have one. `any_trait`: share of the `labelled`
    messages (every trait decided) that show a trait. Their intervals are expanded bootstrap intervals over
    runs (plain percentiles of 21 runs hold the truth in but 92 to 93% of studies, of 5 in 83%); NaN with
    fewer than two runs, and where runs do not differ. A series named in `series` that has no messages has a
    row that says so.
    """
    per_run = run_summary(labels, traits, series)
    found = cells(labels, series)
    rows = [
        _series_row(name, per_run.iloc[found.runs_of(number)], rng, resamples)
        for number, name in enumerate(found.series)
    ]
    frame = pd.DataFrame(rows, columns=list(SERIES_COLUMNS))
    return frame.astype(dict.fromkeys(_ESTIMATES, np.float64))


def run_summary(
    labels: pd.DataFrame, traits: Sequence[str], series: Sequence[str] | None = None
) -> pd.DataFrame:
    """`similarity` with each run's `messages`, `labelled` (every trait decided) and `with_trait` messages."""
    found = cells(labels, series)
    frame = similarity(labels, traits, series)
    run = found.run[found.of_message]
    shown = any_trait(flag_values(labels, traits)[:, found.rows])
    return frame.assign(
        messages=np.bincount(run, minlength=len(frame)),
        labelled=np.bincount(run, weights=~np.isnan(shown), minlength=len(frame)).astype(np.intp),
        with_trait=np.bincount(run, weights=shown == 1, minlength=len(frame)).astype(np.intp),
    )


def _series_row(name: str, runs: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, object]:
    cosines = runs["cosine"].to_numpy(dtype=np.float64)
    cosine = bootstrap_mean(cosines, rng, resamples)
    traits = runs[["with_trait", "labelled"]].to_numpy(dtype=np.float64)
    shown, labelled = traits.sum(axis=0)
    trait_bounds = bootstrap_statistic(traits, lambda sums: ratio(sums[:, 0], sums[:, 1]), rng, resamples)
    return {
        "series": name, "runs": len(runs), "messages": int(runs["messages"].sum()),
        "cosine": cosine.value, "low": cosine.low, "high": cosine.high, "runs_with_cosine": cosine.n,
        "pairs": int(runs["pairs"].sum()), "dropped": int(runs["dropped"].sum()),
        "any_trait": shown / labelled if labelled else None,
        "any_trait_low": trait_bounds.low if trait_bounds else None,
        "any_trait_high": trait_bounds.high if trait_bounds else None,
        "labelled": int(labelled), "note": _series_note(runs["note"], cosine.n),
    }  # fmt: skip


def _series_note(why: "pd.Series[str]", with_cosine: int) -> str:
    """`why`: the note of each run."""
    runs = len(why)
    if runs == 0:
        return "no messages"
    if (why == UNCODED).all():
        return UNCODED
    if with_cosine == 0:
        return "no run has two agents that show a trait"
    if with_cosine == 1:
        return "one run has a similarity: no interval"
    return "" if with_cosine == runs else f"{runs - with_cosine} of {runs} runs have no similarity"


def _relative_entropy(p: Floats, q: Floats) -> Floats:
    """Σ p log₂(p/q) over the last axis; 0·log 0 = 0."""
    quotient = np.where(p == 0, 1.0, ratio(p, q))
    bits: Floats = (p * np.log2(quotient)).sum(axis=-1)
    return bits


def _by_seat(profiles: Floats, starts: Ints) -> Floats:
    """Profiles (cells, traits) as (runs, most agents in a run, traits), NaN in the empty seats."""
    sizes = np.diff(np.append(starts, len(profiles)))
    run = np.repeat(np.arange(len(starts)), sizes)
    by_seat = np.full((len(starts), int(sizes.max(initial=0)), profiles.shape[1]), np.nan)
    by_seat[run, np.arange(len(profiles)) - starts[run]] = profiles
    return by_seat


def _pairs(by_seat: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Each pair of seats once, many at a time: those one seat apart, two seats apart, …"""
    for apart in range(1, by_seat.shape[1]):
        yield by_seat[:, :-apart], by_seat[:, apart:]
