"""Discrete-time hazards by exposure, the effect of exposure, and both once exposures are shuffled.

Periods at risk and adoptions are counted in cells (runs, turns, levels): which turn since the first exposure,
and which level of exposure. Everything else follows from these counts.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from mascope.stats.profiles import Ints
from mascope.stats.resampling import LEVEL, Estimate, Floats, Interval, number, ratio

TURNS = 4
"""Turns since the first exposure that are told apart; the last stands for all later ones."""
LEVELS = 8
"""Levels of exposure that are told apart; the last stands for all higher ones."""
_STEPS = 40
_TOLERANCE = 1e-13
_SETTLED = 1e-7
_FAR = 3.0
"""The longest step."""
_HRUA = 10
"""From so many on numpy draws by the method of that name, which takes numbers even for what is certain."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """(…, turns, levels) each."""

    at_risk: Floats
    adopted: Floats

    def summed(self) -> "Cells":
        """Over the runs."""
        return Cells(self.at_risk.sum(axis=0), self.adopted.sum(axis=0))


def cells(run: Ints, turn: Ints, level: Ints, adopted: Floats, runs: int) -> Cells:
    """turn, level: from 1, (periods,) each; adopted: 1 or 0."""
    t, k = np.minimum(turn, TURNS) - 1, np.minimum(level, LEVELS) - 1
    key = (run * TURNS + t) * LEVELS + k
    shape = (runs, TURNS, LEVELS)
    size = runs * TURNS * LEVELS
    return Cells(
        np.bincount(key, minlength=size).reshape(shape).astype(np.float64),
        np.bincount(key, weights=adopted, minlength=size).reshape(shape).astype(np.float64),
    )


def exposure_effect(found: Cells) -> Floats:
    """Log odds ratio (…,) of adopting in a turn when exposure doubles, turns since exposure held fixed.

    Maximum likelihood of logit h = α_turn + β log₂(level), the discrete-time proportional-odds hazard (Cox
    1972; Allison 1982), by Newton's method, many at once. Turns in which nobody, or everybody, adopts tell
    nothing of β and are left out. NaN where nothing is left, and where β is infinite.
    """
    return _fitted(found).beta


def clustered_effect(found: Cells) -> Estimate:
    """`exposure_effect` of all runs together, from cells (runs, turns, levels), with its interval.

    The variance is the sandwich of Liang & Zeger (1986) over runs, times G/(G − 1) for G runs with periods at
    risk; the interval is Student's t with G − 1 degrees of freedom. None of it below two runs.
    """
    fit = _fitted(found.summed())
    beta, runs = number(np.float64(fit.beta)), int((found.at_risk.sum(axis=(1, 2)) > 0).sum())
    if beta is None or runs < 2:
        return Estimate(beta, None, runs)
    scores = ((found.adopted - found.at_risk * fit.p) * fit.centred).sum(axis=(1, 2))
    se = sqrt(runs / (runs - 1) * float(scores @ scores)) / float(fit.information)
    half = float(stdtrit(runs - 1, (1 + LEVEL) / 2)) * se
    return Estimate(beta, Interval(beta - half, beta + half, LEVEL, "sandwich over runs"), runs)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    beta: Floats
    """(…,)"""
    information: Floats
    """(…,): on β, the intercepts eliminated."""
    p: Floats
    """(…, turns, levels): the hazards fitted; in turns that tell nothing those seen."""
    centred: Floats
    """(…, turns, levels): log₂(level) less its weighted mean in the turn; 0 in turns that tell nothing."""


def _fitted(found: Cells) -> _Fit:
    n, y = _telling(found)
    alpha, beta = _logit(ratio(y.sum(axis=-1), n.sum(axis=-1))), np.zeros(n.shape[:-2])
    for _ in range(_STEPS):
        at = _newton(n, y, alpha, beta)
        alpha, beta = alpha + at.d_alpha, beta + at.d_beta
        if np.abs(at.d_beta).max(initial=0.0) < _TOLERANCE:
            break
    settled = (np.abs(at.d_beta) < _SETTLED) & (at.information > _SETTLED)
    return _Fit(np.where(settled, beta, np.nan), at.information, at.p, at.centred)


def _telling(found: Cells) -> tuple[Floats, Floats]:
    """At risk and adopted, 0 in turns without contrast."""
    events, periods = found.adopted.sum(axis=-1), found.at_risk.sum(axis=-1)
    some = ((events > 0) & (events < periods))[..., np.newaxis]
    return np.where(some, found.at_risk, 0.0), np.where(some, found.adopted, 0.0)


def _logit(p: Floats) -> Floats:
    inside = np.where(np.isnan(p) | (p <= 0) | (p >= 1), 0.5, p)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    d_alpha: Floats
    d_beta: Floats
    information: Floats
    p: Floats
    centred: Floats


def _newton(n: Floats, y: Floats, alpha: Floats, beta: Floats) -> _Step:
    """One step from here: with the intercepts eliminated, one equation is left for β."""
    x = np.log2(np.arange(1, LEVELS + 1, dtype=np.float64))
    eta = np.clip(alpha[..., np.newaxis] + beta[..., np.newaxis, np.newaxis] * x, -40, 40)
    p = 1 / (1 + np.exp(-eta))
    weight, residual = n * p * (1 - p), y - n * p
    total = weight.sum(axis=-1)
    mean = np.nan_to_num(ratio((weight * x).sum(axis=-1), total))
    centred = np.where(total[..., np.newaxis] > 0, x - mean[..., np.newaxis], 0.0)
    score = (residual * centred).sum(axis=(-2, -1))
    information = (weight * np.square(centred)).sum(axis=(-2, -1))
    d_beta = np.divide(score, information, out=np.zeros_like(score), where=information > _SETTLED)
    d_beta = np.clip(d_beta, -_FAR, _FAR)
    d_alpha = np.nan_to_num(ratio(residual.sum(axis=-1), total)) - mean * d_beta[..., np.newaxis]
    return _Step(np.clip(d_alpha, -_FAR, _FAR), d_beta, information, p, centred)


def shuffled(found: Cells, rng: np.random.Generator, permutations: int) -> Cells:
    """Cells (permutations, runs, turns, levels), exposures shuffled among the periods of a run and turn.

    Which of the periods were adoptions is then a draw without replacement: hypergeometric, level by level.
    """
    at_risk = np.broadcast_to(found.at_risk, (permutations, *found.at_risk.shape))
    left = np.broadcast_to(found.adopted.sum(axis=-1), at_risk.shape[:-1]).astype(np.int64)
    rest = np.broadcast_to(found.at_risk.sum(axis=-1), at_risk.shape[:-1]).astype(np.int64)
    adopted = np.empty(at_risk.shape)
    for level in range(at_risk.shape[-1]):
        mine = at_risk[..., level].astype(np.int64)
        rest = rest - mine
        drawn = _drawn(mine, rest, left, rng)
        adopted[..., level], left = drawn, left - drawn
    return Cells(at_risk, adopted)


def _drawn(mine: Ints, rest: Ints, left: Ints, rng: np.random.Generator) -> Ints:
    """How many of `left` that are drawn from mine and the rest are mine: hypergeometric, any shape."""
    certain = (mine == 0) | (rest == 0)
    # For few of which none or all are mine numpy takes nothing from the generator: it need not be asked.
    asked = np.where(certain, left >= _HRUA, left > 0)
    found = np.where(rest == 0, left, 0)
    found[asked] = rng.hypergeometric(mine[asked], rest[asked], left[asked])
    return found
