"""Texts as vectors of unit length: by their words (TF-IDF), or by what words go together (LSA)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats
from mascope.stats.words import Words

Vectors: TypeAlias = Any
"""(texts, dimensions), dense or sparse, each of length 1; zero where a text has no word that counts."""
Embedding: TypeAlias = Callable[[Vectors, np.random.Generator], Vectors]
"""From TF-IDF."""

LEAST_TEXTS = 2
"""Texts that a word must occur in to count."""
DIMENSIONS = 50


def tfidf(found: Words) -> Vectors:
    """Counts of words times log((1 + n) / (1 + texts with the word)) + 1, scaled to unit length.

    As scikit-learn's `TfidfVectorizer` has it (Salton & Buckley 1988, smoothed).
    """
    counts = found.counts()
    texts_with = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(texts_with >= LEAST_TEXTS)
    weights = np.log((1 + found.texts) / (1 + texts_with[kept])) + 1
    weighted = sparse.csr_array(counts[:, kept])
    weighted.data *= weights[weighted.indices]
    length = np.sqrt(squared_lengths(weighted))
    inverse = np.divide(1.0, length, out=np.zeros(len(length)), where=length > 0)
    weighted.data *= np.repeat(inverse, np.diff(weighted.indptr))
    return weighted


def as_weighted(weighted: Vectors, rng: np.random.Generator) -> Vectors:
    """TF-IDF itself."""
    return weighted


def lsa(weighted: Vectors, rng: np.random.Generator) -> Vectors:
    """The `DIMENSIONS` main dimensions of TF-IDF (Deerwester et al. 1990), scaled to unit length."""
    dimensions = min(DIMENSIONS, min(weighted.shape) - 1)
    if dimensions < 1:
        return weighted.toarray()
    # Waiting for each other costs threads more than they save here, above all on a busy machine.
    with threadpool_limits(1, user_api="blas"):
        # One power iteration: the last dimensions are a little less exact, and the time is half.
        seed, weights = int(rng.integers(2**31)), sparse.csr_matrix(weighted)
        _, _, axes = randomized_svd(weights, dimensions, n_iter=1, flip_sign=False, random_state=seed)
        found_ = np.asarray(weights @ axes.T)
    length = np.linalg.norm(found_, axis=1, keepdims=True)
    return np.divide(found_, length, out=np.zeros_like(found_), where=length > 1e-12)


EMBEDDINGS: Mapping[str, Embedding] = MappingProxyType({"lexical": as_weighted, "semantic": lsa})
"""Ways to make vectors of texts of their TF-IDF, by the name that their measures begin with."""


def sums(vectors: Vectors, group: Ints, groups: int) -> Vectors:
    """(groups, dimensions): sums of the vectors of each group; a text of group −1 is in none."""
    kept = group >= 0
    picks = _ones(group[kept], kept, groups)
    return (picks if isinstance(vectors, np.ndarray) else picks.tocsr()) @ vectors


def rows(vectors: Vectors, index: Ints) -> Vectors:
    """(index, dimensions): the vectors of this index; zero for an index of −1."""
    kept = index >= 0
    return _ones(index[kept], kept, int(vectors.shape[0])).T @ vectors


def _ones(row: Ints, kept: npt.NDArray[np.bool_], rows: int) -> "sparse.csc_array":
    """(rows, columns): a one in the row given of each column that is kept."""
    ends = np.concatenate([[0], np.cumsum(kept)])
    return sparse.csc_array((np.ones(len(row)), row, ends), shape=(rows, len(kept)))


def squared_lengths(rows: Vectors) -> Floats:
    """(rows,)"""
    return dots(rows, rows)


def dots(a: Vectors, b: Vectors) -> Floats:
    """Row by row: (rows,)."""
    if isinstance(a, np.ndarray):
        return np.asarray(np.einsum("ij,ij->i", a, b), dtype=np.float64)
    return np.asarray(a.multiply(b).sum(axis=1), dtype=np.float64).ravel()
