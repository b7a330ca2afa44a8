"""What agents do round by round."""

from mascope.stats.rounds import round_rates
from mascope.tables.analysis import Analysis
from mascope.tables.differentiation import LABELS, NOT_CODED, SERIES
from mascope.tables.table import Column, Table

COLUMNS = (
    SERIES,
    Column("round", "The round, from 0."),
    Column("flag", "The flag."),
    LABELS,
    Column("rate", "Share of the round's decided messages that show the flag.", 3, kind="share"),
    Column("low", "Lower end of its 95% interval by bootstrap over runs.", 3, kind="share"),
    Column("high", "Upper end of the same.", 3, kind="share"),
    Column("messages", "Decided messages."),
    Column("runs", "Runs they come from."),
)


def rounds_table(analysis: Analysis) -> Table:
    """One row a series, round and flag."""
    found = round_rates(
        analysis.labelled, analysis.flags, analysis.series, analysis.rng("rounds"), analysis.resamples
    )
    frame = found.assign(labels=analysis.labels)[[column.name for column in COLUMNS]]
    return Table("rounds", "Flags round by round", COLUMNS, frame, () if analysis.coded else (NOT_CODED,))
