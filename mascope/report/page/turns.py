"""Every turn in one compact index, to be filtered without its text.

In the index a turn is one sign in each of a few long texts: its kind, its marks, and for each flag what each
coder said of it and how it is labelled. A million turns with two coders and six flags are some 20 MB of
signs, of which gzip leaves a tenth.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mascope.report.summary import Labels
from mascope.stats.compensation import CHOICES, median_level
from mascope.store.evidence import CoderInfo, Evidence
from mascope.store.frames import rows_of

KINDS: Mapping[str, str] = {
    "message": "m", "empty": "e", "scripted": "s", "copied": "c", "failure": "f", "fault": "i",
}  # fmt: skip
"""Kind of a turn → its sign."""
YES, NO, UNSURE, NO_CODE, NONE = "y", "n", "u", "x", "."
"""What a coder said of a flag: `u` also for an undecided label, `x` where its verdict is no coding, `.` where
it said nothing. A yes with a level is the level's number, from 1."""
MARKS: Mapping[str, int] = {"truncated": 1, "cleaned": 2, "retried": 4, "broadcast": 8, "told": 16}
"""Marks of a turn, added up and written as one digit to the base 32: cut off at the limit of tokens, changed
by hygiene, asked more than once, a mere list of addressees, a failure of which the others were told."""
DIGITS = "0123456789abcdefghijklmnopqrstuv"
_MOST_LEVELS = 9

Signs: TypeAlias = npt.NDArray[np.uint8]
"""(turns,) or (rows,): signs by their numbers in ASCII."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Who coded which flags, and how the tables label them."""

    coders: Sequence[CoderInfo]
    flags: Sequence[str]
    labels: Labels | None
    broadcasts: "pd.Series[str] | None" = None
    """Ids of the messages that merely list addressees."""

    def levels(self, flag: str) -> Sequence[str]:
        return self.labels.levels.get(flag, ()) if self.labels else ()

    def of(self, coder: CoderInfo) -> Sequence[str]:
        return [flag for flag in self.flags if flag in coder.flags]


def index(evidence: Evidence, coded: Coded) -> dict[str, Any]:
    """The index as the page reads it."""
    turns = evidence.turns
    places = _Places(_ids(turns["turn"]))
    speakers, agents = pd.factorize(turns["agent"])
    return {
        "runs": evidence.transcripts[["run", "series", "status", "turns"]].to_dict("records"),
        "agents": [str(agent) for agent in agents],
        "kinds": _text(_by_category(turns["kind"], KINDS.__getitem__)),
        "marks": _text(_numbers(DIGITS)[_marks(turns, coded)]),
        "rounds": turns["round"].tolist(),
        "speakers": speakers.tolist(),
        "codes": {coder.name: dict(_codes(coder, coded, places)) for coder in coded.coders},
        "labels": dict(_labels(coded.labels, coded.flags, places)) if coded.labels else {},
    }


def _marks(turns: pd.DataFrame, coded: Coded) -> npt.NDArray[np.intp]:
    listed = np.zeros(len(turns), dtype=bool)
    if coded.broadcasts is not None and len(coded.broadcasts):
        listed = turns["turn"].isin(coded.broadcasts).to_numpy()
    marked = turns.assign(broadcast=listed)
    return np.asarray(sum(marked[name].to_numpy(dtype=np.intp) * mark for name, mark in MARKS.items()))


def _numbers(signs: str) -> Signs:
    return np.frombuffer(signs.encode("ascii"), dtype=np.uint8)


def _text(signs: Signs) -> str:
    return signs.tobytes().decode("ascii")


def _by_category(column: "pd.Series[Any]", sign: Callable[[str], str], missing: str = NONE) -> Signs:
    """(rows,): the sign of each row's category."""
    words = column.astype("category").cat
    signs = _numbers("".join([*(sign(str(word)) for word in words.categories), missing]))
    return signs[words.codes.to_numpy()]  # what is missing has the code -1, and the last sign


