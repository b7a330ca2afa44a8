"""Who addresses whom, who leads, who takes part."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from mascope.stats.estimates import series_means
from mascope.stats.mentions import Mentions, mentions, rewired, scattered
from mascope.stats.network import MEASURES, leaders, persistence
from mascope.stats.participation import SHUFFLES, Spoken, by_chance, spoken
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats
from mascope.tables import needs
from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

PERMUTATIONS = 200
SHUFFLED_AT_MOST = 20_000_000
"""Turns that are shuffled in all; of many messages there are fewer permutations."""
LEAST_PERMUTATIONS = 40
"""The fewest of which a two-sided p can lie below .05."""
Shuffle = Callable[[Mentions, np.random.Generator, int], Iterator[Floats]]
NULLS: Mapping[str, tuple[Shuffle, tuple[str, ...]]] = MappingProxyType({
    "rewired": (rewired, ("density", "reciprocity", "in_centralization", "constraint", "pagerank_top")),
    "scattered": (scattered, ("in_gini",)),
})  # fmt: skip
"""How a graph is shuffled, and the measures that are held against it."""

ESTIMATES = (
    Column("series", "The series."),
    Column("measure", "What was measured in each run; the notes below say how."),
    Column("value", "Mean over the runs that have it.", 3),
    Column("low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("high", "Upper end of the same.", 3),
    Column("runs", "Runs that have it."),
    Column("null", "Its mean over shuffled data; empty where there is no null.", 3),
    Column("p", "Two-sided p that shuffled data lie as far out.", 3, "p"),
    Column("note", "What could not be computed, and why."),
)
NOTES = (
    "Mentions of other agents; messages that merely list addressees (broadcasts) are left out.",
    "density: share of ordered pairs in which the first named the second. reciprocity: edges returned.",
    "in_centralization: Σ(max − d)/(n − 1)² of in-degrees. in_gini: Gini of how often each agent is named.",
    "constraint: Burt's, mean over agents. pagerank_top: the highest PageRank.",
    "leader_persistence: rounds that keep the agent of highest PageRank of the round before; its null "
    "shuffles rounds.",
    "words_gini, messages_gini: Gini over the agents that spoke. turn_entropy: how open the next speaker is, "
    "given the present one (0 fixed, 1 anybody). broadcasts: share of messages.",
    f"Nulls, {PERMUTATIONS} permutations: receivers shuffled among a run's mentions, so that each agent "
    "names and is named as often; for in_gini each mention goes to any other agent alike. No message names "
    "anybody twice.",
)


def network_table(analysis: Analysis) -> Table:
    """One row a series and measure."""
    per_run, nulls = run_network(analysis)
    frame = series_means(
        per_run, analysis.series, analysis.rng("network"), analysis.resamples, nulls, needs.NETWORK
    )
    return Table("network", "Who addresses whom, and who takes part", ESTIMATES, frame, NOTES)


def run_network(analysis: Analysis) -> tuple[pd.DataFrame, dict[str, Floats]]:
    """One row a run with `run`, `series` and the measures; and their nulls (permutations, runs)."""
    at = _structure(analysis)
    rng = analysis.rng("network null")
    nulls = {name: values for kind in NULLS for name, values in _null(at.mentions, kind, rng).items()}
    nulls["leader_persistence"] = _shuffled_persistence(at.leading, rng)
    return at.per_run, nulls | _shuffled_turns(at.said, rng)


def network_measures(analysis: Analysis) -> pd.DataFrame:
    """The same rows without their nulls."""
    return _structure(analysis).per_run


@dataclass(frozen=True, slots=True, eq=False)
class _Structure:
    """The measures of every run, and what their nulls are made of."""

    mentions: Mentions
    leading: Ints
    said: Spoken
    per_run: pd.DataFrame


def _structure(analysis: Analysis) -> _Structure:
    frames = analysis.frames
    found = mentions(frames.messages, frames.agents)
    graphs = found.graphs()
    measured = {name: measure(graphs, found.present) for name, measure in MEASURES.items()}
    leading = leaders(found.by_round(), np.repeat(found.present[:, np.newaxis], _rounds(found), axis=1))
    said = spoken(frames.messages, found.runs)
    measured |= {
        "leader_persistence": persistence(leading),
        **{name: measure(said) for name, (measure, _) in SHUFFLES.items()},
        "broadcasts": _broadcasts(frames.messages, found.runs),
    }
    per_run = pd.DataFrame({"run": found.runs, "series": found.series, **measured})
    return _Structure(found, leading, said, per_run)


def _rounds(found: Mentions) -> int:
    return int(found.round.max(initial=-1)) + 1


def _null(found: Mentions, kind: str, rng: np.random.Generator) -> dict[str, Floats]:
    shuffle, names = NULLS[kind]
    parts = [
        [MEASURES[name](graphs, np.broadcast_to(found.present, graphs.shape[:-1])) for name in names]
        for graphs in shuffle(found, rng, PERMUTATIONS)
    ]
    return {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)}


def _shuffled_persistence(leading: Ints, rng: np.random.Generator) -> Floats:
    """Persistence (permutations, runs) once the rounds of each run are shuffled."""
    keys = rng.random((PERMUTATIONS, *leading.shape), dtype=np.float32)
    return persistence(np.take_along_axis(leading[np.newaxis], np.argsort(keys, axis=-1), axis=-1))


def _shuffled_turns(said: Spoken, rng: np.random.Generator) -> dict[str, Floats]:
    times = max(LEAST_PERMUTATIONS, min(PERMUTATIONS, SHUFFLED_AT_MOST // max(1, len(said.run))))
    return {
        name: by_chance(measure, shuffle, said, rng, times) for name, (measure, shuffle) in SHUFFLES.items()
    }


def _broadcasts(messages: pd.DataFrame, runs: tuple[str, ...]) -> Floats:
    share = messages.groupby(messages["run"].astype(str))["broadcast"].mean()
    return share.reindex(list(runs)).to_numpy(dtype=np.float64)
