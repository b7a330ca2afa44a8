"""Simulated discussions in which nothing happens: nobody conforms, takes over, adopts or is singled out.

The studies that `bench.calibration` counts for measures of who names whom, of texts and of private answers.
Each says whether it rejected the hypothesis, which is true; None where it could not say.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from mascope.stats.attribution import attribution
from mascope.stats.convergence import Turns, change, halves, homogeneity, shuffled_rounds, swapped_groups
from mascope.stats.hazard import Cells, cells, clustered_effect, exposure_effect, shuffled
from mascope.stats.mentions import Mentions, rewired, scattered
from mascope.stats.network import MEASURES
from mascope.stats.placebo import Placebo, compared
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Estimate, Floats, permutation_p
from mascope.stats.stances import held_before, pressed, standardised
from mascope.stats.takeover import absences, shares

RUNS, AGENTS, ROUNDS = 12, 6, 8
SHUFFLES = 40
"""The fewest of which a two-sided p can lie below .05; its level is then .049."""

Study: TypeAlias = Callable[[np.random.Generator], bool | None]


def rejected(p: float | None) -> bool | None:
    return None if p is None else p < 0.05


def covered(found: Estimate, truth: float) -> bool | None:
    return None if found.low is None or found.high is None else found.low <= truth <= found.high


# Who names whom --------------------------------------------------------------------------------------------


def named_by_chance(rng: np.random.Generator) -> Mentions:
    """Messages that each name one to three of the others, any of them alike."""
    messages = RUNS * AGENTS * ROUNDS
    source = np.tile(np.arange(AGENTS), RUNS * ROUNDS)
    times = rng.choice(4, messages, p=(0.5, 0.3, 0.1, 0.1))
    others = rng.random((messages, AGENTS - 1)).argsort(axis=1)
    message, place = np.nonzero(np.arange(AGENTS - 1) < times[:, np.newaxis])
    drawn = others[message, place]
    return Mentions(
        runs=tuple(map(str, range(RUNS))), series=("A",) * RUNS,
        present=np.ones((RUNS, AGENTS), dtype=np.bool_), agents=(tuple("abcdef"),) * RUNS,
        run=message // (AGENTS * ROUNDS), source=source[message],
        target=drawn + (drawn >= source[message]), round=message // AGENTS % ROUNDS, message=message,
    )  # fmt: skip


def network(measure: str) -> Study:
    """The measure of such runs, beside graphs whose receivers are shuffled."""
    shuffle = scattered if measure == "in_gini" else rewired

    def study(rng: np.random.Generator) -> bool | None:
        found = named_by_chance(rng)
        observed = MEASURES[measure](found.graphs(), found.present)
        null = [
            MEASURES[measure](graphs, np.broadcast_to(found.present, graphs.shape[:-1]))
            for graphs in shuffle(found, rng, SHUFFLES)
        ]
        return rejected(permutation_p(float(observed.mean()), np.concatenate(null).mean(axis=1)))

    return study


# Texts -----------------------------------------------------------------------------------------------------


def said_by_all() -> Turns:
    run, round_, agent = np.unravel_index(np.arange(RUNS * ROUNDS * AGENTS), (RUNS, ROUNDS, AGENTS))
    return Turns(run, round_, agent, RUNS, np.arange(len(run)))


def written(said: Turns, rng: np.random.Generator, *, rounds: bool) -> Floats:
    """Vectors of length 1: agents have subjects of their own, and rounds where they may; runs have none."""
    vectors = rng.normal(size=(len(said.run), 8)) + rng.normal(size=(AGENTS, 8))[said.agent]
    if rounds:
        vectors += rng.normal(size=(ROUNDS, 8))[said.round]
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def swapped_p(rng: np.random.Generator) -> bool | None:
    """Groups are no more alike within than any others of their series."""
    said, series = said_by_all(), np.zeros(RUNS, dtype=np.intp)
    vectors = written(said, rng, rounds=True)
    null = [homogeneity(vectors, swapped_groups(said, series, rng)).mean() for _ in range(SHUFFLES)]
    return rejected(permutation_p(float(homogeneity(vectors, said).mean()), null))


def drift_p(rng: np.random.Generator) -> bool | None:
    """Late texts of an agent are as its early ones."""
    said = said_by_all()
    vectors = written(said, rng, rounds=False)
    null = [change(vectors, said, halves(said, shuffled_rounds(said, rng))).drift for _ in range(SHUFFLES)]
    observed = change(vectors, said, halves(said)).drift.mean()
    return rejected(permutation_p(float(observed), np.mean(null, axis=1)))


def attribution_p(rng: np.random.Generator) -> bool | None:
    """All write alike; runs have subjects of their own, and lengths differ."""
    runs, agents, messages = 6, 4, 4
    run, author = np.divmod(np.arange(runs * agents * messages) // messages, agents)
    letters = np.array(list("abcdefghij "))
    moods = rng.dirichlet(np.full(len(letters), 3.0), runs)
    sizes = rng.integers(20, 80, len(run))
    texts = ["".join(rng.choice(letters, size, p=moods[one])) for one, size in zip(run, sizes, strict=True)]
    found = attribution(texts, author, run, rng)
    if found is None:
        return None
    return rejected(permutation_p(float(found.accuracy.mean()), found.shuffled.mean(axis=1)))


# Adoption and taking over ----------------------------------------------------------------------------------

EFFECT = 0.4
"""Log odds ratio of adopting when exposure doubles."""


def exposed(rng: np.random.Generator, effect: float) -> Cells:
    """Periods of runs of which some adopt more readily, in early turns more than in late ones."""
    run = np.repeat(np.arange(RUNS), 300)
    turn, level = rng.integers(1, 5, len(run)), rng.integers(1, 6, len(run))
    mood = rng.normal(0.0, 0.5, RUNS)[run]
    odds = np.exp(-2.5 + mood - 0.3 * turn + effect * np.log2(level))
    return cells(run, turn, level, (rng.random(len(run)) < odds / (1 + odds)).astype(np.float64), RUNS)


def adoption_p(rng: np.random.Generator) -> bool | None:
    """Exposure does nothing."""
    found = exposed(rng, 0.0)
    null = shuffled(found, rng, SHUFFLES)
    by_chance = exposure_effect(Cells(null.at_risk.sum(axis=1), null.adopted.sum(axis=1)))
    value = clustered_effect(found).value
    return rejected(None if value is None else permutation_p(value, by_chance))


def adoption_interval(rng: np.random.Generator) -> bool | None:
    """Runs differ in how readily they adopt, so that the pooled effect is a little less than each one's."""
    return covered(clustered_effect(exposed(rng, EFFECT)), pooled_effect())


