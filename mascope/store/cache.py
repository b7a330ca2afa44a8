"""Columns that were read once, kept in Parquet under `RESULTS/.cache`: only what changed is read again.

A *share* is a number of files that follow each other. Where one share ends and the next begins depends on the
files' names alone, so that a new run changes no share but its own. What is kept of a share is good for just
the names, sizes and times of its files, and for the code that read them; anything else, and anything torn or
damaged, is read anew without a word. The directory may be deleted at any time; where it cannot be written,
nothing is kept.
"""

import hashlib
import os
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Tables = dict[str, pa.Table]

FOLDER = Path(".cache") / "columns"
KEY = b"mascope.key"
MADE_BY = ("mascope.store", "mascope.names", "mascope")
"""Packages whose code makes columns of files: where it changes, what was kept before is of no use."""
SHARES = 64
"""About how many shares many files are cut into."""
FEWEST, MOST = 8, 256
"""Files of a share, on average."""
UNREADABLE = (OSError, ValueError, KeyError, pa.ArrowException)
"""What a file raises that is not there, torn, damaged, or no Parquet at all."""


@dataclass(frozen=True, slots=True)
class Share:
    """Files that are read, and kept, together."""

    kind: str
    """What they are: journals or codes."""
    files: tuple[Path, ...]


def shares(kind: str, files: Iterable[Path]) -> tuple[Share, ...]:
    """All `files`, in their order."""
    every = list(files)
    size = FEWEST
    while size < MOST and size * SHARES < len(every):
        size *= 2
    cut: list[list[Path]] = []
    for file in every:
        if not cut or len(cut[-1]) >= 4 * size or zlib.crc32(os.fsencode(file.stem)) % size == 0:
            cut.append([])
        cut[-1].append(file)
    return tuple(Share(kind, tuple(part)) for part in cut)


class Columns:
    """What is kept of one results directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / FOLDER

    def read(self, share: Share, names: Collection[str]) -> Tables | None:
        """The tables of these names; None unless all are there, whole, and of the files as they are now."""
        try:
            key = self._key(share)
            return {name: _read(self._file(share, name), key) for name in names}
        except UNREADABLE:
            return None

    def key(self, share: Share) -> bytes | None:
        """To be taken before the files are read: what is appended meanwhile makes the copy one of before."""
        try:
            return self._key(share)
        except OSError:
            return None

    def write(self, share: Share, key: bytes | None, tables: Mapping[str, pa.Table]) -> None:
        """Keep the tables, if the directory can be written."""
        if key is None:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, table in tables.items():
                _write(self._file(share, name), table, key)

    def keep_only(self, kept: Sequence[Share], names: Mapping[str, Collection[str]]) -> None:
        """Delete what belongs to no share any more. names: kind of share → its tables."""
        wanted = {self._file(share, name) for share in kept for name in names[share.kind]}
        with suppress(OSError):
            for file in set(self._folder.glob("*.parquet")) - wanted:
                file.unlink(missing_ok=True)

    def _file(self, share: Share, table: str) -> Path:
        about = f"{share.kind} {share.files[0].relative_to(self._root)}".encode()
        return self._folder / f"{hashlib.sha256(about).hexdigest()[:16]}-{table}.parquet"

    def _key(self, share: Share) -> bytes:
        found, whole = hashlib.sha256(_code()), len(os.fspath(self._root))
        for file in share.files:
            status = os.stat(file)  # noqa: PTH116 - 60,000 times, and it takes half as long
            about = (os.fspath(file)[whole:], status.st_size, status.st_mtime_ns)
            found.update(repr(about).encode("utf-8", "surrogateescape"))
        return found.hexdigest().encode()


def _read(file: Path, key: bytes) -> pa.Table:
    with pq.ParquetFile(file, page_checksum_verification=True) as opened:
        table = opened.read()
    if (table.schema.metadata or {}).get(KEY) != key:
        raise KeyError(file)
    return table.replace_schema_metadata(None)


def _write(file: Path, table: pa.Table, key: bytes) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        marked = table.replace_schema_metadata({KEY: key})
        # What is not one of a few words is hardly ever said twice.
        words = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
        pq.write_table(
            marked, part, compression="lz4", use_dictionary=words, write_page_checksum=True,
            write_statistics=False,
        )  # fmt: skip
        part.replace(file)
    except OSError:  # a full disk
        with suppress(OSError):
            part.unlink()
        raise


@cache
def _code() -> bytes:
    """A digest of all code that makes columns, and of what writes them."""
    found = hashlib.sha256(pa.__version__.encode())
    for package in MADE_BY:
        for file in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".py"):
                found.update(file.read_bytes())
    return found.digest()
