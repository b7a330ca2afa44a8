"""All journals and codes of a results directory → columns: from the cache, or read by several processes."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from mascope.store import columns
from mascope.store.cache import Columns, Share, Tables, shares

WORTH_A_PROCESS = 16_000_000
"""Bytes of journals and codes from which several processes read them sooner than one, and keeping pays."""

READERS: Mapping[str, tuple[Callable[[Iterable[Path]], Tables], tuple[str, ...]]] = MappingProxyType({
    "journals": (
        columns.read_journals, ("runs", "messages", "failures", "agents", "probes", "scripted")
    ),
    "codes": (columns.read_codes, ("codes",)),
})  # fmt: skip
"""Kind of files → what reads them, and the tables that it makes."""


def read(root: Path, files: Mapping[str, Sequence[Path]], jobs: int | None) -> dict[str, list[pa.Table]]:
    """Kind of files → the files, in their order; table → its parts in that order. Raises `CorruptJournal`.

    `jobs` processes read what is not kept; None for as many as pay.
    """
    every = [share for kind, some in files.items() for share in shares(kind, some)]
    large = sum(file.stat().st_size for share in every for file in share.files) >= WORTH_A_PROCESS
    workers = (len(os.sched_getaffinity(0)) if large else 1) if jobs is None else jobs
    kept = Columns(root) if large else None
    found = [_kept(share, kept) for share in every]
    missing = [share for share, tables in zip(every, found, strict=True) if tables is None]
    anew = iter(_read_anew(missing, kept, workers))
    whole = [next(anew) if tables is None else tables for tables in found]
    if kept is not None and missing:
        kept.keep_only(every, {kind: names for kind, (_, names) in READERS.items()})
    return _by_table(every, whole)


def _kept(share: Share, kept: Columns | None) -> Tables | None:
    return None if kept is None else kept.read(share, READERS[share.kind][1])


def _read_anew(missing: Sequence[Share], kept: Columns | None, workers: int) -> list[Tables]:
    if workers <= 1 or len(missing) <= 1:
        return [_read_share(kept, share) for share in missing]
    # Workers die when they have read: to look for cycles among millions of new objects is in vain.
    with ProcessPoolExecutor(
        min(workers, len(missing)), multiprocessing.get_context("fork"), initializer=gc.disable
    ) as pool:
        return list(pool.map(partial(_read_share, kept), missing))


def _read_share(kept: Columns | None, share: Share) -> Tables:
    key = None if kept is None else kept.key(share)
    tables = READERS[share.kind][0](share.files)
    if kept is not None:
        kept.write(share, key, tables)
    return tables


def _by_table(every: Sequence[Share], whole: Sequence[Tables]) -> dict[str, list[pa.Table]]:
    """Where there are no files of a kind, its tables are empty."""
    parts: dict[str, list[pa.Table]] = {name: [] for _, names in READERS.values() for name in names}
    present = {share.kind for share in every}
    nothing = [reader(()) for kind, (reader, _) in READERS.items() if kind not in present]
    for tables in (*whole, *nothing):
        for name, table in tables.items():
            parts[name].append(table)
    return parts
