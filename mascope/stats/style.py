"""Language-style matching: do two speakers use function words in the same proportions?"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np

from mascope.stats.convergence import Turns, stably
from mascope.stats.resampling import Floats, ratio
from mascope.stats.words import Words


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


CATEGORIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "personal pronouns": _listed(
            "i me my mine we us our ours you your yours he him his she her they them their je j me m moi "
            "mon ma mes nous notre nos vous votre vos tu te toi ton il elle ils elles lui leur leurs on"
        ),
        "impersonal pronouns": _listed(
            "it its this that these those which who what anything everything something ce c cela ça ceci "
            "celui celle ceux qui que quoi dont où"
        ),
        "articles": _listed("a an the le la les l un une des du"),
        "prepositions": _listed(
            "of in on at by for with from to into about over under between without before after during de "
            "d à en dans sur sous par pour avec sans entre avant après pendant vers chez aux au"
        ),
        "auxiliaries": _listed(
            "am is are was were be been being have has had do does did will would can could should may "
            "might must est sont était étaient être suis sommes êtes a ai as avons avez ont avait avoir "
            "sera seront serait peut peuvent pouvons doit doivent faut faudra va allons"
        ),
        "conjunctions": _listed(
            "and but or so because if while although then et mais ou donc or car si puis afin comme"
        ),
        "negations": _listed(
            "no not never none nothing nor cannot don doesn isn won cannot ne n pas jamais rien aucun "
            "aucune ni"
        ),
        "quantifiers": _listed(
            "all some any many much more most few each every several tout tous toute toutes plusieurs "
            "quelques chaque beaucoup plus moins peu assez"
        ),
    }
)
"""Categories of function words, English and French together (after Ireland & Pennebaker 2010)."""


def function_words(words: Words) -> Floats:
    """(texts, categories): share of a message's words in each of `CATEGORIES`; NaN where it has no words."""
    return ratio(words.shares(CATEGORIES), words.lengths[:, np.newaxis].astype(np.float64))


def style_matching(shares: Floats, said: Turns) -> Floats:
    """(runs, rounds): mean over the pairs of messages of a round, and over `CATEGORIES`, of

    1 − |p₁ − p₂| / (p₁ + p₂ + .0001), p the share of a message's words in the category (Ireland & Pennebaker
    2010, equation 1). shares: as `function_words` gives them. NaN without two messages that have words.
    """
    cells = said.runs * said.rounds
    total, pairs = np.zeros((2, cells))
    mean = np.full(shares.shape[1], 1 / shares.shape[1])  # as a product it takes half the time
    for first, second in _pairs(_by_cell(shares, said, cells)):
        apart = np.abs(first - second)
        apart /= first + second + 0.0001
        matching = 1 - apart @ mean
        total += np.nansum(matching, axis=1)
        pairs += np.count_nonzero(~np.isnan(matching), axis=1)
    return ratio(total, pairs).reshape(said.runs, said.rounds)


def _by_cell(shares: Floats, said: Turns, cells: int) -> Floats:
    """(cells, most messages in a cell, categories), NaN where there is no message."""
    order = stably(said.cell)
    cell = said.cell[order]
    place = np.arange(len(cell)) - np.searchsorted(cell, cell)
    found = np.full((cells, int(place.max(initial=-1)) + 1, shares.shape[1]), np.nan)
    found[cell, place] = shares[order]
    return found


def _pairs(by_cell: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Each pair of places once: those one apart, two apart, …"""
    for apart in range(1, by_cell.shape[1]):
        yield by_cell[:, :-apart], by_cell[:, apart:]
