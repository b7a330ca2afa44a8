"""The unit of coding: one message, what its speaker had read just before, and who had fallen silent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from mascope.records import SHORTEST_CODABLE, Agent, Message, Turn, codable, spoken
from mascope.store.journal import Journal

UNRECORDED = "unrecorded"
"""The condition's `visibility` where nobody wrote down what speakers saw (imported transcripts)."""
ALONE = frozenset({"isolation", "solo"})
"""Interactions in which a speaker is shown nothing by others."""


@dataclass(frozen=True, slots=True)
class Absence:
    """An agent whose last turn before the message was a failure."""

    agent: str
    messages: int | None
    """Messages said since it fell silent; None when it has not spoken at all."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One message to code, as it was journaled: nothing is blinded here."""

    run: str
    agents: tuple[Agent, ...]
    """Of the run, in the order of their seats."""
    message: Message
    context: tuple[Message, ...]
    """What the speaker had seen last, its own messages among it; oldest first."""
    absent: tuple[Absence, ...]


def units_of(journal: Journal, context: int) -> tuple[Unit, ...]:
    """Every codable message of a run with up to `context` messages before it, in transcript order.

    Where it was recorded what the speaker saw, that is the context; else it is the transcript up to there.
    """
    header = journal.header
    if header is None:
        return ()
    # The sort is stable: turns of one round and place keep the order of the journal.
    turns = sorted(journal.turns, key=lambda turn: (turn.round, turn.position))
    unrecorded = _setting(header.condition, "visibility") == UNRECORDED
    alone = _setting(header.condition, "interaction") in ALONE
    shown = _by_order(turns, alone, context) if unrecorded else _by_record(turns, context)
    absent = {} if alone else _absences(turns, unrecorded)
    return tuple(
        Unit(header.run, header.agents, message, before, absent.get(message.id, ()))
        for message, before in shown
    )


def _setting(condition: Mapping[str, object], key: str) -> object:
    """A setting of the schedule, which imported transcripts may have at the top."""
    schedule = condition.get("schedule")
    nested = schedule.get(key) if isinstance(schedule, Mapping) else None
    return condition.get(key) if nested is None else nested


def _said(turns: Iterable[Turn]) -> Iterator[Message]:
    """What others read, scripted lines among it: they are context, although nobody's behaviour."""
    return (t for t in turns if isinstance(t, Message) and len(t.text.strip()) >= SHORTEST_CODABLE)


_Shown = Iterator[tuple[Message, tuple[Message, ...]]]


def _by_record(turns: list[Turn], length: int) -> _Shown:
    by_id = {message.id: message for message in _said(turns)}
    for message in filter(codable, by_id.values()):
        seen: list[Message] = []
        for id_ in reversed(message.seen):
            if len(seen) == length:
                break
            if id_ in by_id:
                seen.append(by_id[id_])
        yield message, tuple(reversed(seen))


def _by_order(turns: list[Turn], alone: bool, length: int) -> _Shown:
    before: dict[str | None, list[Message]] = {}
    for message in _said(turns):
        heard = before.setdefault(message.agent if alone else None, [])
        if codable(message):
            yield message, tuple(heard[max(0, len(heard) - length) :])
        heard.append(message)


# Who had fallen silent --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Silence:
    """How one agent stands as the transcript goes on."""

    spoke: bool = False
    since: int | None = None
    """Messages said in the run when it fell silent; None while it answers."""

    def after(self, turn: Turn, said: int) -> "_Silence":
        if isinstance(turn, Message):
            return _Silence(spoke=True)
        return _Silence(self.spoke, said if self.since is None else self.since)


def _absences(turns: list[Turn], unrecorded: bool) -> dict[str, tuple[Absence, ...]]:
    """Who was silent when each message was written; messages before which nobody was are left out.

    A failure in an earlier round is known to everybody, told or not: the others see that nothing came. In the
    same round it is known to those who were shown it.
    """
    failing = {turn.agent for turn in turns if not isinstance(turn, Message)}
    if not failing:
        return {}
    absent: dict[str, tuple[Absence, ...]] = {}
    standing = {agent: _Silence() for agent in sorted(failing)}
    said = 0
    for _, group in groupby(turns, key=lambda turn: turn.round):
        so_far: list[tuple[Turn, int]] = []
        for turn in group:
            if isinstance(turn, Message) and codable(turn):
                known = so_far if unrecorded else [(t, n) for t, n in so_far if t.id in turn.seen]
                absent[turn.id] = _silent(_updated(standing, known), said, turn.agent)
            # A fork's copies of its parent's messages are not coded, and were said all the same.
            said += spoken(turn)
            if turn.agent in failing:
                so_far.append((turn, said))
        standing = _updated(standing, so_far)
    return absent


def _updated(standing: Mapping[str, _Silence], turns: Iterable[tuple[Turn, int]]) -> dict[str, _Silence]:
    updated = dict(standing)
    for turn, said in turns:
        updated[turn.agent] = updated[turn.agent].after(turn, said)
    return updated


def _silent(standing: Mapping[str, _Silence], said: int, speaker: str) -> tuple[Absence, ...]:
    return tuple(
        Absence(agent, said - silence.since if silence.spoke else None)
        for agent, silence in standing.items()
        if silence.since is not None and agent != speaker
    )
