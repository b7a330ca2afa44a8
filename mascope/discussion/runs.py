"""Runs on disk: from a plan and what its journals hold already to finished journals."""

import asyncio
import resource
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from mascope import __version__
from mascope.discussion.asking import Empties
from mascope.discussion.engine import Discussion, Setting, SoFar
from mascope.errors import ForeignResults
from mascope.seeds import derive
from mascope.store import journal
from mascope.store.journal import Header, Journal, Recorder
from mascope.store.layout import Results
from mascope.store.lines import utc_now, write_whole
from mascope.study import Run, Study

OTHER_FILES = 512
"""Open files that are no journals: connections to models, above all."""


async def hold_runs(
    study: Study, runs: Iterable[Run], results: Results, setting: Setting, jobs: int
) -> dict[str, str]:
    """Hold (or finish) `runs`, at most `jobs` at once. Status by run; halted runs are `partial`."""
    statuses: dict[str, str] = {}
    waiting = iter(runs)
    jobs = min(jobs, open_at_once(jobs))

    async def work() -> None:
        # Workers draw from one iterator, so that ten thousand waiting runs are not ten thousand tasks.
        for run in waiting:
            if setting.halt.reason is not None:
                return
            statuses[run.id] = await hold_run(study, run, results, setting)

    async with asyncio.TaskGroup() as group:
        for _ in range(jobs):
            group.create_task(work())
    return statuses


def open_at_once(jobs: int) -> int:
    """How many journals may be open; where `jobs` are more than the limit, it is raised as far as it goes.

    Many systems let a process have 1,024 files at first and far more on demand.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < jobs + OTHER_FILES:
        wanted = jobs + OTHER_FILES
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return jobs if soft == resource.RLIM_INFINITY else max(1, soft - min(OTHER_FILES, soft // 2))


async def hold_run(study: Study, run: Run, results: Results, setting: Setting) -> str:
    """Hold one run to its end, started anew as often as the study allows where it was aborted."""
    file = results.journal(run.id)
    while True:
        status = await _attempt(study, _attempt_seed(run, file), file, setting)
        restarts = len(list(_aborted(file)))
        if status != "aborted" or restarts >= run.condition.organic.restarts:
            setting.observer.ended(run, status or "partial")
            return status or "partial"
        _set_aside(file, restarts + 1)


async def _attempt(study: Study, run: Run, file: Path, setting: Setting) -> str | None:
    found = journal.read(file)
    if found.end is not None:
        return found.status
    if found.header is not None and found.header.limits is not None:
        run = run.limited(found.header.limits)  # as it was begun, whatever a price table says now
    so_far = _begun(study, run, file) if found.header is None else _so_far(found)
    recorder = Recorder(file)
    try:
        if found.header is None and run.branch is None:
            recorder.header(header(study, run))
        setting.observer.started(run, len(so_far.turns))
        status = await Discussion(run, setting, recorder, so_far).hold()
        if status is not None:
            await recorder.sync()
        return status
    finally:
        recorder.close()


def _so_far(found: Journal) -> SoFar:
    return SoFar(found.turns, journal.probe_answers(found), _empties(found))


def _empties(found: Journal) -> dict[tuple[str, int], Empties]:
    """Empty answers that were noted, by agent and round; a note counts the attempts so far."""
    empties: dict[tuple[str, int], Empties] = {}
    for line in found.extra:
        if line["event"] == "empty":
            turn = (str(line["agent"]), int(line["round"]))
            empties[turn] = Empties(empties.get(turn, Empties()).count + 1, int(line["attempts"]))
    return empties


def _begun(study: Study, run: Run, file: Path) -> SoFar:
    """What a new run begins with. A fork's copy of its parent is written whole, before anything is asked."""
    if run.branch is None:
        return SoFar()
    turns, answers = run.branch.turns, run.branch.answers
    started = replace(header(study, run), started=utc_now())
    write_whole(file, journal.beginning(started, turns, answers))
    return SoFar(turns, answers)


def header(study: Study, run: Run) -> Header:
    return Header(
        run=run.id,
        series=run.series,
        replicate=run.replicate,
        seed=run.seed,
        study=study.name,
        digest=study.digest,
        agents=run.agents,
        condition=run.condition.resolved,
        condition_digest=run.condition.digest,
        simulated=run.simulated,
        version=__version__,
        parent=run.branch.parent if run.branch else None,
        limits={k: m.context_tokens for k, m in run.models.items() if m.context_tokens is not None},
    )


def check_journals(runs: Sequence[Run], results: Results) -> dict[str, Journal]:
    """What is there already of `runs`. `ForeignResults` where it was made under other settings."""
    found = {}
    for run in runs:
        so_far = journal.read(results.journal(run.id))
        if so_far.header is not None and not _same(so_far.header, run, results):
            raise ForeignResults(
                f"{so_far.file}: this run was made under other settings of series {run.series!r} (or "
                "another seed) than the study has now. Results of different settings are never mixed: give "
                "the changed series another name, or write to another directory with --out"
            )
        found[run.id] = so_far
    return found


def _same(there: Header, run: Run, results: Results) -> bool:
    """Whether a journal was begun for this very run; one started anew has the seed of its restart."""
    seed = _attempt_seed(run, results.journal(run.id)).seed
    parent = run.branch.parent if run.branch else None
    return (there.condition_digest, there.seed, there.parent) == (run.condition.digest, seed, parent)


def _attempt_seed(run: Run, file: Path) -> Run:
    """A run started anew draws anew: with the same seed it would fail the same way on seeded models.

    A fork keeps its seed, for its orders and faults are its parent's; only its models draw anew.
    """
    restarts = len(list(_aborted(file)))
    if restarts == 0:
        return run
    if run.branch is not None:
        return replace(run, branch=replace(run.branch, restarts=restarts))
    return replace(run, seed=derive(run.seed, "restart", restarts))


def _aborted(file: Path) -> Iterable[Path]:
    return (file.parent / "aborted").glob(f"{file.stem}-[0-9]*.jsonl")


def _set_aside(file: Path, number: int) -> None:
    folder = file.parent / "aborted"
    folder.mkdir(exist_ok=True)
    file.replace(folder / f"{file.stem}-{number}.jsonl")
