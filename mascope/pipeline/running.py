"""The second stage: planned runs → journals. Whatever is on disk already is not done again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from mascope.chat.budget import Purse
from mascope.chat.pacing import Pacer
from mascope.chat.prices import load_prices
from mascope.chat.routes import missing_for, require
from mascope.chat.types import Chat
from mascope.discussion.asking import Models
from mascope.discussion.engine import Observer, Setting
from mascope.discussion.runs import check_journals, hold_runs
from mascope.errors import BudgetReached, ForeignResults, InvalidFile
from mascope.halt import INTERRUPTED, Halt, interruptible
from mascope.pipeline.collecting import rarely_collecting
from mascope.pipeline.limits import with_limits
from mascope.pipeline.losses import Loss, losses, reasons
from mascope.pipeline.opening import check_prices, close, open_chats, spent_in
from mascope.pipeline.planning import select, used_models
from mascope.pipeline.redoing import run_of, set_aside, set_codes_aside, started_anew, to_redo
from mascope.store import journal
from mascope.store.journal import Journal
from mascope.store.layout import Results
from mascope.study import Run, Study, load_study, plan, stamped
from mascope.study.declared import first_declared
from mascope.yamlfile import dump

TO_DO = "to do"
JOBS = 32
"""Discussions at once."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may add to a study file."""

    series: Collection[str] | None = None
    first: int | None = None
    """Only the first so many runs of each series."""
    budget_usd: float | None = None
    prices: Path | None = None
    jobs: int = JOBS
    redo_failed: bool = False
    """Hold runs anew that ended without every agent's word, or were aborted."""
    elsewhere: bool = False
    """Whether other machines ask the models: then keys, extras and models are theirs to have."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that running needs, checked before the first call and before anything is written."""

    study: Study
    runs: tuple[Run, ...]
    results: Results
    journals: Mapping[str, Journal]
    chats: Mapping[str, Chat]
    jobs: int
    redo: tuple[str, ...] = ()
    """Runs that have ended and are held anew; their journals are not among `journals`."""
    purse: Purse | None = None

    @property
    def to_do(self) -> list[Run]:
        return [run for run in self.runs if self.journals[run.id].end is None]


@dataclass(frozen=True, slots=True)
class RunSummary:
    results: Results
    statuses: Mapping[str, str]
    """By run: `done`, `partial`, `failed`, `aborted`, or `to do` where it was never begun."""
    halted: BaseException | str | None
    lost: tuple[Loss, ...] = ()
    """Turns that failed although the study did not ask for it, in the runs as they stand."""
    ended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Why runs ended otherwise than after their last word: reason → runs."""

    @property
    def counts(self) -> Mapping[str, int]:
        return Counter(self.statuses.values())

    @property
    def exit_code(self) -> int:
        if isinstance(self.halted, BudgetReached):
            return BudgetReached.exit_code
        if self.halted == INTERRUPTED:
            return 130
        return 1 if {"failed", "aborted"} & set(self.statuses.values()) else 0


def prepare(file: Path, out: Path | None, options: Options) -> Prepared:
    """Read, check and open all that is needed. Nothing is written, nothing is sent."""
    study = load_study(file)
    results = Results(out or Path("results") / study.name)
    check_results(results, study)
    prices = load_prices(options.prices)
    study = with_limits(study, prices, results)
    runs = select(plan(study), options.series, options.first)
    models = used_models(study)
    (missing_for if options.elsewhere else require)(models, study.places)
    redo = to_redo(results, [run.id for run in runs]) if options.redo_failed else ()
    # What is set aside may have been made under other settings: often they were why it failed.
    journals = check_journals([run for run in runs if run.id not in redo], results)
    journals |= {run: Journal(results.journal(run), None) for run in redo}
    purse = Purse(options.budget_usd, spent_in(results)) if options.budget_usd is not None else None
    if purse is not None:
        check_prices(models, prices)
    chats = {} if options.elsewhere else open_chats(models, prices, purse)
    return Prepared(study, runs, results, journals, chats, options.jobs, redo, purse)


def check_results(results: Results, study: Study) -> None:
    """`ForeignResults` unless the directory is new, or holds results of this study."""
    if results.study_file.exists():
        found = results.study().get("study")
        if found != study.name:
            raise ForeignResults(
                f"{results.root} holds the results of the study {found!r}, not of {study.name!r}; "
                "choose another directory with --out"
            )
    elif results.root.is_dir() and any(entry.name != ".lock" for entry in results.root.iterdir()):
        raise ForeignResults(
            f"{results.root} is not empty and holds no results of mascope; choose another with --out"
        )
    elif results.root.exists() and not results.root.is_dir():
        raise InvalidFile(results.root, "is a file, not a directory for results; choose another with --out")


def _declared(results: Results) -> dict[str, str] | None:
    """The hypotheses that stood before the first run; None where no run has begun yet."""
    return first_declared(results.study()) if results.journals() else None


Holding: TypeAlias = Callable[[Prepared, Observer, Halt], Coroutine[Any, Any, Mapping[str, str]]]
"""Holds what is left to do, and says how each run ended."""


async def here(prepared: Prepared, observer: Observer, halt: Halt) -> Mapping[str, str]:
    """Hold them in this process."""
    setting = Setting(Models(prepared.chats, Pacer()), observer, halt)
    try:
        return await hold_runs(prepared.study, prepared.to_do, prepared.results, setting, prepared.jobs)
    finally:
        await close(prepared.chats)


async def hold(prepared: Prepared, observer: Observer, where: Holding = here) -> RunSummary:
    """Hold the runs that remain. Ctrl-C ends it cleanly, a second one at once; both resume."""
    results, halt = prepared.results, Halt()
    held: Mapping[str, str] = {}
    with results.locked(), rarely_collecting():
        results.write_study(dump(stamped(prepared.study, results.root, _declared(results))))
        set_aside(results, prepared.redo)
        before = started_anew(results)
        work = asyncio.create_task(where(prepared, observer, halt))
        try:
            with interruptible(halt, work):
                held = await work
        except asyncio.CancelledError:
            halt.ask(INTERRUPTED)
        finally:
            for attempt in started_anew(results) - before:
                set_codes_aside(results, run_of(attempt))
    return _summary(prepared, held, halt)


def _summary(prepared: Prepared, held: Mapping[str, str], halt: Halt) -> RunSummary:
    statuses = {run.id: held.get(run.id) or _status(prepared, run) for run in prepared.runs}
    files = [prepared.results.journal(run) for run in statuses]
    return RunSummary(prepared.results, statuses, halt.reason, losses(files), reasons(files))


def _status(prepared: Prepared, run: Run) -> str:
    """Of a run whose end nobody told: it had ended before, or was cancelled, or never begun."""
    found = prepared.journals[run.id]
    if found.end is None:
        found = journal.read(found.file)
    return TO_DO if found.header is None else found.status
