"""Branching a run: what was said before a round is kept, one thing is changed, and the rest is held anew.

The forks of a series are a series of their own, `<series>-fork<round>-<what is changed>`; the n-th fork of
its run 7 is `…-run07-f<n>` (a fork of that is `…-run07-f<n>-f<m>`), and its journal names the parent. Orders,
names and faults stay the parent's; what differs by chance is what the models draw, so each fork and its
parent are a matched pair.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from mascope.chat.budget import Purse
from mascope.chat.prices import PriceTable, load_prices
from mascope.chat.routes import require
from mascope.discussion.runs import check_journals
from mascope.discussion.transcript import Transcript
from mascope.errors import ForeignResults, InvalidFile, InvalidInput
from mascope.pipeline.copying import Copy
from mascope.pipeline.limits import with_limits
from mascope.pipeline.opening import open_chats, spent_in
from mascope.pipeline.past import check_past
from mascope.pipeline.redoing import to_redo
from mascope.pipeline.running import JOBS, Prepared
from mascope.prompting import CUE, CUE_ALONE
from mascope.store import journal
from mascope.store.journal import Header, Journal
from mascope.store.layout import Results, newest, series_of
from mascope.study import Branch, Condition, Run, Study, branched, load_study
from mascope.study.build import digest
from mascope.study.condition import ALONE
from mascope.study.plan import seated
from mascope.yamlfile import nearest

NOT_AFTERWARDS = ("names", "runs")
"""What cannot change in mid-discussion: what was said before holds the names."""
LONGEST_VALUE = 24
"""Characters of a changed value that go into the name of a series; longer ones go in as a digest."""


@dataclass(frozen=True, slots=True)
class ForkOptions:
    """What the command line says."""

    run: str
    """A run's id, or the path of its journal."""
    round: int
    """The first round of the forks' own."""
    change: str | None = None
    """`KEY=VALUE`, a setting of the series; None for control forks, in which nothing is changed."""
    runs: int = 1
    results: Path | None = None
    budget_usd: float | None = None
    prices: Path | None = None
    jobs: int = JOBS
    redo_failed: bool = False
    """Hold those forks anew that failed or were aborted."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The run that is branched."""

    study: Study
    header: Header
    run: Run
    found: Journal


def prepare_forks(options: ForkOptions) -> Prepared:
    """Read, check and open all that is needed; `running.hold` does the rest. Nothing is written or sent."""
    results, file = _parent_file(options)
    prices = load_prices(options.prices)
    parent = _parent(results, file, prices)
    condition = _changed(parent, options.change)
    _check(parent, condition, options)
    if options.change is not None:
        check_past(parent.run.condition, condition, options.round, options.change)
    series = f"{parent.header.series}-fork{options.round}-{_called(options.change)}"
    runs = tuple(
        _fork(parent, condition, series, (options.round, number)) for number in range(1, options.runs + 1)
    )
    redo = to_redo(results, [run.id for run in runs]) if options.redo_failed else ()
    journals = check_journals([run for run in runs if run.id not in redo], results)
    journals |= {run: Journal(results.journal(run), None) for run in redo}
    models = list(runs[0].models.values())
    require(models, parent.study.places)
    purse = Purse(options.budget_usd, spent_in(results)) if options.budget_usd is not None else None
    chats = open_chats(models, prices, purse)
    return Prepared(parent.study, runs, results, journals, chats, options.jobs, redo)


# The parent ------------------------------------------------------------------------------------------------


def _parent_file(options: ForkOptions) -> tuple[Results, Path]:
    path = Path(options.run)
    if path.suffix == ".jsonl":
        if not path.is_file():
            raise InvalidInput(f"{path}: no such journal")
        return Results(path.resolve().parents[2]), path
    results = Results(options.results) if options.results else newest()
    file = results.journal(options.run)
    if not series_of(options.run) or not file.is_file():
        known = [journal_file.stem for journal_file in results.journals()]
        raise InvalidInput(f"{results.root} holds no run {options.run!r}{nearest(options.run, known)}")
    return results, file


def _parent(results: Results, file: Path, prices: PriceTable) -> Parent:
    study = with_limits(load_study(results.study_file), prices, results)
    found = journal.read(file)
    header = found.header
    if header is None:
        raise InvalidInput(f"{file}: this run has not begun, so there is nothing to fork")
    try:
        condition = branched(study, header.condition)
        same = condition.digest == header.condition_digest
    except InvalidFile:
        same = False
    if not same:
        raise ForeignResults(
            f"{file}: this run was not held by this version of mascope on the models of "
            f"{results.study_file}; only such a run can be gone on with"
        )
    if header.limits is not None:
        held = {model.key: header.limits.get(model.key) for model in study.models_in(condition)}
        study = study.limited(held)
    run = Run(
        id=header.run,
        series=header.series,
        replicate=header.replicate,
        seed=header.seed,
        agents=header.agents,
        condition=condition,
        models={model.key: model for model in study.models_in(condition)},
        simulated=header.simulated,
    )
    return Parent(study, header, run, found)


