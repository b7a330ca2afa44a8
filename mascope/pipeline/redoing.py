"""Runs that are held anew: what there is of them is set aside, never deleted and never read again.

A run that is redone keeps the seed that the plan gives it, and so its names, orders and the seeds of its
answers: it failed of something outside (a key, a quota, a server), and is to be the run that was planned. A
run that is started anew by itself (`on_failure: abort`) draws anew, or it would fail the same way again.
"""

from collections.abc import Iterable
from pathlib import Path

from mascope.errors import InvalidInput
from mascope.store import journal
from mascope.store.layout import Results, series_of
from mascope.store.lines import unwritable

REDONE = ("failed", "aborted")
"""Ends of a discussion after which it may be held anew."""
ABORTED = "aborted"
"""Folder beside the journals of a series that keeps attempts that were started anew by themselves."""
FAILED = "failed"
"""Folder beside the journals of a series that keeps those of runs held anew."""
SUPERSEDED = "superseded"
"""Folder of a results directory that keeps codes of texts that are no longer there."""


def to_redo(results: Results, runs: Iterable[str]) -> tuple[str, ...]:
    """Those of `runs` that ended so that they may be held anew; `InvalidInput` where one has forks."""
    redo = tuple(run for run in runs if journal.read(results.journal(run)).status in REDONE)
    _check_unforked(results, redo)
    return redo


def _check_unforked(results: Results, runs: Iterable[str]) -> None:
    """Forks are compared with the discussion that they began as."""
    wanted = set(runs)
    for file in results.journals() if wanted else ():
        header = journal.read_header(file)
        if header is not None and header.parent in wanted:
            raise InvalidInput(
                f"--redo-failed: {header.parent} has a fork ({header.run}), which would lose its pair; "
                "move its journal away first"
            )


def set_aside(results: Results, runs: Iterable[str]) -> None:
    """Move the journals of these runs, those of their aborted attempts too, and their codes."""
    for run in runs:
        # In this order a kill leaves nothing that a resume would take for something else: codes without
        # their texts, or a journal without the attempts that its seed was drawn from.
        set_codes_aside(results, run)
        current = results.journal(run)
        attempts = sorted((current.parent / ABORTED).glob(f"{run}-[0-9]*.jsonl"), key=_number)
        folder = current.parent / FAILED
        first = _next(folder, run)
        _move(current, folder / f"{run}-{first + len(attempts)}.jsonl")
        for number, attempt in enumerate(attempts, start=first):
            _move(attempt, folder / f"{run}-{number}.jsonl")


def set_codes_aside(results: Results, run: str) -> None:
    """Move everybody's codes of a run away: its messages will have the same ids, and other texts."""
    for coder in results.coders():
        file = results.codes(coder, run)
        if file.exists():
            folder = results.root / SUPERSEDED / coder / series_of(run)
            _move(file, folder / f"{run}-{_next(folder, run)}.jsonl")


def started_anew(results: Results) -> frozenset[Path]:
    """The attempts that were aborted and started anew so far."""
    return frozenset((results.root / "runs").glob("*/aborted/*.jsonl"))


def run_of(attempt: Path) -> str:
    """The run's id, from a file that was set aside."""
    return attempt.stem.rpartition("-")[0]


def _number(attempt: Path) -> int:
    return int(attempt.stem.rpartition("-")[2])


def _next(folder: Path, run: str) -> int:
    return max(map(_number, folder.glob(f"{run}-[0-9]*.jsonl")), default=0) + 1


def _move(file: Path, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)
    except OSError as error:
        raise unwritable(place, error) from error
