"""What a run amounts to, as one number for each measure: the observations that contrasts compare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

from mascope.stats.profiles import Tally, tally
from mascope.stats.resampling import Floats, ratio
from mascope.stats.similarity import run_summary


@dataclass(frozen=True, slots=True)
class LabelledRuns:
    """The labels of all runs, counted; runs in the order of `summary`."""

    summary: pd.DataFrame
    """One row a run, as `run_summary` gives it."""
    flags: Tally


Measure: TypeAlias = Callable[[LabelledRuns], Floats]
"""One number a run: (runs,); NaN where undefined."""


def _column(name: str) -> Measure:
    return lambda runs: runs.summary[name].to_numpy(dtype=np.float64)


def _any_trait(runs: LabelledRuns) -> Floats:
    """Share of the run's labelled messages that show a trait."""
    return ratio(_column("with_trait")(runs), _column("labelled")(runs))


MEASURES: Mapping[str, Measure] = MappingProxyType({
    "similarity": _column("cosine"),
    "jensen_shannon": _column("jensen_shannon"),
    "euclidean": _column("euclidean"),
    "any_trait": _any_trait,
    "messages": _column("messages"),
})  # fmt: skip
"""Measures of a run by name. The rate of each flag over a run's messages is one too, by the flag's name."""


def run_measures(
    labels: pd.DataFrame, flags: Sequence[str], traits: Sequence[str], series: Sequence[str] | None = None
) -> pd.DataFrame:
    """Every measure of every run that has messages: `run`, `series`, the names of `MEASURES`, the flags.

    Measures from elsewhere join by `run` and `series`.
    """
    runs = LabelledRuns(run_summary(labels, traits, series), tally(labels, flags, series))
    measured = {name: measure(runs) for name, measure in MEASURES.items()}
    return runs.summary[["run", "series"]].assign(**measured, **_flag_rates(runs.flags))


def _flag_rates(counts: Tally) -> dict[str, Floats]:
    run, size = counts.cells.run, len(counts.cells.runs)

    def per_run(of_cells: Floats) -> Floats:
        return np.bincount(run, of_cells, size).astype(np.float64)

    return {
        flag: ratio(per_run(yes), per_run(decided))
        for flag, yes, decided in zip(counts.flags, counts.yes.T, counts.decided.T, strict=True)
    }