def _check(parent: Parent, condition: Condition, options: ForkOptions) -> None:
    """`InvalidInput` where there is no such round to go on from, or nobody to go on with."""
    round_, seats = options.round, len(parent.header.agents)
    if round_ < 1:
        raise InvalidInput("--round must be at least 1: to change a run from its start, add a series")
    if round_ >= condition.rounds:
        raise InvalidInput(
            f"--round {round_}: a discussion of {condition.rounds} rounds ends with round "
            f"{condition.rounds - 1}, counted from 0; --set rounds=… makes it longer"
        )
    if len(condition.participants) != seats:
        raise InvalidInput(f"--set {options.change}: a fork keeps the {seats} seats of its parent")
    unheard = _first_incomplete(parent)
    if unheard < round_:
        raise InvalidInput(
            f"--round {round_}: {parent.header.run} is complete up to round {unheard - 1} only"
            if unheard
            else f"--round {round_}: {parent.header.run} has no complete round yet"
        )


def _first_incomplete(parent: Parent) -> int:
    """The first round in which somebody's turn is still to come."""
    transcript = Transcript(parent.run, parent.found.turns)
    copied = [turn.round for turn in parent.found.turns if turn.copied_from is not None]
    rounds = range(max(copied, default=-1) + 1, parent.run.condition.rounds)
    return next((round_ for round_ in rounds if transcript.speakers(round_)), parent.run.condition.rounds)


# What is changed -------------------------------------------------------------------------------------------


def _changed(parent: Parent, change: str | None) -> Condition:
    """The parent's condition with one setting changed, checked like a series of a study file."""
    if change is None:
        return parent.run.condition
    key, equals, text = change.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise InvalidInput(f"--set {change}: write KEY=VALUE, for instance sampling.temperature=0.2")
    if path[0] in NOT_AFTERWARDS:
        raise InvalidInput(f"--set {change}: {path[0]!r} cannot change in the middle of a discussion")
    data = _regrouped(parent, _with(parent.header.condition, path, _value(change, text), change))
    try:
        condition = branched(parent.study, data)
    except InvalidFile as error:
        place = f"{error.key}: " if error.key else ""
        raise InvalidInput(f"--set {change}: {place}{error.problem}") from error
    left = {participant.id for participant in condition.participants}
    for fault in parent.run.condition.faults:
        if fault.agent not in left and any(agent.id == fault.agent for agent in parent.run.agents):
            raise InvalidInput(
                f"--set {change}: {fault.agent!r}, whom the parent's fault is about, would be gone; "
                "that would be two changes at once"
            )
    if condition.digest == parent.run.condition.digest:
        raise InvalidInput(f"--set {change}: that is what it is; without --set, forks are held as a control")
    return condition


def _regrouped(parent: Parent, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """`data` without what follows from agents being alone or not, where that is what changes.

    A journal holds its condition with all defaults filled in; those of the others in the prompt depend on
    whether there are others, as in a series of a study file.
    """
    was, schedule = parent.run.condition.schedule.alone, data.get("schedule")
    if not isinstance(schedule, Mapping) or (schedule.get("interaction") in ALONE) == was:
        return data
    usual = {("scaffold", "peers"): not was, ("turns", "cue"): CUE_ALONE if was else CUE}
    return {
        name: {key: value for key, value in part.items() if usual.get((name, key)) != value}
        if name in ("scaffold", "turns")
        else part
        for name, part in data.items()
    }


def _value(change: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInput(f"--set {change}: the value is not valid YAML") from error


def _with(data: Any, path: list[str], value: Any, change: str) -> Any:
    """A copy of plain `data` with `value` at `path`; numbers in a path count the items of a list."""
    if not path:
        return {**data, **value} if isinstance(data, dict) and isinstance(value, dict) else value
    first, rest = path[0], path[1:]
    if isinstance(data, Mapping) and (first in data or not rest):
        return {**data, first: _with(data.get(first), rest, value, change)}
    if isinstance(data, list) and first.isdecimal() and int(first) < len(data):
        items = list(data)
        items[int(first)] = _with(data[int(first)], rest, value, change)
        return items
    known = data if isinstance(data, Mapping) else [str(n) for n in range(len(data))] if data else []
    raise InvalidInput(f"--set {change}: there is no {first!r}{nearest(first, map(str, known))}")


def _called(change: str | None) -> str:
    """What is changed, as part of a series' name."""
    if change is None:
        return "control"
    key, _, value = change.partition("=")
    plain = value.strip()
    if len(plain) > LONGEST_VALUE or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._]*", plain):
        plain = digest(yaml.safe_load(value))[:8]
    return f"{key.strip()}-{plain}"


# The forks -------------------------------------------------------------------------------------------------


def _fork(parent: Parent, condition: Condition, series: str, which: tuple[int, int]) -> Run:
    """A fork from (round, number). Its agents sit where the parent's sat, under their names."""
    round_, number = which
    models = {model.key: model for model in parent.study.models_in(condition)}
    agents = tuple(
        seated(condition.participants[agent.seat], agent.seat, models, (agent.name, agent.own_name))
        for agent in parent.header.agents
    )
    of_parent = parent.header.run.removeprefix(f"{parent.header.series}-")  # run07, or run07-f1 of a fork
    id_ = f"{series}-{of_parent}-f{number}"
    copy = Copy(
        parent.header, id_, {old.id: new for old, new in zip(parent.header.agents, agents, strict=True)}
    )
    return replace(
        parent.run,
        id=id_,
        series=series,
        agents=agents,
        condition=condition,
        models=models,
        simulated=any(model.simulated for model in models.values()),
        branch=Branch(
            parent=parent.header.run,
            number=number,
            round=round_,
            turns=tuple(copy.turn(turn) for turn in parent.found.turns if turn.round < round_),
            answers=tuple(
                copy.answer(answer)
                for answer in journal.probe_answers(parent.found)
                if answer.round is None or answer.round < round_
            ),
        ),
    )