@cache
def pooled_effect() -> float:
    """The effect that very many runs give together, by the same generator."""
    rng = np.random.default_rng(0)
    many = [exposed(rng, EFFECT).summed() for _ in range(4_000)]
    at_risk = np.sum([one.at_risk for one in many], axis=0)
    return float(exposure_effect(Cells(at_risk, np.sum([one.adopted for one in many], axis=0))))


def taken_over(rng: np.random.Generator) -> Placebo:
    """An agent falls silent in half of the runs, and the others say as much as ever."""
    spoke = np.ones((2 * RUNS, AGENTS, ROUNDS), dtype=np.bool_)
    spoke[:RUNS, 0, 3:] = False
    failed = np.zeros_like(spoke)
    failed[:RUNS, 0, 3] = True
    words = rng.gamma(2.0, 1.0, spoke.shape) * rng.gamma(8.0, 1.0, (len(spoke), AGENTS, 1)) * spoke
    rounds = np.full(len(spoke), ROUNDS)
    absence = absences(spoke, failed, rounds)
    # The others are cut where these are: at the absence of the first run.
    cut = absences(
        np.repeat(spoke[:1], len(spoke), axis=0), np.repeat(failed[:1], len(spoke), axis=0), rounds
    )
    gain = [shares(words, one).gain.sum(axis=1) for one in (absence, cut)]
    return compared(gain[0][:RUNS], gain[1][RUNS:], rng, 1_000)


def takeover_p(rng: np.random.Generator) -> bool | None:
    return rejected(taken_over(rng).p)


def takeover_interval(rng: np.random.Generator) -> bool | None:
    return covered(taken_over(rng).difference, 0.0)


# Private answers -------------------------------------------------------------------------------------------


def answered(rng: np.random.Generator, first: Floats) -> Ints:
    """(runs, agents, 4): answers to four askings. Each agent comes to the first of three options readily and
    to the last hardly ever, whatever the others hold."""
    found = np.empty((RUNS, AGENTS, 4), dtype=np.intp)
    found[..., 0] = rng.choice(3, (RUNS, AGENTS), p=first)
    for asking in range(1, 4):
        drawn = rng.choice(3, (RUNS, AGENTS), p=(0.6, 0.3, 0.1))
        found[..., asking] = np.where(rng.random((RUNS, AGENTS)) < 0.4, drawn, found[..., asking - 1])
    return found


def conformed(rng: np.random.Generator) -> Placebo:
    """Confederates name an option, each as often; the control arm has none."""
    own, control = answered(rng, np.array([0.6, 0.3, 0.1])), answered(rng, np.array([0.6, 0.3, 0.1]))
    planted = np.broadcast_to(rng.permutation(np.arange(RUNS) % 3)[:, np.newaxis, np.newaxis], own.shape)
    # Each has heard all the others name what the confederates name.
    under = pressed(own, planted, 3)
    alone = pressed(control, held_before(control), 3)
    rate = standardised(alone.moves(3), under.targets(np.ones(RUNS, dtype=np.bool_), 3))
    return compared(under.conformity(), rate, rng, 1_000)


def conformity_p(rng: np.random.Generator) -> bool | None:
    return rejected(conformed(rng).p)


def conformity_interval(rng: np.random.Generator) -> bool | None:
    return covered(conformed(rng).difference, 0.0)


LEVELS: Mapping[str, Study] = MappingProxyType({
    **{f"network_{measure}": network(measure) for measure in MEASURES},
    "swapped_groups": swapped_p,
    "semantic_drift": drift_p,
    "attribution": attribution_p,
    "adoption": adoption_p,
    "takeover": takeover_p,
    "conformity": conformity_p,
})  # fmt: skip
"""Share of true hypotheses rejected at 5%."""

COVERAGES: Mapping[str, Study] = MappingProxyType({
    "adoption_effect": adoption_interval,
    "takeover_change": takeover_interval,
    "conformity_difference": conformity_interval,
})  # fmt: skip
"""Share of 95% intervals that hold the truth."""
