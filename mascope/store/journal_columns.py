"""Journals → columns: what one process does for its share of the files."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from mascope.errors import CorruptJournal
from mascope.names import MentionFinder, is_broadcast
from mascope.records import Failure, Message, Turn
from mascope.store import columns, journal, shown
from mascope.store.asides import SEPARATOR, Views, private_rows, scripted_rows
from mascope.store.columns import Growing, Tables
from mascope.store.journal import Header, Journal

Rows: TypeAlias = Iterable[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class _Run:
    """One journal, read."""

    header: Header
    found: Journal
    turns: Sequence[Turn]
    """By round and position."""
    sources: Sequence[bytes]
    """Their lines."""
    kinds: Sequence[shown.Kind]
    """What they are."""

    @property
    def codable(self) -> list[Message]:
        """The messages that are to be coded."""
        kinds = zip(self.turns, self.kinds, strict=True)
        return [turn for turn, kind in kinds if kind == "message" and isinstance(turn, Message)]

    @property
    def own(self) -> list[Turn]:
        """Without what a fork repeats: that is the parent's, and counted there."""
        return [turn for turn in self.turns if turn.copied_from is None]


def read_journals(files: Iterable[Path], tables: Collection[str]) -> Tables:
    """Some of the `TABLES` of these journals, in their order."""
    growing = {name: (Growing(TABLES[name][0]), TABLES[name][1]) for name in tables}
    for file in files:
        if (run := _read(file)) is not None:
            for table, rows in growing.values():
                table.extend(rows(run))
    return {name: table.table() for name, (table, _) in growing.items()}


def _read(file: Path) -> _Run | None:
    found = journal.read(file)
    if found.header is None:
        return None
    if found.header.run != file.stem:  # a copy: its turns would be counted twice
        raise CorruptJournal(file, 1, f"it is of {found.header.run!r}, and a journal is named for its run")
    order = sorted(
        zip(found.turns, found.sources, strict=True), key=lambda one: (one[0].round, one[0].position)
    )
    turns = [turn for turn, _ in order]
    return _Run(found.header, found, turns, [line for _, line in order], [shown.kind(turn) for turn in turns])


# Turns ---------------------------------------------------------------------------------------------------


def _message_rows(run: _Run) -> Iterator[tuple[Any, ...]]:
    header, codable = run.header, run.codable
    views = Views(codable)
    agents = {agent.id: agent for agent in header.agents}
    finder = MentionFinder.of_agents(header.agents)
    named = finder.mentioned_each([(message.text, message.agent) for message in codable])
    for message, mentioned in zip(codable, named, strict=True):
        agent, usage = agents[message.agent], message.usage
        yield (
            message.id,
            header.run,
            header.series,
            message.agent,
            message.name,
            message.round,
            message.position,
            len(message.text.split()),
            SEPARATOR.join(mentioned),
            is_broadcast(mentioned, len(agents) - 1),
            len(message.text),
            message.model,
            agent.label,
            agent.served_by,
            message.served_model,
            agent.seat,
            len(message.seen),
            views.of(message.seen),
            message.finish_reason,
            ";".join(message.changes),
            usage.prompt if usage else None,
            usage.completion if usage else None,
            usage.reasoning if usage else None,
            message.cost_usd,
            message.latency_s,
            message.attempts,
            message.at,
            message.text,
        )


def _failure_rows(run: _Run) -> Iterator[tuple[Any, ...]]:
    for failure in run.own:
        if isinstance(failure, Failure):
            yield (
                failure.id,
                run.header.run,
                run.header.series,
                failure.agent,
                failure.name,
                failure.round,
                failure.position,
                failure.kind,
                failure.origin,
                failure.told is not None,
                failure.told,
                failure.detail,
                failure.attempts,
                failure.at,
            )


# Runs and agents -----------------------------------------------------------------------------------------


def _run_rows(run: _Run) -> Iterator[tuple[Any, ...]]:
    header, found, turns = run.header, run.found, run.own
    messages = [turn for turn in turns if isinstance(turn, Message)]
    failures = [turn for turn in turns if isinstance(turn, Failure)]
    # The first round of a fork's own: what came before is its parent's.
    first = 1 + max((turn.round for turn in found.turns if turn.copied_from is not None), default=-1)
    usages = [message.usage for message in messages if message.usage is not None]
    costs = [message.cost_usd for message in messages if message.cost_usd is not None]
    coded = len(run.codable)
    scripted = sum(message.scripted for message in messages)
    injected = sum(failure.origin == "injected" for failure in failures)
    yield (
        header.run,
        header.series,
        header.replicate,
        found.status,
        found.end.get("reason") if found.end else None,
        coded,
        len(messages) - coded - scripted,
        injected,
        len(failures) - injected,
        sum(usage.prompt for usage in usages) if usages else None,
        sum(usage.completion for usage in usages) if usages else None,
        math.fsum(costs) if costs else None,
        len(messages) - len(costs),
        _seconds(found, header),
        1 + max((turn.round for turn in turns), default=first - 1) - first,
        len(header.agents),
        "; ".join(dict.fromkeys(agent.label for agent in header.agents)),
        header.started,
        header.seed,
        header.simulated,
        header.parent,
        first,
        header.condition_digest,
    )


_COUNTED: Mapping[shown.Kind, str] = {
    "message": "messages", "empty": "empty", "failure": "failures", "fault": "failures"
}  # fmt: skip


def _agent_rows(run: _Run) -> Iterator[tuple[Any, ...]]:
    header = run.header
    said = Counter((turn.agent, _COUNTED.get(kind)) for turn, kind in zip(run.turns, run.kinds, strict=True))
    for agent in header.agents:
        who = (agent.id, agent.name, agent.own_name, agent.model, agent.label, agent.served_by, agent.seat)
        counts = (said[agent.id, counted] for counted in ("messages", "empty", "failures"))
        yield (header.run, header.series, *who, *counts)


def _seconds(found: Journal, header: Header) -> float | None:
    """From the first line to the last; None where either has no time."""
    last = found.end["at"] if found.end else found.turns[-1].at if found.turns else None
    try:
        spent = datetime.fromisoformat(last or "") - datetime.fromisoformat(header.started or "")
    except (TypeError, ValueError):  # the former where only one of the two has a time zone
        return None
    return spent.total_seconds()


# What a reader is shown ----------------------------------------------------------------------------------


def _turn_rows(run: _Run) -> Rows:
    agents = {agent.id: (agent.label, agent.served_by) for agent in run.header.agents}
    return shown.turn_rows(run.header.run, zip(run.turns, run.kinds, strict=True), agents)


def _transcript_rows(run: _Run) -> Rows:
    header = run.header
    packed = shown.transcript(header, run.found, run.sources, run.kinds)
    about = (header.run, header.series, run.found.status, header.version, header.started)
    return [(*about, len(run.turns), packed)]


TABLES: Mapping[str, tuple[Mapping[str, str], Callable[[_Run], Rows]]] = MappingProxyType({
    "runs": (columns.RUNS, _run_rows),
    "messages": (columns.MESSAGES, _message_rows),
    "failures": (columns.FAILURES, _failure_rows),
    "agents": (columns.AGENTS, _agent_rows),
    "probes": (columns.PROBES, lambda run: private_rows(run.found, run.header)),
    "scripted": (columns.SCRIPTED, lambda run: scripted_rows(run.found, run.header)),
    "turns": (columns.TURNS, _turn_rows),
    "transcripts": (columns.TRANSCRIPTS, _transcript_rows),
})  # fmt: skip
"""Table → its columns, and the rows that one run gives it."""
