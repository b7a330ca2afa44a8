"""One WarRoom transcript → the agents, messages and failures of a run."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mascope.errors import FailureKind, InvalidFile
from mascope.imports.deposit import Discussion, distinct
from mascope.imports.warroom.condition import label, own_name, served_by
from mascope.imports.warroom.naming import Source
from mascope.imports.warroom.transcript import Line, Transcript, minutes
from mascope.records import Agent, Failure, Message, Turn, message_id
from mascope.store.journal import Header

MARK = "⚠"
"""The platform shows an error as a message that begins so."""
UNCLASSIFIED = "unclassified"
"""An error whose text says nothing of its kind (once, a model's own words that began with the mark)."""
KINDS: Mapping[str, FailureKind] = {
    r"decommissioned|not found|not supported|does not exist|no longer available": FailureKind.NOT_FOUND,
    r"invalid api key|unauthori[sz]ed|authentication": FailureKind.AUTHENTICATION,
    r"request too large|reduce the length|context.{0,10}length|maximum context": FailureKind.CONTEXT,
    r"quota|billing|spend limit": FailureKind.QUOTA,
    r"rate limit|too many requests": FailureKind.RATE_LIMIT,
    r"over capacity|internal server error|service unavailable|bad gateway|overloaded": FailureKind.SERVER,
    r"time(?:d )?out": FailureKind.TIMEOUT,
    r"failed to fetch|networkerror|network error|load failed": FailureKind.CONNECT,
    r"not valid json|unexpected (?:token|end)|cannot read propert|undefined is not": FailureKind.BAD_BODY,
}
"""Words of an error → its kind; the first that fits."""
SECRET = re.compile(r"\b(org|gsk|sk|key|req|proj)[-_][A-Za-z0-9_-]{8,}")


def discussion(source: Source, header: Header) -> Discussion:
    """The run as it was held. What each agent saw of its own round is not in the file, so `seen` is empty."""
    transcript = source.transcript
    turns = _turns(source, header)
    stops = [line.system for line in transcript.conversation.lines if line.system and line.system[0] == "⏹"]
    ended = f"{transcript.ended:%Y-%m-%dT%H:%M:%S}.{transcript.ended.microsecond // 1000:03d}Z"
    return Discussion(header, turns, ended, stops[-1].lstrip("⏹ ") if stops else None)


def agents(source: Source, keys: Mapping[str, str]) -> tuple[Agent, ...]:
    """The seats in the order in which agents were started."""
    transcript = source.transcript
    return tuple(
        Agent(
            id=seat.key,
            name=seat.nickname,
            own_name=own_name(transcript, seat),
            model=keys[seat.model],
            served_by=served_by(seat),
            label=label(transcript, seat),
            seat=place,
        )
        for place, seat in enumerate(transcript.seats)
    )


def started(transcript: Transcript) -> str | None:
    """When the brief was given, to the minute as the platform recorded it."""
    return next((at for at in times(transcript) if at), None)


def times(transcript: Transcript) -> list[str]:
    """When each line of the chat was written: ISO 8601, UTC, to the minute; empty where not recorded.

    Lines tell the time of day only; days are counted back from the end of the run.
    """
    later = transcript.ended + transcript.utc_offset
    found: list[str] = []
    for line in reversed(transcript.conversation.lines):
        moment = _before(later, minutes(line.time))
        found.append(f"{moment - transcript.utc_offset:%Y-%m-%dT%H:%MZ}" if moment else "")
        later = moment or later
    return found[::-1]


def _before(later: datetime, minute: int | None) -> datetime | None:
    if minute is None:
        return None
    moment = later.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
    return moment if moment <= later else moment - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the discussion a line stands."""

    id: str
    agent: Agent
    line: Line
    round: int
    position: int
    """Order of arrival in the round: later speakers saw this line, if they were still to be asked."""
    at: str


def _turns(source: Source, header: Header) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for place in _places(source, header):
        if _failed(place.line):
            turns.append(_failure(place, isolated=source.transcript.isolated))
        else:
            turns.append(_message(place))
    return tuple(turns)


def _places(source: Source, header: Header) -> Iterator[_Place]:
    agents = {agent.id: agent for agent in header.agents}
    arrived: Counter[int] = Counter()
    given: Counter[str] = Counter()
    lines = zip(source.transcript.conversation.lines, times(source.transcript), strict=True)
    for number, (line, at) in enumerate(lines):
        if line.sender in ("user", "system"):
            continue
        agent = agents.get(line.sender)
        if agent is None or line.round is None:
            problem = "has no round" if agent else f"is by {line.sender!r}, who is not in agentRanking"
            raise InvalidFile(source.file, f"this message {problem}", key=f"conversation.messages.{number}")
        id_ = distinct(message_id(header.run, agent.name, line.round), given)
        yield _Place(id_, agent, line, line.round, arrived[line.round], at)
        arrived[line.round] += 1


def _failed(line: Line) -> bool:
    return line.error if line.error is not None else (line.text or "").startswith(MARK)


def _message(place: _Place) -> Message:
    return Message(
        id=place.id,
        agent=place.agent.id,
        name=place.agent.name,
        model=place.agent.model,
        served_model=place.line.model,
        round=place.round,
        position=place.position,
        text=place.line.text or "",
        seen=(),
        prompt_digest="",
        at=place.at,
    )


def _failure(place: _Place, *, isolated: bool) -> Failure:
    text = place.line.text or ""
    return Failure(
        id=place.id,
        agent=place.agent.id,
        name=place.agent.name,
        round=place.round,
        position=place.position,
        kind=kind_of(text),
        origin="organic",
        detail=SECRET.sub(r"\1_…", text.removeprefix(MARK).strip()),
        told=None if isolated else text,
        at=place.at,
        attempts=1,
    )


def kind_of(error: str) -> str:
    """A `FailureKind` by the words of an error, or `unclassified`."""
    fitting = (kind for words, kind in KINDS.items() if re.search(words, error, re.IGNORECASE))
    return next(fitting, UNCLASSIFIED)
