"""How many runs a study needs: by made-up studies, from rehearsed rates or from the runs of a pilot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.errors import InvalidInput
from mascope.pipeline import reporting
from mascope.pipeline.rehearsing import Drawing, Told, check_measures, panel_for, rehearsed_runs
from mascope.seeds import derive
from mascope.stats import comparisons
from mascope.stats.comparisons import Comparison, Direction
from mascope.stats.power import Curve, Samples, curves
from mascope.stats.resampling import Floats
from mascope.stats.sensitivity import ALPHA
from mascope.store.layout import Results
from mascope.study import Hypothesis, Study, load_study
from mascope.tables.contrasts import known_measures
from mascope.tables.hypotheses import measured

SIZES = (5, 8, 11, 15, 21, 30, 40)
SIMULATIONS = 1000


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may choose."""

    pilot: Path | None = None
    sizes: Sequence[int] = SIZES
    simulations: int = SIMULATIONS
    panel: Path | None = None
    labels: str | None = None


@dataclass(frozen=True, slots=True)
class Powered:
    study: Study
    questions: tuple[Comparison, ...]
    curves: tuple[Curve, ...]
    simulations: int
    source: str
    """What the made-up runs come from, in one sentence."""
    notes: tuple[str, ...]

    @property
    def recommended(self) -> int | None:
        """Fewest runs per series that are enough for every hypothesis that any number tried is enough for."""
        return max((curve.needed for curve in self.curves if curve.needed is not None), default=None)

    @property
    def out_of_reach(self) -> tuple[str, ...]:
        """Hypotheses for which the most runs that were tried are not enough."""
        return tuple(curve.hypothesis for curve in self.curves if curve.needed is None)


def power_of(file: Path, options: Options, told: Told = lambda step: None) -> Powered:
    """The power of the study in `file`; `InvalidInput` where nothing is known to make up runs from."""
    study = load_study(file)
    questions = _questions(study)
    sizes = sorted(set(options.sizes))
    if not sizes or sizes[0] < 2:
        raise InvalidInput("--runs: a series needs at least two runs to be compared")
    rng = np.random.default_rng(derive(study.name, study.seed, "power"))
    size = (options.simulations, sizes[-1])
    if options.pilot is not None:
        samples, source = _from_pilot(options, questions, rng, size)
    else:
        panel = panel_for(study, options.panel)
        how = options.labels or panel.adjudication
        samples, source = rehearsed_runs(study, panel, how, questions, Drawing(rng, size, told))
    found = curves(questions, samples, sizes, lambda: told("sizes"))
    return Powered(study, questions, found, options.simulations, source, _notes(questions, options))


def steps(file: Path, options: Options) -> int:
    """About how many times `power_of` tells of a step."""
    study = load_study(file)
    asked = {name for h in study.hypotheses for name in (h.series_a, h.series_b)}
    return len(set(options.sizes)) + 5 * len(study.hypotheses) + (0 if options.pilot else len(asked))


def as_json(found: Powered) -> dict[str, Any]:
    return {
        "study": found.study.name,
        "source": found.source,
        "simulations": found.simulations,
        "alpha": ALPHA,
        "recommended": found.recommended,
        "out_of_reach": list(found.out_of_reach),
        "hypotheses": [
            {
                "hypothesis": curve.hypothesis,
                "measure": question.measure,
                "compare": [question.series_a, question.series_b],
                "direction": question.direction,
                "family": question.family,
                "needed": curve.needed,
                "curve": [
                    {"runs": point.runs, "power": point.power, "error": point.error} for point in curve.points
                ],
            }
            for question, curve in zip(found.questions, found.curves, strict=True)
        ],
        "notes": list(found.notes),
    }


def _questions(study: Study) -> tuple[Comparison, ...]:
    if not study.hypotheses:
        raise InvalidInput(f"{study.file}: declares no `hypotheses:`, so there is no power to compute")
    return tuple(_question(h) for h in study.hypotheses)


def _question(h: Hypothesis) -> Comparison:
    direction = cast("Direction", h.direction)
    return Comparison(h.id, h.measure, h.series_a, h.series_b, direction, h.family, h.margin, h.matched_by)


def _notes(questions: Sequence[Comparison], options: Options) -> tuple[str, ...]:
    matched = [question.hypothesis for question in questions if question.matched_by]
    if not matched:
        return ()
    named = ", ".join(matched)
    if options.pilot is not None:
        return (f"{named}: runs are matched, so the number is that of pairs, drawn as pairs from the pilot.",)
    return (
        f"{named}: runs are matched, so the number is that of pairs; rehearsed runs are independent of each "
        "other, so what matching wins is not in these figures (a pilot would show it).",
    )


# From a pilot -----------------------------------------------------------------------------------------------


def _from_pilot(
    options: Options, questions: Sequence[Comparison], rng: np.random.Generator, size: tuple[int, int]
) -> tuple[Samples, str]:
    """The pilot's runs, drawn with replacement; of a matched hypothesis its pairs, as pairs."""
    pilot = Results(cast("Path", options.pilot))
    analysis = reporting.analyse(pilot, reporting.Options(options.labels, panel=options.panel))
    check_measures(questions, known_measures(analysis.flags, analysis.study))
    measures = measured(analysis, analysis.labelled)
    draws = _Draws(rng, size, {}, {})
    samples = {question.hypothesis: draws.of(question, measures, pilot) for question in questions}
    drawn_from = ", ".join(f"{count} {name}" for name, count in draws.counts.items())
    return (
        samples,
        f"runs of the pilot {pilot.root}, drawn with replacement ({drawn_from}; {analysis.labels})",
    )


@dataclass(frozen=True, slots=True)
class _Draws:
    """Which of the pilot's runs each made-up study has: the same for all hypotheses about the same runs."""

    rng: np.random.Generator
    size: tuple[int, int]
    """(studies, runs)"""
    places: dict[str, npt.NDArray[np.int64]]
    """By what is drawn from."""
    counts: dict[str, int]

    def of(self, question: Comparison, measures: pd.DataFrame, pilot: Results) -> tuple[Floats, Floats]:
        a, b = comparisons.samples(question, measures)
        named = (question.series_a, question.series_b)
        if question.matched_by is not None:
            named = (f"pairs of {named[0]} and {named[1]} by {question.matched_by}",) * 2
        return self._drawn(named[0], a, pilot), self._drawn(named[1], b, pilot)

    def _drawn(self, name: str, values: Floats, pilot: Results) -> Floats:
        if not len(values):
            raise InvalidInput(f"{pilot.root} holds no runs to draw from: {name}")
        if name not in self.places:
            self.places[name] = self.rng.integers(0, len(values), self.size)
            self.counts[name] = len(values)
        return values[self.places[name]]
