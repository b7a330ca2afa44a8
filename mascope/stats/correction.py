"""What a coder's errors do to a rate, and the rate without them, judged by a sample that a human coded too.

Two corrections: Rogan–Gladen turns the coder's rate round by its sensitivity and specificity;
prediction-powered inference adds the mean error on the human's messages. Both are functions of means, so
their variance comes from linearisation: each message's influence on the estimate, summed by run (runs are
independent, messages in a run are not), squared. That also accounts for the human's sample being part of the
messages that are corrected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from mascope.stats.linearisation import (
    Spread,
    delta_interval,
    share_interval,
    spread_of,
    wilson,
)
from mascope.stats.resampling import LEVEL, Estimate, Floats, Interval, cluster_index

Mask: TypeAlias = npt.NDArray[np.bool_]

NO_INTERVAL = "an interval needs at least two runs"


@dataclass(frozen=True, slots=True, eq=False)
class Validated:
    """One flag as a coder (or an adjudicated panel) coded it, beside a human's codes of some messages."""

    coder: Floats
    """(messages,): 1 yes, 0 no, NaN undecided; undecided messages are left out of everything."""
    human: Floats
    """(messages,): 1 yes, 0 no, NaN not coded or undecided."""
    weights: Floats | None = None
    """(messages,) for how many messages each that the human coded stands: 1 / its chance to be sampled."""
    runs: npt.NDArray[np.generic] | None = None
    """(messages,) the run of each; None takes messages as independent."""

    def __post_init__(self) -> None:
        for name in ("human", "weights", "runs"):
            array = getattr(self, name)
            if array is not None and array.shape != self.coder.shape:
                raise ValueError(f"{name} is {array.shape}, coder {self.coder.shape}: not the same messages")
        if self.weights is not None and not (self.weights[self.both] > 0).all():
            raise ValueError("a message that the human coded has no positive weight")

    @property
    def both(self) -> Mask:
        """Messages that the coder and the human decided."""
        decided: Mask = ~(np.isnan(self.coder) | np.isnan(self.human))
        return decided

    def said(self, answer: int) -> Mask:
        """Messages that both decided and to which the human gave this answer, 1 or 0."""
        chosen: Mask = self.both & (self.human == answer)
        return chosen

    def take(self, messages: Mask) -> "Validated":
        weights = None if self.weights is None else self.weights[messages]
        runs = None if self.runs is None else self.runs[messages]
        return Validated(self.coder[messages], self.human[messages], weights, runs)

    def weighed(self, messages: Mask) -> Floats:
        """Weights that sum to 1 over the given messages and are 0 elsewhere."""
        weights = np.where(messages, self._weights(), 0.0)
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    def stands_for(self, messages: Mask) -> float:
        """The number of messages that the given ones represent."""
        return float(self._weights()[messages].sum())

    def one_more(self, answer: int, messages: Mask) -> float:
        """The weight that another message would have among the given ones, if the coder gave it this answer.

        Samples are drawn by what the coder said, so the coder's misses may come with far larger weights than
        its hits.
        """
        weights = self._weights()
        alike = self.both & (self.coder == answer)
        return float(weights[alike if alike.any() else self.both].mean()) / self.stands_for(messages)

    def _weights(self) -> Floats:
        return np.ones(len(self.coder)) if self.weights is None else self.weights

    def clusters(self) -> tuple[npt.NDArray[np.intp], int]:
        if self.runs is None:
            return np.arange(len(self.coder)), len(self.coder)
        return cluster_index(self.runs)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A coder against the human; the n of each is the number of messages it rests on."""

    sensitivity: Estimate
    """Share of the human's yeses that the coder says yes to."""
    specificity: Estimate
    """Share of the human's noes that the coder says no to."""


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    naive: float | None
    """The coder's own rate over the target."""
    value: float | None
    """The corrected rate, kept within 0 and 1."""
    unbounded: float | None
    """The same before it was kept within 0 and 1."""
    interval: Interval | None
    messages: int
    """Target messages that the coder decided."""
    validated: int
    """Messages, coded by both, that the correction rests on."""
    note: str | None = None
    """Why something is undefined."""


