"""Coding the same messages again: how far a judge agrees with itself, and whether it drifts.

    repeats/sample-01/codes/…   a sample of all messages, coded once more (and again in sample-02, …)
    repeats/anchors-001/codes/… a few messages, coded anew after every so many others

Each repetition is a tree of codes files of its own, beside the codes: labels never come from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mascope.codebook import Repeats
from mascope.judging.units import Unit
from mascope.records import Coding, Verdict
from mascope.seeds import derive
from mascope.store import codes
from mascope.store.layout import Results

FOLDER = "repeats"


@dataclass(frozen=True, slots=True)
class Repetition:
    """Some messages to be coded again, all of them into one tree."""

    name: str
    """`sample-01`, `anchors-003`."""
    units: tuple[Unit, ...]


def place(results: Results, name: str) -> Results:
    """Where the codes of one repetition lie."""
    return Results(results.root / FOLDER / name)


class Repeating:
    """Chooses what one coder is given again, block by block, the same at each resume."""

    def __init__(self, wanted: Repeats, seed: int, runs: int) -> None:
        self._wanted, self._seed, self._runs = wanted, seed, runs
        self._anchors: tuple[Unit, ...] | None = None
        self._passed = 0

    def sample(self, runs: int, units: Sequence[Unit]) -> Iterator[Repetition]:
        """The block's share of the sample, as often as it is wanted beside the first coding."""
        share = -(-self._wanted.sample * runs // self._runs)  # rounded up
        chosen = self._lowest("sample", units, share)
        if chosen:
            for time in range(1, self._wanted.times):
                yield Repetition(f"sample-{time:02d}", chosen)

    def anchors(self, units: Sequence[Unit]) -> Iterator[tuple[int, Repetition]]:
        """After how many of the block's messages the anchors come, and which of their turns it is."""
        if self._anchors is None:
            self._anchors = self._lowest("anchors", units, self._wanted.anchors)
        start, self._passed = self._passed, self._passed + len(units)
        if self._anchors:
            every = self._wanted.every
            for turn in range(start // every + 1, self._passed // every + 1):
                yield turn * every - start, Repetition(f"anchors-{turn:03d}", self._anchors)

    def _lowest(self, purpose: str, units: Sequence[Unit], count: int) -> tuple[Unit, ...]:
        ordered = sorted(units, key=lambda unit: derive(purpose, self._seed, unit.message.id))
        return tuple(ordered[:count])


def repeated(results: Results, coder: str, kind: str) -> dict[str, tuple[Coding, ...]]:
    """Message → its readable codings by `coder` in the order of the repetitions of one kind.

    `kind` is `sample` (the first coding comes first) or `anchors` (in the order of their turns).
    """
    places = sorted((results.root / FOLDER).glob(f"{kind}-*"), key=_turn)
    trees = ([results] if kind == "sample" else []) + [Results(folder) for folder in places]
    found: dict[str, list[Coding]] = {}
    for tree in trees:
        for verdict in _verdicts(tree, coder):
            if isinstance(verdict, Coding):
                found.setdefault(verdict.message, []).append(verdict)
    return {message: tuple(codings) for message, codings in sorted(found.items()) if len(codings) > 1}


def _turn(folder: Path) -> int:
    number = folder.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _verdicts(tree: Results, coder: str) -> Iterator[Verdict]:
    for file in tree.codes_of(coder):
        yield from codes.read(file).verdicts
