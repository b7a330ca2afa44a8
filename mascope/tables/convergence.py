"""Do the agents of a run grow alike, in what they do and in how they write?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mascope.stats import lexicon as lexicons
from mascope.stats.convergence import (
    Turns,
    centroid_cosines,
    change,
    following,
    halves,
    homogeneity,
    shuffled_rounds,
    turns,
)
from mascope.stats.estimates import (
    ESTIMATE_COLUMNS,
    estimate,
    mean_draws,
    series_means,
    shuffled_slopes,
    slopes,
)
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio
from mascope.stats.style import style_matching
from mascope.stats.vectors import EMBEDDINGS, Vectors
from mascope.stats.windows import WINDOWS, window_similarity
from mascope.tables.analysis import Analysis
from mascope.tables.structure import ESTIMATES
from mascope.tables.table import Column, Table

SHUFFLES = 99
CHANGING = "semantic"
"""The embedding by which drift and pull are measured."""
HEAVY_SHUFFLES = 39
"""For measures that are computed anew from all words under each order of the rounds."""
NO_TEXTS = "Texts were not loaded: only what needs labels was computed."
NOTES = (
    "Each measure of a round is given as its mean over a run's rounds, and as its slope: change per round, "
    "by least squares. Null: the rounds of each run in an order of chance.",
    "…_homogeneity: mean cosine over pairs of unique messages of a round. …_following: cosine of its "
    "centroid with that of the round before. lexical: TF-IDF of words; semantic: LSA.",
    "style_matching: of function words, over pairs of a round's messages. births: words new to the run, "
    "deaths: words of the round before that are dropped, as shares of different words.",
    "semantic_drift: 1 − cos(early, late half) of an agent's own texts. semantic_pull: cos(late, the "
    f"others) − cos(early, the others). profile_similarity: cosine of trait rates in {WINDOWS} windows.",
)
TEMPORAL = (
    Column("series", "The series."),
    Column("round", "The round, from 0."),
    Column("measure", "What was measured; see the table convergence."),
    Column("value", "Mean over the runs that have it.", 3),
    Column("low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("high", "Upper end of the same.", 3),
    Column("runs", "Runs that have it."),
    Column("note", "What could not be computed, and why."),
)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A measure of rounds, and how its slope would be if the order of rounds meant nothing."""

    values: Floats
    """(runs, rounds)"""
    null: Floats
    """(shuffles, runs): slopes."""


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    runs: tuple[str, ...]
    series: tuple[str, ...]
    rounds: dict[str, Course]
    scalars: dict[str, tuple[Floats, Floats]]
    """Measure of whole runs → (runs,) and its null (shuffles, runs)."""


def convergence_table(analysis: Analysis) -> Table:
    """One row a series and measure."""
    title = "Convergence within runs"
    found = courses(analysis)
    columns: dict[str, Floats] = {}
    nulls: dict[str, Floats] = {}
    for name, course in found.rounds.items():
        columns[name] = _row_means(course.values)
        columns[f"{name}_slope"] = slopes(course.values, np.arange(course.values.shape[1], dtype=np.float64))
        nulls[f"{name}_slope"] = course.null
    for name, (values, null) in found.scalars.items():
        columns[name], nulls[name] = values, null
    per_run = pd.DataFrame({"run": found.runs, "series": found.series, **columns})
    frame = series_means(per_run, analysis.series, analysis.rng("convergence"), analysis.resamples, nulls)
    notes = NOTES if analysis.has_texts else (NO_TEXTS, *NOTES)
    return Table("convergence", title, ESTIMATES, frame[list(ESTIMATE_COLUMNS)], notes)


def temporal_table(analysis: Analysis) -> Table:
    """One row a series, measure and round."""
    found = courses(analysis)
    member = np.array(found.series, dtype=object)
    rows = [
        row
        for name in analysis.series
        for row in _temporal_rows(name, found, np.flatnonzero(member == name), analysis)
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in TEMPORAL])
    frame = frame.astype(dict.fromkeys(("value", "low", "high"), np.float64))
    return Table(
        "temporal", "Measures round by round", TEMPORAL, frame, () if analysis.has_texts else (NO_TEXTS,)
    )


