"""What a renderer is given: the tables, and what was run to get them."""

from dataclasses import dataclass

from mascope.tables import Table

SIMULATED = "SIMULATED"
SIMULATED_MEANING = (
    "Rehearsed models took part. Their answers were made up at known rates: these numbers try out the study, "
    "and say nothing about any language model."
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What was run."""

    study: str
    simulated: bool
    """Whether any agent or judge was rehearsed."""
    lines: tuple[str, ...] = ()
    """Facts that a reader needs first: runs, series, models, coders, labels, date."""
    warnings: tuple[str, ...] = ()
    """What stands between the reader and believing the tables."""


@dataclass(frozen=True, slots=True)
class Report:
    """The tables of one study, in the order they are read."""

    summary: Summary
    tables: tuple[Table, ...]

    def title(self, table: Table) -> str:
        """The table's title; says so where the numbers are simulated, since tables are copied singly."""
        return f"{SIMULATED}: {table.title}" if self.summary.simulated else table.title
