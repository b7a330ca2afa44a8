"""Which words come up and which are dropped, from round to round of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.convergence import Turns
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio
from mascope.stats.words import Words

Bools = npt.NDArray[np.bool_]

_AT_ONCE = 1_000_000  # words of whole runs looked at together: their tables stay in the cache of a core
_BITS = 30  # rounds written into one number


@dataclass(frozen=True, eq=False)  # no slots: what all orders of the rounds have in common is found once
class Lexicon:
    """Which words a run's rounds hold."""

    run: Ints
    """(entries,), never falling: an entry is a run and a set of its rounds."""
    present: Bools
    """(entries, rounds): that set."""
    words: Ints
    """(entries,): how many of the run's words occur in just these rounds."""
    spoken: Bools
    """(runs, rounds): whether anything was said at all."""

    @cached_property
    def by_round(self) -> Bools:
        """(rounds, entries)"""
        return np.ascontiguousarray(self.present.T)

    @cached_property
    def shared(self) -> Floats:
        """(runs, rounds, rounds): how many different words any two rounds of a run have in common."""
        runs, rounds = self.spoken.shape
        found = np.empty((runs, rounds, rounds))
        for one in range(rounds):
            held = self.words * self.by_round[one]
            for other in range(one + 1):
                in_both = np.bincount(self.run, held * self.by_round[other], runs)
                found[:, one, other] = found[:, other, one] = in_both
        return found

    @cached_property
    def different(self) -> Floats:
        """(runs, rounds): how many different words each round holds."""
        return np.diagonal(self.shared, axis1=1, axis2=2)


def lexicon(words: Words, said: Turns) -> Lexicon:
    """The words of each run by round."""
    spoken = np.zeros((said.runs, said.rounds), dtype=np.bool_)
    spoken[said.run, said.round] = True
    parts = [_entries(words, said, texts) for texts in _portions(words, said)]
    run, present, count = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Lexicon(run, present, count, spoken)


def _portions(words: Words, said: Turns) -> Iterator[slice]:
    """The texts of some runs at a time, where texts come run by run; else all of them."""
    if len(said.run) == 0 or (np.diff(said.run) < 0).any():
        yield slice(0, len(said.run))
        return
    begins = np.flatnonzero(np.diff(said.run, prepend=-1))
    block = words.starts[begins] // _AT_ONCE
    first = begins[np.flatnonzero(np.diff(block, prepend=-1))]
    yield from map(slice, first, [*first[1:], len(said.run)])


def _entries(words: Words, said: Turns, texts: slice) -> tuple[Ints, Bools, Ints]:
    """`run`, `present` and `words` of the lexicon of these texts."""
    lengths = words.lengths[texts]
    word = words.word[words.starts[texts.start] : words.starts[texts.stop]]
    size = max(1, len(words.vocabulary))
    number, key = pd.factorize(np.repeat(said.run[texts], lengths) * size + word)
    present = np.zeros((len(key), said.rounds), dtype=np.bool_)
    present[number, np.repeat(said.round[texts], lengths)] = True
    run = np.asarray(key // size, dtype=np.intp)
    # Words of a run that occur in the same rounds become one entry: several times fewer.
    _, first, count = np.unique(_patterns(run, present), return_index=True, return_counts=True)
    return run[first], present[first], np.asarray(count, dtype=np.intp)


def _patterns(run: Ints, present: Bools) -> Ints:
    """A number for each run and set of rounds, those of one run next to each other."""
    pattern = run
    for first in range(0, present.shape[1], _BITS):
        some = present[:, first : first + _BITS]
        wider = (pattern << _BITS) | (some @ (1 << np.arange(some.shape[1])))
        pattern = np.unique(wider, return_inverse=True)[1]
    return pattern


def births(found: Lexicon, order: Ints | None = None) -> Floats:
    """(runs, rounds): share of a round's different words that its run had not used before (Moltbook 2026).

    NaN in the run's first round. With `order` (runs, rounds), rounds are taken in that order.
    """
    taken = _taken(found, order)
    runs, rounds = taken.shape
    # Rounds fit a small number: the places of a million entries are then looked up several times faster.
    place = np.argsort(taken, axis=1).astype(np.min_scalar_type(rounds))
    when = np.take(np.ascontiguousarray(place.T), found.run, axis=1)
    first = np.where(found.by_round, when, place.dtype.type(rounds)).min(axis=0, initial=rounds)
    new = np.bincount(found.run * rounds + first, found.words, runs * rounds).astype(np.float64)
    return _shares(
        found, taken, new.reshape(runs, rounds), np.take_along_axis(found.different, taken, axis=1)
    )


def deaths(found: Lexicon, order: Ints | None = None) -> Floats:
    """(runs, rounds): share of the different words of the round before that are not used in this one."""
    taken = _taken(found, order)
    before = np.roll(np.take_along_axis(found.different, taken, axis=1), 1, axis=1)
    run = np.arange(len(taken))[:, np.newaxis]
    kept = found.shared[run, np.roll(taken, 1, axis=1), taken]
    return _shares(found, taken, before - kept, before)


def _taken(found: Lexicon, order: Ints | None) -> Ints:
    as_held = np.broadcast_to(np.arange(found.spoken.shape[1]), found.spoken.shape)
    return as_held if order is None else order


def _shares(found: Lexicon, taken: Ints, some: Floats, of: Floats) -> Floats:
    spoken = np.take_along_axis(found.spoken, taken, axis=1)
    shares = np.where(spoken, ratio(some, of), np.nan)
    if shares.shape[1]:
        # A fork begins later than round 0: its first round follows none that is its own.
        shares[np.arange(len(shares)), spoken.argmax(axis=1)] = np.nan
    return shares
