"""The rows of a table of messages: which columns there must be, and how their cells are read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mascope.errors import FailureKind, InvalidFile
from mascope.imports.deposit import NAME
from mascope.imports.sheet import Sheet
from mascope.yamlfile import nearest

NEEDED = ("run", "round", "text")
OPTIONAL = ("series", "agent", "name", "message", "position", "model", "time", "failed")
EXAMPLE = "run,series,agent,round,text"
RUN = re.compile(r"(?P<series>[A-Za-z0-9][A-Za-z0-9._-]*)-run(?P<number>\d+)", re.ASCII)
YES = frozenset({"true", "1", "yes", "y", "x"})
NO = frozenset({"", "false", "0", "no", "n"})
KINDS = frozenset(kind.value for kind in FailureKind)
UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class Said:
    """One row."""

    line: int
    series: str
    run: str
    """As the table calls it."""
    agent: str
    name: str
    round: int
    text: str
    position: int | None
    model: str
    at: str
    failed: str | None
    """The kind of failure; None for a message."""
    alias: str
    """The message's id in the table; may be empty."""


class _Columns:
    """Where each known column stands, and how its cells are read."""

    def __init__(self, table: Sheet) -> None:
        self.table = table
        self.at = {name: table.place(name) for name in (*NEEDED, *OPTIONAL)}
        missing = next((name for name in NEEDED if self.at[name] is None), None)
        if missing is None and self.at["agent"] is None and self.at["name"] is None:
            missing = "agent"
        if missing is not None:
            hint = nearest(missing, [column for column in table.columns if column])
            raise InvalidFile(
                table.file, f"has no column {missing!r}{hint}. A header may look like this: {EXAMPLE}", line=1
            )

    def text(self, cells: Sequence[str], column: str) -> str:
        at = self.at[column]
        return "" if at is None else cells[at]

    def needed(self, line: int, cells: Sequence[str], column: str) -> str:
        value = self.text(cells, column).strip()
        if not value:
            raise InvalidFile(self.table.file, "is empty", line=line, key=column)
        return value

    def number(self, line: int, cells: Sequence[str], column: str) -> int | None:
        value = self.text(cells, column).strip().removesuffix(".0")
        if not value:
            return None
        if not (value.isascii() and value.isdigit()):
            raise InvalidFile(
                self.table.file, f"{value!r} is not a whole number from 0 on", line=line, key=column
            )
        return int(value)

    def moment(self, line: int, cells: Sequence[str]) -> str:
        value = self.text(cells, "time").strip()
        if not value:
            return ""
        try:
            seconds = re.fullmatch(r"\d{9,11}(\.\d+)?", value)
            moment = datetime.fromtimestamp(float(value), UTC) if seconds else datetime.fromisoformat(value)
        except ValueError as error:
            problem = f"{value!r} is not a time; write it as 2026-03-04T17:05:00Z"
            raise InvalidFile(self.table.file, problem, line=line, key="time") from error
        zoned = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def failed(self, line: int, cells: Sequence[str]) -> str | None:
        value = self.text(cells, "failed").strip().casefold()
        if value in NO:
            return None
        if value in YES:
            return UNCLASSIFIED
        if value in KINDS:
            return value
        problem = f"{value!r} is neither yes nor no nor a kind of failure{nearest(value, KINDS)}"
        raise InvalidFile(self.table.file, problem, line=line, key="failed")


def read_rows(table: Sheet) -> Iterator[Said]:
    columns = _Columns(table)
    for line, cells in table.rows:
        round_ = columns.number(line, cells, "round")
        if round_ is None:
            raise InvalidFile(table.file, "is empty", line=line, key="round")
        run = columns.needed(line, cells, "run")
        agent, name = (columns.text(cells, column).strip() for column in ("agent", "name"))
        yield Said(
            line=line,
            series=_series(table, line, columns.text(cells, "series").strip(), run),
            run=run,
            agent=agent or name,
            name=_name(table, line, name or agent),
            round=round_,
            text=columns.text(cells, "text"),
            position=columns.number(line, cells, "position"),
            model=columns.text(cells, "model").strip() or agent or name,
            at=columns.moment(line, cells),
            failed=columns.failed(line, cells),
            alias=columns.text(cells, "message").strip(),
        )


def _series(table: Sheet, line: int, series: str, run: str) -> str:
    """As the table says; or from a run called `<series>-run07`; or else all runs are of one series."""
    named = RUN.fullmatch(run)
    series = series or (named["series"] if named else "all")
    if not re.fullmatch(NAME, series):
        problem = f"{series!r} cannot name a series; use letters, digits, '.', '_' and '-'"
        raise InvalidFile(table.file, problem, line=line, key="series")
    return series


def _name(table: Sheet, line: int, name: str) -> str:
    if not name:
        raise InvalidFile(table.file, "neither `agent` nor `name` is given", line=line)
    if "|" in name or not name.isprintable():
        raise InvalidFile(table.file, f"{name!r} cannot be a name: no `|`, no line breaks", line=line)
    return name
