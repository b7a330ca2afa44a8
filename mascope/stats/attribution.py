"""Can one tell who wrote a message from its text alone? Differentiation without any judge.

A ridge classifier learns from some runs who wrote what, and is asked about the others. If it does no better
than on shuffled authors, the agents of the series do not differ in how they write.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mascope.stats.ngrams import trigrams
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio

FEATURES = 300
"""The most frequent character trigrams: what marks an author most (Stamatatos 2013)."""
CHARACTERS = 400
"""Of each message, from its beginning."""
FOLDS = 5
SHUFFLES = 120
"""So that a test at 5% rejects at 5%: 2·3/121 is the last two-sided p below .05, and lies close to it."""
RIDGE = 0.5
"""Penalty."""
MOST = 3000
"""Messages of a series; of more, whole runs are left out by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """How well authors are recognised in runs that the classifier has not seen."""

    accuracy: Floats
    """(runs,): share of the run's messages whose author is recognised; NaN for runs left out."""
    shuffled: Floats
    """(shuffles, runs): the same once authors are shuffled among the messages of each run."""
    authors: int


def attribution(
    texts: Sequence[str], author: Ints, run: Ints, rng: np.random.Generator
) -> Attribution | None:
    """texts with their author and run (texts,), both numbered from 0. None without two authors and runs."""
    runs, authors = int(run.max(initial=-1)) + 1, len(np.unique(author))
    kept = affordable(run, rng)
    if authors < 2 or len(np.unique(run[kept])) < 2:
        return None
    where, who = run[kept], np.unique(author[kept], return_inverse=True)[1]
    x = features([texts[place] for place in kept])
    labellings = np.concatenate([who[np.newaxis], shuffled_within(who, where, rng, SHUFFLES)])
    fold = _folds(where, rng)
    # Matrices this small are slower on several threads, and many times slower on a busy machine.
    with threadpool_limits(1, user_api="blas"):
        right = held_out(x, labellings, fold) == labellings
    said = np.bincount(where, minlength=runs).astype(np.float64)
    found = [np.bincount(where, weights=row, minlength=runs).astype(np.float64) for row in right]
    share = ratio(np.stack(found), said)
    return Attribution(share[0], share[1:], authors)


def features(texts: Sequence[str]) -> Floats:
    """(texts, features): square roots of the shares of trigrams, so that rarer ones count too."""
    counts = trigrams([text[:CHARACTERS].lower() for text in texts], FEATURES)
    return np.nan_to_num(np.sqrt(ratio(counts, counts.sum(axis=1, keepdims=True))))


def held_out(x: Floats, labellings: Ints, fold: Ints, penalty: float = RIDGE) -> Ints:
    """The label (labellings, texts) that ridge regression on the other folds gives each text.

    The same as scikit-learn's `RidgeClassifier` predicts, fold by fold.

    Nothing is fitted twice: with the hat matrix H of all texts, a fold F that the regression has not seen has
    the residuals (I − H_FF)⁻¹(y − Hy)_F (Cook & Weisberg 1982, section 2.2), for many y at once.
    """
    centred = x - x.mean(axis=0)
    root = np.linalg.cholesky(centred.T @ centred + penalty * np.eye(x.shape[1]))
    z = solve_triangular(root, centred.T, lower=True)
    single = z.astype(np.float32)
    classes = np.unique(labellings)
    y = (labellings.T[..., np.newaxis] == classes).astype(np.float32).reshape(len(x), -1)
    residual = y - y.mean(axis=0) - single.T @ (single @ y)
    score = np.empty_like(y)
    for number in range(int(fold.max()) + 1):
        held = fold == number
        share = np.eye(int(held.sum())) - 1 / len(x) - z[:, held].T @ z[:, held]
        score[held] = y[held] - np.linalg.solve(share.astype(np.float32), residual[held])
    best = score.reshape(len(x), len(labellings), len(classes)).argmax(axis=-1)
    found: Ints = classes[best].T
    return found


def shuffled_within(values: Ints, group: Ints, rng: np.random.Generator, times: int) -> Ints:
    """(times, values): `values` shuffled among the members of each group."""
    order = np.argsort(group, kind="stable")
    drawn = np.argsort(group[order] + rng.random((times, len(group))), axis=1)
    found = np.empty((times, len(values)), dtype=np.intp)
    found[:, order] = values[order][drawn]
    return found


def _folds(run: Ints, rng: np.random.Generator) -> Ints:
    """Fold of each message; runs are dealt to the folds by chance."""
    present, place = np.unique(run, return_inverse=True)
    dealt = rng.permutation(len(present)) % min(FOLDS, len(present))
    folds: Ints = dealt[place]
    return folds


def affordable(run: Ints, rng: np.random.Generator) -> Ints:
    """The messages that are looked at: all; where there are more than `MOST`, those of as many runs, drawn by
    chance, as make up that number, two runs at the least."""
    if len(run) <= MOST:
        return np.arange(len(run))
    drawn = rng.permutation(int(run.max()) + 1)
    sizes = np.cumsum(np.bincount(run)[drawn])
    chosen = drawn[: max(2, int(np.searchsorted(sizes, MOST, side="right")))]
    return np.flatnonzero(np.isin(run, chosen))
