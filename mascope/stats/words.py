"""Texts cut into words, once for all measures of texts, as numbers that numpy can count."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy import sparse

from mascope.spread import spread
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats

WORD = re.compile(r"[^\W_]+")
"""Letters and digits; an apostrophe ends a word, so that French elisions (l', d', qu') are words."""

Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]

_AT_ONCE = 5_000  # texts cut together
_ENCODINGS = ((0x100, np.uint8, "latin-1"), (0x10000, np.uint16, "utf-16-le"), (None, np.uint32, "utf-32-le"))
"""Code points below which limit fit which integers, and what reads those as text again."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of many texts, in small letters and in their order."""

    vocabulary: tuple[str, ...]
    word: Ints
    """(words,): which of the vocabulary."""
    starts: Ints
    """(texts + 1,): where the words of each text begin, and the end."""

    @property
    def texts(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Ints:
        """(texts,): words of each."""
        return np.diff(self.starts)

    @property
    def of_text(self) -> Ints:
        """(words,): the text that each word stands in."""
        return np.repeat(np.arange(self.texts), self.lengths)

    def counts(self) -> "sparse.csr_array":
        """(texts, vocabulary): how often each word occurs in each text."""
        # Copies: to sum duplicates rewrites the arrays in place.
        parts = np.ones(len(self.word)), self.word.copy(), self.starts.copy()
        found = sparse.csr_array(parts, shape=(self.texts, len(self.vocabulary)))
        found.sum_duplicates()
        return found

    def shares(self, categories: Mapping[str, frozenset[str]]) -> Floats:
        """(texts, categories): how many words of each text belong to each category of words."""
        place = {word: number for number, word in enumerate(self.vocabulary)}
        said = np.flatnonzero(self.lengths)
        found = np.zeros((self.texts, len(categories)))
        for column, members in enumerate(categories.values() if len(said) else ()):
            belongs = np.zeros(len(self.vocabulary), dtype=np.float32)
            belongs[[place[word] for word in members if word in place]] = 1
            found[said, column] = np.add.reduceat(belongs[self.word], self.starts[said])
        return found


def words(texts: "Sequence[str] | pd.Series[str]") -> Words:
    """Cut texts into words, as `WORD` finds them in their small letters."""
    portions = [slice(first, first + _AT_ONCE) for first in range(0, len(texts), _AT_ONCE)]
    number: dict[str, int] = {}
    word, lengths = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    cut = spread(lambda portion: _cut(as_list(texts[portion])), portions, None if len(portions) > 3 else 1)
    for found, different, of_texts in cut:
        numbers = [number.setdefault(one, len(number)) for one in different]
        word.append(np.asarray(numbers, dtype=np.intp)[found])
        lengths.append(of_texts)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Words(tuple(number), np.concatenate(word), starts)


def as_list(texts: "Sequence[str] | pd.Series[str]") -> list[str]:
    """The same as a list: several times faster than to go through a column of texts one by one."""
    listed: list[str] = np.asarray(texts, dtype=object).tolist()
    return listed


def _cut(texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str], Ints]:
    """Which of the different words each word is, the different words, and how many each text has.

    Nothing is done word by word but to the different ones: characters are told apart by a table, words by
    where they begin and end, and Arrow sees which of them are the same.
    """
    small = [text.lower() for text in texts]
    codes = characters(small)
    inside = letters()[codes]
    begins, ends, starts = edges(small, inside)
    return *_different(codes[inside], ends - begins), np.diff(starts)


def characters(texts: Sequence[str]) -> Codes:
    """The code points of all texts, with a blank behind each, so that no word goes on in the next."""
    joined = " ".join([*texts, ""])
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def edges(texts: Sequence[str], inside: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    """Where words begin and end, and (texts + 1,) which is the first word of each text.

    `inside` tells which of the `characters` of the texts are letters.
    """
    found = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    ends_of_texts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    return found[::2], found[1::2], np.searchsorted(found[::2], ends_of_texts)


def _different(letters: Codes, lengths: Ints) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Words that follow each other letter by letter → the number of each, and the different ones."""
    largest = int(letters.max(initial=0))
    kind, encoding = next((k, name) for limit, k, name in _ENCODINGS if limit is None or largest < limit)
    packed = letters.astype(kind, copy=False)
    bounds = (np.concatenate([[0], np.cumsum(lengths)]) * packed.itemsize).astype(np.int32)
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(packed)]
    encoded = pa.Array.from_buffers(pa.binary(), len(lengths), buffers).dictionary_encode()
    different = [word.decode(encoding, "surrogatepass") for word in encoded.dictionary.to_pylist()]
    return np.asarray(encoded.indices, dtype=np.int32), different


@cache
def letters() -> npt.NDArray[np.bool_]:
    """(code points,): which characters words are made of."""
    table = np.zeros(sys.maxunicode + 1, dtype=np.bool_)
    every = np.arange(len(table), dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    for found in WORD.finditer(every):
        table[found.start() : found.end()] = True
    return table
