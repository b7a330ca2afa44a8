"""Work spread over the cores of one machine, by processes that inherit what they work on."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Item], Result]

_INHERITED: ContextVar[tuple[Callable[[Any], Any], Sequence[Any]] | None] = ContextVar(
    "inherited", default=None
)
"""In a process that works for another: what it does, and on what. Nothing anywhere else."""
_ALONE: ContextVar[bool] = ContextVar("alone", default=False)


@contextmanager
def alone() -> Iterator[None]:
    """While the body runs, one process does everything: one of many threads must not be forked."""
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)


def cores() -> int:
    """How many processes may run at once; 1 in a process that works for another already.

    1 also where the system does not say which cores are ours: those are systems on which to fork is not safe.
    """
    if _INHERITED.get() is not None or _ALONE.get() or not hasattr(os, "sched_getaffinity"):
        return 1
    return len(os.sched_getaffinity(0))


def threads_of(runtime: str) -> bool:
    """Whether this process runs threads by a name that begins so.

    A forked process has none of them: it would wait in vain for a library that leaves its work to them.
    """
    names = Path("/proc/self/task").glob("*/comm")
    return any(file.read_text().startswith(runtime) for file in names)


def spread(work: "Work[Item, Result]", items: Sequence[Item], workers: int | None = None) -> Iterator[Result]:
    """What `work` makes of each of the items, in their order, as soon as it is there.

    The processes are forked: work and items are shared with them as they are, however large, and only results
    are sent. Items are begun in their order. What a process would have done that is killed is done here.
    """
    count = min(cores() if workers is None else workers, len(items))
    if count <= 1:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(
        count, multiprocessing.get_context("fork"), initializer=_inherit, initargs=(work, items)
    ) as pool:
        results = [pool.submit(_one, place) for place in range(len(items))]
        for result, item in zip(results, items, strict=True):
            yield _result(result, work, item)


def _result(result: "Future[Result]", work: "Work[Item, Result]", item: Item) -> Result:
    try:
        return result.result()
    except BrokenProcessPool:  # by whoever looks after the machine's memory
        return work(item)


def _inherit(work: "Work[Any, Any]", items: Sequence[Any]) -> None:
    gc.freeze()  # to look for cycles among what is inherited takes long, and copies what would stay shared
    _INHERITED.set((work, items))


def _one(place: int) -> Any:
    inherited = _INHERITED.get()
    if inherited is None:
        raise RuntimeError("this is no process that works for another")
    work, items = inherited
    return work(items[place])
