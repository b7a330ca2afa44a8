"""Tables as the page reads them: cells as a reader sees them, values to sort by, where each number leads."""

import math
from collections.abc import Sequence
from typing import Any

from mascope.report.cells import LISTS, cells, missing, notes, numeric
from mascope.report.page.links import Known, targets
from mascope.tables import Column, Table

MOST_ROWS = 50_000
"""A longer table is not in the page: its file is a click away, and so are its messages."""
OPEN = frozenset(("contrasts", "series", "agreement", "profiles"))
"""Tables that a reader finds open."""

_PLAIN = (str, int)
"""What the page reads as it is; most values are."""


def about_table(table: Table) -> dict[str, Any]:
    """What is said of a table before its rows are asked for."""
    return {
        "name": table.name,
        "title": table.title,
        "rows": len(table.frame),
        "held": len(table.frame) <= MOST_ROWS,
        "open": table.name in OPEN,
        "notes": notes(table, ()),
        "columns": [_about_column(table, column) for column in table.columns],
    }


def _about_column(table: Table, column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "definition": column.definition,
        "detail": column.detail,
        "numeric": numeric(table, column),
    }


def rows(table: Table, known: Known) -> dict[str, Any]:
    """Column by column the cells as shown and, where those are not they, the values; links row by row."""
    shown = [cells(table, column) for column in table.columns]
    held = {column.name: table.frame[column.name].tolist() for column in table.columns}
    values = [_values(of_one, texts) for of_one, texts in zip(held.values(), shown, strict=True)]
    records = (dict(zip(held, row, strict=True)) for row in zip(*held.values(), strict=True))
    return {"shown": shown, "values": values, "links": [targets(table.name, row, known) for row in records]}


def _values(values: Sequence[Any], shown: Sequence[str]) -> list[Any] | None:
    """None where what is shown is the value."""
    plain = [_plain(value) for value in values]
    return None if plain == shown else plain


def _plain(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, LISTS):
        return ";".join(str(item) for item in value)
    if missing(value):
        return None
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return value if isinstance(value, str | int | float) else str(value)
