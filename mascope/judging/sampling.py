"""Which messages a human is given: a sample in which rare flags occur, and how many messages each stands for.

The chances to be drawn are unequal and known. Half of the sample is spread over the cells series × model,
large cells getting more, but less than their size (power allocation, Bankier 1988); the other half over the
flags that coders gave, evenly, however rare a flag is. Drawing is systematic with these chances (Madow 1949)
along the messages ordered by series, model and flags, so that every part is present as often as its chances
say, not only on average. The weight of a message is 1 / its chance.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mascope.errors import InvalidInput
from mascope.judging.units import Unit
from mascope.records import Coding
from mascope.seeds import derive
from mascope.store import codes, lines
from mascope.store.layout import Results, series_of

Floats: TypeAlias = npt.NDArray[np.float64]

FLAGGED = 0.5
"""Share of the sample that is spread over the flags."""
POWER = 0.5
"""A cell's share grows with this power of its size."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that can be drawn."""

    message: str
    series: str
    model: str
    flags: frozenset[str] = frozenset()
    """What any coder so far said yes to."""


@dataclass(frozen=True, slots=True)
class Drawn:
    message: str
    weight: float
    """For how many messages it stands: 1 / its chance to be drawn."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The messages that annotators are given, in the order in which they are."""

    name: str
    seed: int
    wanted: int
    population: int
    """Messages that could have been drawn."""
    coders: tuple[str, ...]
    """Whose flags it was drawn by; none where nobody had coded."""
    messages: tuple[Drawn, ...] = field(repr=False)


def draw(candidates: Sequence[Candidate], n: int, seed: int) -> tuple[Drawn, ...]:
    """`n` of the candidates, or all of them if there are fewer, in an order that tells nothing about them.

    The same whatever the order in which the candidates come.
    """
    if len(candidates) <= n:
        drawn = [Drawn(candidate.message, 1.0) for candidate in candidates]
    else:
        ordered = sorted(candidates, key=lambda one: _place(one, seed))
        drawn = _systematic(ordered, chances(ordered, n), derive("sample start", seed) / 2**31)
    return tuple(sorted(drawn, key=lambda one: derive("sample order", seed, one.message)))


def _place(candidate: Candidate, seed: int) -> tuple[str, str, list[str], int]:
    by_lot = derive("sample place", seed, candidate.message)
    return candidate.series, candidate.model, sorted(candidate.flags), by_lot


def chances(candidates: Sequence[Candidate], n: int) -> Floats:
    """(candidates,): the chance of each to be among `n`, which they sum to; at most 1, and never 0."""
    cells = Counter((one.series, one.model) for one in candidates)
    by_cell = np.array([cells[one.series, one.model] ** (POWER - 1) for one in candidates])
    sizes = by_cell / by_cell.sum()
    flags = Counter(flag for one in candidates for flag in sorted(one.flags))
    if flags:
        by_flag = np.array([sum(1 / flags[flag] for flag in sorted(one.flags)) for one in candidates])
        sizes = (1 - FLAGGED) * sizes + FLAGGED * by_flag / len(flags)
    return _at_most_certain(sizes, n)


def _at_most_certain(sizes: Floats, n: int) -> Floats:
    """Chances in proportion to `sizes`; what would exceed 1 is certain, and the rest shares what remains."""
    certain = np.zeros(len(sizes), dtype=np.bool_)
    while True:
        scale = (n - certain.sum()) / sizes[~certain].sum() if not certain.all() else 0.0
        chance = np.where(certain, 1.0, sizes * scale)
        above = ~certain & (chance >= 1)
        if not above.any():
            return chance
        certain |= above


def _systematic(ordered: Sequence[Candidate], chance: Floats, start: float) -> list[Drawn]:
    """Every candidate on whose stretch of the line one of the points start, start + 1, … falls."""
    ends = np.cumsum(chance)
    ends[-1] = round(float(ends[-1]))  # they sum to n but for rounding
    points = np.floor(ends - start)
    before = np.concatenate([[np.floor(-start)], points[:-1]])
    return [
        Drawn(ordered[place].message, float(1 / chance[place]))
        for place in np.flatnonzero(points > before).tolist()
    ]


# From results ---------------------------------------------------------------------------------------------


def candidates(results: Results, units: Iterable[Unit]) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """The codable messages with the flags that judges and rules gave them; and who gave flags."""
    given, coders = _flags_given(results)
    found = []
    for unit in units:
        flags = frozenset(given.get(unit.message.id, ()))
        found.append(Candidate(unit.message.id, series_of(unit.run), unit.message.model, flags))
    return tuple(found), coders


def _flags_given(results: Results) -> tuple[dict[str, set[str]], tuple[str, ...]]:
    """Message → what some coder who is no human said yes to; and those coders."""
    given: dict[str, set[str]] = {}
    coders: dict[str, None] = {}
    for coder in results.coders():
        for file in results.codes_of(coder):
            found = codes.read(file)
            if found.header is None or found.header.kind == "human":
                continue
            coders[coder] = None
            for verdict in found.verdicts:
                if isinstance(verdict, Coding):
                    yes = (flag for flag, mark in verdict.marks.items() if mark.answer == "yes")
                    given.setdefault(verdict.message, set()).update(yes)
    return given, tuple(coders)


FOLDER = "annotation"


def sample_file(results: Results, name: str) -> Path:
    return results.root / FOLDER / f"{name}.json"


def samples(results: Results) -> tuple[str, ...]:
    """The names of the samples drawn here so far, the oldest first."""
    files = sorted((results.root / FOLDER).glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    return tuple(file.stem for file in files)


def keep(results: Results, sample: Sample) -> None:
    """A sample is drawn once: codes and runs that come later do not move it."""
    content = json.dumps(asdict(sample), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
    lines.write_whole(sample_file(results, sample.name), content)


def kept(results: Results, name: str) -> Sample:
    """The sample as it was drawn; `InvalidInput` where it cannot be read."""
    file = sample_file(results, name)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        messages = tuple(Drawn(one["message"], float(one["weight"])) for one in data.pop("messages"))
        return Sample(**{**data, "coders": tuple(data["coders"]), "messages": messages})
    except OSError as error:
        raise InvalidInput(f"{file}: the sample cannot be read: {error.strerror}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{file}: this is not a sample that mascope drew; restore it from a copy"
        ) from error
