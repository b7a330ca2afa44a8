"""Texts as vectors of unit length: by their words (TF-IDF), or by what words go together (LSA)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats
from mascope.stats.words import Words

Vectors: TypeAlias = Any
"""(texts, dimensions), dense or sparse, each of length 1; zero where a text has no word that counts."""
Embedding: TypeAlias = Callable[[Words, np.random.Generator], Vectors]

LEAST_TEXTS = 2
"""Texts that a word must occur in to count."""
DIMENSIONS = 50


def tfidf(found: Words, rng: np.random.Generator) -> Vectors:
    """Counts of words times log((1 + n) / (1 + texts with the word)) + 1, scaled to unit length.

    As scikit-learn's `TfidfVectorizer` has it (Salton & Buckley 1988, smoothed).
    """
    counts = found.counts()
    texts_with = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(texts_with >= LEAST_TEXTS)
    weights = np.log((1 + found.texts) / (1 + texts_with[kept])) + 1
    weighted = counts[:, kept] @ sparse.diags_array(weights)
    return _scaled(sparse.csr_array(weighted))


def lsa(found: Words, rng: np.random.Generator) -> Vectors:
    """The `DIMENSIONS` main dimensions of TF-IDF (Deerwester et al. 1990), scaled to unit length."""
    words = tfidf(found, rng)
    dimensions = min(DIMENSIONS, min(words.shape) - 1)
    if dimensions < 1:
        return words.toarray()
    # Waiting for each other costs threads more than they save here, above all on a busy machine.
    with threadpool_limits(1, user_api="blas"):
        # One power iteration: the last dimensions are a little less exact, and the time is half.
        seed, weights = int(rng.integers(2**31)), sparse.csr_matrix(words)
        _, _, axes = randomized_svd(weights, dimensions, n_iter=1, random_state=seed)
        found_ = np.asarray(weights @ axes.T)
    length = np.linalg.norm(found_, axis=1, keepdims=True)
    return np.divide(found_, length, out=np.zeros_like(found_), where=length > 1e-12)


EMBEDDINGS: Mapping[str, Embedding] = MappingProxyType({"lexical": tfidf, "semantic": lsa})
"""Ways to make vectors of texts, by the name that their measures begin with. Any model can be added."""


def _scaled(rows: Vectors) -> Vectors:
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    inverse = np.divide(1.0, length, out=np.zeros(len(length)), where=length > 0)
    return sparse.csr_array(sparse.diags_array(inverse) @ rows)


def sums(vectors: Vectors, group: Ints, groups: int) -> Vectors:
    """(groups, dimensions): sums of the vectors of each group; a text of group −1 is in none."""
    kept = np.flatnonzero(group >= 0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(group[kept], minlength=groups))])
    order = kept[np.argsort(group[kept], kind="stable")]
    picks: Any = sparse.csr_array((np.ones(len(kept)), order, starts), shape=(groups, int(vectors.shape[0])))
    return picks @ vectors


def squared_lengths(rows: Vectors) -> Floats:
    """(rows,)"""
    return dots(rows, rows)


def dots(a: Vectors, b: Vectors) -> Floats:
    """Row by row: (rows,)."""
    if isinstance(a, np.ndarray):
        return np.asarray(np.einsum("ij,ij->i", a, b), dtype=np.float64)
    return np.asarray(a.multiply(b).sum(axis=1), dtype=np.float64).ravel()