class Correction(Protocol):
    def __call__(self, codes: Validated, target: Mask | None = None, level: float = LEVEL) -> CorrectedRate:
        """The rate over the target (a series), a mask (messages,); None is all messages."""
        ...


def accuracy(codes: Validated, level: float = LEVEL) -> Accuracy:
    """Sensitivity and specificity, weighted, with Wilson intervals at the sample's effective size.

    By linearisation, with the careful half messages of `_share`, where there are weights or runs.
    """
    yes, no = codes.said(1), codes.said(0)
    return Accuracy(sensitivity=_share(codes, yes, 1, level), specificity=_share(codes, no, 0, level))


def rogan_gladen(codes: Validated, target: Mask | None = None, level: float = LEVEL) -> CorrectedRate:
    """(p + specificity − 1) / (sensitivity + specificity − 1) of the coder's rate p (Rogan & Gladen 1978).

    Sensitivity and specificity come from all messages that the human coded, inside the target or not: the
    coder is taken to err alike everywhere. Interval by the delta method, kept within 0 and 1.

    Half a message of either kind of error is added to the variance, because a small sample in which the coder
    happens to make none proves little.
    """
    codes, inside = _relevant(codes, target)
    yes, no = codes.said(1), codes.said(0)
    if problem := _cannot_invert(inside, yes, no):
        return _corrected(codes, inside, codes.both, problem)
    of_target, of_yes, of_no = _even(inside), codes.weighed(yes), codes.weighed(no)
    said_yes = codes.coder
    rate, sensitivity, false_yes = of_target @ said_yes, of_yes @ said_yes, of_no @ said_yes
    youden = sensitivity - false_yes  # = sensitivity + specificity − 1
    if youden <= 0:
        return _corrected(codes, inside, codes.both, "the coder says yes as often where the human says no")
    value = (rate - false_yes) / youden
    influence = (
        of_target * (said_yes - rate)
        - value * of_yes * (said_yes - sensitivity)
        - (1 - value) * of_no * (said_yes - false_yes)
    ) / youden
    misses = value**2 * _unseen(codes, yes, 1, float(sensitivity))
    false_alarms = (1 - value) ** 2 * _unseen(codes, no, 0, 1 - float(false_yes))
    unseen = float((misses + false_alarms) / youden**2)
    spread = _spread(codes, influence, inside, unseen)
    interval = None if spread is None else delta_interval(float(value), spread, level)
    return _corrected(codes, inside, codes.both, NO_INTERVAL, float(value), interval)


def prediction_powered(
    codes: Validated, target: Mask | None = None, level: float = LEVEL, *, tuned: bool = True
) -> CorrectedRate:
    """The coder's rate plus the human's mean difference from it (Angelopoulos et al. 2023, Science 382, 669).

    θ = λ · mean(coder) + mean(human − λ · coder), the second mean over the target's messages that the human
    coded, weighted. λ = 1, or `tuned` to the least variance within 0 and 1 (PPI++, Angelopoulos, Duchi &
    Zrnic 2023), so that a useless coder costs nothing. Assumes nothing about the coder's errors, and uses
    only the target's own human codes. The interval is Wilson's at the estimate's effective size, half
    messages added as above.
    """
    codes, inside = _relevant(codes, target)
    both = codes.both & inside
    if both.sum() < 2:
        return _corrected(codes, inside, both, "the human coded fewer than two of these messages")
    of_target, of_both = _even(inside), codes.weighed(both)
    coder, human = codes.coder, np.nan_to_num(codes.human)
    of_human = of_both * (human - of_both @ human)
    of_coder = of_target * (coder - of_target @ coder) - of_both * (coder - of_both @ coder)
    power = _power(codes, of_human, of_coder) if tuned else 1.0
    value = float(power * (of_target @ coder) + of_both @ (human - power * coder))
    unseen = (codes.one_more(0, both) ** 2 + (power * codes.one_more(1, both)) ** 2) / 2
    spread = _spread(codes, of_human + power * of_coder, inside, unseen)
    interval = None if spread is None else share_interval(value, spread, level)
    return _corrected(codes, inside, both, NO_INTERVAL, value, interval)


