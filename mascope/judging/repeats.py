"""Coding the same messages again: how far a judge agrees with itself, and whether it drifts.

    repeats/sample-01/codes/…   a sample of all messages, coded once more (and again in sample-02, …)
    repeats/anchors-001/codes/… a few messages, coded anew after every so many others
    repeats/alone-01/codes/…    messages that were coded in batches, coded once more each by itself

Each repetition is a tree of codes files of its own, beside the codes: labels never come from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mascope.codebook import Repeats
from mascope.judging.units import Unit
from mascope.seeds import derive
from mascope.store.recodings import FOLDER, place

__all__ = ["FOLDER", "Repeating", "Repetition", "place"]


@dataclass(frozen=True, slots=True)
class Repetition:
    """Some messages to be coded again, all of them into one tree."""

    name: str
    """`sample-01`, `anchors-003`."""
    units: tuple[Unit, ...]
    batch: int | None = None
    """Messages a call; None for as many as the coder is always given."""


class Repeating:
    """Chooses what one coder is given again, block by block, the same at each resume."""

    def __init__(self, wanted: Repeats, seed: int, runs: int) -> None:
        self._wanted, self._seed, self._runs = wanted, seed, runs
        self._anchors: tuple[Unit, ...] | None = None
        self._passed = 0

    def sample(self, runs: int, units: Sequence[Unit]) -> Iterator[Repetition]:
        """The block's share of the sample, as often as it is wanted beside the first coding."""
        chosen = self._lowest("sample", units, self._share(self._wanted.sample, runs))
        if chosen:
            for time in range(1, self._wanted.times):
                yield Repetition(f"sample-{time:02d}", chosen)

    def alone(self, runs: int, units: Sequence[Unit]) -> Iterator[Repetition]:
        """The block's share of what is coded by itself once more."""
        chosen = self._lowest("alone", units, self._share(self._wanted.alone, runs))
        if chosen:
            yield Repetition("alone-01", chosen, batch=1)

    def _share(self, wanted: int, runs: int) -> int:
        return -(-wanted * runs // self._runs)  # rounded up

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
