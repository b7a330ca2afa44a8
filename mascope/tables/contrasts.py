"""The declared hypotheses, tested."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from mascope.stats.audit import confounds
from mascope.stats.clustered import clustered_logit
from mascope.stats.comparisons import Comparison, contrasts
from mascope.stats.measures import MEASURES
from mascope.stats.multiplicity import within_families
from mascope.study.measures import measures_of, needs_codes
from mascope.tables.analysis import Analysis
from mascope.tables.audit import audited
from mascope.tables.differentiation import LABELS, NOT_CODED, NOTE
from mascope.tables.hypotheses import comparisons, counted, families, first_round, measures_of_runs, statuses
from mascope.tables.sensitivity import verdicts
from mascope.tables.table import Column, Table

COLUMNS = (
    Column("hypothesis", "Its id in the study file."),
    Column(
        "status",
        "`declared`: in the study, as it is, before the first run; `exploratory`: added or changed later, or "
        "not on record.",
    ),
    Column("family", "Hypotheses whose p-values are adjusted together.", detail=True),
    Column("measure", "What is compared: one number a run."),
    Column("series_a", "First series."),
    Column("series_b", "Second series."),
    Column("direction", "What was expected of the first against the second."),
    LABELS,
    Column("test", "Mann-Whitney, or the signed-rank test of matched runs.", detail=True),
    Column("n_a", "Runs of the first series."),
    Column("n_b", "Runs of the second series."),
    Column("mean_a", "Mean of the measure in the first series.", 3),
    Column("mean_b", "Mean in the second.", 3),
    Column("difference", "First minus second.", 3, detail=True),
    Column("difference_low", "Lower end of its 95% interval by bootstrap over runs.", 3, detail=True),
    Column("difference_high", "Upper end of the same.", 3, detail=True),
    Column("U", "Mann–Whitney U of the first series (Mann and Whitney 1947).", 1, detail=True),
    Column("W", "Wilcoxon's W of matched runs (Wilcoxon 1945).", 1, detail=True),
    Column("z", "Its standardised value, corrected for ties, without continuity correction.", 3, detail=True),
    Column("p", "Its p-value, one-sided where a direction was declared.", 3),
    Column(
        "p_adjusted",
        "The same after Holm within the family, declared and exploratory apart; for equivalence, of that.",
        3,
    ),
    Column("r", "Effect size Z/√N; positive where the first series is larger.", 3, kind="share"),
    Column("r_low", "Lower end of its 95% interval by bootstrap.", 3, kind="share"),
    Column("r_high", "Upper end of the same.", 3, kind="share"),
    Column("p_permutation", "Permutation p-value of the same comparison.", 3),
    Column("exact", "Whether the permutation p is exact; otherwise it is by Monte Carlo.", detail=True),
    Column(
        "cliffs_delta",
        "Cliff's delta (Cliff 1993); positive where the first series is larger.",
        3,
        kind="share",
    ),
    Column("rank_biserial", "Of matched runs, the rank-biserial correlation (Kerby 2014).", 3, detail=True),
    Column("effect_low", "Lower end of the 95% interval of Cliff's delta, or of that.", 3, detail=True),
    Column("effect_high", "Upper end of the same.", 3, detail=True),
    Column("margin", "The largest difference that would not matter, as the study says.", 3, detail=True),
    Column(
        "p_equivalence",
        "p-value that the difference lies within ±margin, by two one-sided tests (Schuirmann 1987).",
        3,
        detail=True,
    ),
    Column("within_margin", "Whether the 90% bootstrap interval lies within ±margin.", detail=True),
    Column(
        "gee_log_odds",
        "Of a share of messages: log odds ratio, runs as clusters (Liang and Zeger 1986).",
        3,
        detail=True,
    ),
    Column("gee_low", "Lower end of its 95% interval (Mancl and DeRouen 2001).", 3, detail=True),
    Column("gee_high", "Upper end of the same.", 3, detail=True),
    Column("gee_p", "Its p-value, one-sided where p is.", 3, detail=True),
    NOTE,
)
IF_EQUIVALENCE = ("margin", "p_equivalence")
"""Shown to readers where a hypothesis asks for it."""


def contrasts_table(analysis: Analysis) -> Table:
    questions = comparisons(analysis)
    found = contrasts(questions, measures_of_runs(analysis), analysis.rng("contrasts"), analysis.resamples)
    checked = pd.DataFrame([_clustered(analysis, question) for question in questions], columns=list(_GEE))
    frame = pd.concat([found, checked.astype("float64")], axis=1).assign(
        labels=analysis.labels, status=statuses(analysis), p_adjusted=_adjusted(found, analysis)
    )
    columns = _columns(questions)
    shown = frame[[column.name for column in columns]]
    return Table("contrasts", "Hypotheses", columns, shown, tuple(_notes(analysis)))


def _adjusted(found: pd.DataFrame, analysis: Analysis) -> "pd.Series[float]":
    tested = found["p_equivalence"].where(found["direction"] == "equivalent", found["p"])
    return pd.Series(within_families(tested, families(analysis)), index=found.index)


def _columns(questions: list[Comparison]) -> tuple[Column, ...]:
    if not any(question.direction == "equivalent" for question in questions):
        return COLUMNS
    return tuple(replace(c, detail=False) if c.name in IF_EQUIVALENCE else c for c in COLUMNS)


_GEE = ("gee_log_odds", "gee_low", "gee_high", "gee_p")


def _clustered(analysis: Analysis, question: Comparison) -> Mapping[str, float | None]:
    """Nothing for matched runs: the check takes runs as independent."""
    counts = counted(analysis, question) if question.matched_by is None else None
    if counts is None:
        return {}
    side = "two-sided" if question.direction == "equivalent" else question.direction
    found = clustered_logit(*counts, side)
    if found is None:
        return {}
    return dict(zip(_GEE, (found.log_odds, found.interval.low, found.interval.high, found.p), strict=True))


def known_measures(flags: tuple[str, ...], study: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """What a hypothesis may name: a measure of the run, or a flag (its rate over the run's messages).

    Without the `study` (as stored), only what follows from labels.
    """
    return (*(MEASURES if study is None else measures_of(study)), *flags)


def _confounded(analysis: Analysis) -> list[str]:
    """For each hypothesis, what else its two series differ in: by the audit, or by which rounds they have."""
    notes = []
    for h in analysis.hypotheses:
        first = {name: first_round(analysis, name) for name in (h.series_a, h.series_b)}
        if h.matched_by == "parent" and any(first.values()):
            # The audit is of whole series: a parent's first rounds are not in this comparison.
            notes.append(
                f"{h.id}: of each pair the rounds that both have, from round {max(first.values())} on."
            )
            continue
        if len(set(first.values())) > 1:
            late = max(first, key=lambda name: first[name])
            notes.append(
                f"{h.id}: {late} has only the rounds from {first[late]} on, and is compared with whole runs; "
                "`matched_by: parent` would compare the same rounds."
            )
        if found := confounds(audited(analysis), h.series_a, h.series_b):
            differ = f"{h.id}: by the audit {h.series_a} and {h.series_b} also differ in"
            notes.append(f"{differ}: {'; '.join(found)}.")
    return notes


def _notes(analysis: Analysis) -> list[str]:
    notes = [] if analysis.hypotheses else ["The study declares no hypotheses (`hypotheses:`)."]
    if analysis.exploratory:
        notes.append(f"Not on record as declared before the first run: {', '.join(analysis.exploratory)}.")
    if analysis.withdrawn:
        notes.append(f"Declared before the first run, but gone since: {', '.join(analysis.withdrawn)}.")
    notes += _confounded(analysis)
    free = {h.id for h in analysis.hypotheses if not needs_codes(h.measure)}
    notes += [f"{id_}: {said}." for id_, said in verdicts(analysis).items() if analysis.coded or id_ in free]
    return notes if analysis.coded else [*notes, NOT_CODED]
