"""Do the tests hold their level, and the intervals theirs? Simulated studies with a known truth.

    python -m bench.calibration [--studies 2000] [--seed 1] [--only NAME]

Each check simulates that many studies and prints one line: the share of studies in which the hypothesis,
which is true, was rejected at 5% (wanted: .04 to .06), or in which a 95% interval held the true value
(wanted: .93 to .97), with the exact 95% interval of the share itself: of so many studies, a test that holds
its level still shows one share in twenty that chance has moved that far. A share is called outside where its
whole interval is. A test that takes discrete data, or corrects for continuity, may reject less often.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import binomtest

from bench import calibration_talk as talk
from mascope.stats.clustered import ClusteredLogit, RunCounts, clustered_logit
from mascope.stats.confusion import Confusion, mcnemar
from mascope.stats.contrasts import Contrast, contrast, matched_contrast
from mascope.stats.differentiation import intraclass_correlation, kruskal_wallis
from mascope.stats.equivalence import equivalence
from mascope.stats.estimates import shuffled_slopes, slopes
from mascope.stats.placebo import Placebo, difference_in_differences
from mascope.stats.profiles import wilson
from mascope.stats.ranks import mann_whitney, signed_rank
from mascope.stats.resampling import Floats, bootstrap_mean, permutation_p
from mascope.stats.similarity import mean_cosines
from mascope.stats.similarity_null import shuffled_cosines

RUNS, AGENTS, MESSAGES, TRAITS = 21, 7, 11, 5
RESAMPLES, PERMUTATIONS = 2_000, 200
FEW_RUNS = 6

Study: TypeAlias = Callable[[np.random.Generator], bool | None]
"""One simulated study: whether it rejected the hypothesis, or its interval held the truth; None undefined."""


def labels(rng: np.random.Generator, runs: int) -> Floats:
    """Simulated labels (runs, agents, messages, traits): agents have characters of their own, runs moods."""
    character = np.linspace(0.05, 0.6, AGENTS * TRAITS).reshape(AGENTS, TRAITS)[:, [0, 3, 1, 4, 2]]
    mood = rng.gamma(8.0, 1 / 8.0, size=(runs, AGENTS, TRAITS))
    rates = np.minimum(0.95, character * mood)[:, :, np.newaxis]
    return (rng.random((runs, AGENTS, MESSAGES, TRAITS)) < rates).astype(np.float64)


def cosines(rng: np.random.Generator, runs: int) -> Floats:
    """Similarity of simulated runs (runs,)."""
    rates = labels(rng, runs).mean(axis=2).reshape(-1, TRAITS)
    return mean_cosines(rates, np.arange(0, len(rates), AGENTS)).mean


def rejected(p: float | None) -> bool | None:
    return None if p is None else p < 0.05


def covered(low: float | None, truth: float, high: float | None) -> bool | None:
    return None if low is None or high is None else low <= truth <= high


# Tests of hypotheses that are true -----------------------------------------------------------------------


def mann_whitney_z(rng: np.random.Generator) -> bool | None:
    test = mann_whitney(cosines(rng, RUNS), cosines(rng, RUNS), rng)
    return rejected(test.p if test else None)


def mann_whitney_permuted(rng: np.random.Generator) -> bool | None:
    test = mann_whitney(cosines(rng, RUNS), cosines(rng, RUNS), rng)
    return rejected(test.p_permutation if test else None)


def mann_whitney_ties(rng: np.random.Generator) -> bool | None:
    """Of a measure with few values: how many messages of a run's first round show a trait."""
    test = mann_whitney(rng.binomial(AGENTS, 0.2, RUNS), rng.binomial(AGENTS, 0.2, 15), rng)
    return rejected(test.p if test else None)


def signed_rank_z(rng: np.random.Generator) -> bool | None:
    test = signed_rank(cosines(rng, RUNS) - cosines(rng, RUNS), rng)
    return rejected(test.p if test else None)


def kruskal_wallis_p(rng: np.random.Generator) -> bool | None:
    """Agents of one character, by their rates over the messages of a run."""
    rates = rng.binomial(MESSAGES, 0.3, (RUNS, AGENTS)) / MESSAGES
    test = kruskal_wallis(rates.ravel(), np.tile(np.arange(AGENTS), RUNS))
    return rejected(test.p if test else None)


def similarity_null_p(rng: np.random.Generator) -> bool | None:
    """Clones, against their labels shuffled: the p-value of the series."""
    values = (rng.random((TRAITS, RUNS * AGENTS * MESSAGES)) < 0.3).astype(np.float64)
    cell = np.repeat(np.arange(RUNS * AGENTS), MESSAGES)
    run = np.repeat(np.arange(RUNS), AGENTS)
    null = shuffled_cosines(values, cell, run, rng, PERMUTATIONS).mean(axis=1)
    rates = values.reshape(TRAITS, -1, MESSAGES).mean(axis=2).T
    observed = mean_cosines(rates, np.arange(0, len(run), AGENTS)).mean.mean()
    return rejected(permutation_p(float(observed), null, "less"))


