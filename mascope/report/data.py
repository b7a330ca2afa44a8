"""Tables as data, every digit kept: CSV, Parquet, JSON.

Floats are written so that they read back the same. In CSV, undefined is an empty cell, the items of a list
are joined by `;`, and a text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-` or `@`,
as a name made up by a model may) gets a `'` before it; Parquet holds such texts as they are. Where models
were rehearsed, each row says so in a last column, `simulated`.
"""

import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from mascope.report.cells import missing
from mascope.report.summary import Report
from mascope.store.layout import Results
from mascope.store.lines import write_whole
from mascope.tables import Table

LIST_SEPARATOR = ";"

_FORMULA = re.compile(r"[=+\-@\t\uff1d\uff0b\uff0d\uff20]")
_HALF = re.compile(r"[\ud800-\udfff]")
_UNFIT_FOR_CSV = re.compile(rf"^{_FORMULA.pattern}|[\r\x00\ud800-\udfff]")


def write_csv(report: Report, results: Results) -> tuple[Path, ...]:
    """`tables/<table>.csv`: UTF-8, one header line, lines that end in a line feed."""
    files = []
    for table in report.tables:
        files.append(results.tables / f"{table.name}.csv")
        write_whole(files[-1], as_csv(report, table).encode())
    return tuple(files)


def as_csv(report: Report, table: Table) -> str:
    """The whole table, every digit and every column."""
    text: str = _changed(_marked(report, table.frame), _csv_value).to_csv(index=False, lineterminator="\n")
    return text


def write_parquet(report: Report, results: Results) -> tuple[Path, ...]:
    """`tables/<table>.parquet`; title, notes and definitions are in its metadata, under `mascope`."""
    files = []
    for table in report.tables:
        frame = _changed(_marked(report, table.frame), _arrow_value)
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        about = json.dumps(_about(report, table)).encode()
        stream = io.BytesIO()
        pyarrow.parquet.write_table(
            arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), b"mascope": about}), stream
        )
        files.append(results.tables / f"{table.name}.parquet")
        write_whole(files[-1], stream.getvalue())
    return tuple(files)


def as_json(report: Report) -> str:
    """The whole report for a script. What is undefined or infinite is null, since JSON knows neither."""
    summary = report.summary
    tables = [{**_about(report, table), "rows": _rows(table)} for table in report.tables]
    whole = {
        "study": summary.study,
        "simulated": summary.simulated,
        "summary": summary.lines,
        "warnings": summary.warnings,
        "tables": tables,
    }
    return json.dumps(whole, allow_nan=False, indent=1)


def _about(report: Report, table: Table) -> dict[str, Any]:
    return {
        "table": table.name,
        "title": report.title(table),
        "simulated": report.summary.simulated,
        "columns": {column.name: column.definition for column in table.columns},
        "notes": table.notes,
    }


def _marked(report: Report, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(simulated=True) if report.summary.simulated else frame


# Texts and lists -------------------------------------------------------------------------------------------


def _changed(frame: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    """`frame` with `change` made to every value of the columns that can hold texts or lists."""
    return pd.DataFrame({name: _over(frame[name], change) for name in frame}, index=frame.index)


def _over(values: "pd.Series[Any]", change: Callable[[Any], Any]) -> "pd.Series[Any]":
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.map(change)
    if values.dtype == object or pd.api.types.is_string_dtype(values):
        return pd.Series([change(value) for value in values.tolist()], values.index, object)
    return values


def _csv_value(value: Any) -> Any:
    if isinstance(value, str):
        return _csv_text(value) if _UNFIT_FOR_CSV.search(value) else value
    if _is_list(value):
        items = (str(_csv_value(item)) for item in value)
        return LIST_SEPARATOR.join(item.replace(LIST_SEPARATOR, f"\\{LIST_SEPARATOR}") for item in items)
    return value


def _csv_text(text: str) -> str:
    # A lone \r ends a line for many readers, and NUL ends the file for some.
    text = _whole(text).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    return f"'{text}" if _FORMULA.match(text) else text


def _arrow_value(value: Any) -> Any:
    if isinstance(value, str):
        return _whole(value) if _HALF.search(value) else value
    return [_arrow_value(item) for item in value] if _is_list(value) else value


def _whole(text: str) -> str:
    """Half of a character, which models do produce and UTF-8 cannot hold, becomes its escape."""
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset | np.ndarray)


# JSON ------------------------------------------------------------------------------------------------------


def _rows(table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    columns = [[_json_value(value) for value in table.frame[name].tolist()] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _json_value(value: Any) -> Any:
    if _is_list(value):
        return [_json_value(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if missing(value) or (isinstance(value, float) and math.isinf(value)):
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
