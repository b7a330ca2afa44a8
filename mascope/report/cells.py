"""How one value reads in prose. The only place where numbers are rounded."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import pandas as pd

from mascope.tables.table import Column, Kind, Table

MISSING = "–"
"""Shown for what is undefined or was not recorded."""
MISSING_NOTE = f"{MISSING}: undefined or not recorded; never zero."

SHARE_DIGITS = 2
P_DIGITS = 3
DECIMALS = 3
"""Of numbers from 0.01 to 10 whose column does not say; larger ones have fewer, smaller ones more."""
MOST_DECIMALS = 8
LISTS = (list, tuple, set, frozenset)
FIRST = 100
"""Rows that are looked at before all are."""

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# Control characters (a terminal obeys them), what turns or hides text, and halves of characters.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """`text` on one line, with everything that would act instead of being seen written as an escape."""
    if text.isprintable():  # as nothing is that would act
        return text
    return _UNSEEN.sub(_escape, _BREAKS.sub(" ", text))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def missing(value: Any) -> bool:
    """None, NaN, or what pandas has for them."""
    return (
        value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))
    )


def cell(value: Any, column: Column) -> str:
    """`value` as a reader sees it: rounded, on one line, without control characters."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, LISTS):
        return ", ".join(cell(item, column) for item in value)
    if hasattr(value, "tolist"):  # a number or an array of numpy
        return cell(value.tolist(), column)
    if missing(value):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Real) and column.kind != "text":
        return number(value, column)
    return visible(str(value))


def kind(column: Column) -> Kind:
    """The column's kind; what is called a p-value is one, lest 0.000006 reads as 0.000."""
    if column.kind != "auto":
        return column.kind
    named_p = "p" in (column.name, column.name.partition("_")[0], column.name.rpartition("_")[2])
    return "p" if named_p else "auto"


def number(value: Real, column: Column) -> str:
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    match kind(column):
        case "p":
            return _p(number, P_DIGITS if column.digits is None else column.digits)
        case "share":
            return _bare(_fixed(number, SHARE_DIGITS if column.digits is None else column.digits))
        case "count":
            return f"{number:,.0f}" if column.digits is None else f"{number:,.{column.digits}f}"
        case _:
            return _plain(value, column.digits)


def _plain(value: Real, digits: int | None) -> str:
    if isinstance(value, Integral):
        return str(int(value))
    return _fixed(float(value), decimals([float(value)]) if digits is None else digits)


def decimals(values: Sequence[float]) -> int:
    """How many decimals to show of numbers that stand under each other; none where all are whole."""
    known = [abs(value) for value in values if math.isfinite(value)]
    largest = max(known, default=0.0)
    if all(value.is_integer() for value in known):
        return 0
    if 0.01 <= largest < 10:
        return DECIMALS
    magnitude = math.floor(math.log10(largest))
    return min(max(DECIMALS - magnitude - (largest < 1), 0), MOST_DECIMALS)


def _fixed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text  # no minus zero


def _bare(text: str) -> str:
    """`0.56` → `.56`."""
    return re.sub(r"^(-?)0\.", r"\1.", text)


def _p(value: float, digits: int) -> str:
    least = 10.0**-digits
    if value < least:
        return f"< {_bare(_fixed(least, digits))}"
    if 1 - least < value < 1:
        return f"> {_bare(_fixed(1 - least, digits))}"
    return _bare(_fixed(value, digits))


def cells(table: Table, column: Column, rows: int | None = None) -> list[str]:
    """The first `rows` values of a column, as a reader sees them; each different one is rendered once."""
    values = table.frame[column.name].head(len(table.frame) if rows is None else rows)
    if values.dtype == object:  # lists, or values of several types, among them equal ones: 1 and True
        return _rendered(values.tolist(), column)
    places, different = pd.factorize(values)
    rendered = [*_rendered(different.tolist(), column), MISSING]  # of what is missing, the place is -1
    return [rendered[place] for place in places.tolist()]


def _rendered(values: Sequence[Any], column: Column) -> list[str]:
    column = replace(column, kind=kind(column))
    if column.digits is None and column.kind in ("auto", "number"):
        column = replace(column, digits=decimals([value for value in values if isinstance(value, float)]))
    return [cell(value, column) for value in values]


def numeric(table: Table, column: Column) -> bool:
    """Whether a column holds numbers, which stand on the right."""
    if column.kind != "auto":
        return column.kind != "text"
    values = table.frame[column.name]
    if values.dtype == object:  # numbers with None among them
        known = [value for value in values.head(1000).tolist() if not missing(value)]
        return bool(known) and all(isinstance(value, Real) and not isinstance(value, bool) for value in known)
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def notes(table: Table, shown: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The table's notes, and what the dash means where one is shown."""
    dash = any(MISSING in column for column in shown)
    return (*table.notes, *((MISSING_NOTE,) if dash else ()))


def constants(table: Table) -> tuple[str, ...]:
    """What the detail columns say of every row alike, as the test that was used: prose leaves them out."""
    hidden = [column for column in table.columns if column.detail and not numeric(table, column)]
    # Mostly the first rows tell that a column varies, and there may be a million more.
    alike = [column for column in hidden if len(set(cells(table, column, FIRST))) == 1]
    said = {column.name: set(cells(table, column)) for column in alike}
    same = [f"{name}: {value}" for name, values in said.items() if len(values) == 1 for value in values]
    told = [text for text in same if not text.endswith((f" {MISSING}", ": "))]
    return (f"In all rows: {'; '.join(told)}.",) if told else ()


def left_out(table: Table, rows: int) -> str | None:
    """What to say where a table is longer than the `rows` that are shown of it."""
    more = len(table.frame) - rows
    return f"… {more:,} more row{'s' * (more > 1)} in tables/{table.name}.csv" if more > 0 else None
