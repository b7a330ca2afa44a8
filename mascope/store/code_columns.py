"""Codes files → columns: what one process does for its share of the files."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from mascope.records import Abstained, Coding, Unanswered, Unreadable, Verdict
from mascope.store import codes, lines, shown
from mascope.store.codes import CoderHeader, Codes
from mascope.store.columns import CODES, NUMBER, VERDICTS, WORD, Growing, Tables, array

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
        self.marks: dict[str, list[Any]] = {}
        """Flag (or flag and `_level`) → cells; shorter than the table where the last rows have none."""
        self.kinds: dict[str, str] = {}
        self.count = 0

    def add(self, header: CoderHeader, found: Codes) -> None:
        run, series = found.file.stem, found.file.parent.name
        coder, kind, digest = header.coder, header.kind, header.digest
        for flag in header.flags:
            self._cells(flag, NUMBER)
        for verdict in found.verdicts:
            message, outcome = verdict.message, OUTCOMES[type(verdict)]
            unanswered = _unanswered(verdict, header.flags)
            weight = found.weights.get(message)
            self.fixed.add((message, run, series, coder, kind, digest, outcome, unanswered, weight))
            if isinstance(verdict, Coding):
                self._add_marks(verdict)
            self.count += 1

    def _add_marks(self, coding: Coding) -> None:
        for flag, mark in coding.marks.items():
            cells = self.marks.get(flag)
            if cells is None or len(cells) < self.count:
                cells = self._cells(flag, NUMBER)
            cells.append(ANSWERS[mark.answer])
            if mark.level is not None:
                self._cells(f"{flag}_level", WORD).append(mark.level)

    def _cells(self, name: str, kind: str) -> list[Any]:
        """The cells of a column, filled up to the current row."""
        cells = self.marks.setdefault(name, [])
        self.kinds.setdefault(name, kind)
        cells.extend([None] * (self.count - len(cells)))
        return cells

    def table(self) -> pa.Table:
        columns = {name: array(kind, self._cells(name, kind)) for name, kind in self.kinds.items()}
        fixed = self.fixed.table()
        return pa.table({**{name: fixed[name] for name in fixed.column_names}, **columns})


OUTCOMES: Mapping[type[Verdict], str] = {
    Coding: "coding",
    Unreadable: "unreadable",
    Abstained: "abstained",
    Unanswered: "unanswered",
}


def _unanswered(verdict: Verdict, flags: Sequence[str]) -> str:
    if not isinstance(verdict, Coding) or all(flag in verdict.marks for flag in flags):
        return ""
    return ";".join(flag for flag in flags if flag not in verdict.marks)
