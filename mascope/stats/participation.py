"""Who takes part how much, and who speaks after whom."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mascope.stats.network import gini
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio


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
    return gini(_per_seat(said), _per_seat(said) > 0)


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
