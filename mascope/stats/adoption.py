"""Are expressions that one agent brings up taken over by others, and the sooner the more often they are seen?

Molt Dynamics (arXiv 2603.03555), for discussions. An expression is a sequence of `LENGTH` words. From the
first turn at which an agent has been shown one that it has not used itself, each of its turns is a *period*
at risk, until it uses it (an adoption) or the run ends: discrete-time survival, with exposure that varies in
time. Only what was in the agent's prompt counts as exposure.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mascope.stats.network import Bools
from mascope.stats.profiles import Ints
from mascope.stats.words import Words

LENGTH = 3
"""Words of an expression."""
EXPRESSIONS = 400
"""Of each run, drawn by chance: each is as likely as another, so that hazards are unbiased."""
MOST_PAIRS = 1_000_000
"""Pairs of a message and one seen before it that are looked at; of more, periods are drawn by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """The messages of some runs, by run, round and position."""

    run: Ints
    agent: Ints
    """Numbered over all runs."""
    round: Ints
    views: "pd.Series[str]"
    """Places of the run's messages that were in the prompt, as `0-6,8`."""
    recorded: Bools
    """(messages,): whether what was seen is known. Else it is all of the rounds before."""

    @property
    def runs(self) -> int:
        return int(self.run.max(initial=-1)) + 1

    @property
    def member(self) -> Ints:
        """(messages,): the agent in its run."""
        return np.asarray(pd.factorize(self.run * (int(self.agent.max(initial=0)) + 1) + self.agent)[0])


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Turns of agents that had been shown an expression they had not used: (periods,) each."""

    run: Ints
    expression: Ints
    messages: Ints
    """How many messages of others that hold it were in the prompt."""
    agents: Ints
    """How many others had written them."""
    turn: Ints
    """Which of the agent's turns since it was first shown it, from 1."""
    adopted: Bools
    """Whether the agent used it in this turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Uses:
    """Which messages hold which of the drawn expressions, message by message: (uses,) each."""

    message: Ints
    expression: Ints
    """Numbered run by run: the same words in two runs are two expressions."""

    @property
    def expressions(self) -> int:
        return int(self.expression.max(initial=-1)) + 1

    def run_of_expression(self, said: Said) -> Ints:
        """(expressions,), never falling."""
        found = np.zeros(self.expressions, dtype=np.intp)
        found[self.expression] = said.run[self.message]
        return found


def periods(words: Words, said: Said, given: Words, rng: np.random.Generator) -> Periods:
    """words: of the messages of `said`; given: of texts that everybody had from the start (briefs), whose
    expressions are nobody's."""
    uses = drawn_uses(words, said, given, rng)
    speaker, source = seen_pairs(said, rng)
    asked, row = np.unique(speaker, return_inverse=True)
    # Each run has few expressions: a table of messages by their run's expressions holds them all.
    first = np.searchsorted(uses.run_of_expression(said), np.arange(said.runs))
    column = uses.expression - first[said.run[uses.message]]
    shape = (len(asked), int(column.max(initial=-1)) + 1)
    times, which = uses_of(uses, source, len(said.run))
    key = np.repeat(row, times) * shape[1] + column[which]
    shown = np.bincount(key, minlength=shape[0] * shape[1])
    authors = _different(key, np.repeat(said.agent[source], times), shape[0] * shape[1])
    member = said.member
    used = _first_uses(member, uses.message, column, shape[1])[member[asked]]
    at_risk = (shown > 0).reshape(shape) & (used >= asked[:, np.newaxis])
    period = np.flatnonzero(at_risk)
    turn, place = np.divmod(period, max(1, shape[1]))
    message = asked[turn]
    return Periods(
        run=said.run[message], expression=first[said.run[message]] + place,
        messages=shown[period], agents=authors[period],
        turn=_turns(at_risk, member[asked], (turn, place)), adopted=used.ravel()[period] == message,
    )  # fmt: skip


