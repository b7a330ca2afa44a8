"""Do the texts of a run grow alike? Measures of each round, of rounds among each other, and of agents.

Texts come as unit vectors; `Spoken` says who spoke when. Arrays of rounds are (runs, rounds), NaN where a run
has no such round or the measure is undefined there.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from mascope.stats.network import Bools
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio
from mascope.stats.vectors import Vectors, dots, rows, squared_lengths, sums


@dataclass(frozen=True, eq=False)  # no slots: the cells are found once
class Turns:
    """Who said which text in which run and round, all numbered from 0."""

    run: Ints
    round: Ints
    agent: Ints
    runs: int
    text: Ints
    """(texts,): the same number for the same words."""

    @cached_property
    def rounds(self) -> int:
        return int(self.round.max(initial=-1)) + 1

    @cached_property
    def cell(self) -> Ints:
        """(texts,): the run and round."""
        return self.run * self.rounds + self.round

    @cached_property
    def unique(self) -> Bools:
        """(texts,): False for a text that its run already had in the same round."""
        key = self.cell * (int(self.text.max(initial=0)) + 1) + self.text
        return ~pd.Series(key).duplicated().to_numpy()

    @cached_property
    def member(self) -> Ints:
        """(texts,): the run and agent, numbered as they occur together."""
        return np.asarray(pd.factorize(self.run * (int(self.agent.max(initial=0)) + 1) + self.agent)[0])

    @cached_property
    def run_of_member(self) -> Ints:
        return self.run[self._first_of_member]

    @cached_property
    def agent_of_member(self) -> Ints:
        return self.agent[self._first_of_member]

    @cached_property
    def _first_of_member(self) -> Ints:
        """(members,): where each speaks first; members are numbered in this order."""
        return np.flatnonzero(~pd.Series(self.member).duplicated().to_numpy())


def turns(messages: pd.DataFrame, runs: tuple[str, ...]) -> Turns:
    """messages: `run`, `round`, `agent`, `text`; all of them in `runs`."""
    run = pd.Index(runs).get_indexer(pd.Index(messages["run"].astype(str)))
    return Turns(
        run=run,
        round=messages["round"].to_numpy(dtype=np.intp),
        agent=np.asarray(
            pd.factorize(messages["agent"].astype(str).to_numpy(dtype=object))[0], dtype=np.intp
        ),
        runs=len(runs),
        text=np.asarray(pd.factorize(messages["text"].to_numpy(dtype=object))[0], dtype=np.intp),
    )


def homogeneity(vectors: Vectors, said: Turns) -> Floats:
    """(runs, rounds): mean cosine over all pairs of unique messages of a round (SwarmBench 2025).

    For n unit vectors |mean|² = 1/n + ((n − 1)/n)·homogeneity, so that no pair need be visited.
    """
    group = np.where(said.unique & (squared_lengths(vectors) > 0.5), said.cell, -1)
    total = sums(vectors, group, said.runs * said.rounds)
    n = np.bincount(group[group >= 0], minlength=said.runs * said.rounds).astype(np.float64)
    return ratio(squared_lengths(total) - n, n * (n - 1)).reshape(said.runs, said.rounds)


def centroid_cosines(vectors: Vectors, said: Turns) -> Floats:
    """(runs, rounds, rounds): cosine of the centroids of any two rounds of a run (Moltbook 2026)."""
    total = sums(vectors, said.cell, said.runs * said.rounds)
    found = _products(total, said)
    length = np.sqrt(np.einsum("rtt->rt", found))
    return ratio(found, length[:, :, np.newaxis] * length[:, np.newaxis, :])


def _products(total: Vectors, said: Turns) -> Floats:
    """(runs, rounds, rounds): dot products of the rows of a run, from (runs · rounds, dimensions)."""
    if isinstance(total, np.ndarray):
        by_run = total.reshape(said.runs, said.rounds, total.shape[1])
        return np.asarray(by_run @ by_run.swapaxes(1, 2))
    # Dimensions are numbered anew for each run, so that one product compares no round with another run's.
    row = np.repeat(np.arange(total.shape[0]), np.diff(total.indptr))
    own, kinds = pd.factorize(row // said.rounds * total.shape[1] + total.indices)
    apart = sparse.csr_array((total.data, own, total.indptr), shape=(total.shape[0], len(kinds)))
    products = sparse.coo_array(apart @ apart.T)
    found = np.zeros((said.runs, said.rounds, said.rounds))
    found[*np.divmod(products.row, said.rounds), products.col % said.rounds] = products.data
    return found


def following(cosines: Floats, order: Ints) -> Floats:
    """(…, runs, rounds − 1): cosine of each round with the one before it, rounds taken in `order`
    (…, runs, rounds)."""
    runs = np.arange(len(cosines))[:, np.newaxis]
    return cosines[runs, order[..., :-1], order[..., 1:]]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """From the first half of a run to the second, mean over its agents: (runs,) each."""

    drift: Floats
    """1 − cos(early, late) of an agent's own texts (Moltbook 2026)."""
    pull: Floats
    """cos(late, group) − cos(early, group): the group is the texts of all the others in the whole run."""


