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
from mascope.pipeline.opening import close, open_chats, spent_in
from mascope.pipeline.planning import select, used_models
from mascope.store.journal import Journal
from mascope.store.layout import Results
from mascope.study import Run, Study, load_study, plan, stamped
from mascope.study.declared import first_declared
from mascope.yamlfile import dump

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


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that running needs, checked before the first call and before anything is written."""

    study: Study
    runs: tuple[Run, ...]
    results: Results
    journals: Mapping[str, Journal]
    chats: Mapping[str, Chat]
    jobs: int

    @property
    def to_do(self) -> list[Run]:
        return [run for run in self.runs if self.journals[run.id].end is None]


@dataclass(frozen=True, slots=True)
class RunSummary:
    results: Results
    statuses: Mapping[str, str]
    """By run: `done`, `partial`, `failed` or `aborted`."""
    halted: BaseException | str | None

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
    journals = check_journals(runs, results)
    prices = load_prices(options.prices)
    purse = Purse(options.budget_usd, spent_in(results)) if options.budget_usd is not None else None
    return Prepared(
        study, runs, results, journals, open_chats(used_models(study), prices, purse), options.jobs
    )


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
    statuses = {run.id: prepared.journals[run.id].status for run in prepared.runs}
    with results.locked(), rarely_collecting():
        results.write_study(dump(stamped(prepared.study, results.root, _declared(results))))
        setting = Setting(Models(prepared.chats, Pacer()), observer, halt)
        work = asyncio.create_task(hold_runs(prepared.study, prepared.to_do, results, setting, prepared.jobs))
        try:
            with interruptible(halt, work):
                statuses |= await work
        except asyncio.CancelledError:
            halt.ask(INTERRUPTED)
        finally:
            await close(prepared.chats)
    return RunSummary(results, statuses, halt.reason)
