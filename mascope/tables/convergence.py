"""Do the agents of a run grow alike, in what they do and in how they write?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd

from mascope.stats import lexicon as lexicons
from mascope.stats.convergence import (
    Turns,
    centroid_cosines,
    change,
    following,
    half_sums,
    halves,
    homogeneity,
    partners,
    pull_to,
    shuffled_rounds,
    swapped_groups,
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
from mascope.stats.style import function_words, style_matching
from mascope.stats.vectors import EMBEDDINGS, Vectors
from mascope.stats.windows import WINDOWS, window_similarity
from mascope.tables import needs
from mascope.tables.analysis import Analysis
from mascope.tables.embedding import named, vectors
from mascope.tables.structure import ESTIMATES
from mascope.tables.table import Column, Table

CHANGING = "semantic"
"""The embedding by which drift and pull are measured, and groups are swapped."""


@dataclass(frozen=True, slots=True)
class Shuffles:
    """How often data are shuffled for the nulls; 0 for none."""

    light: int = 120
    heavy: int = 80
    """For measures that are computed anew from all words each time."""


NONE = Shuffles(0, 0)
MANY_MESSAGES = 50_000
OF_MANY = Shuffles(120, 40)
"""For studies of more messages than that. Of 40, 80 and 120 shuffles 2·1/41, 2·2/81 and 2·3/121 are the last
two-sided p below .05, and lie close to it: a test at 5% rejects in 5% of studies; of 39 it never could."""
FROM_CODES = "profile_similarity"
"""The one course that codes enter."""
Texts: TypeAlias = tuple[Vectors, Turns, Ints]
"""Their vectors, who said them when, and the number of each run's series (runs,)."""
NO_TEXTS = "Texts were not loaded: only what needs labels was computed."
NOTES = (
    "Each measure of a round is given as its mean over a run's rounds, and as its slope: change per round, "
    "by least squares. Null of slopes: the rounds of each run in an order of chance.",
    "…_homogeneity: mean cosine over pairs of unique messages of a round. …_following: cosine of its "
    "centroid with that of the round before. lexical: TF-IDF of words. Null of the levels, semantic "
    "and of style: groups swapped, each message dealt to a run of its series in which its agent spoke in "
    "that round.",
    "style_matching: of function words, over pairs of a round's messages. births: words new to the run, "
    "deaths: words of the round before that are dropped, as shares of different words.",
    "semantic_drift: 1 − cos(early, late half) of an agent's own texts. semantic_pull: cos(late, the "
    "others) − cos(early, the others); semantic_pull_own is the same against a null of swapped groups: the "
    f"others of another run. profile_similarity: cosine of trait rates in {WINDOWS} windows.",
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
    level_null: Floats | None = None
    """(shuffles, runs): means over the rounds once groups are swapped; None where that is not tried."""


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
        columns |= _level_and_slope(name, course)
        nulls[f"{name}_slope"] = course.null
        if course.level_null is not None:
            nulls[name] = course.level_null
    for name, (values, null) in found.scalars.items():
        columns[name], nulls[name] = values, null
    per_run = pd.DataFrame({"run": found.runs, "series": found.series, **columns})
    frame = series_means(
        per_run, analysis.series, analysis.rng("convergence"), analysis.resamples, nulls, needs.CONVERGENCE
    )
    notes = (*NOTES, named(analysis)) if analysis.has_texts else (NO_TEXTS, *NOTES)
    return Table("convergence", title, ESTIMATES, frame[list(ESTIMATE_COLUMNS)], notes)


def run_convergence(analysis: Analysis) -> pd.DataFrame:
    """One row a run with messages, with `run`, `series` and the measures that need no codes; no nulls."""
    found = _courses(analysis, NONE)
    columns: dict[str, Floats] = {}
    for name, course in found.rounds.items():
        if name != FROM_CODES:
            columns |= _level_and_slope(name, course)
    scalars = {name: values for name, (values, _) in found.scalars.items()}
    return pd.DataFrame({"run": found.runs, "series": found.series, **columns, **scalars})


def windows_of(similarity: Floats) -> dict[str, Floats]:
    """`profile_similarity` and its slope (runs,), from the windows' (runs, windows)."""
    return _level_and_slope(FROM_CODES, Course(similarity, np.empty((0, len(similarity)))))


def _level_and_slope(name: str, course: Course) -> dict[str, Floats]:
    rounds = np.arange(course.values.shape[1], dtype=np.float64)
    return {name: _row_means(course.values), f"{name}_slope": slopes(course.values, rounds)}


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
    by_round = {measure: c for measure, c in found.rounds.items() if measure != FROM_CODES}
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
    return analysis.once("courses", lambda: _courses(analysis, _affordable(analysis)))


def _affordable(analysis: Analysis) -> Shuffles:
    return Shuffles() if len(analysis.frames.messages) <= MANY_MESSAGES else OF_MANY


def _courses(analysis: Analysis, shuffles: Shuffles) -> Courses:
    messages, rng = analysis.frames.messages, analysis.rng("convergence null")
    runs = tuple(pd.unique(messages["run"].astype(str)))
    series = messages["series"].astype(str).groupby(messages["run"].astype(str), sort=False).first()
    series = series.reindex(list(runs))
    windows = window_similarity(analysis.labelled, analysis.traits, runs) if analysis.coded else None
    rounds = {} if windows is None else {FROM_CODES: _course(windows, rng, shuffles)}
    scalars: dict[str, tuple[Floats, Floats]] = {}
    if analysis.has_texts and len(messages):
        said, number = turns(messages, runs), pd.factorize(series)[0]
        for name in EMBEDDINGS:
            found = vectors(analysis, name)
            rounds |= _embedded(name, found, said, rng, shuffles)
            if name == CHANGING:
                rounds |= _among_swapped(name, rounds, (found, said, number), rng, shuffles)
                scalars = _changes(name, (found, said, number), rng, shuffles)
        rounds["style_matching"] = _style(analysis, said, number, rng, shuffles)
        rounds |= _words(analysis, said, rng, shuffles)
    return Courses(runs, tuple(series), rounds, scalars)


def _embedded(
    name: str, found: Vectors, said: Turns, rng: np.random.Generator, shuffles: Shuffles
) -> dict[str, Course]:
    cosines = centroid_cosines(found, said)
    return {
        f"{name}_homogeneity": _course(homogeneity(found, said), rng, shuffles),
        f"{name}_following": _reordered(lambda order: _following(cosines, order), said, rng, shuffles),
    }


def _following(cosines: Floats, order: Ints) -> Floats:
    """(runs, rounds): NaN in the first round, which follows none."""
    return np.concatenate([np.full((len(cosines), 1), np.nan), following(cosines, order)], axis=1)


def _among_swapped(
    name: str, rounds: dict[str, Course], of: Texts, rng: np.random.Generator, shuffles: Shuffles
) -> dict[str, Course]:
    """The same courses, with the null of their levels: texts dealt anew among the runs of their series."""
    found, said, series = of
    names = (f"{name}_homogeneity", f"{name}_following")
    levels: tuple[list[Floats], list[Floats]] = ([], [])
    for _ in range(shuffles.heavy):
        swapped = swapped_groups(said, series, rng)
        levels[0].append(_row_means(homogeneity(found, swapped)))
        levels[1].append(_row_means(_following(centroid_cosines(found, swapped), _as_held(said))))
    return {
        measure: replace(rounds[measure], level_null=_of_several(_stacked(level, said.runs), series))
        for measure, level in zip(names, levels, strict=True)
    }


def _style(
    analysis: Analysis, said: Turns, series: Ints, rng: np.random.Generator, shuffles: Shuffles
) -> Course:
    shares = function_words(analysis.words())
    swapped = (swapped_groups(said, series, rng) for _ in range(shuffles.heavy))
    level = [_row_means(style_matching(shares, dealt)) for dealt in swapped]
    course = _course(style_matching(shares, said), rng, shuffles)
    return replace(course, level_null=_of_several(_stacked(level, said.runs), series))


def _words(
    analysis: Analysis, said: Turns, rng: np.random.Generator, shuffles: Shuffles
) -> dict[str, Course]:
    found = lexicons.lexicon(analysis.words(), said)
    return {
        "births": _reordered(lambda order: lexicons.births(found, order), said, rng, shuffles),
        "deaths": _reordered(lambda order: lexicons.deaths(found, order), said, rng, shuffles),
    }


def _changes(
    name: str, of: Texts, rng: np.random.Generator, shuffles: Shuffles
) -> dict[str, tuple[Floats, Floats]]:
    found, said, series = of
    late = halves(said)
    observed = change(found, said, late)
    orders = [halves(said, shuffled_rounds(said, rng)) for _ in range(shuffles.heavy)]
    shuffled = [change(found, said, order) for order in orders]
    parts = half_sums(found, said, late)
    elsewhere = [pull_to(parts, said, partners(series, rng)) for _ in range(shuffles.heavy)]
    return {
        f"{name}_drift": (observed.drift, _stacked([one.drift for one in shuffled], said.runs)),
        f"{name}_pull": (observed.pull, _stacked([one.pull for one in shuffled], said.runs)),
        f"{name}_pull_own": (observed.pull, _of_several(_stacked(elsewhere, said.runs), series)),
    }


def _course(values: Floats, rng: np.random.Generator, shuffles: Shuffles) -> Course:
    """Of a measure that a round has by itself."""
    return Course(values, shuffled_slopes(values, rng, shuffles.light))


def _reordered(
    measure: Callable[[Ints], Floats], said: Turns, rng: np.random.Generator, shuffles: Shuffles
) -> Course:
    """Of a measure that depends on which rounds went before."""
    rounds = np.arange(said.rounds, dtype=np.float64)
    null = [slopes(measure(shuffled_rounds(said, rng)), rounds) for _ in range(shuffles.heavy)]
    return Course(measure(_as_held(said)), _stacked(null, said.runs))


def _as_held(said: Turns) -> Ints:
    """(runs, rounds): the rounds in their order."""
    return np.broadcast_to(np.arange(said.rounds), (said.runs, said.rounds))


def _stacked(null: list[Floats], runs: int) -> Floats:
    return np.array(null, dtype=np.float64).reshape(len(null), runs)


def _of_several(null: Floats, series: Ints) -> Floats:
    """NaN for a run that is alone in its series: there is no group to swap with."""
    return np.where(np.bincount(series)[series] > 1, null, np.nan)


def _row_means(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))
