"""Every turn in one compact index, to be filtered without its text, and each run's transcript by itself.

In the index a turn is one sign in each of a few long texts: its kind, its marks, and for each flag what each
coder said of it and how it is labelled. A million turns with two coders and six flags are some 20 MB of
signs, of which gzip leaves a tenth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mascope.report.evidence import CoderInfo, Line, RunEvidence
from mascope.report.summary import Labels
from mascope.stats.compensation import CHOICES, median_level

KINDS: Mapping[str, str] = {
    "message": "m", "empty": "e", "scripted": "s", "copied": "c", "failure": "f", "fault": "i",
}  # fmt: skip
"""Kind of a turn → its sign."""
YES, NO, UNSURE, NO_CODE, NONE = "y", "n", "u", "x", "."
"""What a coder said of a flag: `u` also for an undecided label, `x` where its verdict is no coding, `.` where
it never came to the message. A yes with a level is the level's number, from 1."""
TRUNCATED, CLEANED, RETRIED, BROADCAST, TOLD = 1, 2, 4, 8, 16
"""Marks of a turn, added up and written as one digit to the base 32: cut off at the limit of tokens, changed
by hygiene, asked more than once, a mere list of addressees, a failure of which the others were told."""
DIGITS = "0123456789abcdefghijklmnopqrstuv"
_MOST_LEVELS = 9


@dataclass(frozen=True, slots=True)
class Coded:
    """Who coded which flags, and how the tables label them."""

    coders: Sequence[CoderInfo]
    flags: Sequence[str]
    labels: Labels | None
    broadcasts: frozenset[str] = frozenset()
    """Ids of the messages that merely list addressees."""

    def levels(self, flag: str) -> Sequence[str]:
        return self.labels.levels.get(flag, ()) if self.labels else ()

    def of(self, coder: CoderInfo) -> Sequence[str]:
        return [flag for flag in self.flags if flag in coder.flags]


@dataclass(slots=True)
class Index:
    """The index while it grows, run by run."""

    coded: Coded
    runs: list[dict[str, Any]] = field(default_factory=list)
    agents: dict[str, int] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    speakers: list[int] = field(default_factory=list)
    codes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)

    def add(self, found: RunEvidence, labelled: Mapping[str, Sequence[float]]) -> None:
        """One more run; `labelled` has the labels of its messages, flag by flag."""
        turns = found.turns
        self.runs.append(_about_run(found))
        self.kinds.append("".join(KINDS[turn["kind"]] for turn in turns))
        self.marks.append("".join(DIGITS[_marks(turn, self.coded.broadcasts)] for turn in turns))
        self.rounds.extend(turn["round"] for turn in turns)
        self.speakers.extend(self.agents.setdefault(turn["agent"], len(self.agents)) for turn in turns)
        for coder in self.coded.coders:
            verdicts = found.verdicts.get(coder.name, {})
            for flag in self.coded.of(coder):
                signs = _signs(turns, verdicts, flag, self.coded.levels(flag))
                self.codes.setdefault((coder.name, flag), []).append(signs)
        if self.coded.labels is not None:
            for place, flag in enumerate(self.coded.flags):
                signs = _label_signs(found, (flag, place), labelled, self.coded.labels)
                self.labels.setdefault(flag, []).append(signs)

    def extend(self, other: "Index") -> None:
        """The runs of another index after these."""
        place = [self.agents.setdefault(agent, len(self.agents)) for agent in other.agents]
        self.speakers.extend(place[speaker] for speaker in other.speakers)
        self.runs += other.runs
        self.kinds += other.kinds
        self.marks += other.marks
        self.rounds += other.rounds
        for key, signs in other.codes.items():
            self.codes.setdefault(key, []).extend(signs)
        for flag, signs in other.labels.items():
            self.labels.setdefault(flag, []).extend(signs)

    def data(self) -> dict[str, Any]:
        """The index as the page reads it."""
        codes: dict[str, dict[str, str]] = {coder.name: {} for coder in self.coded.coders}
        for (coder, flag), signs in self.codes.items():
            codes[coder][flag] = "".join(signs)
        return {
            "runs": self.runs,
            "agents": list(self.agents),
            "kinds": "".join(self.kinds),
            "marks": "".join(self.marks),
            "rounds": self.rounds,
            "speakers": self.speakers,
            "codes": codes,
            "labels": {flag: "".join(signs) for flag, signs in self.labels.items()},
        }


def _about_run(found: RunEvidence) -> dict[str, Any]:
    status = "partial" if found.end is None else str(found.end.get("status", "done"))
    return {"run": found.run, "series": found.series, "status": status, "turns": len(found.turns)}


