"""Who takes part how much, and who speaks after whom; and the same once turns are shuffled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

from mascope.stats.network import gini
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio

_AT_ONCE = 200_000  # turns shuffled together: what a core sorts without leaving its cache


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What was said, message by message in the order of the runs and their turns."""

    runs: int
    seats: int
    run: Ints
    """(messages,), never falling."""
    seat: Ints
    """(messages,): who spoke, numbered within the run."""
    words: Ints
    """(messages,)"""
    round: Ints
    """(messages,)"""


def spoken(messages: pd.DataFrame, runs: tuple[str, ...]) -> Spoken:
    """messages: `run`, `agent`, `round`, `position`, `words`."""
    run = pd.Index(runs).get_indexer(pd.Index(messages["run"].astype(str)))
    round_ = messages["round"].to_numpy(dtype=np.intp)
    order = np.lexsort((messages["position"].to_numpy(), round_, run))
    order = order[run[order] >= 0]
    key = pd.factorize(messages["agent"].astype(str).to_numpy(dtype=object))[0][order]
    pair, seat_key = np.unique(run[order] * (int(key.max(initial=0)) + 1) + key, return_inverse=True)
    first = np.searchsorted(pair // (int(key.max(initial=0)) + 1), np.arange(len(runs)))
    seat = seat_key - first[run[order]]
    words = messages["words"].to_numpy(dtype=np.intp)[order]
    return Spoken(len(runs), int(seat.max(initial=-1)) + 1, run[order], seat, words, round_[order])


def word_gini(said: Spoken) -> Floats:
    """(runs,): Gini coefficient of the words of the agents that spoke."""
    return gini(_per_seat(said, said.words), _per_seat(said) > 0)


def message_gini(said: Spoken) -> Floats:
    """(runs,): Gini coefficient of the numbers of messages of the agents that spoke."""
    messages = _per_seat(said)
    return gini(messages, messages > 0)


def turn_entropy(said: Spoken) -> Floats:
    """(runs,): how open it is who speaks next, given who speaks now; from 0 (always the same) to 1 (anybody).

    Entropy of the next speaker conditional on the present one, in the order of rounds and positions, over
    log₂ of the number of agents that spoke. NaN with fewer than two of them.
    """
    same = said.run[1:] == said.run[:-1]
    n = said.seats
    key = (said.run[:-1] * n + said.seat[:-1]) * n + said.seat[1:]
    moves = np.bincount(key[same], minlength=said.runs * n * n).reshape(said.runs, n, n).astype(np.float64)
    speakers = (_per_seat(said) > 0).sum(axis=1)
    bits = _entropy(moves.reshape(said.runs, n * n)) - _entropy(moves.sum(axis=2))
    most = np.where(speakers > 1, np.log2(np.maximum(2, speakers)), 0.0)
    return np.where(moves.sum(axis=(1, 2)) > 0, np.maximum(0.0, ratio(bits, most)), np.nan)


Measure: TypeAlias = Callable[[Spoken], Floats]
"""(runs,)"""
Shuffle: TypeAlias = Callable[[Spoken, np.random.Generator], Spoken]


def order_shuffled(said: Spoken, rng: np.random.Generator) -> Spoken:
    """The turns of each run in an order of chance: everybody speaks as often as before."""
    return replace(said, seat=said.seat[_order(said, rng)])


def words_shuffled(said: Spoken, rng: np.random.Generator) -> Spoken:
    """The lengths of each run's messages exchanged among them."""
    return replace(said, words=said.words[_order(said, rng)])


def speakers_drawn(said: Spoken, rng: np.random.Generator) -> Spoken:
    """Each turn taken by any of those who spoke in the run alike."""
    speakers = (_per_seat(said) > 0).sum(axis=1)  # seats are numbered from 0 by who spoke
    return replace(said, seat=(rng.random(len(said.run)) * speakers[said.run]).astype(np.intp))


SHUFFLES: Mapping[str, tuple[Measure, Shuffle]] = MappingProxyType({
    "turn_entropy": (turn_entropy, order_shuffled),
    "words_gini": (word_gini, words_shuffled),
    "messages_gini": (message_gini, speakers_drawn),
})  # fmt: skip
"""Measures, and what is left to chance in their nulls."""


def by_chance(
    measure: Measure, shuffle: Shuffle, said: Spoken, rng: np.random.Generator, permutations: int
) -> Floats:
    """The measure (permutations, runs) of shuffled turns; several shuffles are measured as more runs."""
    step = max(1, _AT_ONCE // max(1, len(said.run), said.runs * said.seats**2))
    parts = []
    for done in range(0, permutations, step):
        times = min(step, permutations - done)
        parts.append(measure(shuffle(_repeated(said, times), rng)).reshape(times, said.runs))
    return np.concatenate(parts) if parts else np.empty((0, said.runs))


def _repeated(said: Spoken, times: int) -> Spoken:
    run = (np.arange(times)[:, np.newaxis] * said.runs + said.run).ravel()
    seat, words, round_ = (np.tile(column, times) for column in (said.seat, said.words, said.round))
    return Spoken(said.runs * times, said.seats, run, seat, words, round_)


def _order(said: Spoken, rng: np.random.Generator) -> Ints:
    """(messages,): an order of chance within each run."""
    return np.argsort(said.run + rng.random(len(said.run)))


def _entropy(counts: Floats) -> Floats:
    """Shannon entropy in bits (…,) of counts (…, kinds)."""
    p = ratio(counts, counts.sum(axis=-1, keepdims=True))
    p = np.where(np.isnan(p) | (p == 0), 1.0, p)
    bits: Floats = -(p * np.log2(p)).sum(axis=-1)
    return bits


def _per_seat(said: Spoken, weights: Ints | None = None) -> Floats:
    """(runs, seats): messages, or the sum of their weights."""
    key = said.run * said.seats + said.seat
    found = np.bincount(key, weights=weights, minlength=said.runs * said.seats)
    return found.reshape(said.runs, said.seats).astype(np.float64)
