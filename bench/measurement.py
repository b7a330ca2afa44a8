"""Do the intervals of agreement and of corrected rates hold the truth? A simulated panel of known accuracy.

    python bench/measurement.py [--studies 500] [--seed 4]

In each study two judges with known sensitivity and specificity code runs that differ in their rate, and a
human codes a part without error. Printed is the share of studies whose 95% interval held the true value
(wanted: .93 to .97) with its Monte-Carlo error, and where that leaves no room for what is wanted. The true
agreement is that of very many runs.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mascope.stats import confusion
from mascope.stats.agreement import PanelCodes, pair_agreements
from mascope.stats.correction import CORRECTIONS, Validated, accuracy
from mascope.stats.resampling import Bootstrap, Floats, Interval

COEFFICIENTS = ("agreement", "kappa", "ac1", "alpha")
NOMINAL = (0.93, 0.97)
"""What an interval at 95% is wanted to hold."""
SPREAD = 0.05
"""Intraclass correlation of the true answers in a run."""


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    prevalence: float
    runs: int = 42
    messages: int = 70
    """In each run."""
    coded: float = 0.15
    """Share of the messages that the human codes."""
    by_judge: bool = False
    """Whether half of those are messages that the first judge said yes to."""
    sensitivity: tuple[float, float] = (0.9, 0.8)
    specificity: tuple[float, float] = (0.97, 0.95)


SCENARIOS = (
    Scenario("common flag", 0.30),
    Scenario("usual flag", 0.12),
    Scenario("usual flag, sampled by the judge's codes", 0.12, by_judge=True),
    Scenario("rare flag, sampled by the judge's codes", 0.03, by_judge=True),
    Scenario("few runs", 0.12, runs=12),
    Scenario("rare flag in 21 runs", 0.03, runs=21, by_judge=True, specificity=(0.995, 0.99)),
    Scenario("rare flag in ten runs", 0.03, runs=10, by_judge=True, specificity=(0.995, 0.99)),
    Scenario("rare flag in ten runs, judges of little use", 0.03, runs=10, by_judge=True),
)


def judged(scenario: Scenario, runs: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """True answers (messages,), the judges' codes (2, messages) and the run of each message."""
    strength = 1 / SPREAD - 1
    rate = rng.beta(scenario.prevalence * strength, (1 - scenario.prevalence) * strength, runs)
    run = np.repeat(np.arange(runs, dtype=np.float64), scenario.messages)
    truth = rng.random(run.size) < np.repeat(rate, scenario.messages)
    codes = [
        np.where(truth, rng.random(run.size) < found, rng.random(run.size) >= left)
        for found, left in zip(scenario.sensitivity, scenario.specificity, strict=True)
    ]
    return truth.astype(np.float64), np.array(codes, dtype=np.float64), run


def true_agreement(scenario: Scenario, rng: np.random.Generator) -> Mapping[str, float | None]:
    """Of the judges with each other; `human`: kappa of the first judge with the truth."""
    truth, codes, run = judged(scenario, 20_000, rng)
    flags = pair_agreements(PanelCodes(("a", "b"), ("flag",), codes[:, np.newaxis], run))[0].flags
    human = confusion.kappa(confusion.as_counts(confusion.confusion(codes[0], truth)))
    found = {name: flags["flag"].coefficients[name].value for name in COEFFICIENTS}
    return {**found, "human": float(human)}


def human_codes(
    scenario: Scenario, truth: Floats, judge: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """What the human coded (messages,), NaN elsewhere, and how many messages each stands for."""
    chance = np.full(truth.size, scenario.coded)
    if scenario.by_judge:
        for answer in (0, 1):
            alike = judge == answer
            chance[alike] = min(1.0, scenario.coded * truth.size / 2 / max(1, alike.sum()))
    return np.where(rng.random(truth.size) < chance, truth, math.nan), 1 / chance


def study(
    scenario: Scenario, agreement: Mapping[str, float | None], rng: np.random.Generator
) -> dict[str, bool]:
    """Whether each interval of one simulated study held the truth."""
    truth, codes, run = judged(scenario, scenario.runs, rng)
    pair = pair_agreements(
        PanelCodes(("a", "b"), ("flag",), codes[:, np.newaxis], run), Bootstrap(rng, 1000)
    )[0]
    human, weights = human_codes(scenario, truth, codes[0], rng)
    both = Validated(codes[0], human, weights, run)
    found = accuracy(both)
    return {
        **{
            name: held(pair.flags["flag"].coefficients[name].interval, agreement[name])
            for name in COEFFICIENTS
        },
        **{name: held(correct(both).interval, scenario.prevalence) for name, correct in CORRECTIONS.items()},
        "weighted kappa": held(weighted_kappa(codes[0], human, weights, run), agreement["human"]),
        "sensitivity": held(found.sensitivity.interval, scenario.sensitivity[0]),
        "specificity": held(found.specificity.interval, scenario.specificity[0]),
    }


def weighted_kappa(judge: Floats, human: Floats, weights: Floats, run: Floats) -> Interval | None:
    """Of a judge with the human who coded a weighted sample, as the table of agreement has it."""
    codes = np.stack([judge, human])[:, np.newaxis]
    panel = PanelCodes(("judge", "human"), ("flag",), codes, run, {"human": weights})
    return pair_agreements(panel)[0].flags["flag"].coefficients["kappa"].interval


def held(interval: Interval | None, truth: float | None) -> bool:
    return interval is not None and truth is not None and interval.low <= truth <= interval.high


def lines(studies: int, seed: int) -> Iterator[str]:
    for scenario in SCENARIOS:
        rng = np.random.default_rng(seed)
        agreement = true_agreement(scenario, rng)
        results = [study(scenario, agreement, rng) for _ in range(studies)]
        for name in results[0]:
            share = float(np.mean([result[name] for result in results]))
            error = math.sqrt(share * (1 - share) / studies)
            off = "" if nominal(round(share * studies), studies) else "  not nominal"
            yield f"{scenario.name:44} {name:20} {share:.3f} ± {error:.3f}{off}"


def nominal(held: int, studies: int) -> bool:
    """Whether a coverage of .93 to .97 is within the exact 99% interval of what was counted."""
    interval = stats.binomtest(held, studies).proportion_ci(0.99)
    return bool(interval.low <= NOMINAL[1] and interval.high >= NOMINAL[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=4)
    given = parser.parse_args()
    for line in lines(given.studies, given.seed):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
