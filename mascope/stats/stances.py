"""What agents answered in private, asking by asking: how far apart they are, and who changes.

Answers stand in cubes (runs, seats, moments): a *moment* is one asking, in the order of time. A stance is a
number of a kind of answer (an option, an agent, a side of a scale), −1 where there is none; places on a scale
are NaN where there is none. The run is the unit: measures are (runs,), NaN where undefined.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio

Bools = npt.NDArray[np.bool_]


def cube(places: tuple[Ints, Ints, Ints], stances: Ints, shape: tuple[int, int, int]) -> Ints:
    """Stances (answers,) at their (runs, seats, moments); of several at one place the last."""
    found = np.full(shape, -1, dtype=np.intp)
    found[places] = stances
    return found


def counted(stances: Ints, kinds: int) -> Floats:
    """How many agents hold each kind: (runs, moments, kinds)."""
    runs, _, moments = stances.shape
    run, seat, moment = np.nonzero(stances >= 0)
    key = (run * moments + moment) * kinds + stances[run, seat, moment]
    counts = np.bincount(key, minlength=runs * moments * kinds)
    return counts.reshape(runs, moments, kinds).astype(np.float64)


def disagreement(counts: Floats) -> Floats:
    """Share (…,) of the pairs of agents that hold different kinds, from counts (…, kinds); NaN below two.

    1 − Σ n_c(n_c − 1) / (n(n − 1)): Simpson's (1949) unbiased diversity.
    """
    n = counts.sum(axis=-1)
    return 1 - ratio((counts * (counts - 1)).sum(axis=-1), n * (n - 1))


def deviation(places: Floats) -> Floats:
    """Standard deviation (runs, moments) over the agents of places on a scale (runs, seats, moments)."""
    known = ~np.isnan(places)
    n = known.sum(axis=1)
    mean = ratio(np.where(known, places, 0.0).sum(axis=1), n.astype(np.float64))
    squares = np.where(known, np.square(places - mean[:, np.newaxis]), 0.0).sum(axis=1)
    return np.sqrt(ratio(squares, np.maximum(0, n - 1).astype(np.float64)))


def first_and_last(course: Floats) -> tuple[Floats, Floats]:
    """The first and the last value (runs,) of a course (runs, moments) that are not NaN."""
    known = ~np.isnan(course)
    some = known.any(axis=1)
    row = np.arange(len(course))
    if not course.shape[1]:
        return np.full(len(course), np.nan), np.full(len(course), np.nan)
    first = course[row, known.argmax(axis=1)]
    last = course[row, course.shape[1] - 1 - known[:, ::-1].argmax(axis=1)]
    return np.where(some, first, np.nan), np.where(some, last, np.nan)


def sides(places: Floats, low: float, high: float) -> Ints:
    """Below the middle of the scale (0), on it (1) or above (2); −1 where there is no answer."""
    side = np.sign(np.nan_to_num(places - (low + high) / 2)).astype(np.intp) + 1
    return np.where(np.isnan(places), -1, side)


def flips(stances: Ints) -> Floats:
    """Share (runs,) of the askings after an agent's first that find it with another stance than before."""
    before, now = stances[..., :-1], stances[..., 1:]
    return _share(before != now, (before >= 0) & (now >= 0))


def changed(stances: Ints) -> Floats:
    """Share (runs,) of the agents whose last stance is not their first."""
    first, last = ends(stances)
    return _share(first != last, (first >= 0) & (last >= 0))


def ends(stances: Ints) -> tuple[Ints, Ints]:
    """Each agent's stance at the first and at the last asking of its run: (runs, seats); −1 without it."""
    if not stances.shape[2]:
        none = np.full(stances.shape[:2], -1, dtype=np.intp)
        return none, none
    row, (first, last) = np.arange(len(stances)), _first_and_last_asking(stances)
    several = (last > first)[:, np.newaxis]
    return np.where(several, stances[row, :, first], -1), np.where(several, stances[row, :, last], -1)


def shift(places: Floats) -> Floats:
    """Mean change (runs,) of an agent's place on the scale, from the first asking of its run to the last."""
    if not places.shape[2]:
        return np.full(len(places), np.nan)
    row, (first, last) = np.arange(len(places)), _first_and_last_asking(np.where(np.isnan(places), -1, 0))
    moved = places[row, :, last] - places[row, :, first]
    known = ~np.isnan(moved) & (last > first)[:, np.newaxis]
    return ratio(np.where(known, moved, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))


def _first_and_last_asking(stances: Ints) -> tuple[Ints, Ints]:
    """The first and the last moment (runs,) at which anybody answered."""
    asked = stances.max(axis=1, initial=-1) >= 0
    return asked.argmax(axis=1), asked.shape[1] - 1 - asked[:, ::-1].argmax(axis=1)


