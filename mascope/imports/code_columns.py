"""Which columns of a codes file are flags, and what their cells say."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mascope.codebook import FLAG_NAME
from mascope.errors import InvalidFile
from mascope.imports.sheet import Sheet
from mascope.records import Answer, Mark

IDS = ("id", "message", "message_id")
NOT_FLAGS = frozenset(
    (
        *IDS,
        *("series", "run", "replicate", "agent", "name", "label", "model", "round", "position", "time", "at"),
        *("text", "words", "chars", "mentions", "broadcast", "language"),
        *("coder", "weight", "note", "notes", "comment", "comments"),
    )
)
"""Columns that tell of the message, not of its codes."""
LEVEL = "_level"
ANSWERS: dict[str, Answer] = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "y", "x"), "yes"),
    **dict.fromkeys(("false", "0", "0.0", "no", "n"), "no"),
    "unsure": "unsure",
}
"""Cell → answer, in any case. An empty cell is the user's to explain."""


@dataclass(frozen=True, slots=True)
class FlagColumn:
    flag: str
    at: int
    level_at: int | None


@dataclass(frozen=True, slots=True)
class Columns:
    table: Sheet
    prefix: str
    id_at: int
    found: tuple[FlagColumn, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(column.flag for column in self.found)

    @classmethod
    def of(cls, table: Sheet, prefix: str | None) -> "Columns":
        """The columns of one coder, or `InvalidFile`."""
        id_at = table.place(*IDS)
        if id_at is None:
            raise InvalidFile(table.file, "has no column `id` (or `message`) that says which message", line=1)
        chosen = _only_prefix(table) if prefix is None else prefix
        found = _flag_columns(table, chosen)
        if not found:
            raise InvalidFile(table.file, _no_flags(table, chosen), line=1)
        return cls(table, chosen, id_at, found)


@dataclass(frozen=True, slots=True)
class Coded:
    """One row."""

    line: int
    id: str
    marks: dict[str, Mark]
    stray_levels: int


def read_rows(columns: Columns, blank: Literal["no", "missing"]) -> Iterator[Coded]:
    for line, cells in columns.table.rows:
        id_ = cells[columns.id_at].strip()
        if not id_:
            raise columns.table.error(line, columns.id_at, "is empty")
        marks: dict[str, Mark] = {}
        stray = 0
        for column in columns.found:
            answer = _answer(columns.table, line, cells, column.at) or ("no" if blank == "no" else None)
            level = cells[column.level_at].strip() if column.level_at is not None else ""
            stray += bool(level) and answer != "yes"
            if answer is not None:
                marks[column.flag] = Mark(answer, level or None if answer == "yes" else None)
        yield Coded(line, id_, marks, stray)


def _answer(table: Sheet, line: int, cells: Sequence[str], at: int) -> Answer | None:
    cell = cells[at].strip()
    if not cell:
        return None
    answer = ANSWERS.get(cell.casefold())
    if answer is None:
        problem = f"{cell[:40]!r} is no code; use true or false, 1 or 0, yes or no, x, or nothing"
        raise table.error(line, at, problem)
    return answer


# Finding the flags --------------------------------------------------------------------------------------


def _flag_columns(table: Sheet, prefix: str) -> tuple[FlagColumn, ...]:
    names = {}
    for at, column in enumerate(table.columns):
        folded = column.casefold()
        rest = folded.removeprefix(prefix.casefold()).lstrip("_-. ") if prefix else folded
        if folded.startswith(prefix.casefold()) and not {folded, rest} & NOT_FLAGS:
            names[rest.replace("-", "_").replace(" ", "_")] = at
    levels = {name for name in names if name.endswith(LEVEL) and name.removesuffix(LEVEL) in names}
    return tuple(
        FlagColumn(name.upper(), at, names.get(name + LEVEL))
        for name, at in names.items()
        if name not in levels and re.fullmatch(FLAG_NAME, name.upper())
    )


def _prefixes(table: Sheet) -> dict[str, set[str]]:
    """What stands before the first `_` of columns → what follows it."""
    found: dict[str, set[str]] = {}
    for column in table.columns:
        head, line, rest = column.casefold().partition("_")
        if line and rest and column.casefold() not in NOT_FLAGS:
            found.setdefault(head + line, set()).add(rest)
    return found


def _only_prefix(table: Sheet) -> str:
    """The prefix that all flag columns share; none if they share none. `InvalidFile` if there are several."""
    found = _prefixes(table)
    coders = [one for one in found if any(found[one] & found[other] for other in found if other != one)]
    if coders:
        raise InvalidFile(
            table.file,
            f"holds the codes of several coders; choose one by --prefix: {', '.join(coders)}",
            line=1,
        )
    flags = [column for column in table.columns if column and column.casefold() not in NOT_FLAGS]
    shared = [
        one for one in found if len(flags) > 1 and all(flag.casefold().startswith(one) for flag in flags)
    ]
    return shared[0] if shared else ""


def _no_flags(table: Sheet, prefix: str) -> str:
    there = ", ".join(_prefixes(table)) or "none"
    asked = f"begins with {prefix!r}" if prefix else "is a flag"
    return f"no column {asked}; prefixes in this file: {there}. A header may look like this: id,phatic,meta"
