"""Which words come up and which are dropped, from round to round of a run."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mascope.stats.convergence import Turns
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio
from mascope.stats.words import Words


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Which words a run's rounds hold."""

    run: Ints
    """(entries,), never falling: an entry is a run and a set of its rounds."""
    present: npt.NDArray[np.bool_]
    """(entries, rounds): that set."""
    words: Ints
    """(entries,): how many of the run's words occur in just these rounds."""
    spoken: npt.NDArray[np.bool_]
    """(runs, rounds): whether anything was said at all."""


def lexicon(words: Words, said: Turns) -> Lexicon:
    """The words of each run by round."""
    of_text = words.of_text
    entry, number = np.unique(
        said.run[of_text] * max(1, len(words.vocabulary)) + words.word, return_inverse=True
    )
    present = np.zeros((len(entry), said.rounds), dtype=np.bool_)
    present[number, said.round[of_text]] = True
    spoken = np.zeros((said.runs, said.rounds), dtype=np.bool_)
    spoken[said.run, said.round] = True
    return _by_pattern(entry // max(1, len(words.vocabulary)), present, spoken)


def _by_pattern(run: Ints, present: npt.NDArray[np.bool_], spoken: npt.NDArray[np.bool_]) -> Lexicon:
    """Words of a run that occur in the same rounds become one entry: several times fewer."""
    packed = np.packbits(present, axis=1)
    keys = np.concatenate([run.astype(">i8").view(np.uint8).reshape(-1, 8), packed], axis=1)
    whole = np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1]))).ravel()
    # Big-endian numbers of runs stand first in the key, so that entries come run by run.
    _, first, words = np.unique(whole, return_index=True, return_counts=True)
    return Lexicon(run[first], present[first], np.asarray(words, dtype=np.intp), spoken)


def births(found: Lexicon, order: Ints | None = None) -> Floats:
    """(runs, rounds): share of a round's different words that its run had not used before (Moltbook 2026).

    NaN in the first round. With `order` (runs, rounds), rounds are taken in that order.
    """
    present, spoken = _ordered(found, order)
    first = np.where(present.any(axis=1), present.argmax(axis=1), 0)
    new = np.zeros(present.shape, dtype=np.bool_)
    new[np.arange(len(present)), first] = True
    shares = ratio(_per_run(found, new & present), _per_run(found, present))
    shares[:, :1] = np.nan
    return np.where(spoken, shares, np.nan)


def deaths(found: Lexicon, order: Ints | None = None) -> Floats:
    """(runs, rounds): share of the different words of the round before that are not used in this one."""
    present, spoken = _ordered(found, order)
    gone = np.zeros(present.shape, dtype=np.bool_)
    gone[:, 1:] = present[:, :-1] & ~present[:, 1:]
    before = np.roll(_per_run(found, present), 1, axis=1)
    shares = ratio(_per_run(found, gone), before)
    shares[:, :1] = np.nan
    return np.where(spoken, shares, np.nan)


def _ordered(found: Lexicon, order: Ints | None) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    if order is None:
        return found.present, found.spoken
    present = np.take_along_axis(found.present, order[found.run], axis=1)
    return present, np.take_along_axis(found.spoken, order, axis=1)


def _per_run(found: Lexicon, marks: npt.NDArray[np.bool_]) -> Floats:
    """(runs, rounds): how many words of each run are marked."""
    runs = len(found.spoken)
    cumulated = np.zeros((len(marks) + 1, marks.shape[1]), dtype=np.intp)
    np.cumsum(marks * found.words[:, np.newaxis], axis=0, out=cumulated[1:])
    bounds = np.searchsorted(found.run, np.arange(runs + 1))
    return np.diff(cumulated[bounds], axis=0).astype(np.float64)
