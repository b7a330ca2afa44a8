"""The declared hypotheses, tested."""

from typing import cast

from mascope.stats.comparisons import Comparison, Direction, contrasts
from mascope.stats.measures import MEASURES, run_measures
from mascope.tables.analysis import Analysis
from mascope.tables.differentiation import LABELS, NOT_CODED, NOTE
from mascope.tables.table import Column, Table

COLUMNS = (
    Column("hypothesis", "Its id in the study file."),
    Column("family", "Hypotheses whose p-values are adjusted together.", detail=True),
    Column("measure", "What is compared: one number a run."),
    Column("series_a", "First series."),
    Column("series_b", "Second series."),
    Column("direction", "What was expected of the first against the second."),
    LABELS,
    Column("n_a", "Runs of the first series."),
    Column("n_b", "Runs of the second series."),
    Column("mean_a", "Mean of the measure in the first series.", 3),
    Column("mean_b", "Mean in the second.", 3),
    Column("difference", "First minus second.", 3, detail=True),
    Column("difference_low", "Lower end of its 95% interval by bootstrap over runs.", 3, detail=True),
    Column("difference_high", "Upper end of the same.", 3, detail=True),
    Column("U", "Mann–Whitney U of the first series (Mann and Whitney 1947).", 1, detail=True),
    Column("z", "Its standardised value, corrected for ties, without continuity correction.", 3, detail=True),
    Column("p", "Its p-value, one-sided where a direction was declared.", 3),
    Column("p_adjusted", "The same after Holm within the family.", 3),
    Column("r", "Effect size Z/√N; positive where the first series is larger.", 3, kind="share"),
    Column("r_low", "Lower end of its 95% interval by bootstrap.", 3, detail=True),
    Column("r_high", "Upper end of the same.", 3, detail=True),
    Column("p_permutation", "Permutation p-value of the same comparison.", 3),
    Column("exact", "Whether the permutation p is exact; otherwise it is by Monte Carlo.", detail=True),
    Column(
        "cliffs_delta",
        "Cliff's delta (Cliff 1993); positive where the first series is larger.",
        3,
        kind="share",
    ),
    NOTE,
)


def contrasts_table(analysis: Analysis) -> Table:
    measures = run_measures(analysis.labelled, analysis.flags, analysis.traits, analysis.series)
    comparisons = [
        Comparison(h.id, h.measure, h.series_a, h.series_b, cast("Direction", h.direction), h.family)
        for h in analysis.hypotheses
    ]
    found = contrasts(comparisons, measures, analysis.rng("contrasts"), analysis.resamples)
    frame = found.assign(labels=analysis.labels)[[column.name for column in COLUMNS]]
    return Table("contrasts", "Hypotheses", COLUMNS, frame, tuple(_notes(analysis)))


def known_measures(flags: tuple[str, ...]) -> tuple[str, ...]:
    """What a hypothesis may name: a measure of the run, or a flag (its rate over the run's messages)."""
    return (*MEASURES, *flags)


def _notes(analysis: Analysis) -> list[str]:
    notes = [] if analysis.hypotheses else ["The study declares no hypotheses (`hypotheses:`)."]
    return notes if analysis.coded else [*notes, NOT_CODED]
