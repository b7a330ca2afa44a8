"""Which language a text is in, by its most common words; no model, no dictionary beyond what stands here."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from mascope.spread import spread
from mascope.stats.resampling import Floats
from mascope.stats.words import as_list, characters, edges, letters

Names: TypeAlias = npt.NDArray[np.object_]

_AT_ONCE = 5_000  # texts read together
_FIRST = np.array([(1 << 8 * length) - 1 for length in range(9)], dtype=np.uint64)
"""What leaves so many of eight letters, and nothing of what follows the word."""


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _listed(
            "the of and to is that for with this are be as we it you on will our have by can from an a in "
            "i at your or should need let not all"
        ),
        "fr": _listed(
            "le la les des et est une un du de en à pour dans que qui avec sur pas nous vous au ce sont "
            "par aux cette plus ou je il n s l d qu c se sa son être avons peut"
        ),
        "es": _listed(
            "el la los las y que de del en un una por con para como está más pero sus nos lo hay también "
            "este esta ser muy se su a"
        ),
        "de": _listed(
            "der die und das den von zu mit ist des auf für nicht ein eine als auch wir werden sich dem "
            "im wird es ich oder"
        ),
        "it": _listed(
            "il la le un di e che è a in per una con sono non della del gli nel più alla dei anche questo "
            "come ci i delle dal abbiamo"
        ),
        "pt": _listed(
            "o a os as e que de do da em um uma para com não por mais dos como são ao na no das você "
            "também nós se"
        ),
        "nl": _listed(
            "de het een en van is dat op te voor met zijn niet aan er ook maar wij naar bij wat dit"
        ),
    }
)
"""The most frequent words of running text by language (ISO 639-1). One word may count for several.

Each has at most seven letters, all of them Latin-1.
"""

LEAST = 3
"""Function words that must be found; a text with fewer, or with a tie, has no language here."""


def languages(texts: "Sequence[str] | pd.Series[str]") -> Names:
    """(texts,): the language whose function words are most frequent in each text; None where too few tell."""
    portions = [slice(first, first + _AT_ONCE) for first in range(0, len(texts), _AT_ONCE)]
    found = spread(
        lambda portion: _told(function_words(as_list(texts[portion]))),
        portions,
        None if len(portions) > 3 else 1,
    )
    return np.concatenate([np.empty(0, dtype=object), *found])


def _told(hits: Floats) -> Names:
    order = np.sort(hits, axis=1)
    told = (order[:, -1] >= LEAST) & (order[:, -1] > order[:, -2])
    named = np.array([*FUNCTION_WORDS, None], dtype=object)
    return named[np.where(told, hits.argmax(axis=1), -1)]


def function_words(texts: Sequence[str]) -> Floats:
    """(texts, languages): how many words of each text are function words of each language.

    The words are those of `words.words`, but only function words are told apart: they are short and of few
    letters, so that each is a number.
    """
    # Of this character alone the small form is two, and the second ends a word.
    texts = [text.replace("İ", "i\u0307") for text in texts]
    small = _bytes()[characters(texts)]
    begins, ends, starts = edges(texts, small != 0)
    padded = np.append(small, np.zeros(8, dtype=np.uint8))
    eight = np.ndarray(len(small), "<u8", padded, strides=(1,))  # from each place on
    number, table = eight[begins] & _FIRST[np.minimum(ends - begins, 8)], _table()
    place = (number % len(table.number)).astype(np.intp)
    known = (table.number[place] == number).astype(np.float64)
    shape = (len(texts), len(table.number))
    return np.asarray(sparse.csr_array((known, place, starts), shape=shape) @ table.belongs)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """All function words, each in the place of its number modulo the length of the table."""

    number: npt.NDArray[np.uint64]
    """(places,): the letters of the word there, a byte each; 0 where there is none."""
    belongs: Floats
    """(places, languages): 1 where the word there is one of the language."""


@cache
def _table() -> _Table:
    every = sorted(frozenset[str]().union(*FUNCTION_WORDS.values()))
    numbers = np.array([int.from_bytes(word.encode("latin-1"), "little") for word in every], dtype=np.uint64)
    length = next(n for n in count(len(every)) if len(np.unique(numbers % n)) == len(every))
    place = (numbers % length).astype(np.intp)
    number, belongs = np.zeros(length, dtype=np.uint64), np.zeros((length, len(FUNCTION_WORDS)))
    number[place] = numbers
    belongs[place] = [[word in members for members in FUNCTION_WORDS.values()] for word in every]
    return _Table(number, belongs)


@cache
def _bytes() -> npt.NDArray[np.uint8]:
    """(code points,): the small letter of each as Latin-1 has it, 1 for a letter beyond, 0 for no letter."""
    every = np.arange(sys.maxunicode + 1, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    small = characters([every.replace("İ", "i").lower()])[:-1]
    return np.where(letters()[small], np.where(small < 0x100, small, 1), 0).astype(np.uint8)
