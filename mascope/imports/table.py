"""A flat table of messages, one row each → a results directory.

Needed: `run`, `round`, `text`, and `agent` or `name`. Understood besides: `series`, `message` (the id by
which codes name it), `position`, `model`, `time`, `failed`. Other columns are ignored, and named in a note.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mascope import __version__
from mascope.errors import InvalidFile
from mascope.imports import sheet
from mascope.imports.deposit import Discussion, ImportSummary, deposit, distinct, study_name
from mascope.imports.sheet import Sheet
from mascope.imports.table_rows import NEEDED, OPTIONAL, RUN, Said, read_rows
from mascope.records import Agent, Failure, Message, Turn, message_id
from mascope.store.journal import Header
from mascope.store.layout import Results, natural, run_id
from mascope.study.build import digest

UNRECORDED = {"imported": "table", "schedule": {"visibility": "unrecorded"}}
"""Stands in each journal's condition: a table does not say what anybody saw."""

Runs = Mapping[str, list[Said]]
"""Run id → its rows in the order of the discussion; runs in the order of their ids."""


def import_table(source: Path, results: Results, study: str | None = None) -> ImportSummary:
    """Bring the messages in `source` into `results`. `InvalidFile` names line and column of what is wrong.

    `study` names the study; left out, it is called as the results directory is.
    """
    table = sheet.read(source)
    runs = _runs(read_rows(table), source)
    content = _study(study_name(study, results), runs)
    discussions = (_discussion(run, rows, content, source) for run, rows in runs.items())
    return deposit(results, content, "table", discussions, _notes(table, runs))


def _study(name: str, runs: Runs) -> dict[str, Any]:
    """What a table tells of a study. It is no study file: brief, prompts and parameters are not known."""
    rows = [row for group in runs.values() for row in group]
    return {
        "study": name,
        "seed": 0,
        "models": {model: {"label": model} for model in dict.fromkeys(row.model for row in rows)},
        "series": {series: _condition(runs, series) for series in dict.fromkeys(row.series for row in rows)},
    }


def _condition(runs: Runs, series: str) -> dict[str, Any]:
    groups = [rows for rows in runs.values() if rows[0].series == series]
    seats = dict.fromkeys((row.agent, row.model) for rows in groups for row in rows)
    return {
        "runs": len(groups),
        "rounds": 1 + max(row.round for rows in groups for row in rows),
        "participants": [{"agent": agent, "model": model} for agent, model in seats],
    }


def _notes(table: Sheet, runs: Runs) -> list[str]:
    known = {*NEEDED, *OPTIONAL}
    ignored = [column for column in table.columns if column and column.casefold() not in known]
    renamed = [f"{rows[0].run} → {run}" for run, rows in runs.items() if rows[0].run != run]
    more = f" and {len(renamed) - 3} more" if len(renamed) > 3 else ""
    return [
        *([f"columns left out: {', '.join(ignored)}"] if ignored else []),
        *([f"runs renamed: {', '.join(renamed[:3])}{more}"] if renamed else []),
    ]


"""Run id → its rows in their order. Runs in the order of their ids."""


def _runs(rows: Iterable[Said], file: Path) -> Runs:
    """Rows by run. A run called `<series>-run07` keeps that name; others are numbered as they come."""
    groups: dict[tuple[str, str], list[Said]] = {}
    for row in rows:
        groups.setdefault((row.series, row.run), []).append(row)
    named = {key: name for key in groups if (name := _id_in_table(*key))}
    last: Counter[str] = Counter()
    runs: dict[str, list[Said]] = {}
    for key, id_ in named.items():
        if id_ in runs:
            problem = f"{key[1]!r} and {runs[id_][0].run!r} are the same run, written differently"
            raise InvalidFile(file, problem, line=groups[key][0].line, key="run")
        runs[id_] = groups[key]
        last[key[0]] = max(last[key[0]], _replicate(id_))
    for key, group in groups.items():
        if key not in named:
            last[key[0]] += 1
            runs[run_id(key[0], last[key[0]])] = group
    return {id_: sorted(runs[id_], key=_turn_order) for id_ in sorted(runs, key=natural)}


def _id_in_table(series: str, run: str) -> str | None:
    """The run's id where the table has one, its number written our way."""
    named = RUN.fullmatch(run)
    return run_id(series, int(named["number"])) if named and named["series"] == series else None


def _replicate(run: str) -> int:
    return int(run.rpartition("-run")[2])


def _turn_order(row: Said) -> tuple[int, int]:
    """By round and position; the table's order where it gives none (the sort is stable)."""
    return row.round, 0 if row.position is None else row.position


def _discussion(run: str, rows: Sequence[Said], study: Mapping[str, Any], file: Path) -> Discussion:
    agents = _agents(rows, file)
    times = [row.at for row in rows if row.at]
    condition = {**study["series"][rows[0].series], **UNRECORDED}
    header = Header(
        run=run,
        series=rows[0].series,
        replicate=_replicate(run),
        seed=0,
        study=study["study"],
        digest=digest(study),
        agents=tuple(agents.values()),
        condition=condition,
        condition_digest=digest(condition),
        simulated=False,
        version=__version__,
        started=min(times, default=None),
        aliases=(rows[0].run,) if rows[0].run != run else (),
    )
    turns, notes = _turns(run, rows, agents)
    return Discussion(header, tuple(turns), max(times, default=""), notes=tuple(notes))


def _agents(rows: Sequence[Said], file: Path) -> dict[str, Agent]:
    """Seats in the order of first words; each has one name, and no two the same."""
    agents: dict[str, Agent] = {}
    bearers: dict[str, str] = {}
    for row in rows:
        seat = Agent(row.agent, row.name, None, row.model, row.model, row.model, seat=len(agents))
        known = agents.setdefault(row.agent, seat)
        bearer = bearers.setdefault(row.name, row.agent)
        if known.name != row.name or bearer != row.agent:
            problem = f"agent {row.agent!r} is called {row.name!r}, but "
            problem += f"so is {bearer!r}" if bearer != row.agent else f"{known.name!r} elsewhere in the run"
            raise InvalidFile(file, problem, line=row.line, key="name")
    return agents


def _turns(
    run: str, rows: Sequence[Said], agents: Mapping[str, Agent]
) -> tuple[list[Turn], list[dict[str, str]]]:
    """What was said, and notes on the ids by which the table called it."""
    given: Counter[str] = Counter()
    arrived: Counter[int] = Counter()
    turns: list[Turn] = []
    notes: list[dict[str, str]] = []
    for row in rows:
        id_ = distinct(message_id(run, row.name, row.round), given)
        position = arrived[row.round] if row.position is None else row.position
        arrived[row.round] += 1
        turns.append(_turn(row, agents[row.agent], id_, position))
        if row.alias and row.alias != id_:
            notes.append({"event": "alias", "at": row.at, "message": id_, "alias": row.alias})
    return turns, notes


def _turn(row: Said, agent: Agent, id_: str, position: int) -> Turn:
    if row.failed is None:
        return Message(
            id=id_,
            agent=agent.id,
            name=agent.name,
            model=agent.model,
            served_model=row.model if row.model != agent.model else None,
            round=row.round,
            position=position,
            text=row.text,
            seen=(),
            prompt_digest="",
            at=row.at,
        )
    return Failure(
        id=id_,
        agent=agent.id,
        name=agent.name,
        round=row.round,
        position=position,
        kind=row.failed,
        origin="organic",
        detail=row.text,
        told=None,
        at=row.at,
        attempts=1,
    )
