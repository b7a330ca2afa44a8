"""What a renderer is given: the tables, and what was run to get them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from mascope.codebook import Thresholds
from mascope.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from mascope.tables.gate import Gate

T = TypeVar("T")

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


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What the tables count: how each message was labelled, and from whose codes."""

    rule: str
    """How the codes were adjudicated, or whose they are."""
    flags: tuple[str, ...]
    traits: tuple[str, ...]
    coders: tuple[str, ...]
    """Whose codes were adjudicated."""
    references: tuple[str, ...]
    """Coders who are only compared with them."""
    levels: Mapping[str, tuple[str, ...]]
    """Flag → its levels, of the flags that have any."""
    thresholds: Thresholds
    frame: "pd.DataFrame"
    """One row a codable message: `message`, `run` and a column a flag (1 yes, 0 no, NaN undecided)."""
    codes: "pd.DataFrame"
    """What every coder said: `Frames.codes`."""
    gates: "tuple[Gate, ...]" = ()
    """Flag by flag, whether the coders agree enough for its results to be interpreted."""


@dataclass(frozen=True, slots=True)
class Methods:
    """How the study was held, coded and analysed, ready for a paper."""

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]
    """What the paragraphs cite, in the order of the alphabet."""


@dataclass(frozen=True, slots=True)
class Report:
    """The tables of one study, in the order they are read."""

    summary: Summary
    tables: tuple[Table, ...]
    labels: Labels | None = None
    """None where nobody's codes were looked at."""
    methods: Methods | None = None
    """How it was done, in prose; None where only some tables were asked for."""
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What several renderers share, once one of them has asked for it."""

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made for the first renderer that asks and kept for the others."""
        if name not in self._made:
            self._made[name] = make()
        kept: T = self._made[name]
        return kept

    def title(self, table: Table) -> str:
        """The table's title; says so where the numbers are simulated, since tables are copied singly."""
        return f"{SIMULATED}: {table.title}" if self.summary.simulated else table.title
