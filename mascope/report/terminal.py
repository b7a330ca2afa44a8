"""Tables in a terminal, 80 columns wide or as wide as it is; the same text without colour when piped.

No column is ever left out: what is too wide is split into blocks that each begin with the columns by which a
row is known. A table longer than `LONG` shows its beginning and says where the rest is.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from mascope.report.cells import MISSING, cells, left_out, notes, numeric, visible
from mascope.report.summary import SIMULATED, SIMULATED_MEANING, Report, Summary
from mascope.tables import Table

LONG = 60
"""Rows from which on a table is not shown whole."""
ROWS = 8
"""Rows that are shown of a long one."""
GAP = 2
"""Blanks between columns."""
NARROWEST = 16
"""Columns of text are folded down to this, in a terminal that has the room, to fit."""
KEY = 1 / 3
"""Share of the width that a column gets unfolded which tells rows apart."""
SHORT = 6
"""Names of columns up to this are not broken."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column as it will appear."""

    header: str
    cells: tuple[str, ...]
    right: bool
    floor: int = 1
    """The width that it is folded down to, not further."""

    @property
    def width(self) -> int:
        return max(map(cell_len, (*self.header.split("\n"), *self.cells)), default=1)


def show(report: Report, console: Console, printed: Collection[str] | None = None) -> None:
    """What was run, the tables (those in `printed`), and the warnings last, where they are seen."""
    show_summary(report.summary, console)
    for table in report.tables:
        if printed is None or table.name in printed:
            show_table(report, table, console)
    more = [table.name for table in report.tables if printed is not None and table.name not in printed]
    if more:
        console.print()
        _say(console, f"Also computed, in tables/: {', '.join(more)}. --only NAME prints one.")
    show_warnings(report.summary, console)


def show_summary(summary: Summary, console: Console) -> None:
    _say(console, summary.study, "bold")
    if summary.simulated:
        _say(console, f"{SIMULATED}. {SIMULATED_MEANING}", "bold yellow")
    for line in summary.lines:
        _say(console, line)


def show_warnings(summary: Summary, console: Console) -> None:
    for warning in summary.warnings:
        _say(console, f"Warning: {warning}", "yellow")


def show_table(report: Report, table: Table, console: Console) -> None:
    """One table with its title and notes."""
    table = table.for_prose()
    rows = ROWS if len(table.frame) > LONG else LONG
    console.print()
    _say(console, report.title(table), "bold")
    shown = [_shown(table, place, rows) for place in range(len(table.columns))]
    if len(table.frame) == 0:
        _say(console, "No rows.")
    else:
        _show_blocks(table, shown, console)
    more = left_out(table, rows)
    if more:
        _say(console, more)
    for note in notes(table, [column.cells for column in shown]):
        _say(console, note, "dim")


def _say(console: Console, text: str, style: str = "") -> None:
    # As Text, never as markup: what stands in brackets may be a name that a model made up.
    console.print(Text(visible(text), style), highlight=False)


def _shown(table: Table, place: int, rows: int) -> _Shown:
    column = table.columns[place]
    return _Shown(visible(column.name), tuple(cells(table, column, rows)), numeric(table, column))


# Blocks ----------------------------------------------------------------------------------------------------


def _show_blocks(table: Table, shown: Sequence[_Shown], console: Console) -> None:
    shown = [column for column in shown if any(column.cells)]  # a note that nothing needed is not shown
    if _width(shown) <= console.width:
        console.print(_grid(shown, [column.width for column in shown]), highlight=False)
        return
    same = [f"{column.header} = {column.cells[0]}" for column in shown if _constant(column)]
    if same:
        _say(console, f"In all of these rows: {', '.join(same)}")
    floor = min(NARROWEST, int(console.width * KEY))
    varying = [replace(_narrow(column), floor=floor) for column in shown if not _constant(column)]
    for number, block in enumerate(_blocks(varying, console.width)):
        if number:
            console.print()
        console.print(_grid(block, _fitted(block, console.width)), highlight=False)


def _constant(column: _Shown) -> bool:
    """Whether every row says the same: in words, or that nothing is known."""
    said = set(column.cells)
    return len(column.cells) > 1 and len(said) == 1 and (not column.right or said == {MISSING})


def _narrow(column: _Shown) -> _Shown:
    """The column with its name broken at underscores where it is wider than what stands under it."""
    room = max(SHORT, *map(cell_len, column.cells))
    lines = [""]
    for piece in re.findall(r"[^_]*_|[^_]+", column.header):
        if lines[-1] and cell_len(lines[-1] + piece) > room:
            lines.append("")
        lines[-1] += piece
    return replace(column, header="\n".join(lines))


def _width(columns: Sequence[_Shown]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def _keys(columns: Sequence[_Shown], width: int) -> int:
    """How many of the first columns tell the rows apart: as few as do, within half the width."""
    texts = next((n for n, column in enumerate(columns) if column.right), len(columns) - 1)
    unfolded = [replace(column, floor=int(width * KEY)) for column in columns]
    fitting = [n for n in range(texts + 1) if _least(unfolded[:n]) <= width / 2]
    return next((n for n in fitting if _distinct(columns[:n])), fitting[-1])


def _distinct(columns: Sequence[_Shown]) -> bool:
    rows = list(zip(*(column.cells for column in columns), strict=True))
    return bool(columns) and len(set(rows)) == len(rows)


def _blocks(columns: Sequence[_Shown], width: int) -> Iterator[list[_Shown]]:
    """The columns in lines of at most `width`, each begun by the keys."""
    number = _keys(columns, width)
    keys = [replace(column, floor=int(width * KEY)) for column in columns[:number]]
    block: list[_Shown] = []
    for column in columns[number:]:
        if block and _least([*keys, *block, column]) > width:
            yield [*keys, *block]
            block = []
        block.append(column)
    yield [*keys, *block]


def _least(columns: Sequence[_Shown]) -> int:
    """The width that columns need when long texts are folded."""
    return sum(_narrowest(column) for column in columns) + GAP * (len(columns) - 1)


def _narrowest(column: _Shown) -> int:
    if column.right:
        return column.width
    header = max(map(cell_len, column.header.split("\n")))
    return min(column.width, max(column.floor, header))


def _fitted(columns: Sequence[_Shown], width: int) -> list[int]:
    """The columns' widths, the widest texts folded until all fit."""
    widths = [column.width for column in columns]
    least = [_narrowest(column) for column in columns]
    too_much = sum(widths) + GAP * (len(widths) - 1) - width
    while too_much > 0:
        spare = [have - need for have, need in zip(widths, least, strict=True)]
        widest = max(range(len(widths)), key=lambda place: (spare[place] > 0, widths[place]))
        if spare[widest] <= 0:
            return widths
        widths[widest] -= 1
        too_much -= 1
    return widths


def _grid(columns: Sequence[_Shown], widths: Sequence[int]) -> Grid:
    grid = Grid(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"
    )
    for column, width in zip(columns, widths, strict=True):
        grid.add_column(
            Text(column.header), width=width, justify="right" if column.right else "left", overflow="fold"
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        grid.add_row(*map(Text, row))
    return grid
