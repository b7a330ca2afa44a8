"""Texts cut into words, once for all measures of texts, as numbers that numpy can count."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from scipy import sparse

from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats

WORD = re.compile(r"[^\W_]+")
"""Letters and digits; an apostrophe ends a word, so that French elisions (l', d', qu') are words."""


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
        found = np.empty((self.texts, len(categories)))
        of_text = self.of_text
        for place, members in enumerate(categories.values()):
            belongs = np.fromiter((word in members for word in self.vocabulary), bool, len(self.vocabulary))
            found[:, place] = np.bincount(of_text, weights=belongs[self.word], minlength=self.texts)
        return found


def words(texts: Sequence[str]) -> Words:
    """Cut texts into words."""
    cut = [WORD.findall(text.lower()) for text in texts]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in cut], dtype=np.intp)])
    codes, vocabulary = pd.factorize(np.array(list(chain.from_iterable(cut)), dtype=object))
    return Words(tuple(vocabulary), codes.astype(np.intp), starts.astype(np.intp))
