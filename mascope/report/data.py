"""Tables as data, every digit kept: Parquet, JSON, and CSV (`delimited.py`).

Floats are written so that they read back the same. Where models were rehearsed, each row says so in a last
column, `simulated`.
"""

import io
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from mascope.report import delimited
from mascope.report.cells import missing
from mascope.report.delimited import HALF, NOT_FOR_ARROW, is_list, whole
from mascope.report.summary import Report
from mascope.store.layout import Results
from mascope.store.lines import write_whole
from mascope.tables import Table


def write_csv(report: Report, results: Results) -> tuple[Path, ...]:
    """`tables/<table>.csv`: UTF-8, one header line, lines that end in a line feed."""
    files = []
    for table in report.tables:
        files.append(results.tables / f"{table.name}.csv")
        write_whole(files[-1], as_csv(report, table).encode())
    return tuple(files)


def as_csv(report: Report, table: Table) -> str:
    """The whole table, every digit and every column."""
    return delimited.as_csv(_marked(report, table.frame))


def write_parquet(report: Report, results: Results) -> tuple[Path, ...]:
    """`tables/<table>.parquet`; title, notes and definitions are in its metadata, under `mascope`."""
    files = []
    for table in report.tables:
        arrow = _arrow(_marked(report, table.frame))
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


# Arrow -----------------------------------------------------------------------------------------------------


def _arrow(frame: pd.DataFrame) -> pa.Table:
    texts = [name for name in frame if isinstance(frame[name].dtype, pd.StringDtype)]
    frame = frame.astype(dict.fromkeys(texts, object))
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except NOT_FOR_ARROW:
        frame = pd.DataFrame({name: _fit(frame[name]) for name in frame})
        return pa.Table.from_pandas(frame, preserve_index=False)


def _fit(values: "pd.Series[Any]") -> "pd.Series[Any]":
    if values.dtype != object:  # which alone can hold such a value
        return values
    return pd.Series([_arrow_value(value) for value in values.tolist()], values.index, object)


def _arrow_value(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value) if HALF.search(value) else value
    return [_arrow_value(item) for item in value] if is_list(value) else value


# JSON ------------------------------------------------------------------------------------------------------


def _rows(table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    columns = [[_json_value(value) for value in table.frame[name].tolist()] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _json_value(value: Any) -> Any:
    if is_list(value):
        return [_json_value(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if missing(value) or (isinstance(value, float) and math.isinf(value)):
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