def _temporal_rows(name: str, found: Courses, mine: Ints, analysis: Analysis) -> Iterator[dict[str, object]]:
    by_round = {measure: c for measure, c in found.rounds.items() if measure != "profile_similarity"}
    if not by_round or not len(mine):
        return
    values = np.concatenate([course.values[mine] for course in by_round.values()], axis=1)
    draws = mean_draws(values, analysis.rng(f"temporal {name}"), analysis.resamples)
    rounds = values.shape[1] // len(by_round)
    for column in range(values.shape[1]):
        if np.isnan(values[:, column]).all():
            continue
        row = estimate(values[:, column], draws[:, column])
        measure = list(by_round)[column // rounds]
        yield {"series": name, "round": column % rounds, "measure": measure, **row}


def courses(analysis: Analysis) -> Courses:
    """Every measure of rounds and of whole runs, of the runs that have messages."""
    return analysis.once("courses", lambda: _courses(analysis))


def _courses(analysis: Analysis) -> Courses:
    messages, rng = analysis.frames.messages, analysis.rng("convergence null")
    runs = tuple(pd.unique(messages["run"].astype(str)))
    series = messages["series"].astype(str).groupby(messages["run"].astype(str), sort=False).first()
    windows = window_similarity(analysis.labelled, analysis.traits, runs) if analysis.coded else None
    rounds = {} if windows is None else {"profile_similarity": _course(windows, rng)}
    scalars: dict[str, tuple[Floats, Floats]] = {}
    if analysis.has_texts and len(messages):
        said = turns(messages, runs)
        for name, embed in EMBEDDINGS.items():
            vectors = embed(analysis.words(), rng)
            rounds |= _embedded(name, vectors, said, rng)
            if name == CHANGING:
                scalars = _changes(name, vectors, said, rng)
        rounds["style_matching"] = _course(style_matching(analysis.words(), said), rng)
        rounds |= _words(analysis, said, rng)
    return Courses(runs, tuple(series.reindex(list(runs))), rounds, scalars)


def _embedded(name: str, vectors: Vectors, said: Turns, rng: np.random.Generator) -> dict[str, Course]:
    cosines = centroid_cosines(vectors, said)
    return {
        f"{name}_homogeneity": _course(homogeneity(vectors, said), rng),
        f"{name}_following": _reordered(
            lambda order: np.concatenate(
                [np.full((said.runs, 1), np.nan), following(cosines, order)], axis=1
            ),
            said,
            rng,
        ),
    }


def _words(analysis: Analysis, said: Turns, rng: np.random.Generator) -> dict[str, Course]:
    found = lexicons.lexicon(analysis.words(), said)
    return {
        "births": _reordered(lambda order: lexicons.births(found, order), said, rng),
        "deaths": _reordered(lambda order: lexicons.deaths(found, order), said, rng),
    }


def _changes(
    name: str, vectors: Vectors, said: Turns, rng: np.random.Generator
) -> dict[str, tuple[Floats, Floats]]:
    observed = change(vectors, said, halves(said))
    shuffled = [
        change(vectors, said, halves(said, shuffled_rounds(said, rng))) for _ in range(HEAVY_SHUFFLES)
    ]
    return {
        f"{name}_drift": (observed.drift, np.stack([one.drift for one in shuffled])),
        f"{name}_pull": (observed.pull, np.stack([one.pull for one in shuffled])),
    }


def _course(values: Floats, rng: np.random.Generator) -> Course:
    """Of a measure that a round has by itself."""
    return Course(values, shuffled_slopes(values, rng, SHUFFLES))


def _reordered(measure: Callable[[Ints], Floats], said: Turns, rng: np.random.Generator) -> Course:
    """Of a measure that depends on which rounds went before."""
    as_held = np.broadcast_to(np.arange(said.rounds), (said.runs, said.rounds))
    rounds = np.arange(said.rounds, dtype=np.float64)
    null = [slopes(measure(shuffled_rounds(said, rng)), rounds) for _ in range(HEAVY_SHUFFLES)]
    return Course(measure(as_held), np.stack(null))


def _row_means(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))
