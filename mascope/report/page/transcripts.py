"""Each run's transcript, packed as it is kept: in the page, or, where they are too large for it, beside it.

Packed, a run is its journal and what each coder said, in the order of the coders, with a blank between; `-`
where a coder said nothing. Beside the page they are in `report/transcripts/`: runs that follow each other
share a file, which is named for the first of them and read when one is wanted.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from mascope.report.page.packing import inline
from mascope.store.evidence import Evidence
from mascope.store.layout import Results
from mascope.store.lines import write_whole

LARGEST_INSIDE = 8_000_000
"""Bytes of packed transcripts that a page holds itself: some 40,000 messages, which still open at once."""
LARGEST_FILE = 1_000_000
"""Bytes of a file beside it, about: thousands of small ones take long to write, to copy and to search."""
NOTHING = "-"


def are_beside(evidence: Evidence) -> bool:
    """Whether they are too large for the page."""
    return int(_sizes(evidence).sum()) > LARGEST_INSIDE


def files(evidence: Evidence) -> list[tuple[str, int]]:
    """The files beside the page, in order: each with its name and how many runs it holds."""
    found: list[tuple[str, int]] = []
    room = 0
    for run, size in zip(evidence.transcripts["run"], _sizes(evidence).tolist(), strict=True):
        if size > room:
            found.append((f"{run}.js", 0))
            room = LARGEST_FILE
        room -= size
        found[-1] = (found[-1][0], found[-1][1] + 1)
    return found


def _sizes(evidence: Evidence) -> "pd.Series[int]":
    """Bytes of each run's transcript, packed; in the order of the runs."""
    every = pd.concat([evidence.transcripts[["run", "packed"]], evidence.verdicts[["run", "packed"]]])
    bytes_ = 4 * -(-every["packed"].map(len) // 3)
    return bytes_.groupby(every["run"].astype(object)).sum().reindex(list(evidence.transcripts["run"]))


def packs(evidence: Evidence, coders: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each run with its transcript, packed."""
    verdicts = evidence.verdicts
    keys = zip(verdicts["run"], verdicts["coder"], strict=True)
    said = dict(zip(keys, verdicts["packed"], strict=True))
    for run, packed in zip(evidence.transcripts["run"], evidence.transcripts["packed"], strict=True):
        parts = (packed, *(said.get((run, coder)) for coder in coders))
        yield run, " ".join(NOTHING if part is None else b64encode(part).decode() for part in parts)


def write_transcripts(evidence: Evidence, coders: Sequence[str], results: Results) -> tuple[Path, ...]:
    """The files beside the page, where there are any; those of an earlier report are taken away."""
    folder, written = results.report / "transcripts", []
    runs = packs(evidence, coders)
    for name, count in files(evidence) if are_beside(evidence) else ():
        calls = (f"mascopeTranscript({inline(run)},{inline(pack)});\n" for run, pack in islice(runs, count))
        written.append(folder / name)
        write_whole(written[-1], "".join(calls).encode(), synced=False)
    for file in set(folder.glob("*.js")) - set(written):
        file.unlink()
    return tuple(written)
