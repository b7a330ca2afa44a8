"""Who named whom in every run, as graphs; and the same graphs once receivers are shuffled.

A message that merely lists its addressees (a broadcast) refers to nobody in particular and is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.network import Bools
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats

Names: TypeAlias = npt.NDArray[np.object_]

_AT_ONCE = 2_000_000  # mentions shuffled together
_REPAIRS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Mentions:
    """All mentions of all runs, run by run."""

    runs: tuple[str, ...]
    series: tuple[str, ...]
    """(runs,)"""
    present: Bools
    """(runs, seats): which seats are taken; an agent keeps its seat for the whole run."""
    agents: tuple[tuple[str, ...], ...]
    """(runs,): the agent on each seat taken."""
    run: Ints
    """(mentions,), never falling."""
    source: Ints
    target: Ints
    """(mentions,): seats of who named and of who was named."""
    round: Ints
    """(mentions,)"""
    message: Ints
    """(mentions,): which message; mentions of one stand together, and name different agents."""

    @property
    def most(self) -> int:
        """Mentions of the message that has most."""
        return int(np.unique(self.message, return_counts=True)[1].max(initial=0))

    @property
    def seats(self) -> int:
        return int(self.present.shape[1])

    def graphs(self) -> Floats:
        """(runs, seats, seats)."""
        key = (self.run * self.seats + self.source) * self.seats + self.target
        return _counted(key, (len(self.runs), self.seats, self.seats))

    def by_round(self) -> Floats:
        """(runs, rounds, seats, seats)."""
        rounds = int(self.round.max(initial=-1)) + 1
        key = ((self.run * rounds + self.round) * self.seats + self.source) * self.seats + self.target
        return _counted(key, (len(self.runs), rounds, self.seats, self.seats))


def mentions(messages: pd.DataFrame, agents: pd.DataFrame) -> Mentions:
    """messages: `run`, `agent`, `round`, `mentions` (tuples of agents), `broadcast`; agents: `run`, `series`,
    `agent`, one row an agent of a run. Mentions of oneself, and of whom the run does not have, do not count.
    """
    run_of_seat, runs = pd.factorize(agents["run"].astype(str).to_numpy(dtype=object))
    seat = np.asarray(agents.groupby(run_of_seat).cumcount(), dtype=np.intp)
    present = np.zeros((len(runs), int(seat.max(initial=-1)) + 1), dtype=np.bool_)
    present[run_of_seat, seat] = True
    keys = pd.MultiIndex.from_arrays([run_of_seat, agents["agent"].astype(str)])
    told = messages[~messages["broadcast"].to_numpy(dtype=np.bool_)]
    times = np.array([len(named) for named in told["mentions"]], dtype=np.intp)
    run = np.repeat(pd.Index(runs).get_indexer(pd.Index(told["run"].astype(str))), times)
    named = list(chain.from_iterable(told["mentions"]))
    source = _seats(keys, seat, run, np.repeat(told["agent"].astype(str).to_numpy(dtype=object), times))
    target = _seats(keys, seat, run, np.array(named, dtype=object))
    kept = np.flatnonzero((source >= 0) & (target >= 0) & (source != target))
    order = kept[np.argsort(run[kept], kind="stable")]
    first = np.searchsorted(run_of_seat, np.arange(len(runs)))
    series = agents["series"].astype(str).to_numpy(dtype=object)
    names = agents["agent"].astype(str).to_numpy(dtype=object)
    return Mentions(
        runs=tuple(runs), series=tuple(series[first]), present=present,
        agents=tuple(tuple(part) for part in np.split(names, first[1:])),
        run=run[order], source=source[order], target=target[order],
        round=np.repeat(told["round"].to_numpy(dtype=np.intp), times)[order],
        message=np.repeat(np.arange(len(times)), times)[order],
    )  # fmt: skip


def _seats(keys: pd.MultiIndex, seat: Ints, run: Ints, agent: Names) -> Ints:
    """(mentions,): the seat of each agent in its run; −1 where the run has no such agent."""
    if len(agent) == 0:
        return np.empty(0, dtype=np.intp)
    place = keys.get_indexer(pd.MultiIndex.from_arrays([run, agent]))
    return np.where(place < 0, -1, seat[place])


def _counted(key: Ints, shape: tuple[int, ...]) -> Floats:
    size = int(np.prod(shape))
    return np.bincount(key, minlength=size).reshape(shape).astype(np.float64)


def rewired(found: Mentions, rng: np.random.Generator, permutations: int) -> Iterator[Floats]:
    """Graphs (some permutations, runs, seats, seats) in which each agent names, and is named, as before.

    The receivers of a run's mentions are shuffled; who would name itself, or the same agent twice in one
    message, swaps receivers with another (after Maslov & Sneppen 2002, for repeated edges).
    """
    most = found.most
    for count in _portions(found, permutations):
        yield _graphs(found, _swapped(found, _shuffled(found, rng, count), most, rng))


def scattered(found: Mentions, rng: np.random.Generator, permutations: int) -> Iterator[Floats]:
    """Graphs in which each message names any of the run's other agents alike, as many different ones as it
    did; who names how often stays."""
    others, most = found.present.sum(axis=1)[found.run] - 1, found.most
    for count in _portions(found, permutations):
        target = _any_other(found.source, others, rng.random((count, len(found.run))))
        for _ in range(_REPAIRS):
            row, again = np.nonzero(_repeats(found.message, target, most))
            if not len(row):
                break
            target[row, again] = _any_other(found.source[again], others[again], rng.random(len(row)))
        yield _graphs(found, target)


def _any_other(source: Ints, others: Ints, chance: Floats) -> Ints:
    """A draw among the others: the seats from one's own on are one further."""
    drawn = (chance * others).astype(np.intp)
    return drawn + (drawn >= source)


