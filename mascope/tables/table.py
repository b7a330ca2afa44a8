"""What a report is made of: tables as data. Renderers know no statistics, statistics no renderers."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Kind: TypeAlias = Literal["auto", "text", "count", "number", "share", "p"]
"""How prose shows a number. `share`: at most 1 in size (a rate, kappa, a correlation), so no leading zero;
`p`: a p-value (`< .001`); `count`: whole, with thousands separated; `auto`: by the values themselves."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    definition: str
    """One sentence: what the number is, in which unit, and how it was computed."""
    digits: int | None = None
    """Decimals shown by renderers of prose; data files always hold every digit."""
    kind: Kind = "auto"
    detail: bool = False
    """For the data files; prose (terminal, Markdown, LaTeX) leaves it out and says where it is."""


@dataclass(frozen=True, slots=True)
class Table:
    """A named, tidy table. `frame` has just the columns of `columns`, in their order, nothing rounded."""

    name: str
    title: str
    columns: tuple[Column, ...]
    frame: "pd.DataFrame"
    notes: tuple[str, ...] = ()
    """What a reader must know to believe the table: method, n, and what could not be computed and why."""

    def for_prose(self) -> "Table":
        """The table without its details, and with a note that names them."""
        hidden = [column.name for column in self.columns if column.detail]
        if not hidden:
            return self
        kept = tuple(column for column in self.columns if not column.detail)
        note = f"Further columns in tables/{self.name}.csv: {', '.join(hidden)}."
        frame = self.frame[[column.name for column in kept]]
        return replace(self, columns=kept, frame=frame, notes=(*self.notes, note))
