"""The second stage: planned runs → journals. Whatever is on disk already is not done again."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from mascope.chat.budget import Purse
from mascope.chat.pacing import Pacer
from mascope.chat.prices import load_prices
from mascope.chat.routes import require
from mascope.chat.types import Chat
from mascope.discussion.asking import Models
from mascope.discussion.engine import Observer, Setting
from mascope.discussion.runs import check_journals, hold_runs
from mascope.errors import BudgetReached, ForeignResults, InvalidFile
from mascope.halt import INTERRUPTED, Halt, interruptible
from mascope.pipeline.collecting import rarely_collecting
from mascope.pipeline.losses import Loss, losses
from mascope.pipeline.opening import close, open_chats, spent_in
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
    runs = select(plan(study), options.series, options.first)
    results = Results(out or Path("results") / study.name)
    check_results(results, study)
    require(used_models(study))
    redo = to_redo(results, [run.id for run in runs]) if options.redo_failed else ()
    # What is set aside may have been made under other settings: often they were why it failed.
    journals = check_journals([run for run in runs if run.id not in redo], results)
    journals |= {run: Journal(results.journal(run), None) for run in redo}
    prices = load_prices(options.prices)
    purse = Purse(options.budget_usd, spent_in(results)) if options.budget_usd is not None else None
    chats = open_chats(used_models(study), prices, purse)
    return Prepared(study, runs, results, journals, chats, options.jobs, redo)


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


async def hold(prepared: Prepared, observer: Observer) -> RunSummary:
    """Hold the runs that remain. Ctrl-C ends it cleanly, a second one at once; both resume."""
    results, halt = prepared.results, Halt()
    held: Mapping[str, str] = {}
    with results.locked(), rarely_collecting():
        results.write_study(dump(stamped(prepared.study, results.root, _declared(results))))
        set_aside(results, prepared.redo)
        before = started_anew(results)
        setting = Setting(Models(prepared.chats, Pacer()), observer, halt)
        work = asyncio.create_task(hold_runs(prepared.study, prepared.to_do, results, setting, prepared.jobs))
        try:
            with interruptible(halt, work):
                held = await work
        except asyncio.CancelledError:
            halt.ask(INTERRUPTED)
        finally:
            await close(prepared.chats)
            for attempt in started_anew(results) - before:
                set_codes_aside(results, run_of(attempt))
    return _summary(prepared, held, halt)


def _summary(prepared: Prepared, held: Mapping[str, str], halt: Halt) -> RunSummary:
    statuses = {run.id: held.get(run.id) or _status(prepared, run) for run in prepared.runs}
    lost = losses(prepared.results.journal(run) for run in statuses)
    return RunSummary(prepared.results, statuses, halt.reason, lost)


def _status(prepared: Prepared, run: Run) -> str:
    """Of a run whose end nobody told: it had ended before, or was cancelled, or never begun."""
    found = prepared.journals[run.id]
    if found.end is None:
        found = journal.read(found.file)
    return TO_DO if found.header is None else found.status