CORRECTIONS: Mapping[str, Correction] = {
    "rogan_gladen": rogan_gladen,
    "prediction_powered": prediction_powered,
}


def _relevant(codes: Validated, target: Mask | None) -> tuple[Validated, Mask]:
    """The messages that a correction can use, and which of them are the target's (decided by the coder)."""
    inside = np.ones(len(codes.coder), dtype=np.bool_) if target is None else target
    used = (inside | codes.both) & ~np.isnan(codes.coder)
    return codes.take(used), inside[used]


def _unseen(codes: Validated, messages: Mask, right: int, share: float) -> float:
    """The variance that half a wrong and half a right message bring to the coder's share of right answers."""
    wrong = codes.one_more(1 - right, messages) * share
    also_right = codes.one_more(right, messages) * (1 - share)
    return (wrong**2 + also_right**2) / 2


def _even(messages: Mask) -> Floats:
    return np.asarray(messages / messages.sum(), dtype=np.float64)


def _cannot_invert(inside: Mask, yes: Mask, no: Mask) -> str | None:
    if not inside.any():
        return "the coder decided none of these messages"
    if not yes.any():
        return "the human said yes to no message, so the sensitivity is unknown"
    return None if no.any() else "the human said no to no message, so the specificity is unknown"


def _corrected(
    codes: Validated,
    inside: Mask,
    validated: Mask,
    problem: str,
    value: float | None = None,
    interval: Interval | None = None,
) -> CorrectedRate:
    """`problem` is noted where there is no interval."""
    return CorrectedRate(
        naive=float(codes.coder[inside].mean()) if inside.any() else None,
        value=None if value is None else min(1.0, max(0.0, value)),
        unbounded=value,
        interval=interval,
        messages=int(inside.sum()),
        validated=int(validated.sum()),
        note=None if interval else problem,
    )


def _power(codes: Validated, of_human: Floats, of_coder: Floats) -> float:
    """The λ for which the variance of `of_human + λ · of_coder`, summed by run, is least."""
    index, clusters = codes.clusters()
    human, coder = (np.bincount(index, weights=each, minlength=clusters) for each in (of_human, of_coder))
    spread = float(coder @ coder)
    return min(1.0, max(0.0, -float(human @ coder) / spread)) if spread > 0 else 0.0


def _spread(codes: Validated, influence: Floats, inside: Mask, unseen: float) -> Spread | None:
    index, clusters = codes.clusters()
    by_run = np.bincount(index, weights=influence, minlength=clusters).astype(np.float64)
    spread = spread_of(by_run, np.bincount(index, weights=inside, minlength=clusters) > 0)
    return spread and spread.plus(unseen)


def _share(codes: Validated, messages: Mask, right: int, level: float) -> Estimate:
    """The weighted share of the messages to which the coder gives the right answer."""
    n = int(messages.sum())
    if n == 0:
        return Estimate(None, None, 0)
    chosen = codes.take(messages)
    correct, weights = chosen.coder == right, codes.weighed(messages)[messages]
    share = float(weights[correct].sum() / weights.sum())  # exactly 1 where all are right
    if codes.runs is None and codes.weights is None:
        return Estimate(share, wilson(share, n, float(stats.norm.ppf((1 + level) / 2)), level), n)
    unseen = _unseen(codes, messages, right, share)
    spread = _spread(chosen, weights * (correct - share), np.ones(n, dtype=np.bool_), unseen)
    if spread is None:
        return Estimate(share, None, n)
    half_right, half_wrong = (codes.one_more(answer, messages) / 2 for answer in (right, 1 - right))
    smooth = (share + half_right) / (1 + half_right + half_wrong)
    # A sample drawn by the coder's answers can tell more than its size, but not more than what it stands for.
    size = min(codes.stands_for(messages), smooth * (1 - smooth) / spread.variance)
    return Estimate(share, wilson(share, size, spread.quantile(level), level), n)
