"""Where things lie in a results directory, and who may write there."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from mascope.errors import InvalidFile, InvalidInput, ResultsLocked
from mascope.store.lines import unwritable, write_whole

RESULTS = Path("results")
JOURNAL = ".jsonl"
"""How the names of journals and codes files end."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, in C where PyYAML has it: ten times as fast."""


class Results:
    """The paths of one results directory. Says where a file is; reading and writing are others' work."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def study_file(self) -> Path:
        return self.root / "study.yaml"

    @property
    def panel_file(self) -> Path:
        return self.root / "panel.yaml"

    @property
    def power_file(self) -> Path:
        return self.root / "power.json"

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def report(self) -> Path:
        return self.root / "report"

    def journal(self, run: str) -> Path:
        return self.root / "runs" / series_of(run) / f"{run}{JOURNAL}"

    def codes(self, coder: str, run: str) -> Path:
        return self.root / "codes" / coder / series_of(run) / f"{run}{JOURNAL}"

    def journals(self) -> list[Path]:
        """Every journal, in the order of series and run."""
        return [*_in_order(self.root / "runs")]

    def coders(self) -> tuple[str, ...]:
        """Everyone who has coded something here."""
        return tuple(sorted(folder.name for folder in (self.root / "codes").glob("*") if folder.is_dir()))

    def codes_of(self, coder: str) -> list[Path]:
        """The files of its codes, in the order of series and run."""
        return [*self.each_of(coder)]

    def each_of(self, coder: str) -> Iterator[Path]:
        """The same one by one, for whoever may not want them all."""
        return _in_order(self.root / "codes" / coder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing here. The system drops the lock with the process."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unwritable(self.root, error) from error
        try:
            self._take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            raise ResultsLocked(
                f"{self.root}: another mascope process ({holder or 'unknown'}) is writing here; "
                "wait for it to end, or choose another directory with --out"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def write_study(self, text: str) -> None:
        write_whole(self.study_file, text.encode())

    def study(self) -> dict[str, Any]:
        """study.yaml as it stands: it was written by `mascope`, so it is read plainly."""
        try:
            data = yaml.load(self.study_file.read_text(encoding="utf-8"), LOADER)  # noqa: S506
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InvalidFile(
                self.study_file, "cannot be read; is this a results directory of mascope?"
            ) from error
        if not isinstance(data, dict):
            raise InvalidFile(self.study_file, "is not a study; is this a results directory of mascope?")
        return data


def run_id(series: str, replicate: int) -> str:
    """`A-run07`: the replicate counted from 1."""
    return f"{series}-run{replicate:02d}"


def series_of(run: str) -> str:
    """The series of a run's id: `K-2-run07` is of `K-2`, and so is its fork `K-2-run07-f1…`."""
    return run.rpartition("-run")[0]


@lru_cache(maxsize=2**16)  # every coder's files are called as the journals are
def natural(name: str) -> tuple[str | int, ...]:
    """A key to sort by: numbers in a name count as numbers, so that run100 follows run99."""
    return tuple(int(part) if n % 2 else part for n, part in enumerate(re.split(r"([0-9]+)", name)))


def _in_order(folder: Path) -> Iterator[Path]:
    """The journals or codes under a folder: by series, then by run."""
    every = sorted(folder.glob("*/"), key=lambda series: natural(series.name))
    return (series / f"{run}{JOURNAL}" for series in every for run in sorted(_runs(series), key=natural))


def _runs(series: Path) -> list[str]:
    """By their names without the ending, lest a fork (`A-run01-f1…`) come before its parent."""
    names = (entry.name for entry in os.scandir(series))
    return [name.removesuffix(JOURNAL) for name in names if name.endswith(JOURNAL)]


def newest(under: Path = RESULTS) -> Results:
    """The results directory that was written to last."""
    found = [folder for folder in under.glob("*") if (folder / "study.yaml").is_file()]
    if not found:
        raise InvalidInput(f"no results under {under}/: run a study first, or name a results directory")
    return Results(max(found, key=_last_written))


def _last_written(folder: Path) -> float:
    inside = (folder / name for name in ("study.yaml", ".lock", "runs", "codes"))
    return max(path.stat().st_mtime for path in inside if path.exists())
