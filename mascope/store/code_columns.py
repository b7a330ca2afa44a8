"""Codes files → columns: what one process does for its share of the files."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from mascope.records import Abstained, Coding, Mark, Unanswered, Unreadable, Verdict
from mascope.store import codes, shown
from mascope.store.codes import CoderHeader, Codes
from mascope.store.columns import (
    CODES,
    NUMBER,
    TEXT,
    VERDICTS,
    WORD,
    Growing,
    Tables,
    array,
    without_surrogates,
)

TABLES = ("codes", "verdicts")
OF_A_FILE = ("run", "series", "coder", "kind", "digest")
"""Columns that say the same for all of a file."""
ANSWERS: Mapping[str, float] = {"yes": 1.0, "no": 0.0, "unsure": math.nan}


def read_codes(files: Iterable[Path], tables: Collection[str]) -> Tables:
    """Some of the `TABLES` of these files, in their order.

    codes: one row a verdict, one column a flag, one more where it has levels. verdicts: one row a file, what
    a reader is shown.
    """
    growing, verdicts = _Codes(), Growing(VERDICTS)
    for file in files:
        found = codes.read(file)
        if found.header is None:
            continue
        if "codes" in tables:
            growing.add(found.header, found)
        if "verdicts" in tables:
            verdicts.extend([(file.stem, found.header.coder, found.cost_usd, shown.verdicts(found))])
    made = {"codes": growing.table, "verdicts": verdicts.table}
    return {name: made[name]() for name in tables}


@dataclass(frozen=True, slots=True)
class _Said:
    """What a verdict says, whatever it is on."""

    outcome: str
    unanswered: str
    """Flags that it was asked for and says nothing of."""
    marks: Mapping[str, Mark]

    @classmethod
    def of(cls, verdict: Verdict, asked: Sequence[str]) -> "_Said":
        if not isinstance(verdict, Coding):
            return cls(OUTCOMES[type(verdict)], "", NO_MARKS)
        return cls(
            OUTCOMES[Coding], ";".join(flag for flag in asked if flag not in verdict.marks), verdict.marks
        )


class _Codes:
    """Codes, whose columns are known only when all have been read."""

    def __init__(self) -> None:
        self._flags: dict[str, None] = {}
        """All flags, in the order in which they came."""
        self._files = Growing({name: CODES[name] for name in OF_A_FILE})
        self._counts: list[int] = []
        """Of each file, how many verdicts."""
        self._messages: list[str] = []
        self._weights: list[float | None] = []
        self._places: list[int] = []
        """Of each verdict, the place of what it says."""
        self._different: list[_Said] = []
        """A million verdicts mostly say one of a few things."""
        self._known: dict[tuple[int, Sequence[str]], int] = {}
        """Marks (by identity) and the flags asked for → their place among these."""

    def add(self, header: CoderHeader, found: Codes) -> None:
        self._flags |= dict.fromkeys(header.flags)
        if not found.verdicts:
            return
        self._files.extend(
            [(found.file.stem, found.file.parent.name, header.coder, header.kind, header.digest)]
        )
        messages = [verdict.message for verdict in found.verdicts]
        self._counts.append(len(messages))
        self._messages += messages
        self._weights += map(found.weights.get, messages)
        self._places += [self._place(verdict, header.flags) for verdict in found.verdicts]

    def _place(self, verdict: Verdict, asked: Sequence[str]) -> int:
        what = verdict.marks if isinstance(verdict, Coding) else type(verdict)
        place = self._known.get((id(what), asked))
        if place is None:
            place = self._known[id(what), asked] = len(self._different)
            self._different.append(_Said.of(verdict, asked))
            self._flags |= dict.fromkeys(self._different[place].marks)
        return place

    def table(self) -> pa.Table:
        files, places = (
            np.repeat(np.arange(len(self._counts)), self._counts),
            pa.array(self._places, pa.int64()),
        )
        of_files = self._files.table().take(pa.array(files, pa.int64()))
        columns = {
            **{name: of_files[name] for name in OF_A_FILE},
            "message": array(TEXT, self._messages),
            "outcome": array(WORD, [said.outcome for said in self._different]).take(places),
            "unanswered": array(WORD, [said.unanswered for said in self._different]).take(places),
            "weight": array(NUMBER, self._weights),
        }
        of_flags = {name: cells.take(places) for name, cells in self._of_flags()}
        return pa.table({name: columns[name] for name in CODES} | of_flags)

    def _of_flags(self) -> Iterator[tuple[str, pa.Array]]:
        """The columns of each flag, of each of the different things said."""
        for flag in self._flags:
            name = without_surrogates(flag)
            yield name, self._told(flag, NUMBER, lambda mark: ANSWERS[mark.answer])
            levels = self._told(flag, WORD, lambda mark: mark.level)
            if levels.null_count < len(levels):
                yield f"{name}_level", levels

    def _told(self, flag: str, kind: str, cell: Callable[[Mark], Any]) -> pa.Array:
        """The cell of a flag; None where it is not answered."""
        given = (said.marks.get(flag) for said in self._different)
        return array(kind, [None if mark is None else cell(mark) for mark in given])


NO_MARKS: Mapping[str, Mark] = MappingProxyType({})
OUTCOMES: Mapping[type[Verdict], str] = {
    Coding: "coding",
    Unreadable: "unreadable",
    Abstained: "abstained",
    Unanswered: "unanswered",
}
