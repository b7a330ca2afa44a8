"""The journal of a run: which events there are, and how records become lines and lines records.

`run` (first) · `call` (an attempt is about to be sent) · `error` (an attempt failed) · `message` · `failure`
· `probe` (a private answer, with `probe-call` and `probe-error` for its attempts) · `alias` (what an imported
table called a message) · `end`. There are no others. All that a discussion needs to go on after a kill is in
it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mascope.errors import CorruptJournal
from mascope.records import Agent, Amount, Count, Message, Moment, ProbeAnswer, Turn, Whole
from mascope.store import lines
from mascope.store.fields import MISFIT, Fields
from mascope.store.turns import Turns, probe_answer

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Header:
    """A journal's first line: what this run is."""

    run: str
    series: str
    replicate: Count
    seed: Whole
    study: str
    digest: str
    """Of the study file as resolved."""
    agents: tuple[Agent, ...]
    condition: Mapping[str, Any]
    """The series' settings as resolved, as in study.yaml."""
    condition_digest: str
    simulated: bool
    version: str
    started: Moment | None = None
    """When the discussion began: ISO 8601, UTC. As read, the time of the line where nothing else is known."""
    aliases: tuple[str, ...] = ()
    """Other ids by which published codes may name this run."""
    parent: str | None = None
    """The run that this one was forked from."""
    limits: Mapping[str, Count] | None = None
    """Tokens that each model was taken to hold, by its key, where known; None where not on record."""


UNREADABLE = (KeyError, TypeError, ValueError)
"""What a line raises that does not hold what it should."""
HEADER = Fields.of(Header)


@dataclass(frozen=True, slots=True)
class _End:
    at: str
    status: str = "done"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Alias:
    message: str
    alias: str


@dataclass(frozen=True, slots=True)
class _Empty:
    agent: str
    round: Count
    attempts: Count
    cost_usd: Amount | None = None


@dataclass(frozen=True, slots=True)
class _Error:
    agent: str = ""
    round: Count = 0
    cost_usd: Amount | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    cost_usd: Amount | None = None


@dataclass(frozen=True, slots=True)
class _Anything:
    pass


END = Fields.of(_End)
NOTES: Mapping[str, Fields[Any]] = {
    "error": Fields.of(_Error),
    "empty": Fields.of(_Empty),
    "probe": Fields.of(_Anything),
    "probe-call": Fields.of(_Anything),
    "probe-error": Fields.of(_Attempt),
    "alias": Fields.of(_Alias),
}
"""Events that are kept as they stand, with what they must hold; the one place to add another.

`note` writes them. Private answers are looked into only where somebody wants them (`probe_answers`).
"""
EVENTS = ("run", "call", "message", "failure", "end", *NOTES)
CALL_BEGINS, MESSAGE_BEGINS = b'{"event":"call",', b'{"event":"message",'


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal holds so far."""

    file: Path
    header: Header | None
    turns: tuple[Turn, ...] = ()
    """Messages and failures in the order they were journaled."""
    calls: int = 0
    end: Mapping[str, Any] | None = None
    extra: tuple[Mapping[str, Any], ...] = field(default=())
    """Events other than these (probes, notes), as they stand."""
    sources: tuple[bytes, ...] = field(default=(), repr=False)
    """The line of each turn, as it stands: JSON that anything can read."""

    @property
    def status(self) -> str:
        """`done`, `partial`, or why it ended otherwise (`aborted`, …)."""
        if self.end is None:
            return "partial"
        return str(self.end.get("status", "done"))


def read(file: Path) -> Journal:
    """The journal in `file`; an empty one when there is none."""
    reading = _Reading()
    for number, line in enumerate(lines.complete(file), start=1):
        if reading.took(line):
            continue
        event = lines.event(file, number, line)
        if reading.header is None and event["event"] != "run":
            raise CorruptJournal(file, number, "the first event must be 'run'")
        try:
            reading.add(event, line)
        except UNREADABLE as error:
            raise _unreadable(file, number, event, error) from error
    return reading.journal(file)


class _Reading:
    """A journal as far as it is read."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self._turns: list[Turn] = []
        self._sources: list[bytes] = []
        self._calls = 0
        self._end: Mapping[str, Any] | None = None
        self._extra: list[Mapping[str, Any]] = []

    def took(self, line: bytes) -> bool:
        """Read a line that is what nearly all are, a call or a message; no other is touched.

        Of a call nobody asks more than that it was made, so that it need not be taken apart.
        """
        try:
            if line.startswith(CALL_BEGINS) and self.header is not None:
                lines.LOOK(line)
                self._calls += 1
            elif line.startswith(MESSAGE_BEGINS) and self.header is not None and lines.is_text(line):
                self._turn(self._of_run.message(line), line)
            else:
                return False
        except (*MISFIT, ValueError):
            return False
        return True

    def add(self, event: Mapping[str, Any], line: bytes) -> None:
        """Whatever else there is, or what is wrong with it. event: what the line says."""
        match event["event"]:
            case "run":
                self._begin(event)
            case "message":
                self._turn(self._of_run.message(event), lines.strict(line))
            case "failure":
                self._turn(self._of_run.failure(event), lines.strict(line))
            case "call":
                self._calls += 1
            case "end":
                END.read(event)
                self._end = event
            case name if name in NOTES:
                NOTES[name].read(event)
                self._extra.append(event)
            case _:
                raise ValueError(f"this version of mascope knows no such event, only {', '.join(EVENTS)}")

    def _begin(self, line: Mapping[str, Any]) -> None:
        if self.header is not None:
            raise ValueError("a run begins only once")
        self.header = _header(line)
        self._of_run = Turns(self.header.run, self.header.agents)

    def _turn(self, turn: Turn, source: bytes) -> None:
        self._turns.append(turn)
        self._sources.append(source)

    def journal(self, file: Path) -> Journal:
        turns, sources, extra = tuple(self._turns), tuple(self._sources), tuple(self._extra)
        return Journal(file, self.header, turns, self._calls, self._end, extra, sources)


