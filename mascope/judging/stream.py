"""The messages of a study in the order in which coders get them: runs and series mixed, by a seed."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mascope.codebook import Panel
from mascope.judging.units import Unit, units_of
from mascope.records import Agent
from mascope.seeds import derive
from mascope.store import journal
from mascope.store.layout import Results

BLOCK = 64
"""Runs whose messages are shuffled together: as many files of each coder are open at once."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some runs, drawn from all series, and their messages in the order of coding."""

    runs: tuple[str, ...]
    units: tuple[Unit, ...]


class Stream:
    """Reads journals block by block, for all coders of a panel: what one has read the next need not."""

    def __init__(self, results: Results, panel: Panel, size: int = BLOCK) -> None:
        self._context, self._seed = panel.context, panel.seed
        files = sorted(results.journals(), key=lambda file: derive("runs", panel.seed, file.stem))
        self._blocks = [files[start : start + size] for start in range(0, len(files), size)]
        self._read = lru_cache(maxsize=2)(self._read_block)
        self._reading = asyncio.Lock()
        self.runs = len(files)
        self.participants: set[tuple[str, str]] = set()
        """(served_by, label) of every agent met so far."""

    def __len__(self) -> int:
        return len(self._blocks)

    async def block(self, number: int) -> Block:
        async with self._reading:
            block = await asyncio.to_thread(self._read, number)
        self.participants.update((agent.served_by, agent.label) for agent in _agents(block.units))
        return block

    def _read_block(self, number: int) -> Block:
        journals = [journal.read(file) for file in self._blocks[number]]
        units = [unit for one in journals for unit in units_of(one, self._context)]
        order = sorted(units, key=lambda unit: derive("messages", self._seed, unit.message.id))
        return Block(tuple(one.header.run for one in journals if one.header), tuple(order))


def _agents(units: Iterable[Unit]) -> Iterable[Agent]:
    seats = {unit.run: unit.agents for unit in units}
    return (agent for agents in seats.values() for agent in agents)


def batches(units: Sequence[Unit], size: int, settled: frozenset[str]) -> list[tuple[int, tuple[Unit, ...]]]:
    """`units` in batches, without the settled ones; each with the place of its first unit.

    The batches are those of all units: a resumed run puts no others together than one never broken off.
    """
    found = []
    for start in range(0, len(units), size):
        batch = tuple(unit for unit in units[start : start + size] if unit.message.id not in settled)
        if batch:
            found.append((start, batch))
    return found
