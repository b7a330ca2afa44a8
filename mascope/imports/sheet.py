"""Flat files as people have them (CSV of any delimiter, Excel's kinds too; JSON; Parquet) → cells.

All cells become text, stripped of nothing; what has no value is the empty text.
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mascope.errors import InvalidFile

Row = tuple[int, tuple[str, ...]]
"""The line (from 1) where the row begins, and its cells."""
NESTED = ("flags", "codes", "labels")
"""Keys under which JSON rows keep their codes."""
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Sheet:
    file: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def place(self, *names: str) -> int | None:
        """Where the column of one of these names stands, whatever its case; the first name found counts."""
        folded = [column.casefold() for column in self.columns]
        return next((folded.index(name) for name in names if name in folded), None)

    def error(self, line: int, column: int, problem: str) -> InvalidFile:
        return InvalidFile(self.file, problem, line=line, key=self.columns[column])


def read(file: Path) -> Sheet:
    """The rows of `file`, or `InvalidFile`."""
    reader = READERS.get(file.suffix.casefold())
    if reader is None:
        raise InvalidFile(file, f"unknown kind of file; these can be read: {', '.join(READERS)}")
    if not file.is_file():
        raise InvalidFile(file, "no such file")
    try:
        sheet = reader(file)
    except OSError as error:
        raise InvalidFile(file, f"cannot be read: {error.strerror or error}") from error
    doubles = {column for column in sheet.columns if column and sheet.columns.count(column) > 1}
    if doubles:
        raise InvalidFile(file, "two columns have this name", line=1, key=min(doubles))
    if not sheet.rows:
        raise InvalidFile(file, "holds no rows")
    return sheet


# Delimited text -----------------------------------------------------------------------------------------


def _delimited(file: Path) -> Sheet:
    text = _text(file)
    first = text.partition("\n")[0].strip("\r")
    stated = first[4:] if first.casefold().startswith("sep=") and len(first) == 5 else None  # Excel's own
    skipped = 1 if stated else 0
    header = text.split("\n", 1)[1] if skipped and "\n" in text else text
    delimiter = stated or ("\t" if file.suffix.casefold() == ".tsv" else _delimiter(header))
    with _unlimited_cells():
        rows = list(_cells(file, header, delimiter, skipped))
    if not rows:
        return Sheet(file, (), ())
    columns = tuple(column.strip() for column in rows[0][1])
    for line, cells in rows:
        if len(cells) != len(columns):
            problem = f"has {len(cells)} cells where the header has {len(columns)}"
            raise InvalidFile(
                file, f"{problem}; is a quote or a delimiter missing, or the file cut off?", line=line
            )
    return Sheet(file, columns, tuple(rows[1:]))


def _cells(file: Path, text: str, delimiter: str, skipped: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1 + skipped
    try:
        for cells in reader:
            if any(cells):  # blank lines, and rows of nothing but delimiters, end many exported files
                yield line, tuple(cells)
            line = reader.line_num + 1 + skipped
    except csv.Error as error:
        raise InvalidFile(file, f"not a table: {error}", line=line) from error


def _delimiter(text: str) -> str:
    """The one that the header line holds most often outside quotes."""
    header = next(iter(text.splitlines()), "")
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


@contextmanager
def _unlimited_cells() -> Iterator[None]:
    """The csv module refuses cells over 128 KiB, which a message may well be."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _text(file: Path) -> str:
    content = file.read_bytes()
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # Excel's "Unicode text"
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidFile(file, "not UTF-8 text; save it as CSV UTF-8", line=line) from error


# JSON and Parquet ---------------------------------------------------------------------------------------


def _json_lines(file: Path) -> Sheet:
    rows: list[tuple[int, dict[str, Any]]] = []
    for line, text in enumerate(_text(file).split("\n"), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidFile(file, "not JSON", line=line) from error
        if not isinstance(row, dict):
            raise InvalidFile(file, "not an object; each line must be one", line=line)
        rows.append((line, row))
    return _of_objects(file, rows)


def _json(file: Path) -> Sheet:
    """A list of objects, alone or as the only list of an object; or objects by their ids."""
    try:
        whole = json.loads(_text(file))
    except (ValueError, RecursionError) as error:
        raise InvalidFile(file, f"not JSON: {error}") from error
    rows = _listed(whole)
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise InvalidFile(file, "holds no rows; it must be a list of objects, or objects by their ids")
    return _of_objects(file, list(enumerate(rows, start=1)))


def _listed(whole: Any) -> list[Any] | None:
    if isinstance(whole, list):
        return whole
    if not isinstance(whole, dict):
        return None
    lists = [value for value in whole.values() if isinstance(value, list)]
    if lists:
        return lists[0] if len(lists) == 1 else None
    return [{"id": id_, **row} if isinstance(row, dict) else row for id_, row in whole.items()]


def _of_objects(file: Path, rows: list[tuple[int, dict[str, Any]]]) -> Sheet:
    flat = [(line, _flat(row)) for line, row in rows]
    columns = tuple(dict.fromkeys(column for _, row in flat for column in row))
    cells = ((line, tuple(_cell(row.get(column)) for column in columns)) for line, row in flat)
    return Sheet(file, columns, tuple(cells))


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with the codes that stand in an object of their own (`"flags": {…}`) beside the rest."""
    nested = [key for key, value in row.items() if key in NESTED and isinstance(value, dict)]
    plain = {key: value for key, value in row.items() if key not in nested}
    return plain | {name: value for key in nested for name, value in row[key].items()}


def _parquet(file: Path) -> Sheet:
    import pyarrow as pa  # only for this kind of file: it takes long to load
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(file)
    except pa.ArrowException as error:
        raise InvalidFile(file, f"not a Parquet file: {str(error).splitlines()[0]}") from error
    columns = [[_cell(value) for value in column.to_pylist()] for column in table.columns]
    return Sheet(file, tuple(table.column_names), tuple(enumerate(zip(*columns, strict=True), start=1)))


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() if value != value:  # NaN: how pandas writes a missing value
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


READERS: Mapping[str, Callable[[Path], Sheet]] = {
    ".csv": _delimited,
    ".tsv": _delimited,
    ".txt": _delimited,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
"""Suffix → how such a file is read."""
