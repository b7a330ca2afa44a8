"""Is an absent agent's share of the talk taken over: of words, of leading, of its topics and its terms?

An agent is *absent* from the round in which it failed, where it then says nothing for `LASTING` rounds or to
the end. *Before* are the rounds before that, *after* those that follow it until the agent returns. Cubes are
(runs, seats, rounds); the run is the unit; undefined is NaN.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio
from mascope.stats.vectors import Vectors, dots, squared_lengths, sums
from mascope.stats.words import Words

Bools = npt.NDArray[np.bool_]
LASTING = 3
"""Rounds without a word from which on a failure is an absence, unless the run ends sooner."""


@dataclass(frozen=True, slots=True, eq=False)
class Absence:
    """Who is absent in each run, and when: (runs,) each, −1 where nobody is."""

    seat: Ints
    onset: Ints
    """The round in which it failed."""
    end: Ints
    """The round in which it speaks again, or the number of rounds."""
    agents: Ints
    """How many agents are absent at some time; those after the first are passed over."""

    def before(self, rounds: int) -> Bools:
        """(runs, rounds)"""
        marks: Bools = (np.arange(rounds) < self.onset[:, np.newaxis]) & (self.seat >= 0)[:, np.newaxis]
        return marks

    def after(self, rounds: int) -> Bools:
        """(runs, rounds): from the round after the failure, when others can know of it."""
        round_ = np.arange(rounds)
        marks: Bools = (round_ > self.onset[:, np.newaxis]) & (round_ < self.end[:, np.newaxis])
        return marks & (self.seat >= 0)[:, np.newaxis]


def absences(spoke: Bools, failed: Bools, rounds: Ints) -> Absence:
    """The first absence of each run; spoke, failed: (runs, seats, rounds); rounds: (runs,), those begun."""
    size = spoke.shape[2]
    round_ = np.arange(size)
    speaks = np.where(spoke, round_, size)
    following = np.minimum.accumulate(speaks[..., ::-1], axis=2)[..., ::-1]
    end = np.minimum(following, rounds[:, np.newaxis, np.newaxis])
    lasting = failed & ~spoke & ((end - round_ >= LASTING) | (following >= rounds[:, np.newaxis, np.newaxis]))
    # By round, and of several in the same round the first seat.
    marks = np.moveaxis(lasting, 2, 1).reshape(len(spoke), spoke.shape[1] * size)
    some = marks.any(axis=1)
    first = marks.argmax(axis=1) if marks.shape[1] else np.zeros(len(spoke), dtype=np.intp)
    onset, seat = np.divmod(first, max(1, spoke.shape[1]))
    ends = end[np.arange(len(spoke)), seat, onset] if marks.shape[1] else np.zeros(len(spoke), dtype=np.intp)
    seat, onset, ends = (np.where(some, found, -1) for found in (seat, onset, ends))
    return Absence(seat, onset, ends, lasting.any(axis=2).sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Amounts per round, as shares of what the whole group, the absent agent included, had before."""

    gap: Floats
    """(runs,): the absent agent's share before."""
    before: Floats
    """(runs, seats): that of each of the others; 0 for the absent agent."""
    after: Floats
    """(runs, seats)"""

    @property
    def gain(self) -> Floats:
        """(runs, seats): they sum to the gap where the others take all of it over."""
        return self.after - self.before


def shares(amounts: Floats, absence: Absence) -> Shares:
    """amounts: (runs, seats, rounds)."""
    before = _per_round(amounts, absence.before(amounts.shape[2]))
    after = _per_round(amounts, absence.after(amounts.shape[2]))
    whole = before.sum(axis=1, keepdims=True)
    absent = np.arange(amounts.shape[1]) == absence.seat[:, np.newaxis]
    own = ratio(np.where(absent, before, 0.0).sum(axis=1), whole[:, 0])
    others = (ratio(np.where(absent, 0.0, part), whole) for part in (before, after))
    return Shares(own, *others)


def _per_round(amounts: Floats, among: Bools) -> Floats:
    """(runs, seats): mean over the rounds that count; NaN where none does."""
    total = (amounts * among[:, np.newaxis]).sum(axis=2)
    return ratio(total, among.sum(axis=1, keepdims=True).astype(np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Texts by run, seat and round: (texts,) each."""

    run: Ints
    seat: Ints
    round: Ints

    def parts(self, absence: Absence, rounds: int) -> tuple[Bools, Bools, Bools]:
        """Whether a text is the absent agent's before, of the others before, of the others after."""
        own = self.seat == absence.seat[self.run]
        before = absence.before(rounds)[self.run, self.round]
        after = absence.after(rounds)[self.run, self.round]
        return own & before, ~own & before, ~own & after


def topics(vectors: Vectors, texts: Placed, absence: Absence, rounds: int) -> tuple[Floats, Floats]:
    """Mean cosine (runs,) of the others' texts with the centroid of the absent agent's: before, and after."""
    own, before, after = texts.parts(absence, rounds)
    runs = len(absence.seat)
    centroid = sums(vectors, np.where(own, texts.run, -1), runs)
    length = np.sqrt(np.maximum(0.0, squared_lengths(centroid)))
    cosine = ratio(dots(vectors, centroid[texts.run]), np.where(length > 1e-12, length, 0.0)[texts.run])
    return _mean(cosine, texts.run, before, runs), _mean(cosine, texts.run, after, runs)


def _mean(values: Floats, run: Ints, among: Bools, runs: int) -> Floats:
    kept = among & ~np.isnan(values)
    total = np.bincount(run[kept], weights=values[kept], minlength=runs).astype(np.float64)
    return ratio(total, np.bincount(run[kept], minlength=runs).astype(np.float64))


def terms(words: Words, texts: Placed, absence: Absence, rounds: int) -> Floats:
    """Of the words that only the absent agent had used before, the share (runs,) that others use after.

    NaN where it had none of its own, and where there is no after.
    """
    runs, size, of_text = len(absence.seat), max(1, len(words.vocabulary)), words.of_text
    term, kinds = pd.factorize(texts.run[of_text] * size + words.word)
    used = np.zeros((3, len(kinds)), dtype=np.bool_)
    for said, part in zip(used, texts.parts(absence, rounds), strict=True):
        said[term[part[of_text]]] = True
    own = used[0] & ~used[1]
    run = kinds // size
    known = absence.after(rounds).any(axis=1)
    count = np.where(known, np.bincount(run[own], minlength=runs), 0).astype(np.float64)
    return ratio(np.bincount(run[own & used[2]], minlength=runs).astype(np.float64), count)


def first_events(event: Bools, texts: Placed, since: Floats, seats: int) -> Floats:
    """Rounds (runs, seats) from the notice to each agent's first event after it; NaN where it has none.

    event: (texts,); since: (runs,), the round in which the others were told, NaN where they were not.
    """
    runs = len(since)
    passed = texts.round - since[texts.run]
    kept = event & (passed > 0)
    found = np.full((runs, seats), np.inf)
    np.minimum.at(found, (texts.run[kept], texts.seat[kept]), passed[kept])
    return np.where(np.isinf(found), np.nan, found)