def change(vectors: Vectors, said: Turns, late: Bools) -> Change:
    """late: (texts,), whether a text is of the second half. Agents of one half only do not count."""
    parts = half_sums(vectors, said, late)
    drift = 1 - _cosine(*parts)
    return Change(_run_means(drift, said), pull_to(parts, said, np.arange(said.runs)))


def pull_to(parts: tuple[Vectors, Vectors], said: Turns, partner: Ints) -> Floats:
    """Societal pull (runs,) towards the group of another run: partner (runs,) says of which.

    parts: as `half_sums` gives them. The agent itself is left out of the group, there as here.
    """
    early_sum, late_sum = parts
    own = early_sum + late_sum
    there = partner[said.run_of_member]
    counterpart = _members(said, there)
    group = sums(own, said.run_of_member, said.runs)[there] - rows(own, counterpart)
    pull = _cosine(late_sum, group) - _cosine(early_sum, group)
    return _run_means(pull, said)


def half_sums(vectors: Vectors, said: Turns, late: Bools) -> tuple[Vectors, Vectors]:
    """Sums (members, dimensions) of each member's early and late texts; late: (texts,)."""
    members = len(said.run_of_member)
    early = sums(vectors, np.where(late, -1, said.member), members)
    return early, sums(vectors, np.where(late, said.member, -1), members)


def _members(said: Turns, run: Ints) -> Ints:
    """(members,): the member that is the same agent in the run given for each; −1 where it is not there."""
    size = int(said.agent.max(initial=0)) + 1
    agent = said.agent_of_member
    found: Ints = pd.Index(said.run_of_member * size + agent).get_indexer(pd.Index(run * size + agent))
    return found


def _cosine(a: Vectors, b: Vectors) -> Floats:
    lengths = squared_lengths(a) * squared_lengths(b)
    return ratio(dots(a, b), np.sqrt(np.where(lengths > 1e-24, lengths, 0.0)))


def _run_means(of_members: Floats, said: Turns) -> Floats:
    known = ~np.isnan(of_members)
    run = said.run_of_member[known]
    total = np.bincount(run, weights=of_members[known], minlength=said.runs)
    return ratio(total.astype(np.float64), np.bincount(run, minlength=said.runs).astype(np.float64))


def halves(said: Turns, order: Ints | None = None) -> Bools:
    """(texts,): whether a text is of the later half of its run's rounds, taken in `order` (runs, rounds).

    Of an odd number of rounds the middle one counts as early.
    """
    last = np.full(said.runs, -1)
    np.maximum.at(last, said.run, said.round)
    place = said.round if order is None else np.argsort(order, axis=1)[said.run, said.round]
    return np.asarray(place > last[said.run] / 2)


def stably(group: Ints) -> Ints:
    """The order of places that puts groups, numbered from 0, one after the other, each in its own order."""
    # Numbers of 16 bits are sorted without comparing them, many times faster.
    return np.argsort(group.astype(np.min_scalar_type(int(group.max(initial=0)))), kind="stable")


def swapped_groups(said: Turns, series: Ints, rng: np.random.Generator) -> Turns:
    """The same texts, dealt anew among the runs of their series: each to one in which its agent spoke in its
    round. What is left alike in such groups is what the task, the models and the time make alike.

    series: (runs,).
    """
    agents = int(said.agent.max(initial=0)) + 1
    place = (series[said.run] * agents + said.agent) * said.rounds + said.round
    order, drawn = stably(place), np.argsort(place + rng.random(len(place)))
    run = np.empty_like(said.run)
    run[order] = said.run[drawn]
    return Turns(run, said.round, said.agent, said.runs, said.text)


def partners(series: Ints, rng: np.random.Generator) -> Ints:
    """(runs,): for each run one of its series, none of them twice; series: (runs,)."""
    order, drawn = np.argsort(series, kind="stable"), np.argsort(series + rng.random(len(series)))
    found = np.empty(len(series), dtype=np.intp)
    found[order] = drawn
    return found


def shuffled_rounds(said: Turns, rng: np.random.Generator) -> Ints:
    """(runs, rounds): each run's own rounds in an order of chance; those it does not have stay behind."""
    last = np.full(said.runs, -1)
    np.maximum.at(last, said.run, said.round)
    place = np.arange(said.rounds)
    keys = np.where(place <= last[:, np.newaxis], rng.random((said.runs, said.rounds)), 1.0 + place)
    return np.argsort(keys, axis=1)
