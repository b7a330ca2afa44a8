"""Measures of runs that no label enters, for hypotheses that ask for them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial

import pandas as pd

from mascope.stats.windows import window_similarity
from mascope.study.measures import CONVERGENCE, NETWORK, TEXT
from mascope.tables.analysis import Analysis
from mascope.tables.convergence import run_convergence, windows_of
from mascope.tables.stances import run_stances
from mascope.tables.structure import network_measures
from mascope.tables.text import run_texts, text_measures

Source = Callable[[Analysis], pd.DataFrame]
"""One row a run with `run`, `series` and a column a measure."""


def _attributed(analysis: Analysis) -> pd.DataFrame:
    return run_texts(analysis)[0] if analysis.has_texts else _no_texts(analysis)


def _texts(analysis: Analysis) -> pd.DataFrame:
    return text_measures(analysis) if analysis.has_texts else _no_texts(analysis)


def _no_texts(analysis: Analysis) -> pd.DataFrame:
    return analysis.frames.runs[["run", "series"]]


SOURCES: Mapping[str, tuple[Source, Callable[[str], bool]]] = {
    "network": (network_measures, lambda name: name in NETWORK),
    "text": (_texts, lambda name: name in TEXT and name != "attribution"),
    "attribution": (_attributed, lambda name: name == "attribution"),
    "convergence": (run_convergence, lambda name: name in CONVERGENCE),
    "stances": (run_stances, lambda name: "." in name),
}
"""Where measures come from, and whether one comes from there. Each is computed only where it is asked for."""


def without_codes(analysis: Analysis, labelled: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """One row a run with `run`, `series` and those of `names` that need no codes, of the messages labelled.

    A measure that these runs do not have (a language that nobody spoke) is left out.
    """
    found = analysis.frames.runs[["run", "series"]].astype(str)
    for frame in _asked(analysis, labelled, names):
        wanted = [name for name in frame.columns if name in names]
        found = found.merge(frame[["run", "series", *wanted]].astype({"run": str, "series": str}), how="left")
    return found


def _asked(analysis: Analysis, labelled: pd.DataFrame, names: Collection[str]) -> Iterator[pd.DataFrame]:
    asked = {source: make for source, (make, gives) in SOURCES.items() if any(gives(name) for name in names)}
    said = _only(analysis, labelled) if asked else analysis
    for source, make in asked.items():
        yield said.once(f"measures {source}", partial(make, said))


def _only(analysis: Analysis, labelled: pd.DataFrame) -> Analysis:
    """The same results as if nothing else had been said: who says nothing any more is not there either."""
    messages = analysis.frames.messages
    if len(labelled) == len(messages):
        return analysis
    inside = messages["message"].isin(labelled["message"]).to_numpy()
    kept = messages[inside]
    there = _pairs(kept)
    agents, probes = analysis.frames.agents, analysis.frames.probes
    gone = (agents["messages"].to_numpy() > 0) & ~_pairs(agents).isin(there)
    left = _pairs(agents[~gone])
    frames = replace(
        analysis.frames, messages=kept, agents=agents[~gone], probes=probes[_pairs(probes).isin(left)]
    )
    embedded = None if analysis.embedded is None else analysis.embedded[inside]
    return replace(analysis, frames=frames, labelled=labelled, embedded=embedded)


def _pairs(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([frame["run"].astype(str), frame["agent"].astype(str)])


def in_windows(analysis: Analysis, labelled: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """`run` and the similarity of profiles in windows of the run, and its slope, under these labels."""
    runs = tuple(map(str, labelled["run"].unique()))
    wanted = [name for name in names if name.startswith("profile_similarity")]
    columns = windows_of(window_similarity(labelled, analysis.traits, runs)) if wanted else {}
    found = pd.DataFrame({"run": pd.Series(runs, dtype=object), **{name: columns[name] for name in wanted}})
    return found.astype({"run": str})
