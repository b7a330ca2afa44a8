"""Which columns of a codes file are flags, and what their cells say."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mascope.codebook import FLAG_NAME
from mascope.errors import InvalidFile
from mascope.imports.sheet import Row, Sheet
from mascope.records import Answer, Mark

IDS = ("id", "message", "message_id")
ID_PARTS = (("run",), ("name", "agent"), ("round",))
"""Columns of which an id is made where it has none of its own."""
WEIGHTS = ("weight", "weights", "sampling_weight")
NOTES = ("note", "notes", "comment", "comments")
"""Columns that go beside the codes: for how many messages one stands, and what the coder remarked."""
NOT_FLAGS = frozenset(
    (
        *IDS,
        *("series", "run", "replicate", "agent", "name", "label", "model", "round", "position", "time", "at"),
        *("text", "words", "chars", "mentions", "broadcast", "language", "confidence", "quote"),
        *("coder", *WEIGHTS, *NOTES),
    )
)
"""Columns that tell of the message, not of its codes."""
LEVEL = "_level"
ANSWERS: dict[str, Answer] = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "y", "x", "t", "✓", "✔", "oui", "vrai", "present"), "yes"),
    **dict.fromkeys(("false", "0", "0.0", "no", "n", "f", "✗", "✘", "non", "faux", "absent"), "no"),
    **dict.fromkeys(("unsure", "cannot tell", "can't tell", "cannot_tell", "undecided", "?"), "unsure"),
}
"""Cell → answer, in any case. An empty cell is the user's to explain."""
MISSING = frozenset({"na", "n/a", "nan", "null", "missing"})
"""Cells that say themselves that there is no code, whatever an empty one means."""
_LEVEL_ANSWER = re.compile(r"[Ll][1-9]")
"""A level in the flag's own column (`L2`): a yes at that level."""


@dataclass(frozen=True, slots=True)
class FlagColumn:
    flag: str
    at: int
    level_at: int | None


@dataclass(frozen=True, slots=True)
class Columns:
    table: Sheet
    prefix: str
    ids_at: tuple[int, ...]
    """Of the id, or of what an id is made of: run, name and round."""
    found: tuple[FlagColumn, ...]
    weight_at: int | None = None
    note_at: int | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(column.flag for column in self.found)

    @classmethod
    def of(cls, table: Sheet, prefix: str | None) -> "Columns":
        """The columns of one coder, or `InvalidFile`."""
        ids_at = _ids_at(table)
        chosen = _only_prefix(table) if prefix is None else prefix
        found = _flag_columns(table, chosen)
        if not found:
            raise InvalidFile(table.file, _no_flags(table, chosen), line=1)
        weight_at, note_at = (_beside(table, chosen, names) for names in (WEIGHTS, NOTES))
        return cls(table, chosen, ids_at, found, weight_at, note_at)

    def id(self, line: int, cells: Sequence[str]) -> str:
        """The id of the message that a row is about."""
        parts = [cells[at].strip() for at in self.ids_at]
        for at, part in zip(self.ids_at, parts, strict=True):
            if not part:
                raise self.table.error(line, at, "is empty")
        if len(parts) == 1:
            return parts[0]
        run, name, round_ = parts
        return f"{run}|{name}|R{round_.upper().removeprefix('R')}"


def _ids_at(table: Sheet) -> tuple[int, ...]:
    whole = table.place(*IDS)
    if whole is not None:
        return (whole,)
    parts = [table.place(*names) for names in ID_PARTS]
    if None in parts:
        problem = "has no column `id` (or `message`; or `run`, `name` and `round`) that says which message"
        raise InvalidFile(table.file, problem, line=1)
    return tuple(at for at in parts if at is not None)


def _beside(table: Sheet, prefix: str, names: Sequence[str]) -> int | None:
    """The coder's own column of one of these names, or else the one for all coders."""
    own = table.place(*(prefix.casefold() + name for name in names)) if prefix else None
    return table.place(*names) if own is None else own


@dataclass(frozen=True, slots=True)
class Coded:
    """What was said of one message."""

    line: int
    id: str
    marks: dict[str, Mark]
    stray_levels: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    """What is written beside the codes: `weight`, `note`."""
    skipped: str | None = None
    """Why the coder gave no codes; None where it did."""

    @property
    def said(self) -> tuple[object, ...]:
        """What two rows of one message must have in common."""
        return self.marks, self.about.get("weight"), self.skipped


def read_rows(columns: Columns, blank: Literal["no", "missing"], coder: str) -> Iterator[Coded]:
    for line, cells in _rows_of(columns.table, coder):
        id_ = columns.id(line, cells)
        marks: dict[str, Mark] = {}
        stray = 0
        for column in columns.found:
            answer, level = _cell(columns.table, line, cells, column)
            if answer is None and blank == "no" and not cells[column.at].strip():
                answer = "no"
            stray += bool(level) and answer != "yes"
            if answer is not None:
                marks[column.flag] = Mark(answer, level or None if answer == "yes" else None)
        yield Coded(line, id_, marks, stray, _about(columns, line, cells))


def _rows_of(table: Sheet, coder: str) -> Iterator[Row]:
    """Those of `coder`, where a column `coder` tells several apart."""
    at = table.place("coder")
    names = {} if at is None else dict.fromkeys(cells[at].strip() for _, cells in table.rows)
    if at is None or len(names) < 2:
        yield from table.rows
        return
    if coder not in names:
        known = ", ".join(filter(None, names))
        raise InvalidFile(
            table.file, f"holds codes of several coders; --coder must be one of them: {known}", line=1
        )
    yield from ((line, cells) for line, cells in table.rows if cells[at].strip() == coder)


def _about(columns: Columns, line: int, cells: Sequence[str]) -> Mapping[str, Any]:
    about: dict[str, Any] = {}
    if columns.weight_at is not None and (weight := cells[columns.weight_at].strip()):
        about["weight"] = _weight(columns, line, weight)
    if columns.note_at is not None and (note := cells[columns.note_at].strip()):
        about["note"] = note
    return about


def _weight(columns: Columns, line: int, cell: str) -> float:
    try:
        weight = float(cell)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        problem = f"{cell[:40]!r} is no weight; it is for how many messages this one stands, a number over 0"
        raise columns.table.error(line, columns.weight_at or 0, problem)
    return weight


def _cell(table: Sheet, line: int, cells: Sequence[str], column: FlagColumn) -> tuple[Answer | None, str]:
    """The answer and the level of one flag; no answer where the cell holds none."""
    cell = cells[column.at].strip()
    level = cells[column.level_at].strip() if column.level_at is not None else ""
    if not cell or cell.casefold() in MISSING:
        return None, level
    answer = ANSWERS.get(cell.casefold())
    if answer is None and _LEVEL_ANSWER.fullmatch(cell) and level in ("", cell):
        return "yes", cell
    if answer is None:
        problem = f"{cell[:40]!r} is no code; use true or false, 1 or 0, yes or no, x, ?, or nothing"
        raise table.error(line, column.at, problem)
    return answer, level


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
