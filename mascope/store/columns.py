"""Journals and codes files → columns: what one process does for its share of the files.

Columns are Arrow's: repeated words are kept once, and another process can hand them over without a copy of
every cell. One list a column while reading; nothing here is done cell by cell in pandas.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from mascope.names import MentionFinder, is_broadcast
from mascope.records import (
    Abstained,
    Coding,
    Failure,
    Message,
    Unanswered,
    Unreadable,
    Verdict,
    codable,
)
from mascope.store import codes, journal
from mascope.store.asides import SEPARATOR, Views, private_rows, scripted_rows
from mascope.store.codes import CoderHeader, Codes
from mascope.store.journal import Header, Journal

WORD, TEXT, NUMBER, COUNT, TRUTH = "word", "text", "number", "count", "truth"
"""Kinds of column: `word` repeats itself, `text` does not; `count` is never missing, `number` may be."""
ARROW: Mapping[str, pa.DataType] = {
    WORD: pa.string(),
    TEXT: pa.string(),
    NUMBER: pa.float64(),
    COUNT: pa.int64(),
    TRUTH: pa.bool_(),
}

RUNS: Mapping[str, str] = {
    "run": WORD, "series": WORD, "replicate": COUNT, "status": WORD, "reason": WORD, "messages": COUNT,
    "empty": COUNT, "failures_injected": COUNT, "failures_organic": COUNT, "prompt_tokens": NUMBER,
    "completion_tokens": NUMBER, "cost_usd": NUMBER, "unpriced": COUNT, "seconds": NUMBER, "rounds": COUNT,
    "agents": COUNT, "models": WORD, "started": TEXT, "seed": COUNT, "simulated": TRUTH, "parent": WORD,
    "from_round": COUNT, "condition_digest": WORD,
}  # fmt: skip
MESSAGES: Mapping[str, str] = {
    "message": TEXT, "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "round": COUNT,
    "position": COUNT, "words": COUNT, "mentions": WORD, "broadcast": TRUTH, "chars": COUNT, "model": WORD,
    "label": WORD, "served_by": WORD, "served_model": WORD, "seat": COUNT, "seen": COUNT, "view": WORD,
    "finish_reason": WORD, "changes": WORD, "prompt_tokens": NUMBER, "completion_tokens": NUMBER,
    "reasoning_tokens": NUMBER, "cost_usd": NUMBER, "latency_s": NUMBER, "attempts": COUNT, "at": TEXT,
    "text": TEXT,
}  # fmt: skip
FAILURES: Mapping[str, str] = {
    "failure": TEXT, "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "round": COUNT,
    "position": COUNT, "kind": WORD, "origin": WORD, "told": TRUTH, "notice": WORD, "detail": WORD,
    "attempts": COUNT, "at": TEXT,
}  # fmt: skip
AGENTS: Mapping[str, str] = {
    "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "own_name": WORD, "model": WORD, "label": WORD,
    "served_by": WORD, "seat": COUNT, "messages": COUNT, "empty": COUNT, "failures": COUNT,
}  # fmt: skip
PROBES: Mapping[str, str] = {
    "id": TEXT, "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "probe": WORD, "kind": WORD,
    "round": COUNT, "outcome": WORD, "answer": WORD, "value": NUMBER, "seen_others": COUNT, "low": NUMBER,
    "high": NUMBER, "options": WORD,
}  # fmt: skip
SCRIPTED: Mapping[str, str] = {
    "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "round": COUNT, "position": COUNT, "text": TEXT,
}  # fmt: skip
CODES: Mapping[str, str] = {
    "message": TEXT, "run": WORD, "series": WORD, "coder": WORD, "kind": WORD, "digest": WORD,
    "outcome": WORD, "weight": NUMBER,
}  # fmt: skip
"""Columns of the frames, in their order; `frames` says what they mean."""

Tables = dict[str, pa.Table]


class _Growing:
    """A table under construction."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = dict(kinds)
        self.rows: list[Sequence[Any]] = []

    def add(self, row: Sequence[Any]) -> None:
        self.rows.append(row)

    def extend(self, rows: Iterable[Sequence[Any]]) -> None:
        self.rows.extend(rows)

    def table(self) -> pa.Table:
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.kinds)
        kinds = self.kinds.items()
        return pa.table({
            name: _array(kind, cells) for (name, kind), cells in zip(kinds, columns, strict=True)
        })  # fmt: skip


def _array(kind: str, values: Sequence[Any]) -> pa.Array:
    try:
        array = pa.array(values, ARROW[kind])
    except UnicodeEncodeError:
        array = pa.array([value and _without_surrogates(value) for value in values], ARROW[kind])
    return array.dictionary_encode() if kind == WORD else array