def equivalence_at_margin(rng: np.random.Generator) -> bool | None:
    """The difference is just as large as the margin: to find equivalence is an error."""
    test = equivalence(rng.normal(2.0, 1.0, RUNS), rng.normal(0.0, 1.5, RUNS), margin=2.0)
    return rejected(test.p if test else None)


def mcnemar_p(rng: np.random.Generator) -> bool | None:
    """Two coders who err alike often; corrected for continuity, so that it may reject less often."""
    yn, ny = rng.binomial(400, [0.08, 0.08])
    test = mcnemar(Confusion(yy=60, yn=int(yn), ny=int(ny), nn=int(400 - yn - ny)))
    return rejected(test.p if test else None)


def counted_runs(rng: np.random.Generator, share: float) -> RunCounts:
    """Messages that show a flag in each run; runs have moods."""
    mood = rng.beta(20 * share, 20 * (1 - share), RUNS)
    return RunCounts.of(rng.binomial(AGENTS * MESSAGES, mood), np.full(RUNS, AGENTS * MESSAGES))


def clustered(rng: np.random.Generator) -> ClusteredLogit | None:
    return clustered_logit(counted_runs(rng, 0.2), counted_runs(rng, 0.2))


def gee_p(rng: np.random.Generator) -> bool | None:
    found = clustered(rng)
    return rejected(found.p if found else None)


@dataclass(frozen=True, slots=True)
class Failing:
    """Runs in which some agent fails in round 4, and as many in which none does."""

    runs: tuple[str, ...]
    run: npt.NDArray[np.intp]
    round: npt.NDArray[np.intp]
    event: Floats
    broadcast: npt.NDArray[np.bool_]
    onset: Floats


def compensated(rng: np.random.Generator) -> Placebo:
    """Nobody makes up for anybody: events come as often in all rounds of all runs."""
    runs = 2 * RUNS
    run = np.repeat(np.arange(runs), MESSAGES * AGENTS)
    mood = np.repeat(rng.beta(4, 36, runs), MESSAGES * AGENTS)
    data = Failing(
        runs=tuple(f"run{number}" for number in range(runs)),
        run=run,
        round=np.tile(np.repeat(np.arange(MESSAGES), AGENTS), runs),
        event=(rng.random(len(run)) < mood).astype(np.float64),
        broadcast=np.zeros(len(run), dtype=np.bool_),
        onset=np.where(np.arange(runs) < RUNS, 4.0, np.nan),
    )
    return difference_in_differences(data, np.arange(runs), rng, RESAMPLES)


def placebo_p(rng: np.random.Generator) -> bool | None:
    return rejected(compensated(rng).p)


def convergence_p(rng: np.random.Generator) -> bool | None:
    """Runs that differ, and of which none changes from round to round, against rounds shuffled."""
    values = rng.normal(size=(RUNS, 1)) + rng.normal(size=(RUNS, MESSAGES))
    null = shuffled_slopes(values, rng, PERMUTATIONS).mean(axis=1)
    observed = slopes(values, np.arange(MESSAGES, dtype=np.float64)).mean()
    return rejected(permutation_p(float(observed), null))


# Intervals of values that are known ------------------------------------------------------------------------

SHIFT = 1.0
DELTA = 2 * float(ndtr(SHIFT / np.sqrt(2))) - 1  # of two normal samples, by P(a > b) = Φ(shift/√2)


def shifted(rng: np.random.Generator) -> Contrast:
    return contrast(rng.normal(SHIFT, 1.0, RUNS), rng.normal(0.0, 1.0, RUNS), rng, resamples=RESAMPLES)


def difference_interval(rng: np.random.Generator) -> bool | None:
    found = shifted(rng).difference
    return covered(found.low, SHIFT, found.high)


def effect_interval(rng: np.random.Generator) -> bool | None:
    found = shifted(rng).effect
    return covered(found.low, DELTA, found.high)


def r_interval(rng: np.random.Generator) -> bool | None:
    """The true r is that of the true delta: without ties Z = δ·√(3n²/(2n+1)) for n + n runs, r = Z/√2n."""
    found = shifted(rng).r
    return covered(found.low, DELTA * np.sqrt(3 * RUNS / (2 * (2 * RUNS + 1))), found.high)


def matched_difference_interval(rng: np.random.Generator) -> bool | None:
    base = rng.normal(0.0, 2.0, RUNS)
    found = matched_contrast(
        base + rng.normal(SHIFT, 1.0, RUNS), base + rng.normal(0.0, 1.0, RUNS), rng, resamples=RESAMPLES
    ).difference
    return covered(found.low, SHIFT, found.high)


