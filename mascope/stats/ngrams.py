"""Character n-grams of texts, counted by numpy: what stylometry compares."""

from collections.abc import Sequence

import numpy as np

from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats

LETTERS = 128
"""Different characters told apart: the most frequent ones; all others count as one."""
LENGTH = 3


def trigrams(texts: Sequence[str], most: int) -> Floats:
    """Counts (texts, at most `most`) of these texts' most frequent character trigrams."""
    lengths = np.array([len(text) for text in texts], dtype=np.intp)
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    letters = _letters(codes)
    if len(letters) < LENGTH:
        return np.zeros((len(texts), 0))
    of_text = np.repeat(np.arange(len(texts)), lengths)
    gram = (letters[:-2] * LETTERS + letters[1:-1]) * LETTERS + letters[2:]
    within = of_text[:-2] == of_text[2:]
    gram, of_text = gram[within], of_text[:-2][within]
    frequency = np.bincount(gram, minlength=LETTERS**LENGTH)
    kept = np.argsort(-frequency, kind="stable")[: min(most, int((frequency > 0).sum()))]
    column = np.full(LETTERS**LENGTH, -1, dtype=np.intp)
    column[kept] = np.arange(len(kept))
    place = column[gram]
    key = of_text[place >= 0] * len(kept) + place[place >= 0]
    counts = np.bincount(key, minlength=len(texts) * len(kept))
    return counts.reshape(len(texts), len(kept)).astype(np.float64)


def _letters(codes: "np.ndarray[tuple[int], np.dtype[np.uint32]]") -> Ints:
    """Code points → numbers below `LETTERS`, 0 for rare ones."""
    if not len(codes):
        return np.empty(0, dtype=np.intp)
    frequency = np.bincount(codes)
    known = np.argsort(-frequency, kind="stable")[: LETTERS - 1]
    number = np.zeros(len(frequency), dtype=np.intp)
    number[known] = np.arange(1, len(known) + 1)
    return number[codes]