def _without_surrogates(text: str) -> str:
    """Half a character, which models produce and journals keep, cannot stand in a data file: it becomes �."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# Journals -----------------------------------------------------------------------------------------------


def read_journals(files: Iterable[Path]) -> Tables:
    """The tables runs, messages, failures, agents, probes and scripted of these journals, in their order."""
    runs, messages, failures = _Growing(RUNS), _Growing(MESSAGES), _Growing(FAILURES)
    agents, probes, scripted = _Growing(AGENTS), _Growing(PROBES), _Growing(SCRIPTED)
    for file in files:
        found = journal.read(file)
        if found.header is not None:
            _add_run(found, found.header, runs)
            _add_agents(found, found.header, agents)
            _add_turns(found, found.header, messages, failures)
            probes.extend(private_rows(found, found.header))
            scripted.extend(scripted_rows(found, found.header))
    return {
        "runs": runs.table(),
        "messages": messages.table(),
        "failures": failures.table(),
        "agents": agents.table(),
        "probes": probes.table(),
        "scripted": scripted.table(),
    }


def _add_turns(found: Journal, header: Header, messages: _Growing, failures: _Growing) -> None:
    turns = sorted(found.turns, key=lambda turn: (turn.round, turn.position))
    rows = _Rows(header, Views(turns))
    for turn in turns:
        if isinstance(turn, Failure):
            if turn.copied_from is None:  # else it is the parent's, and counted there
                failures.add(rows.failure(turn))
        elif codable(turn):
            messages.add(rows.message(turn))


class _Rows:
    """Cells of one run's turns."""

    def __init__(self, header: Header, views: Views) -> None:
        self.header, self.views = header, views
        self.agents = {agent.id: agent for agent in header.agents}
        self.finder = MentionFinder.of_agents(header.agents)

    def message(self, message: Message) -> tuple[Any, ...]:
        agent, usage = self.agents.get(message.agent), message.usage
        mentioned = self.finder.mentioned(message.text, message.agent)
        return (
            message.id,
            self.header.run,
            self.header.series,
            message.agent,
            message.name,
            message.round,
            message.position,
            len(message.text.split()),
            SEPARATOR.join(mentioned),
            is_broadcast(mentioned, len(self.agents) - 1),
            len(message.text),
            message.model,
            agent.label if agent else None,
            agent.served_by if agent else None,
            message.served_model,
            agent.seat if agent else -1,
            len(message.seen),
            self.views.of(message.seen),
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

    def failure(self, failure: Failure) -> tuple[Any, ...]:
        return (
            failure.id,
            self.header.run,
            self.header.series,
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


def _add_run(found: Journal, header: Header, runs: _Growing) -> None:
    turns = [turn for turn in found.turns if turn.copied_from is None]
    messages = [turn for turn in turns if isinstance(turn, Message)]
    failures = [turn for turn in turns if isinstance(turn, Failure)]
    # The first round of a fork's own: what came before is its parent's.
    first = 1 + max((turn.round for turn in found.turns if turn.copied_from is not None), default=-1)
    usages = [message.usage for message in messages if message.usage is not None]
    costs = [message.cost_usd for message in messages if message.cost_usd is not None]
    coded = sum(map(codable, messages))
    scripted = sum(message.scripted for message in messages)
    injected = sum(failure.origin == "injected" for failure in failures)
    runs.add(
        (
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
    )


def _add_agents(found: Journal, header: Header, agents: _Growing) -> None:
    own = (turn for turn in found.turns if turn.copied_from is None)
    turns = (turn for turn in own if isinstance(turn, Failure) or not turn.scripted)
    said = Counter((turn.agent, codable(turn) if isinstance(turn, Message) else None) for turn in turns)
    for agent in header.agents:
        who = (agent.id, agent.name, agent.own_name, agent.model, agent.label, agent.served_by, agent.seat)
        counts = (said[agent.id, kind] for kind in (True, False, None))
        agents.add((header.run, header.series, *who, *counts))


def _seconds(found: Journal, header: Header) -> float | None:
    """From the first line to the last; None where either has no time."""
    last = found.end["at"] if found.end else found.turns[-1].at if found.turns else None
    try:
        spent = datetime.fromisoformat(last or "") - datetime.fromisoformat(header.started or "")
    except (TypeError, ValueError):  # the former where only one of the two has a time zone
        return None
    return spent.total_seconds()


# Codes --------------------------------------------------------------------------------------------------

ANSWERS: Mapping[str, float] = {"yes": 1.0, "no": 0.0, "unsure": math.nan}


def read_codes(files: Iterable[Path]) -> Tables:
    """The table codes of these files: one row a verdict, one column a flag, one more where it has levels."""
    growing = _Codes()
    for file in files:
        found = codes.read(file)
        if found.header is not None:
            growing.add(found.header, found)
    return {"codes": growing.table()}


class _Codes:
    """Codes, whose columns are known only when all have been read."""

    def __init__(self) -> None:
        self.fixed = _Growing(CODES)
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
            weight = found.weights.get(message)
            self.fixed.add((message, run, series, coder, kind, digest, outcome, weight))
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
        columns = {name: _array(kind, self._cells(name, kind)) for name, kind in self.kinds.items()}
        fixed = self.fixed.table()
        return pa.table({**{name: fixed[name] for name in fixed.column_names}, **columns})


OUTCOMES: Mapping[type[Verdict], str] = {
    Coding: "coding",
    Unreadable: "unreadable",
    Abstained: "abstained",
    Unanswered: "unanswered",
}
