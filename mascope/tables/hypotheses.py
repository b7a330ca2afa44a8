"""What the tables about hypotheses share: the questions, the runs that answer them, the families."""

from collections.abc import Collection, Sequence
from typing import cast

import numpy as np
import pandas as pd

from mascope.stats.clustered import RunCounts
from mascope.stats.comparisons import ONLY_FOR, Comparison, Direction
from mascope.stats.measures import run_measures
from mascope.stats.profiles import any_trait, flag_values
from mascope.tables.analysis import Analysis
from mascope.tables.unlabelled import in_windows, without_codes


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


def measures_of_runs(analysis: Analysis) -> pd.DataFrame:
    """What `measured` gives for all hypotheses; taken once, for two tables compare these runs."""
    return analysis.once("measured", lambda: measured(analysis, analysis.labelled))


def measured(
    analysis: Analysis, labelled: pd.DataFrame, questions: Sequence[Comparison] | None = None
) -> pd.DataFrame:
    """What the questions (left out: all hypotheses) ask of every run, under these labels.

    Beside it stands what runs may be matched by. A comparison of forks has rows of its own (`only_for`), over
    the rounds that all of a pair have.
    """
    runs = _keyed(analysis.frames.runs)
    questions = comparisons(analysis) if questions is None else questions
    asked = {question.measure for question in questions}
    whole = _measured(analysis, labelled, runs, asked).assign(**{ONLY_FOR: ""})
    own = [
        _measured(analysis, *_same_rounds(question, labelled, runs), asked).assign(
            **{ONLY_FOR: question.hypothesis}
        )
        for question in questions
        if question.matched_by == "parent" and _forked(question, runs)
    ]
    return pd.concat([whole, *own], ignore_index=True) if own else whole


def _measured(
    analysis: Analysis, labelled: pd.DataFrame, runs: pd.DataFrame, asked: Collection[str]
) -> pd.DataFrame:
    found = run_measures(labelled, analysis.flags, analysis.traits, analysis.series)
    found = found.astype({"run": str, "series": str})
    found = found.merge(in_windows(analysis, labelled, asked), on="run", how="left")
    found = found.merge(without_codes(analysis, labelled, asked), on=["run", "series"], how="left")
    keys = runs[["run", "series", "replicate", "parent"]]
    return found.merge(keys, on=["run", "series"], how="left")


def first_round(analysis: Analysis, series: str) -> int:
    """The first round that runs of a series have of their own: 0 but for forks."""
    runs = analysis.frames.runs
    found = runs.loc[(runs["series"] == series).to_numpy(), "from_round"]
    return int(found.max()) if len(found) else 0


def _keyed(runs: pd.DataFrame) -> pd.DataFrame:
    """What runs may be matched by, and the rounds of their own: from `first` up to `end`."""
    return pd.DataFrame({
        "run": runs["run"].astype(str).to_numpy(),
        "series": runs["series"].astype(str).to_numpy(),
        "replicate": runs["replicate"].to_numpy(),
        "parent": runs["parent"].astype(object).where(runs["parent"].notna(), runs["run"]).to_numpy(),
        "first": runs["from_round"].to_numpy(),
        "end": (runs["from_round"] + runs["rounds"]).to_numpy(),
    })  # fmt: skip


def _forked(question: Comparison, runs: pd.DataFrame) -> bool:
    inside = runs["series"].isin((question.series_a, question.series_b))
    return bool((runs.loc[inside, "first"] > 0).any())


def _same_rounds(
    question: Comparison, labelled: pd.DataFrame, runs: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What was said in the rounds that all runs of a pair have; and these runs, matched.

    What a parent said before its fork began cannot differ from what the fork was given. A fork of a fork is
    matched with its own parent where that is compared, and not with where that one came from.
    """
    pair = runs[runs["series"].isin((question.series_a, question.series_b))]
    there = set(pair["run"])
    itself = pair["run"].isin(there.intersection(pair["parent"])) & ~pair["parent"].isin(there)
    pair = pair.assign(parent=pair["run"].where(itself, pair["parent"]))
    bounds = pair.groupby("parent").agg(first=("first", "max"), end=("end", "min"))
    within = bounds.loc[list(pair["parent"])].set_axis(pair["run"])
    said = labelled[labelled["run"].isin(list(within.index))]
    own = within.loc[list(said["run"].astype(str))]
    round_ = said["round"].to_numpy()
    return said[(round_ >= own["first"].to_numpy()) & (round_ < own["end"].to_numpy())], pair


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
