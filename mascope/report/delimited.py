"""A table as CSV: one header line, lines that end in a line feed.

Undefined is an empty cell, the items of a list are joined by `;`, and a text that a spreadsheet would run as
a formula (it begins with `=`, `+`, `-` or `@`, as a name made up by a model may) gets a `'` before it.

Of a million texts few need a change: Arrow finds those, and they alone are changed one by one.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mascope.report.cells import LISTS, missing

LIST_SEPARATOR = ";"
ROWS = 100_000
"""That are rendered at a time: their cells take several times the room of their lines."""

HALF = re.compile(r"[\ud800-\udfff]")
NOT_FOR_ARROW = (UnicodeEncodeError, OverflowError, pa.ArrowInvalid, pa.ArrowTypeError)
"""What Arrow raises for values that it cannot hold as they are: half a character, a huge number, a set, a
mixture."""

_FORMULA = "^[-=+@\t\uff1d\uff0b\uff0d\uff20]"
_UNFIT = f"{_FORMULA}|[\r\x00]"
_TO_QUOTE = '[",\n]'
_TEXT = pa.string()


def as_csv(frame: pd.DataFrame) -> str:
    """All rows and columns; floats so that they read back the same."""
    header = _lines([_quoted(pa.array([str(name)], _TEXT)) for name in frame])
    moments = [str(name) for name in frame if frame[name].dtype.kind == "M"]
    frame = frame.assign(**{name: _alike(frame[name]) for name in moments})
    blocks = (frame.iloc[first : first + ROWS] for first in range(0, len(frame), ROWS))
    return "".join([header, *(_lines([_cells(block[name]) for name in block]) for block in blocks)])


def _alike(moments: "pd.Series[Any]") -> "pd.Series[Any]":
    """Times as texts, all to the same fraction of a second: a mixture is read back as no times at all."""
    return moments.astype(str).where(moments.notna(), None)


def _lines(columns: Sequence[pa.Array]) -> str:
    lines = pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")
    if len(columns) == 1:  # lest a reader passes over a line of one empty cell
        lines = pc.if_else(pc.equal(lines, ""), '""', lines)
    return "\n".join([*lines.to_pylist(), ""])


def _cells(values: "pd.Series[Any]") -> pa.Array:
    """A column's cells as they stand in the file; null where nothing does."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()
        return _cells(values.cat.categories.to_series()).take(pa.array(codes, mask=codes < 0))
    match values.dtype.kind:
        case "i" | "u":
            return pa.array(values).cast(_TEXT)
        case "b":
            return pc.if_else(pa.array(values), "True", "False").cast(_TEXT)
        case "f":
            return pa.array(values.to_numpy().astype(str), _TEXT, mask=values.isna().to_numpy())
        case _:
            return _quoted(_texts(values))


def _quoted(texts: pa.Array) -> pa.Array:
    def changed(some: pa.Array) -> pa.Array:
        return pc.binary_join_element_wise('"', pc.replace_substring(some, '"', '""'), '"', "")

    return _where(_TO_QUOTE, texts, changed)


def _where(pattern: str, texts: pa.Array, changed: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts, those `changed` in which the pattern is found."""
    found = pc.match_substring_regex(texts, pattern)
    if not pc.any(found).as_py():
        return texts
    return pc.replace_with_mask(texts, found, changed(texts.filter(found)))


# Texts and lists -------------------------------------------------------------------------------------------


def _texts(values: "pd.Series[Any]") -> pa.Array:
    """Without what a reader of the file would take for something else."""
    if isinstance(values.dtype, pd.StringDtype):
        return _fit(pa.array(values))
    try:
        known = pa.array(values.tolist(), from_pandas=True)
    except NOT_FOR_ARROW:
        return _one_by_one(values)
    if pa.types.is_string(known.type):
        return _fit(known)
    if pa.types.is_list(known.type) and pa.types.is_string(known.type.value_type):
        return _joined(known)
    return _one_by_one(values)


def _fit(texts: pa.Array) -> pa.Array:
    def changed(some: pa.Array) -> pa.Array:
        return pa.array([_fit_text(text) for text in some.to_pylist()], _TEXT)

    return _where(_UNFIT, texts.cast(_TEXT), changed)


def _joined(lists: pa.ListArray) -> pa.Array:
    items = _fit(lists.values).fill_null(str(None))
    items = pc.replace_substring(items, LIST_SEPARATOR, f"\\{LIST_SEPARATOR}")
    return pc.binary_join(pa.ListArray.from_arrays(lists.offsets, items), LIST_SEPARATOR)


def _one_by_one(values: "pd.Series[Any]") -> pa.Array:
    """Of whatever else a column holds, or of texts that Arrow cannot."""
    return pa.array([None if missing(value) else _text(value) for value in values.tolist()], _TEXT)


def _text(value: Any) -> str:
    if is_list(value):
        items = (_text(item) for item in value)
        return LIST_SEPARATOR.join(item.replace(LIST_SEPARATOR, f"\\{LIST_SEPARATOR}") for item in items)
    return _fit_text(value) if isinstance(value, str) else str(value)


def _fit_text(text: str) -> str:
    # A lone \r ends a line for many readers, and NUL ends the file for some.
    text = whole(text).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    return f"'{text}" if re.match(_FORMULA, text) else text


def whole(text: str) -> str:
    """Half of a character, which models do produce and UTF-8 cannot hold, becomes its escape."""
    return HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def is_list(value: Any) -> bool:
    return isinstance(value, (*LISTS, np.ndarray))
