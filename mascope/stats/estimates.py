"""Measures of runs → one row a series and measure, with interval, n and, where there is one, its null.

The run is the unit: each measure is one number a run, and a series' value is the mean over its runs.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.resampling import (
    RESAMPLES,
    Floats,
    bootstrap_totals,
    percentile_interval,
    permutation_p,
    ratio,
)

ESTIMATE_COLUMNS = ("series", "measure", "value", "low", "high", "runs", "null", "p", "note")

Nulls = Mapping[str, Floats]
"""Measure → (permutations, runs): the measure of each run of a frame once its data are shuffled."""


def series_means(
    per_run: pd.DataFrame,
    series: Sequence[str],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    nulls: Nulls | None = None,
    needs: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """One row a series and measure, with the columns `ESTIMATE_COLUMNS`.

    per_run: one row a run with `series` and a column a measure, NaN where it is undefined.
    `value`: mean over the `runs` runs that have the measure; `low`, `high`: its 95% interval by bootstrap
    over runs, expanded for their number. `null`: mean over runs and permutations of shuffled data;
    `p`: two-sided, that shuffled data give a mean as far out. needs: what a run must have for a measure.
    """
    measures = [name for name in per_run.columns if name not in ("run", "series")]
    member = per_run["series"].astype(str).to_numpy()
    rows: list[dict[str, object]] = []
    for name in series:
        mine = member == name
        values = per_run.loc[mine, measures].to_numpy(dtype=np.float64)
        draws = mean_draws(values, rng, resamples)
        for place, measure in enumerate(measures):
            null = None if nulls is None or measure not in nulls else nulls[measure][:, mine]
            row = estimate(values[:, place], draws[:, place], null)
            if not row["runs"] and len(values) and measure in needs:
                row["note"] = f"no run has it: it needs {needs[measure]}"
            rows.append({"series": name, "measure": measure, **row})
    frame = pd.DataFrame(rows, columns=list(ESTIMATE_COLUMNS))
    return frame.astype(dict.fromkeys(("value", "low", "high", "null", "p"), np.float64))


def mean_draws(values: Floats, rng: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Means (resamples, columns) of resampled rows of `values` (runs, columns); NaN cells are left out."""
    if len(values) < 2:
        return np.full((1, values.shape[1]), np.nan)
    known = ~np.isnan(values)
    sums = bootstrap_totals(np.stack([np.where(known, values, 0.0), known], axis=1), rng, resamples)
    return ratio(sums[:, 0], sums[:, 1])


def estimate(values: Floats, draws: Floats, null: Floats | None = None) -> dict[str, object]:
    """Mean of the runs (runs,) that are not NaN, with its interval and its place in the null."""
    known = ~np.isnan(values)
    n = int(known.sum())
    if n == 0:
        return {"value": None, "runs": 0, "note": "no run has it" if len(values) else "no messages"}
    value = float(values[known].mean())
    bounds = percentile_interval(draws, clusters=n) if n > 1 and np.ptp(values[known]) > 0 else None
    shuffled = None if null is None else _means(null[:, known])
    expected = None if shuffled is None or np.isnan(shuffled).all() else float(np.nanmean(shuffled))
    return {
        "value": value,
        "low": bounds.low if bounds else None,
        "high": bounds.high if bounds else None,
        "runs": n,
        "null": expected,
        "p": None if shuffled is None else permutation_p(value, shuffled),
        "note": note(values, known),
    }


def _means(null: Floats) -> Floats:
    """Means over runs (permutations,) of (permutations, runs); NaN cells are left out."""
    known = ~np.isnan(null)
    return ratio(np.where(known, null, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))


def note(values: Floats, known: npt.NDArray[np.bool_]) -> str:
    """What a reader must know of a mean over these runs."""
    n = int(known.sum())
    if n == 1:
        return "one run has it: no interval"
    said = [] if n == len(values) else [f"{len(values) - n} of {len(values)} runs do not have it"]
    if np.ptp(values[known]) == 0:
        said.append("the same in every run: no interval")
    return "; ".join(said)


def slopes(values: Floats, times: Floats) -> Floats:
    """Least-squares slope (…,) of `values` (…, times) over `times`; NaN cells are left out, and NaN results
    where fewer than two times are left."""
    known = ~np.isnan(values)
    n = known.sum(axis=-1, keepdims=True).astype(np.float64)
    t = np.where(known, times, 0.0)
    centred = np.where(known, t - ratio(t.sum(axis=-1, keepdims=True), n), 0.0)
    return ratio((centred * np.where(known, values, 0.0)).sum(axis=-1), np.square(centred).sum(axis=-1))


def shuffled_slopes(values: Floats, rng: np.random.Generator, permutations: int) -> Floats:
    """Slopes (permutations, runs) of `values` (runs, rounds) over the round, once rounds are shuffled.

    Only the rounds that a run has are shuffled among each other, each run by itself.
    """
    known = ~np.isnan(values)
    rounds = np.arange(values.shape[1], dtype=np.float64)
    t = np.where(known, rounds, 0.0)
    n = known.sum(axis=1, keepdims=True).astype(np.float64)
    centred = np.where(known, t - ratio(t.sum(axis=1, keepdims=True), n), 0.0)
    squares = np.square(centred).sum(axis=1)
    keys = rng.random((permutations, *values.shape), dtype=np.float32)
    # Places without a value take no part: sorted last, where the round's weight is put as 0 as well.
    keys[:, ~known] = 2.0
    order = np.argsort(keys, axis=-1)
    filled = np.where(known, values, 0.0)
    packed = np.take_along_axis(centred, np.argsort(~known, axis=1, kind="stable"), axis=1)
    shuffled = np.take_along_axis(filled[np.newaxis], order, axis=-1)
    return ratio(np.einsum("prt,rt->pr", shuffled, packed), np.broadcast_to(squares, shuffled.shape[:2]))