# Majorities ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Pressed:
    """Each asking after the first, beside what most of the others stand for: (runs, seats, moments − 1)."""

    before: Ints
    now: Ints
    """The agent's own stances."""
    majority: Ints
    """What more than half of the others with a stance stand for, two of them at least; −1: no majority."""

    @property
    def answered(self) -> Bools:
        """Whether the agent answered both times."""
        marks: Bools = (self.before >= 0) & (self.now >= 0)
        return marks

    @property
    def at_risk(self) -> Bools:
        """Whether it could move: it did not stand with the majority."""
        marks: Bools = self.answered & (self.majority >= 0) & (self.before != self.majority)
        return marks

    def conformity(self) -> Floats:
        """Pr(moves to the majority) (runs,): of those who could move to it, the share that did."""
        return _share(self.now == self.majority, self.at_risk)

    def with_majority(self) -> Floats:
        """Share (runs,) of the askings at which the others had a majority."""
        return _share(self.majority >= 0, self.answered)

    def targets(self, runs: Bools, kinds: int) -> Floats:
        """(kinds,): what the majorities stood for, as shares of those at risk in each of these runs.

        Mean over the runs that have any, each of the same weight, as in a mean of `conformity`; NaN: none.
        """
        at_risk = self.at_risk & runs[:, np.newaxis, np.newaxis]
        of_kind = [(at_risk & (self.majority == kind)).sum(axis=(1, 2)) for kind in range(kinds)]
        counts = np.stack(of_kind, axis=1).astype(np.float64) if kinds else np.empty((len(self.before), 0))
        some = counts.sum(axis=1) > 0
        shares = ratio(counts[some], counts[some].sum(axis=1, keepdims=True))
        return ratio(shares.sum(axis=0), np.array(float(some.sum())))

    def moves(self, kinds: int) -> tuple[Floats, Floats]:
        """(runs, kinds) twice: agents that moved to each kind, and those that could have."""
        moved, could = np.zeros((2, len(self.before), kinds))
        for kind in range(kinds):
            free = self.answered & (self.before != kind)
            could[:, kind] = free.sum(axis=(1, 2))
            moved[:, kind] = (free & (self.now == kind)).sum(axis=(1, 2))
        return moved, could


def pressed(own: Ints, others: Ints, kinds: int) -> Pressed:
    """own: stances at the moments; others: everybody's stances (runs, seats, moments) as they could be known
    then. Each asking is held against what the others stood for at that moment."""
    mine = others[..., np.newaxis] == np.arange(kinds)
    rest = counted(others, kinds)[:, np.newaxis] - mine
    total = rest.sum(axis=-1)
    most = rest.max(axis=-1, initial=0.0)
    leads = (most > total / 2) & (total >= 2)
    majority = np.where(leads, rest.argmax(axis=-1) if kinds else -1, -1)
    return Pressed(own[..., :-1], own[..., 1:], majority[..., 1:])


def held_before(stances: Ints) -> Ints:
    """What each agent held at the asking before: (runs, seats, moments), −1 at the first."""
    found = np.full(stances.shape, -1, dtype=np.intp)
    found[..., 1:] = stances[..., :-1]
    return found


def stated_by(stated: Ints, moments: Ints) -> Ints:
    """The last kind that each agent had stated by the end of each of the rounds `moments`.

    stated: (runs, seats, rounds), −1 where nothing was stated. A moment before the first round is −1.
    """
    rounds = stated.shape[2]
    if not rounds:
        return np.full((*stated.shape[:2], len(moments)), -1, dtype=np.intp)
    latest = np.maximum.accumulate(np.where(stated >= 0, np.arange(rounds), -1), axis=2)
    filled = np.where(latest >= 0, np.take_along_axis(stated, np.maximum(0, latest), axis=2), -1)
    at = filled[..., np.clip(moments, 0, rounds - 1)]
    return np.where(moments < 0, -1, at)


def standardised(moves: tuple[Floats, Floats], targets: Floats) -> Floats:
    """Rate (runs,) of moving to the kinds that were majorities elsewhere, weighed as often as they were so.

    moves: as `Pressed.moves`; targets: (kinds,). This is what an arm without that majority shows: movement to
    the same answers that nobody's majority asks for. Direct standardisation: weighed are the rates, not the
    agents, of whom few can move to an answer that most of them hold. A kind that nobody of a run could move
    to has no rate there, and the others have its weight.
    """
    rates = ratio(*moves)
    weights = np.where(np.isnan(rates), 0.0, np.nan_to_num(targets))
    return ratio((np.nan_to_num(rates) * weights).sum(axis=1), weights.sum(axis=1))


def _share(marks: Bools, among: Bools) -> Floats:
    """Share (runs,) of the marks among those that count."""
    axes = tuple(range(1, marks.ndim))
    counts: Floats = among.sum(axis=axes).astype(np.float64)
    return ratio((marks & among).sum(axis=axes).astype(np.float64), counts)
