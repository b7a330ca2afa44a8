"""How many runs a study needs: by made-up studies, from rehearsed rates or from the runs of a pilot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from mascope.errors import InvalidInput
from mascope.pipeline import reporting
from mascope.pipeline.rehearsing import Drawing, Told, check_measures, panel_for, rehearsed_runs
from mascope.seeds import derive
from mascope.stats.comparisons import Comparison, Direction
from mascope.stats.power import Curve, Samples, curves
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
    questions, notes = _questions(study)
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
    return Powered(study, questions, found, options.simulations, source, notes)


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


def _questions(study: Study) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    if not study.hypotheses:
        raise InvalidInput(f"{study.file}: declares no `hypotheses:`, so there is no power to compute")
    taken = [h for h in study.hypotheses if h.matched_by is None]
    notes = [f"{h.id}: matched runs are not simulated." for h in study.hypotheses if h.matched_by]
    if not taken:
        raise InvalidInput(f"{study.file}: every hypothesis is about matched runs, which are not simulated")
    return tuple(_question(h) for h in taken), tuple(notes)


def _question(h: Hypothesis) -> Comparison:
    direction = cast("Direction", h.direction)
    return Comparison(h.id, h.measure, h.series_a, h.series_b, direction, h.family, h.margin)


# From a pilot -----------------------------------------------------------------------------------------------


def _from_pilot(
    options: Options, questions: Sequence[Comparison], rng: np.random.Generator, size: tuple[int, int]
) -> tuple[Samples, str]:
    """The pilot's runs, drawn with replacement."""
    pilot = Results(cast("Path", options.pilot))
    analysis = reporting.analyse(pilot, reporting.Options(options.labels, panel=options.panel))
    check_measures(questions, known_measures(analysis.flags))
    found = measured(analysis, analysis.labelled)
    samples, counts = {}, {}
    for name in dict.fromkeys(s for q in questions for s in (q.series_a, q.series_b)):
        runs = found[found["series"] == name]
        if not len(runs):
            raise InvalidInput(f"{pilot.root} holds no run of the series {name!r} to draw from")
        drawn = rng.integers(0, len(runs), size)
        wanted = {q.measure for q in questions if name in (q.series_a, q.series_b)}
        samples[name] = {m: runs[m].to_numpy(dtype=np.float64)[drawn] for m in wanted}
        counts[name] = len(runs)
    drawn_from = ", ".join(f"{name} {count}" for name, count in counts.items())
    return (
        samples,
        f"runs of the pilot {pilot.root}, drawn with replacement ({drawn_from}; {analysis.labels})",
    )