def _ids(column: "pd.Series[str]") -> pa.Array:
    """A column that was read in parts is an array of parts."""
    found = pa.array(column, pa.large_string())
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


@dataclass(slots=True)
class _Places:
    """Where messages stand among all turns."""

    turns: pa.Array
    """Their ids."""
    _messages: pa.Array | None = None
    _where: npt.NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    """(messages,), of those asked for last: coders mostly code the same ones. −1 for what is no turn here."""

    def text(self, signs: Signs, messages: "pd.Series[str]") -> str:
        """(messages,) signs among those of all turns."""
        where = self._of(_ids(messages))
        every = np.full(len(self.turns), ord(NONE), dtype=np.uint8)
        every[where[where >= 0]] = signs[where >= 0]
        return _text(every)

    def _of(self, messages: pa.Array) -> npt.NDArray[np.intp]:
        if self._messages is None or not self._messages.equals(messages):
            found = pc.index_in(messages, value_set=self.turns)
            self._messages, self._where = messages, found.fill_null(-1).to_numpy().astype(np.intp)
        return self._where


# Codes --------------------------------------------------------------------------------------------------


def _codes(coder: CoderInfo, coded: Coded, places: _Places) -> Iterator[tuple[str, str]]:
    """Each flag with what this coder said of it."""
    if coded.labels is None:
        return
    rows = rows_of(coded.labels.codes, coder.name)
    for flag in coded.of(coder):
        signs = _answers(rows[flag])
        if levels := coded.levels(flag):
            signs = _with_levels(signs, rows[f"{flag}_level"], levels)
        signs[_silent(rows["unanswered"], flag)] = ord(NONE)
        signs[(rows["outcome"] != "coding").to_numpy()] = ord(NO_CODE)
        yield flag, places.text(signs, rows["message"])


def _answers(values: "pd.Series[float]") -> Signs:
    """(rows,): 1, 0 and NaN as signs."""
    numbers = values.to_numpy(dtype=np.float64)
    return np.select([numbers == 1, numbers == 0], [ord(YES), ord(NO)], ord(UNSURE)).astype(np.uint8)


def _silent(unanswered: "pd.Series[str]", flag: str) -> npt.NDArray[np.bool_]:
    signs = _by_category(unanswered, lambda flags: YES if flag in flags.split(";") else NO, NO)
    return np.asarray(signs == ord(YES))


def _with_levels(signs: Signs, given: "pd.Series[str]", levels: Sequence[str]) -> Signs:
    of_level = _by_category(given, lambda level: _level_sign(level, levels), YES)
    return np.where(signs == ord(YES), of_level, signs)


def _level_sign(level: str | None, levels: Sequence[str]) -> str:
    place = levels.index(level) if level in levels else _MOST_LEVELS
    return str(place + 1) if place < _MOST_LEVELS else YES


# Labels -------------------------------------------------------------------------------------------------


def _labels(labels: Labels, flags: Iterable[str], places: _Places) -> Iterator[tuple[str, str]]:
    messages = labels.frame["message"]
    for flag in flags:
        signs = _answers(labels.frame[flag])
        if levels := labels.levels.get(flag):
            signs = _with_levels(signs, messages.map(_chosen_levels(labels, flag)), levels)
        yield flag, places.text(signs, messages)


def _chosen_levels(labels: Labels, flag: str) -> Mapping[str, str]:
    """Message → of the levels that coders gave to it, the one that the table of compensation counts."""
    codes = labels.codes[labels.codes[f"{flag}_level"].notna()]
    asked = [labels.rule] if labels.rule in set(codes["coder"]) else labels.coders
    given: dict[str, list[str]] = {}
    for coder in asked:
        rows = rows_of(codes, coder)
        for message, level in zip(rows["message"], rows[f"{flag}_level"], strict=True):
            given.setdefault(message, []).append(level)
    choose = CHOICES.get(labels.rule, median_level)
    return {message: choose(of_one) for message, of_one in given.items()}