def drawn_uses(words: Words, said: Said, given: Words, rng: np.random.Generator) -> Uses:
    """The uses of at most `EXPRESSIONS` expressions of each run."""
    message, sequence = sequences(words)
    new = ~np.isin(sequence, _given(words.vocabulary, given))
    message, sequence = message[new], sequence[new]
    different, number = np.unique(sequence, return_inverse=True)
    key = said.run[message] * max(1, len(different)) + number
    kept, place = np.unique(key, return_inverse=True)
    run = kept // max(1, len(different))
    # By chance within each run, the first so many.
    order = np.argsort(run + rng.random(len(run)))
    rank = np.empty(len(run), dtype=np.intp)
    rank[order] = np.arange(len(run)) - np.searchsorted(run, np.arange(said.runs))[run]
    chosen = rank < EXPRESSIONS
    renumbered = np.cumsum(chosen) - 1
    mine = chosen[place]
    pairs = distinct(message[mine] * max(1, int(chosen.sum())) + renumbered[place[mine]])
    return Uses(pairs // max(1, int(chosen.sum())), pairs % max(1, int(chosen.sum())))


def sequences(words: Words) -> tuple[Ints, Ints]:
    """(message, number of the sequence) of every `LENGTH` words that follow each other in a message."""
    starts = _starts(words)
    return words.of_text[starts], _codes(words.word, starts, len(words.vocabulary))


def _starts(words: Words) -> Ints:
    """The places at which `LENGTH` words of one text begin."""
    of_text = words.of_text
    count = max(0, len(of_text) - LENGTH + 1)
    return np.flatnonzero(of_text[:count] == of_text[len(of_text) - count :])


def _codes(word: Ints, starts: Ints, size: int) -> Ints:
    code = np.zeros(len(starts), dtype=np.intp)
    for offset in range(LENGTH):
        code = code * max(1, size) + word[starts + offset]
    return code


def _given(vocabulary: tuple[str, ...], given: Words) -> Ints:
    """The sequences of `given` as they are numbered under another vocabulary, if it has all their words."""
    numbers = pd.Index(vocabulary, dtype=object).get_indexer(pd.Index(given.vocabulary, dtype=object))
    word = numbers[given.word]
    starts = _starts(given)
    known = np.all([word[starts + offset] >= 0 for offset in range(LENGTH)], axis=0)
    return _codes(word, starts[known], len(vocabulary))


def seen_pairs(said: Said, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(message, message of another agent that was in its prompt), by the first."""
    message, low, high = _ranges(said)
    sizes = high - low + 1
    if sizes.sum() > MOST_PAIRS:
        kept = (rng.random(len(said.run)) < MOST_PAIRS / sizes.sum())[message]
        message, low, sizes = message[kept], low[kept], sizes[kept]
    owner, within = expanded(sizes)
    speaker = message[owner]
    source = np.searchsorted(said.run, np.arange(said.runs))[said.run[speaker]] + low[owner] + within
    others = said.agent[speaker] != said.agent[source]
    return speaker[others], source[others]


def expanded(sizes: Ints) -> tuple[Ints, Ints]:
    """For things of these sizes laid end to end: (whose each part is, which of its parts it is)."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _ranges(said: Said) -> tuple[Ints, Ints, Ints]:
    """(message, first place, last place) of every stretch of its run that a message's prompt held."""
    code, views = pd.factorize(said.views.to_numpy(dtype=object))
    bounds = [[part.split("-") for part in view.split(",") if part] for view in views]
    low = np.array([int(ends[0]) for parts in bounds for ends in parts], dtype=np.intp)
    high = np.array([int(ends[-1]) for parts in bounds for ends in parts], dtype=np.intp)
    counts = np.array([len(parts) for parts in bounds], dtype=np.intp)
    known = np.flatnonzero(said.recorded)
    owner, within = expanded(counts[code[known]])
    place = (np.cumsum(counts) - counts)[code[known]][owner] + within
    unknown = np.flatnonzero(~said.recorded)
    before = _spoken_before(said)[unknown]
    unknown, before = unknown[before > 0], before[before > 0]
    message = np.concatenate([known[owner], unknown])
    order = np.argsort(message, kind="stable")
    first = np.concatenate([low[place], np.zeros(len(unknown), dtype=np.intp)])
    last = np.concatenate([high[place], before - 1])
    return message[order], first[order], last[order]


def _spoken_before(said: Said) -> Ints:
    """(messages,): how many messages of the run are of earlier rounds."""
    rounds = int(said.round.max(initial=0)) + 1
    cell = said.run * rounds + said.round
    return np.searchsorted(cell, cell) - np.searchsorted(said.run, said.run)


def uses_of(uses: Uses, message: Ints, messages: int) -> tuple[Ints, Ints]:
    """For each of these messages: how many uses it has, and then all of them one after the other."""
    starts = np.searchsorted(uses.message, np.arange(messages + 1))
    times = np.diff(starts)[message]
    owner, within = expanded(times)
    return times, starts[message][owner] + within


def _different(group: Ints, values: Ints, groups: int) -> Ints:
    """(groups,): how many different values each has."""
    size = int(values.max(initial=0)) + 1
    return np.bincount(distinct(group * size + values) // size, minlength=groups)


def distinct(keys: Ints) -> Ints:
    """The different keys, ascending; by sorting, which is several times faster here than `np.unique`."""
    ordered = np.sort(keys)
    new = np.ones(len(ordered), dtype=np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def _first_uses(member: Ints, message: Ints, column: Ints, columns: int) -> Ints:
    """(members, expressions of a run): the message in which each first uses each; past the last for never."""
    found = np.full((int(member.max(initial=-1)) + 1, columns), len(member))
    np.minimum.at(found, (member[message], column), message)
    return found


def _turns(at_risk: Bools, member: Ints, periods: tuple[Ints, Ints]) -> Ints:
    """(periods,): which of the agent's turns that were at risk each is, from 1.

    at_risk: (turns, expressions of a run); member: (turns,); periods: the turn and the expression of each.
    """
    turn, place = periods
    order = np.argsort(member, kind="stable")
    so_far = np.zeros((len(member) + 1, at_risk.shape[1]), dtype=np.int32)
    np.cumsum(at_risk[order], axis=0, out=so_far[1:])
    rank = np.empty(len(member), dtype=np.intp)
    rank[order] = np.arange(len(member))
    begins = np.searchsorted(member[order], member)
    found = so_far[rank[turn] + 1, place] - so_far[begins[turn], place]
    return found.astype(np.intp)
