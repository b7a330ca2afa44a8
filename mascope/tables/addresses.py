"""Who names whom, agent by agent: what the measures of the network are made of."""

import numpy as np
import pandas as pd

from mascope.stats.mentions import Mentions, mentions
from mascope.stats.profiles import Ints, places, wilson
from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

COLUMNS = (
    Column("series", "The series."),
    Column("source", "Who names."),
    Column("target", "Who is named."),
    Column("mentions", "Messages of the first that name the second."),
    Column("messages", "Messages of the first, in runs that have both."),
    Column("rate", "Their share.", 3, kind="share"),
    Column("low", "Lower end of its 95% Wilson interval (Wilson 1927).", 3, kind="share", detail=True),
    Column("high", "Upper end of the same.", 3, kind="share", detail=True),
    Column("runs", "Runs that have both."),
)
NOTES = (
    "Messages that merely list addressees (broadcasts) are left out. The intervals take messages as "
    "independent of each other; messages of one run are not quite.",
)


def addresses_table(analysis: Analysis) -> Table:
    """One row a series and ordered pair of its agents."""
    messages = analysis.frames.messages
    pairs = _pairs(mentions(messages, analysis.frames.agents), messages)
    by = ["series", "source", "target"]
    found = pairs.groupby(by, sort=False, as_index=False).agg(
        mentions=("mentions", "sum"), messages=("messages", "sum"), runs=("run", "nunique")
    )
    place = {name: number for number, name in enumerate(analysis.series)}
    found = found.sort_values("series", key=lambda names: names.map(place), kind="stable", ignore_index=True)
    low, high = wilson(found["mentions"], found["messages"])
    rate = (found["mentions"] / found["messages"]).where(found["messages"] > 0)
    frame = found.assign(rate=rate, low=low, high=high)[[column.name for column in COLUMNS]]
    return Table("addresses", "Who names whom", COLUMNS, frame, NOTES)


def _pairs(found: Mentions, messages: pd.DataFrame) -> pd.DataFrame:
    """One row a run and ordered pair of its agents."""
    both = found.present[:, :, np.newaxis] & found.present[:, np.newaxis, :]
    both[:, np.arange(found.seats), np.arange(found.seats)] = False
    run, source, target = np.nonzero(both)
    agents = np.full(found.present.shape, None, dtype=object)
    for place in range(len(found.runs)):
        names = found.agents[place]
        agents[place, : len(names)] = names
    return pd.DataFrame({
        "run": run,
        "series": np.array(found.series, dtype=object)[run],
        "source": agents[run, source],
        "target": agents[run, target],
        "mentions": found.graphs()[run, source, target].astype(np.intp),
        "messages": _said(found, agents, messages)[run, source],
    })  # fmt: skip


def _said(
    found: Mentions, agents: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]", messages: pd.DataFrame
) -> Ints:
    """(runs, seats): messages that are no broadcast."""
    told = messages.loc[~messages["broadcast"].to_numpy(dtype=np.bool_), ["run", "agent"]]
    seated = np.nonzero(found.present)[0]
    who, names = pd.factorize(agents[found.present])
    run, agent = places(told["run"], found.runs), places(told["agent"], names)
    key, size = run * len(names) + agent, (len(found.runs), len(names))
    known = (run >= 0) & (agent >= 0)
    counts = np.bincount(key[known], minlength=size[0] * size[1]).reshape(size)
    said = np.zeros(agents.shape, dtype=np.intp)
    said[found.present] = counts[seated, who]
    return said
