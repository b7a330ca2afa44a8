"""Each run's transcript, packed as it is kept: in the page, or, where they are too large for it, beside it.

Packed, a run is its journal and what each coder said, in the order of the coders, with a blank between; `-`
where a coder said nothing. Beside the page they are in `report/transcripts/<run>.js`, one file a run, read
when they are wanted.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

from mascope.report.page.packing import inline
from mascope.store.evidence import Evidence
from mascope.store.layout import Results
from mascope.store.lines import write_whole

LARGEST_INSIDE = 8_000_000
"""Bytes of packed transcripts that a page holds itself: some 40,000 messages, which still open at once."""
NOTHING = "-"


def are_beside(evidence: Evidence) -> bool:
    """Whether they are too large for the page."""
    packed = (*evidence.transcripts["packed"], *evidence.verdicts["packed"])
    return sum(4 * -(-len(part) // 3) for part in packed) > LARGEST_INSIDE


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
    folder, files = results.report / "transcripts", []
    if are_beside(evidence):
        for run, pack in packs(evidence, coders):
            files.append(folder / f"{run}.js")
            script = f"mascopeTranscript({inline(run)},{inline(pack)});\n"
            write_whole(files[-1], script.encode(), synced=False)
    for file in set(folder.glob("*.js")) - set(files):
        file.unlink()
    return tuple(files)
