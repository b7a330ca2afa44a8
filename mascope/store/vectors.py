"""Vectors of texts, kept under the texts' digests: RESULTS/vectors/<model>/part-0001.parquet, …

Each part is whole when it appears and is never written again, so that what was computed, and paid for, is
there after a kill. A vector belongs to a text, not to a message: what is said twice is embedded once.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mascope.errors import InvalidFile
from mascope.store.layout import Results
from mascope.store.lines import write_whole

Floats = npt.NDArray[np.float64]
FOLDER = "vectors"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Kept:
    """The vectors of one model in one results directory."""

    def __init__(self, results: Results, folder: str) -> None:
        self.folder = results.root / FOLDER / folder

    def digests(self) -> frozenset[str]:
        """Of the texts that have a vector."""
        return frozenset(key for part in self._parts() for key in _column(part, "digest").to_pylist())

    def add(self, vectors: Mapping[str, Sequence[float]]) -> None:
        """Digest → vector, as one more part."""
        table = pa.table({
            "digest": pa.array(vectors.keys(), pa.string()),
            "vector": pa.array(vectors.values(), pa.list_(pa.float32())),
        })  # fmt: skip
        content = BytesIO()
        pq.write_table(table, content)
        number = 1 + max((int(part.stem.removeprefix("part-")) for part in self._parts()), default=0)
        write_whole(self.folder / f"part-{number:04d}.parquet", content.getvalue())

    def of(self, texts: Iterable[str]) -> Floats | None:
        """(texts, dimensions), each scaled to length 1; None unless every text has one."""
        keys = [digest(text) for text in texts]
        found: dict[str, Floats] = {}
        for part in self._parts():
            rows = zip(_column(part, "digest").to_pylist(), _column(part, "vector").to_numpy(), strict=True)
            found.update(rows)
        if not keys or not set(keys) <= found.keys():
            return None
        if len({len(found[key]) for key in keys}) > 1:
            raise InvalidFile(self.folder, "holds vectors of different lengths; delete it to have them anew")
        given = np.stack([found[key] for key in keys]).astype(np.float64)
        length = np.linalg.norm(given, axis=1, keepdims=True)
        unit: Floats = np.divide(given, length, out=np.zeros_like(given), where=length > 0)
        return unit

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))


def _column(part: Path, name: str) -> pa.ChunkedArray:
    try:
        return pq.read_table(part, columns=[name])[name]
    except (OSError, pa.ArrowException) as error:
        raise InvalidFile(part, "cannot be read; delete it to have its vectors computed anew") from error
