"""The codes of one coder for one run: verdicts as lines."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, assert_never

from mascope.errors import CorruptJournal
from mascope.records import Abstained, Amount, Answer, Coding, Count, Mark, Unanswered, Unreadable, Verdict
from mascope.store import lines
from mascope.store.fields import Fields

CoderKind = Literal["llm", "rules", "human", "imported"]


@dataclass(frozen=True, slots=True)
class CoderHeader:
    """First line of a codes file: who coded, and under what instructions."""

    coder: str
    kind: CoderKind
    digest: str
    """Of model, prompt and codebook: codes of different digests are never mixed."""
    flags: tuple[str, ...]
    model: str | None = None
    simulated: bool = False
    batch: Count = 1
    """Messages that it was given by one call."""


@dataclass(frozen=True, slots=True)
class _Coding:
    """A coding as it stands in a line."""

    message: str
    flags: Mapping[str, Answer | Mark]
    """A bare answer where the mark says no more."""


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a verdict cost, in a line that says so."""

    cost_usd: Amount


HEADER = Fields.of(CoderHeader)
COST = Fields.of(_Cost)
CODING = Fields.of(_Coding)
MARK = Fields.of(Mark)
VERDICTS: Mapping[str, Fields[Any]] = {
    "coding": CODING,
    "unreadable": Fields.of(Unreadable),
    "abstained": Fields.of(Abstained),
    "unanswered": Fields.of(Unanswered),
}
BARE: Mapping[str, Mark] = {"yes": Mark("yes"), "no": Mark("no"), "unsure": Mark("unsure")}
"""Marks that say no more than the answer, as most do: made once."""


@dataclass(frozen=True, slots=True)
class Codes:
    file: Path
    header: CoderHeader | None
    verdicts: tuple[Verdict, ...]
    """The last verdict for each message, in the order of their first."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Message → for how many it stands, where the coder was given a sample: 1 / its chance to be drawn."""


def read(file: Path) -> Codes:
    """The codes in `file`; empty when there is none."""
    return told(file, lines.read_outlined(file))


def told(file: Path, events: Iterable[Mapping[str, Any]]) -> Codes:
    """What these lines of `file` hold."""
    header: CoderHeader | None = None
    verdicts: dict[str, Verdict] = {}
    weights: dict[str, float] = {}
    for number, line in enumerate(events, start=1):
        try:
            if line["event"] == "coder":
                header = HEADER.read(line)
            elif line["event"] not in ("call", "error"):
                verdict = _verdict(line)
                verdicts[verdict.message] = verdict
                if "weight" in line:
                    weights[verdict.message] = _weight(line["weight"])
                if line.get("cost_usd") is not None:
                    COST.read(line)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise CorruptJournal(
                file, number, f"a {line['event']!r} event cannot be read: {error}"
            ) from error
        if header is None:
            raise CorruptJournal(file, number, "the first event must be 'coder'")
    return Codes(file, header, tuple(verdicts.values()), weights)


def read_header(file: Path) -> CoderHeader | None:
    """Who coded in `file`, without reading the rest; None where nothing was written yet."""
    with file.open("rb") as stream:
        first = stream.readline()
    if not first.endswith(b"\n"):  # torn, or the only line
        return read(file).header
    try:
        return HEADER.read(json.loads(first))
    except (AttributeError, KeyError, TypeError, *lines.NOT_JSON) as error:
        raise CorruptJournal(file, 1, "the first event must be 'coder'") from error


class CodesRecorder:
    """Writes the codes of one coder for one run."""

    def __init__(self, file: Path, header: CoderHeader, clock: lines.Clock = lines.utc_now) -> None:
        fresh = not file.exists() or not lines.read(file)
        self._lines = lines.Appender(file, clock)
        if fresh:
            self._lines.append("coder", **asdict(header))

    def verdict(self, verdict: Verdict, **about: Any) -> None:
        """Record one verdict; `about` says how it came about (usage, latency, …)."""
        event, fields = _plain(verdict)
        self._lines.append(event, **fields, **about)

    def verdicts(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            self.verdict(verdict)

    def call(self, **fields: Any) -> None:
        self._lines.append("call", **fields)

    def error(self, **fields: Any) -> None:
        """Record an attempt that failed."""
        self._lines.append("error", **fields)

    def close(self) -> None:
        self._lines.close()


def whole(
    header: CoderHeader,
    verdicts: Iterable[Verdict],
    at: str,
    about: Mapping[str, Mapping[str, Any]] | None = None,
) -> bytes:
    """A codes file in one piece, for codes made elsewhere; `about` goes beside a message's (weight, …)."""
    written = [lines.encode({"event": "coder", "at": at, **asdict(header)})]
    for verdict in verdicts:
        event, fields = _plain(verdict)
        beside = (about or {}).get(verdict.message, {})
        written.append(lines.encode({"event": event, "at": at, **fields, **beside}))
    return b"".join(written)


def _plain(verdict: Verdict) -> tuple[str, dict[str, Any]]:
    match verdict:
        case Coding():
            flags = {name: _mark(mark) for name, mark in verdict.marks.items()}
            return "coding", {"message": verdict.message, "flags": flags}
        case Unreadable():
            return "unreadable", asdict(verdict)
        case Abstained():
            return "abstained", asdict(verdict)
        case Unanswered():
            return "unanswered", asdict(verdict)
        case _:
            assert_never(verdict)


def _mark(mark: Mark) -> Any:
    """Just the answer where there is no more to say: most of a million marks are a bare yes or no."""
    rest = {
        name: value for name in ("level", "quote", "confidence") if (value := getattr(mark, name)) is not None
    }
    return {"answer": mark.answer, **rest} if rest else mark.answer


def _verdict(line: Mapping[str, Any]) -> Verdict:
    if line["event"] == "coding":
        return _coding(line)
    if (fields := VERDICTS.get(line["event"])) is None:
        raise ValueError(f"unknown event {line['event']!r}")
    verdict: Verdict = fields.read(line)
    return verdict


def _coding(line: Mapping[str, Any]) -> Coding:
    message, flags = line.get("message"), line.get("flags")
    if type(message) is str and type(flags) is dict:
        try:
            return Coding(message, _all_bare(tuple(flags.items())))
        except TypeError:
            pass  # some mark says more
    found = CODING.read(line)
    marks = {name: BARE[mark] if isinstance(mark, str) else mark for name, mark in found.flags.items()}
    return Coding(found.message, marks)


@lru_cache(maxsize=4096)
def _all_bare(answers: tuple[tuple[str, str], ...]) -> Mapping[str, Mark]:
    """Marks that say no more than the answer, made once for all codings that are the same.

    `TypeError` where one does, as of a mark that cannot be a key of the cache.
    """
    if not all(answer in BARE for _, answer in answers):
        raise TypeError("not all of them are bare answers")
    return MappingProxyType({name: BARE[answer] for name, answer in answers})


def _weight(value: Any) -> float:
    weight = float(value)
    if not 0 < weight < math.inf:
        raise ValueError(f"a weight of {value!r}")
    return weight
