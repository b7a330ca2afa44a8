"""The events of compensation one by one: who, how far, how long after the failure."""

import numpy as np
import pandas as pd

from mascope.stats.compensation import Observed
from mascope.tables.analysis import Analysis
from mascope.tables.compensation import NO_FLAG, compensation_flag, observed_events
from mascope.tables.table import Column, Table

COLUMNS = (
    Column("message", "The message's id."),
    Column("series", "The series."),
    Column("run", "The run's id.", detail=True),
    Column("agent", "Who wrote it."),
    Column("round", "The round, from 0."),
    Column("labels", "How the codes were adjudicated, or whose they are.", detail=True),
    Column("level", "L1 notes the absence, L2 covers its work, L3 redistributes it; empty where unknown."),
    Column(
        "since", "Rounds since an agent of the run first failed; empty where no other one had.", kind="count"
    ),
    Column("broadcast", "Whether the message merely lists many agents."),
)


def events_table(analysis: Analysis) -> Table:
    """One row a message with the flag of compensation."""
    title = "Events of compensation"
    flag = compensation_flag(analysis)
    if flag is None:
        empty = pd.DataFrame(columns=[column.name for column in COLUMNS])
        return Table("events", title, COLUMNS, empty, (NO_FLAG,))
    found = observed_events(analysis, flag)
    rows = analysis.labelled.assign(
        labels=analysis.labels, level=found.level, since=_since(found), broadcast=found.broadcast
    )[found.event == 1]
    return Table("events", title, COLUMNS, rows[[c.name for c in COLUMNS]].reset_index(drop=True))


def _since(found: Observed) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """(messages,): NaN where the message was not exposed to a failure."""
    onset = np.where(found.run >= 0, found.onset[found.run], np.nan)
    return np.where(found.exposed, found.round - onset, np.nan)