def _unreadable(file: Path, number: int, line: Mapping[str, Any], error: Exception) -> CorruptJournal:
    return CorruptJournal(file, number, f"a {line['event']!r} event cannot be read: {error}")


def read_header(file: Path) -> Header | None:
    """Only what run this is: for a quick look at many journals. None where nothing was journaled yet."""
    line = lines.read_first(file)
    if line is None:
        return None
    try:
        return _header(line)
    except UNREADABLE as error:
        raise CorruptJournal(file, 1, f"the first event must be 'run', and readable: {error}") from error


class Recorder:
    """Writes the journal of one run."""

    def __init__(self, file: Path, clock: lines.Clock = lines.utc_now) -> None:
        self._lines = lines.Appender(file, clock)

    def header(self, header: Header) -> None:
        self._lines.append("run", **_first(header))

    def call(self, agent: str, round_: int, attempt: int, digest: str) -> None:
        self._lines.append("call", round=round_, agent=agent, attempt=attempt, request=digest)

    def error(self, agent: str, round_: int, attempt: int, **fields: Any) -> None:
        self._lines.append("error", round=round_, agent=agent, attempt=attempt, **fields)

    def turn(self, turn: Turn) -> None:
        fields = _plain(turn)
        fields.pop("at", None)
        self._lines.append(_event(turn), **fields)

    def probe(self, answer: ProbeAnswer) -> None:
        fields = asdict(answer)
        fields.pop("at")
        self._lines.append("probe", **fields)

    def note(self, event: str, **fields: Any) -> None:
        self._lines.append(event, **fields)

    def end(self, status: str, reason: str | None = None) -> None:
        self._lines.append("end", **_last(status, reason))

    async def sync(self) -> None:
        """Wait until the disk has all of it: a finished run survives a power loss too."""
        await self._lines.sync()

    def close(self) -> None:
        self._lines.close()


def whole(
    header: Header,
    turns: Iterable[Turn],
    ended: str,
    reason: str | None = None,
    notes: Iterable[Mapping[str, Any]] = (),
) -> bytes:
    """The journal of a finished discussion in one piece, for those held elsewhere.

    Times are the discussion's own, and empty where they are not known. `notes` are further events.
    """
    after = [*notes, {"event": "end", "at": ended, **_last("done", reason)}]
    return beginning(header, turns) + b"".join(lines.encode(event) for event in after)


def beginning(header: Header, turns: Iterable[Turn], answers: Iterable[ProbeAnswer] = ()) -> bytes:
    """The journal of a discussion that goes on from `turns` and private `answers`, in one piece."""
    written = [lines.encode({"event": "run", "at": header.started or "", **_first(header)})]
    written.extend(lines.encode({"event": _event(turn), "at": turn.at, **_plain(turn)}) for turn in turns)
    written.extend(lines.encode({"event": "probe", **asdict(answer)}) for answer in answers)
    return b"".join(written)


def probe_answers(found: Journal) -> tuple[ProbeAnswer, ...]:
    """The private answers in a journal. `CorruptJournal` names its file where one cannot be read."""
    return tuple(_probe(found.file, line) for line in found.extra if line["event"] == "probe")


def _first(header: Header) -> dict[str, Any]:
    return {"format": FORMAT, **asdict(header)}


def _last(status: str, reason: str | None) -> dict[str, Any]:
    return {"status": status, **({"reason": reason} if reason else {})}


def _event(turn: Turn) -> str:
    return "message" if isinstance(turn, Message) else "failure"


def _plain(turn: Turn) -> dict[str, Any]:
    fields = {name: getattr(turn, name) for name in turn.__slots__}
    if isinstance(turn, Message) and (usage := turn.usage) is not None:
        fields["usage"] = {name: getattr(usage, name) for name in usage.__slots__}
    return fields


def _probe(file: Path, line: Mapping[str, Any]) -> ProbeAnswer:
    try:
        return probe_answer(line)
    except UNREADABLE as error:
        raise _unreadable(file, lines.read(file).index(dict(line)) + 1, line, error) from error


def _header(line: Mapping[str, Any]) -> Header:
    if line["event"] != "run":
        raise ValueError(f"it is {line['event']!r}")
    if line.get("format", FORMAT) != FORMAT:
        raise ValueError(
            f"format {line['format']!r} is of another version of mascope; this one reads {FORMAT}"
        )
    header = HEADER.read(line)
    began, written = _moment(line, "started"), _moment(line, "at")
    if len({agent.id for agent in header.agents}) < len(header.agents):
        raise ValueError("two of its agents have the same id")
    return replace(header, started=began or written)


def _moment(line: Mapping[str, Any], name: str) -> str | None:
    """When something was, if the line says so."""
    said = line.get(name)
    if said is None or said == "":
        return None
    try:
        datetime.fromisoformat(said)
    except (TypeError, ValueError) as error:
        raise ValueError(f"'{name}' is {said!r}, not a time in ISO 8601") from error
    return str(said)
