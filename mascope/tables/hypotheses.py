"""What the tables about hypotheses share: the questions, the runs that answer them, the families."""

from typing import cast

import numpy as np
import pandas as pd

from mascope.stats.clustered import RunCounts
from mascope.stats.comparisons import Comparison, Direction
from mascope.stats.measures import run_measures
from mascope.stats.profiles import any_trait, flag_values
from mascope.tables.analysis import Analysis


def comparisons(analysis: Analysis) -> list[Comparison]:
    """The hypotheses as questions to the statistics, in their order."""
    return [
        Comparison(
            h.id, h.measure, h.series_a, h.series_b, cast("Direction", h.direction), h.family,
            margin=h.margin, matched_by=h.matched_by,
        )
        for h in analysis.hypotheses
    ]  # fmt: skip


def statuses(analysis: Analysis) -> list[str]:
    return ["exploratory" if h.id in analysis.exploratory else "declared" for h in analysis.hypotheses]


def families(analysis: Analysis) -> list[str]:
    """Whose p-values are adjusted together: what came later is not let into a declared family."""
    return [
        f"{h.family} ({status})" for h, status in zip(analysis.hypotheses, statuses(analysis), strict=True)
    ]


def measured(analysis: Analysis, labelled: pd.DataFrame) -> pd.DataFrame:
    """Every measure of every run under these labels, with what runs may be matched by."""
    found = run_measures(labelled, analysis.flags, analysis.traits, analysis.series)
    runs = analysis.frames.runs
    keys = pd.DataFrame({
        "run": runs["run"].astype(str).to_numpy(),
        "series": runs["series"].astype(str).to_numpy(),
        "replicate": runs["replicate"].to_numpy(),
        "parent": runs["parent"].astype(object).where(runs["parent"].notna(), runs["run"]).to_numpy(),
    })  # fmt: skip
    return found.astype({"run": str, "series": str}).merge(keys, on=["run", "series"], how="left")


def counted(analysis: Analysis, question: Comparison) -> tuple[RunCounts, RunCounts] | None:
    """Yeses and messages of each run of the two series; None where the measure is no share of messages."""
    frame = analysis.labelled
    if question.measure in analysis.flags:
        values = flag_values(frame, [question.measure])[0]
    elif question.measure == "any_trait":
        values = any_trait(flag_values(frame, analysis.traits))
    else:
        return None
    a, b = (
        _by_run(frame["run"], values, (frame["series"] == name).to_numpy())
        for name in (question.series_a, question.series_b)
    )
    return a, b


def _by_run(
    runs: "pd.Series[str]",
    values: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    inside: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> RunCounts:
    index, names = pd.factorize(runs.to_numpy()[inside])
    yes, decided = values[inside] == 1, ~np.isnan(values[inside])
    return RunCounts.of(
        np.bincount(index, weights=yes, minlength=len(names)),
        np.bincount(index, weights=decided, minlength=len(names)),
    )
