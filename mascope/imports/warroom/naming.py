"""Which run of which series a transcript is, and by which other names published codes may call it.

The platform names its files by date (`warroom-2026-03-07-18h12-SK3-run01.json`); most of the published ones
were renamed (`warroom-K3-run10.json`). Published codes use both kinds of name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from mascope.errors import InvalidFile
from mascope.imports.deposit import NAME
from mascope.imports.warroom.transcript import Transcript
from mascope.store.layout import natural, run_id

DATED = r"(?:warroom-)?\d{4}-\d\d-\d\d|warroom-run"
NAMED = re.compile(rf"(?!{DATED})(?:warroom-)?([A-Za-z0-9][\w.-]*)-run(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """A file and the run that it is."""

    file: Path
    transcript: Transcript
    series: str
    replicate: int

    @property
    def run(self) -> str:
        return run_id(self.series, self.replicate)


def named(found: Iterable[tuple[Path, Transcript]]) -> list[Source]:
    """Each file as a run, in the order of series and replicate.

    The file's name decides (`warroom-A-run07.json`); files named otherwise are numbered on in their series,
    in the order of time. `InvalidFile` where two files are the same run.
    """
    sources: list[Source] = []
    others: list[tuple[Path, Transcript]] = []
    for file, transcript in found:
        if name := NAMED.fullmatch(file.stem):
            sources.append(Source(file, transcript, name[1], int(name[2])))
        else:
            others.append((file, transcript))
    _check_distinct(sources)
    return in_order([*sources, *_numbered(others, after=sources)])


def _numbered(others: Iterable[tuple[Path, Transcript]], after: Iterable[Source]) -> list[Source]:
    last: dict[str, int] = {}
    for source in after:
        last[source.series] = max(source.replicate, last.get(source.series, 0))
    sources = []
    for file, transcript in sorted(others, key=lambda other: (other[1].ended, other[0])):
        series = transcript.condition.series
        if not re.fullmatch(NAME, series):
            raise InvalidFile(file, f"{series!r} cannot name a series", key="condition.series")
        last[series] = last.get(series, 0) + 1
        sources.append(Source(file, transcript, series, last[series]))
    return sources


def _check_distinct(sources: Iterable[Source]) -> None:
    first: dict[str, Path] = {}
    for source in sources:
        other = first.setdefault(source.run, source.file)
        if other != source.file:
            raise InvalidFile(source.file, f"is run {source.run}, and so is {other}; rename or remove one")


def in_order(sources: Iterable[Source]) -> list[Source]:
    return sorted(sources, key=lambda source: (natural(source.series), source.replicate))


def by_series(sources: Iterable[Source]) -> dict[str, list[Source]]:
    return {
        series: list(group) for series, group in groupby(in_order(sources), key=lambda source: source.series)
    }


def aliases(source: Source) -> tuple[str, ...]:
    """The names that the platform may have given the file, each with and without the number of the run."""
    transcript = source.transcript
    clocks = (transcript.ended, transcript.ended + transcript.utc_offset)
    # A file got its name a moment after the time in it was taken.
    moments = [clock + later for clock in clocks for later in (timedelta(), timedelta(seconds=1))]
    series = {transcript.condition.series, source.series}
    names = {f"{moment:%Y-%m-%d-%Hh%M}-S{one}" for moment in moments for one in series}
    numbers = {n for n in (transcript.environment.number, transcript.batch.index) if n is not None}
    return tuple(sorted(names | {f"{name}-run{n}" for name in names for n in numbers}))
