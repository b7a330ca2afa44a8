"""All journals and codes, gathered for the page: some runs at a time, by a process for each core."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mascope.report.evidence import journals, read_runs
from mascope.report.page.overview import Gathered
from mascope.report.page.packing import packed
from mascope.report.page.turns import Coded, Index, LabelsByRun, transcript
from mascope.spread import spread
from mascope.store.layout import Results

UNTOLD = Coded((), (), None)
"""In place of what is known already, so that it is not sent back with every portion."""
_AT_ONCE = 50  # runs


@dataclass(frozen=True, slots=True, eq=False)
class Portion:
    """What the page is told of some runs that follow each other."""

    gathered: Gathered
    index: Index
    transcripts: tuple[tuple[str, str], ...]
    """Each run with its transcript, packed."""


def portions(results: Results, series: Sequence[str], coded: Coded) -> Iterator[Portion]:
    """All runs, in the order of `series` and of their numbers."""
    files, labelled = journals(results, series), LabelsByRun(coded)

    def read(some: Sequence[Path]) -> Portion:
        gathered, index, packs = Gathered(), Index(coded), []
        for found in read_runs(results, some):
            gathered.add(found)
            index.add(found, labelled.of(found.run))
            packs.append((found.run, packed(transcript(found))))
        return Portion(gathered, replace(index, coded=UNTOLD), tuple(packs))

    return spread(read, [files[first : first + _AT_ONCE] for first in range(0, len(files), _AT_ONCE)])
