"""The codes of one coder for one run: verdicts as lines."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, assert_never

import msgspec

from mascope.errors import CorruptJournal
from mascope.records import Abstained, Amount, Answer, Coding, Count, Mark, Unanswered, Unreadable, Verdict
from mascope.store import lines
from mascope.store.fields import MISFIT, Fields

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
class _Aside:
    """What a line may say beside its verdict."""

    cost_usd: Amount | None = None


class _Plain(msgspec.Struct):
    """A coding as nearly all lines have it."""

    message: str
    flags: msgspec.Raw
    cost_usd: Amount | None = None
    weight: Any = msgspec.UNSET


HEADER = Fields.of(CoderHeader)
ASIDE = Fields.of(_Aside)
PLAIN = msgspec.json.Decoder(_Plain).decode
FLAGS = msgspec.json.Decoder(Mapping[str, Answer | Mark]).decode
CALL_BEGINS, CODING_BEGINS = b'{"event":"call",', b'{"event":"coding",'
CODING = Fields.of(_Coding)
MARK = Fields.of(Mark)
VERDICTS: Mapping[str, Fields[Any]] = {
    "coding": CODING,
    "unreadable": Fields.of(Unreadable),
    "abstained": Fields.of(Abstained),
    "unanswered": Fields.of(Unanswered),
}
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, OverflowError)
"""What a line raises that does not hold what it should."""
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
    sources: tuple[bytes, ...] = field(default=(), repr=False)
    """The line of each verdict, as it stands: JSON that anything can read."""
    cost_usd: float = 0.0
    """Of these verdicts, as far as known."""


def read(file: Path) -> Codes:
    """The codes in `file`; empty when there is none."""
    reading = _Reading()
    for number, line in enumerate(lines.complete(file), start=1):
        if reading.took(line):
            continue
        event = lines.event(file, number, line)
        try:
            reading.add(event, line)
        except UNREADABLE as error:
            raise CorruptJournal(
                file, number, f"a {event['event']!r} event cannot be read: {error}"
            ) from error
        if reading.header is None:
            raise CorruptJournal(file, number, "the first event must be 'coder'")
    return reading.codes(file)


class _Reading:
    """A codes file as far as it is read."""

    def __init__(self) -> None:
        self.header: CoderHeader | None = None
        self._said: dict[str, tuple[Verdict, bytes, float]] = {}
        """Message → the last verdict on it, its line, and what it cost."""
        self._weights: dict[str, float] = {}

    def took(self, line: bytes) -> bool:
        """Read a line that is what nearly all are, a call or a plain coding; no other is touched."""
        if self.header is None:
            return False
        try:
            if line.startswith(CODING_BEGINS) and lines.is_text(line):
                plain = PLAIN(line)
                if plain.weight is not msgspec.UNSET:
                    return False
                coding = Coding(plain.message, _marks(bytes(plain.flags)))
                self._said[plain.message] = coding, line, plain.cost_usd or 0.0
            elif line.startswith(CALL_BEGINS):
                lines.LOOK(line)
            else:
                return False
        except MISFIT:
            return False
        return True

    def add(self, event: Mapping[str, Any], line: bytes) -> None:
        """Whatever else there is, or what is wrong with it. event: what the line says."""
        if event["event"] == "coder":
            self.header = HEADER.read(event)
        elif event["event"] not in ("call", "error"):
            verdict = _verdict(event)
            cost = ASIDE.read(event).cost_usd or 0.0
            self._said[verdict.message] = verdict, lines.strict(line), cost
            if "weight" in event:
                self._weights[verdict.message] = _weight(event["weight"])

    def codes(self, file: Path) -> Codes:
        verdicts, sources, costs = zip(*self._said.values(), strict=True) if self._said else ((), (), ())
        return Codes(file, self.header, verdicts, self._weights, sources, sum(costs))


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


def _verdict(event: Mapping[str, Any]) -> Verdict:
    if event["event"] == "coding":
        return _coding(event)
    if (fields := VERDICTS.get(event["event"])) is None:
        raise ValueError(f"unknown event {event['event']!r}")
    verdict: Verdict = fields.read(event)
    return verdict


def _coding(event: Mapping[str, Any]) -> Coding:
    found = CODING.read(event)
    return Coding(found.message, _told(found.flags))


@lru_cache(maxsize=4096)
def _marks(flags: bytes) -> Mapping[str, Mark]:
    """Marks as a line has them, made once for all codings that say the same. `MISFIT` if they are none."""
    return _told(FLAGS(flags))


def _told(flags: Mapping[str, Answer | Mark]) -> Mapping[str, Mark]:
    return MappingProxyType(
        {name: BARE[mark] if isinstance(mark, str) else mark for name, mark in flags.items()}
    )


def _weight(value: Any) -> float:
    weight = float(value)
    if not 0 < weight < math.inf:
        raise ValueError(f"a weight of {value!r}")
    return weight
