"""Codes files → columns: what one process does for its share of the files."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from mascope.records import Abstained, Coding, Mark, Unanswered, Unreadable, Verdict
from mascope.store import codes, lines, shown
from mascope.store.codes import CoderHeader, Codes
from mascope.store.columns import CODES, NUMBER, VERDICTS, WORD, Growing, Tables, array, without_surrogates

TABLES = ("codes", "verdicts")
ANSWERS: Mapping[str, float] = {"yes": 1.0, "no": 0.0, "unsure": math.nan}


def read_codes(files: Iterable[Path], tables: Collection[str]) -> Tables:
    """Some of the `TABLES` of these files, in their order.

    codes: one row a verdict, one column a flag, one more where it has levels. verdicts: one row a file, what
    a reader is shown.
    """
    growing, verdicts = _Codes(), Growing(VERDICTS)
    for file in files:
        events = lines.read_outlined(file)
        found = codes.told(file, events)
        if found.header is None:
            continue
        if "codes" in tables:
            growing.add(found.header, found)
        if "verdicts" in tables:
            verdicts.add((file.stem, found.header.coder, *shown.verdicts(events, codes.VERDICTS)))
    made = {"codes": growing.table, "verdicts": verdicts.table}
    return {name: made[name]() for name in tables}


class _Codes:
    """Codes, whose columns are known only when all have been read."""

    def __init__(self) -> None:
        self.fixed = Growing(CODES)
        self.flags: dict[str, None] = {}
        """All flags, in the order in which they came."""
        self.levelled: dict[str, None] = {}
        """Those of which a level was given."""
        self.different: list[Mapping[str, Mark]] = [NO_MARKS]
        """Marks of codings: most of a million are one of a few."""
        self.place: dict[tuple[int, Sequence[str]], tuple[int, str]] = {}
        """Marks (by identity) and the flags asked for → their place, and which of these are unanswered."""
        self.marks: list[int] = []
        """Of each row, the place of its marks."""

    def add(self, header: CoderHeader, found: Codes) -> None:
        run, series = found.file.stem, found.file.parent.name
        coder, kind, digest = header.coder, header.kind, header.digest
        self.flags |= dict.fromkeys(header.flags)
        for verdict in found.verdicts:
            message, outcome = verdict.message, OUTCOMES[type(verdict)]
            place, unanswered = 0, ""
            if isinstance(verdict, Coding):
                known = self.place.get((id(verdict.marks), header.flags))
                place, unanswered = known or self._add_marks(verdict.marks, header.flags)
            weight = found.weights.get(message)
            self.fixed.add((message, run, series, coder, kind, digest, outcome, unanswered, weight))
            self.marks.append(place)

    def _add_marks(self, marks: Mapping[str, Mark], flags: Sequence[str]) -> tuple[int, str]:
        found = len(self.different), ";".join(flag for flag in flags if flag not in marks)
        self.different.append(marks)
        self.place[id(marks), flags] = found
        self.flags |= dict.fromkeys(marks)
        self.levelled |= {flag: None for flag, mark in marks.items() if mark.level is not None}
        return found

    def table(self) -> pa.Table:
        fixed = self.fixed.table()
        columns = {name: fixed[name] for name in fixed.column_names}
        marks = pa.array(self.marks, pa.int64())
        for flag in self.flags:
            answers = self._told(flag, lambda mark: ANSWERS[mark.answer])
            name = without_surrogates(flag)
            columns[name] = array(NUMBER, answers).take(marks)
            if flag in self.levelled:
                levels = self._told(flag, lambda mark: mark.level)
                columns[f"{name}_level"] = array(WORD, levels).take(marks)
        return pa.table(columns)

    def _told(self, flag: str, cell: Callable[[Mark], Any]) -> list[Any]:
        """Of each of the different marks, the cell of a flag; None where they do not answer it."""
        given = (marks.get(flag) for marks in self.different)
        return [None if mark is None else cell(mark) for mark in given]


NO_MARKS: Mapping[str, Mark] = MappingProxyType({})
OUTCOMES: Mapping[type[Verdict], str] = {
    Coding: "coding",
    Unreadable: "unreadable",
    Abstained: "abstained",
    Unanswered: "unanswered",
}