def wilson_interval(rng: np.random.Generator) -> bool | None:
    low, high = wilson(rng.binomial(RUNS * MESSAGES, 0.07), RUNS * MESSAGES)
    return covered(float(low), 0.07, float(high))


def icc_interval(rng: np.random.Generator) -> bool | None:
    values = rng.normal(size=(AGENTS, 1)) + rng.normal(0.0, 1.0, (AGENTS, RUNS))
    found = intraclass_correlation(values.ravel(), np.repeat(np.arange(AGENTS), RUNS))
    return covered(found.low, 0.5, found.high) if found else None


def gee_interval(rng: np.random.Generator) -> bool | None:
    """Of the log odds ratio of two series alike, which is 0."""
    found = clustered(rng)
    return covered(found.interval.low, 0.0, found.interval.high) if found else None


def placebo_interval(rng: np.random.Generator) -> bool | None:
    found = compensated(rng).difference
    return covered(found.low, 0.0, found.high)


@cache
def true_cosine() -> float:
    return float(cosines(np.random.default_rng(0), 20_000).mean())


def series_interval(rng: np.random.Generator) -> bool | None:
    found = bootstrap_mean(cosines(rng, RUNS), rng, RESAMPLES)
    return covered(found.low, true_cosine(), found.high)


def series_interval_few(rng: np.random.Generator) -> bool | None:
    """Of so few runs, plain percentiles would hold the truth in 85% of studies."""
    found = bootstrap_mean(cosines(rng, FEW_RUNS), rng, RESAMPLES)
    return covered(found.low, true_cosine(), found.high)


LEVELS: Mapping[str, Study] = MappingProxyType({
    "mann_whitney": mann_whitney_z,
    "mann_whitney_permuted": mann_whitney_permuted,
    "mann_whitney_ties": mann_whitney_ties,
    "signed_rank": signed_rank_z,
    "kruskal_wallis": kruskal_wallis_p,
    "similarity_null": similarity_null_p,
    "equivalence": equivalence_at_margin,
    "mcnemar": mcnemar_p,
    "gee": gee_p,
    "placebo": placebo_p,
    "convergence_slope": convergence_p,
    **talk.LEVELS,
})  # fmt: skip
"""Share of true hypotheses rejected at 5%."""

COVERAGES: Mapping[str, Study] = MappingProxyType({
    "difference": difference_interval,
    "cliffs_delta": effect_interval,
    "r": r_interval,
    "matched_difference": matched_difference_interval,
    "wilson": wilson_interval,
    "icc": icc_interval,
    "series_cosine": series_interval,
    "series_cosine_few": series_interval_few,
    "gee_log_odds": gee_interval,
    "placebo_difference": placebo_interval,
    **talk.COVERAGES,
})  # fmt: skip
"""Share of 95% intervals that hold the truth."""

WANTED: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"level": (0.04, 0.06), "coverage": (0.93, 0.97)}
)


CONSERVATIVE = frozenset(("mcnemar", "mann_whitney_ties"))
"""Tests of counts: what they reject may be less than 5%, never more."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of the studies that could say, how many said yes."""

    yes: int
    studies: int

    @property
    def value(self) -> float:
        return self.yes / self.studies if self.studies else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Exact, at 95% (Clopper & Pearson 1934)."""
        if not self.studies:
            return 0.0, 1.0
        found = binomtest(self.yes, self.studies).proportion_ci(0.95)
        return float(found.low), float(found.high)

    def meets(self, low: float, high: float) -> bool:
        """Whether the share may be within these bounds, for all that so many studies can tell."""
        lowest, highest = self.interval
        return lowest <= high and low <= highest


def share(study: Study, studies: int, rng: np.random.Generator) -> Share:
    answers = [answer for answer in (study(rng) for _ in range(studies)) if answer is not None]
    return Share(sum(answers), len(answers))


def wanted(kind: str, name: str) -> tuple[float, float]:
    low, high = WANTED[kind]
    return (0.0 if name in CONSERVATIVE else low), high


def lines(studies: int, seed: int, only: str | None) -> Iterator[str]:
    """One line a check; each has a generator of its own, so that alone it gives what it gives in a row."""
    for kind, checks in (("level", LEVELS), ("coverage", COVERAGES)):
        for name, study in checks.items():
            if only in (None, name):
                found = share(study, studies, np.random.default_rng([seed, *name.encode()]))
                low, high = wanted(kind, name)
                verdict = "" if found.meets(low, high) else f"  outside {low:.2f} to {high:.2f}"
                bounds = "[{:.4f}, {:.4f}]".format(*found.interval)
                yield f"{kind:8} {name:22} {found.value:.4f} {bounds}{verdict}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*LEVELS, *COVERAGES])
    given = parser.parse_args()
    for line in lines(given.studies, given.seed, given.only):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