def _portions(found: Mentions, permutations: int) -> Iterator[int]:
    step = max(1, _AT_ONCE // max(1, len(found.run), found.present.size * found.seats))
    return (min(step, permutations - done) for done in range(0, permutations, step))


def _graphs(found: Mentions, target: Ints) -> Floats:
    shape = (len(found.runs), found.seats, found.seats)
    key = (found.run * found.seats + found.source) * found.seats + target
    key = key + (np.arange(len(target)) * int(np.prod(shape)))[:, np.newaxis]
    graphs = _counted(key.ravel(), (len(target), *shape))
    seat = np.arange(found.seats)
    graphs[..., seat, seat] = 0.0
    return graphs


def _shuffled(found: Mentions, rng: np.random.Generator, count: int) -> Ints:
    """Targets (count, mentions), shuffled within each run: sorted by run, and by chance within it."""
    order = np.argsort(found.run + rng.random((count, len(found.run))), axis=1)
    return found.target[order]


def _repeats(message: Ints, target: Ints, most: int) -> Bools:
    """(count, mentions): whether a mention before it in the same message names the same agent."""
    marks = np.zeros(target.shape, dtype=np.bool_)
    for apart in range(1, most):
        one = message[apart:] == message[:-apart]
        marks[:, apart:] |= one & (target[:, apart:] == target[:, :-apart])
    return marks


def _swapped(found: Mentions, target: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Swap receivers until nobody names itself, nor a message anybody twice. What cannot be parted in time
    stays, but for those who name themselves, whom no graph counts."""
    starts = np.searchsorted(found.run, np.arange(len(found.runs) + 1))
    sizes = np.diff(starts)
    for _ in range(_REPAIRS):
        row, bad = np.nonzero((target == found.source) | _repeats(found.message, target, most))
        if not len(row):
            break
        run = found.run[bad]
        other = starts[run] + (rng.random(len(run)) * sizes[run]).astype(np.intp)
        fits = _fits(found, target, (row, bad, other), most) & _fits(found, target, (row, other, bad), most)
        row, bad, other = _apart(found, row[fits], bad[fits], other[fits])
        target[row, bad], target[row, other] = target[row, other], target[row, bad]
    return target


def _fits(found: Mentions, target: Ints, swap: tuple[Ints, Ints, Ints], most: int) -> Bools:
    """(swaps,): whether a mention can take another's receiver: (permutation, mention, the other) each."""
    row, place, other = swap
    taken = target[row, other]
    fits: Bools = taken != found.source[place]
    for apart in chain(range(1 - most, 0), range(1, most)):
        beside = np.clip(place + apart, 0, len(found.message) - 1)
        one = (found.message[beside] == found.message[place]) & (beside != place)
        fits &= ~(one & (target[row, beside] == taken))
    return fits


def _apart(found: Mentions, row: Ints, bad: Ints, other: Ints) -> tuple[Ints, Ints, Ints]:
    """Of these swaps those that no other meets: each message is in one at most."""
    messages = int(found.message.max(initial=0)) + 1
    keys = row * messages + found.message[np.stack([bad, other])]
    first = np.zeros(keys.size, dtype=np.bool_)
    first[np.unique(keys.ravel(), return_index=True)[1]] = True
    alone = first.reshape(keys.shape).all(axis=0)
    return row[alone], bad[alone], other[alone]
