"""All journals and codes of a results directory → columns: from the cache, or read by several processes."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, chain
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import pandas as pd
import pyarrow as pa

from mascope.store import code_columns, journal_columns
from mascope.store.cache import Columns, Share, Tables, shares
from mascope.store.layout import Results, natural

WORTH_A_PROCESS = 16_000_000
"""Bytes of journals and codes from which several processes read them sooner than one, and keeping pays."""

AT_ONCE = 2
"""Processes for each core that read: while one waits for the disk, another works."""

Reader: TypeAlias = Callable[[Iterable[Path], Collection[str]], Tables]
READERS: Mapping[str, tuple[Reader, tuple[str, ...]]] = MappingProxyType({
    "journals": (journal_columns.read_journals, tuple(journal_columns.TABLES)),
    "codes": (code_columns.read_codes, code_columns.TABLES),
})  # fmt: skip
"""Kind of files → what reads them, and the tables that it makes."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The files of a results directory: series in the order of the study, runs in that of their numbers."""

    series: Sequence[str]
    journals: Sequence[Path]
    codes: Sequence[Path]
    """Coder by coder."""

    @classmethod
    def of(cls, results: Results) -> "Listed":
        every = [results.journals(), *(results.codes_of(coder) for coder in results.coders())]
        series = _series_order(results, chain.from_iterable(every))
        journals, *codes = (_in_order(files, series) for files in every)
        return cls(series, journals, list(chain.from_iterable(codes)))

    @property
    def by_kind(self) -> Mapping[str, Sequence[Path]]:
        return {"journals": self.journals, "codes": self.codes}


def _series_order(results: Results, files: Iterable[Path]) -> list[str]:
    """As in the study; series that it does not name come after."""
    named = [str(name) for name in results.study().get("series") or ()]
    found = {file.parts[-2] for file in files}
    return [*named, *sorted(found - set(named), key=natural)]


def _in_order(files: Iterable[Path], series: Sequence[str]) -> list[Path]:
    """files: as they are listed, those of a series in the order of their runs."""
    place = {name: number for number, name in enumerate(series)}
    return sorted(files, key=lambda file: place[file.parts[-2]])


def read(
    root: Path, listed: Listed, tables: Collection[str], jobs: int | None = None
) -> dict[str, list[pa.Table]]:
    """Each of the tables, in parts that follow each other as the files do. Raises `CorruptJournal`.

    `jobs` processes read what is not kept; None for as many as pay. What is read is kept with all its tables,
    asked for or not: to read it is what takes long.
    """
    wanted = {kind: [name for name in every if name in tables] for kind, (_, every) in READERS.items()}
    every = [share for kind, files in listed.by_kind.items() for share in shares(kind, files)]
    large = _are_large(share.files for share in every)
    workers = (AT_ONCE * len(os.sched_getaffinity(0)) if large else 1) if jobs is None else jobs
    kept = Columns(root) if large else None
    found = _kept(every, wanted, kept)
    missing = [share for share, given in zip(every, found, strict=True) if given is None]
    anew = iter(_read_anew(missing, wanted, kept, workers))
    whole = [next(anew) if given is None else given for given in found]
    if kept is not None and missing:
        kept.keep_only(every, {kind: names for kind, (_, names) in READERS.items()})
    return _by_table(every, whole, wanted)


def _are_large(shares: Iterable[Sequence[Path]]) -> bool:
    """Whether there is so much that several processes read it sooner than one."""
    sizes = accumulate(os.stat(file).st_size for file in chain.from_iterable(shares))  # noqa: PTH116
    return any(size >= WORTH_A_PROCESS for size in sizes)


def _kept(
    every: Sequence[Share], wanted: Mapping[str, Sequence[str]], kept: Columns | None
) -> list[Tables | None]:
    if kept is None:
        return [None for _ in every]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # Parquet is read without Python's lock
        return list(pool.map(lambda share: kept.read(share, wanted[share.kind]), every))


def _read_anew(
    missing: Sequence[Share], wanted: Mapping[str, Sequence[str]], kept: Columns | None, workers: int
) -> list[Tables]:
    if workers <= 1 or len(missing) <= 1:
        return [_read_share(kept, wanted, share) for share in missing]
    # Workers die when they have read: to look for cycles among millions of new objects is in vain.
    with ProcessPoolExecutor(
        min(workers, len(missing)), multiprocessing.get_context("fork"), initializer=gc.disable
    ) as pool:
        return list(pool.map(partial(_read_share, kept, wanted), missing))


def _read_share(kept: Columns | None, wanted: Mapping[str, Sequence[str]], share: Share) -> Tables:
    reader, every = READERS[share.kind]
    if kept is None:
        return reader(share.files, wanted[share.kind])
    key = kept.key(share)
    tables = reader(share.files, every)
    kept.write(share, key, tables)
    return {name: tables[name] for name in wanted[share.kind]}


def _by_table(
    every: Sequence[Share], whole: Sequence[Tables], wanted: Mapping[str, Sequence[str]]
) -> dict[str, list[pa.Table]]:
    """Where there are no files of a kind, its tables are empty."""
    parts: dict[str, list[pa.Table]] = {name: [] for names in wanted.values() for name in names}
    present = {share.kind for share in every}
    nothing = [READERS[kind][0]((), names) for kind, names in wanted.items() if kind not in present]
    for tables in (*whole, *nothing):
        for name, table in tables.items():
            parts[name].append(table)
    return parts


def frame(parts: Sequence[pa.Table]) -> pd.DataFrame:
    """One table of its parts; the parts are used up."""
    whole = pa.concat_tables(parts, promote_options="default").unify_dictionaries()
    made: pd.DataFrame = whole.to_pandas(split_blocks=True, self_destruct=True)
    return made