def _marks(turn: Line, broadcasts: frozenset[str]) -> int:
    marks = {
        TRUNCATED: turn.get("finish_reason") == "length",
        CLEANED: "changes" in turn,
        RETRIED: turn.get("attempts", 1) > 1,
        BROADCAST: turn["id"] in broadcasts,
        TOLD: "told" in turn,
    }
    return sum(mark for mark, holds in marks.items() if holds)


# Codes and labels ---------------------------------------------------------------------------------------


def _signs(turns: Sequence[Line], verdicts: Mapping[str, Line], flag: str, levels: Sequence[str]) -> str:
    return "".join(_sign(verdicts.get(turn["id"]), flag, levels) for turn in turns)


def _sign(verdict: Line | None, flag: str, levels: Sequence[str]) -> str:
    if verdict is None:
        return NONE
    if verdict["outcome"] != "coding":
        return NO_CODE
    mark = verdict["flags"].get(flag)
    answer = mark["answer"] if isinstance(mark, dict) else mark
    if answer == "yes":
        return _yes(_level(mark), levels)
    return {"no": NO, "unsure": UNSURE}.get(answer, NONE)


def _yes(level: str | None, levels: Sequence[str]) -> str:
    place = levels.index(level) if level in levels else _MOST_LEVELS
    return str(place + 1) if place < _MOST_LEVELS else YES


def _level(mark: Any) -> str | None:
    return mark.get("level") if isinstance(mark, dict) else None


def _label_signs(
    found: RunEvidence, flag: tuple[str, int], labelled: Mapping[str, Sequence[float]], labels: Labels
) -> str:
    name, place = flag
    return "".join(_label_sign(found, turn["id"], (name, place), labelled, labels) for turn in found.turns)


def _label_sign(
    found: RunEvidence,
    message: str,
    flag: tuple[str, int],
    labelled: Mapping[str, Sequence[float]],
    labels: Labels,
) -> str:
    values = labelled.get(message)
    if values is None:
        return NONE
    value = values[flag[1]]
    if value == 1:
        levels = labels.levels.get(flag[0], ())
        return _yes(_chosen_level(found, message, flag[0], labels), levels) if levels else YES
    return NO if value == 0 else UNSURE


def _chosen_level(found: RunEvidence, message: str, flag: str, labels: Labels) -> str | None:
    """Of the levels that coders gave to one event, the one that the table of compensation counts."""
    asked = [labels.rule] if labels.rule in found.verdicts else labels.coders
    verdicts = (found.verdicts.get(coder, {}).get(message) for coder in asked)
    marks = (verdict["flags"].get(flag) for verdict in verdicts if verdict and "flags" in verdict)
    given = [level for mark in marks if (level := _level(mark))]
    return CHOICES.get(labels.rule, median_level)(given) if given else None


class LabelsByRun:
    """The labels of one run's messages, taken from the frame of all when they are wanted."""

    def __init__(self, coded: Coded) -> None:
        labels = coded.labels
        self._places: Mapping[Any, Any] = {}
        if labels is not None and len(labels.frame):
            self._places = labels.frame.groupby("run", observed=True, sort=False).indices
            self._values = labels.frame[list(coded.flags)].to_numpy(dtype=np.float64)
            self._messages = labels.frame["message"].to_numpy()

    def of(self, run: str) -> Mapping[str, Sequence[float]]:
        """Message → its labels, in the order of the flags."""
        places = self._places.get(run)
        if places is None:
            return {}
        return dict(zip(self._messages[places].tolist(), self._values[places].tolist(), strict=True))


# Transcripts --------------------------------------------------------------------------------------------

_OF_A_HEADER = ("seed", "replicate", "parent", "simulated", "version", "digest", "condition")


def transcript(found: RunEvidence) -> dict[str, Any]:
    """One run as the page shows it. What a turn saw is said by the places of those turns: it is shorter."""
    place = {turn["id"]: number for number, turn in enumerate(found.turns)}
    return {
        "run": found.run,
        "series": found.series,
        "agents": found.header["agents"],
        "about": {name: found.header[name] for name in _OF_A_HEADER if found.header.get(name)}
        | {"started": found.header.get("started") or found.header.get("at", "")},
        "end": found.end or {},
        "turns": [_with_codes(_placed(turn, place), found) for turn in found.turns],
        "probes": [_placed(probe, place) for probe in found.probes],
    }


def _placed(line: Line, place: Mapping[str, int]) -> dict[str, Any]:
    shown = {name: [place.get(id_, id_) for id_ in line[name]] for name in ("seen", "cut") if name in line}
    return {**line, **shown}


def _with_codes(turn: dict[str, Any], found: RunEvidence) -> dict[str, Any]:
    message = turn["id"]
    codes = {coder: given[message] for coder, given in found.verdicts.items() if message in given}
    return {**turn, "codes": codes} if codes else turn
