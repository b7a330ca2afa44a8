"""How often each flag is shown in each round of a series."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mascope.stats.profiles import flag_values
from mascope.stats.resampling import RESAMPLES, Floats, bootstrap_totals, percentile_interval, ratio

ROUND_COLUMNS = ("series", "round", "flag", "rate", "low", "high", "messages", "runs")


def round_rates(
    labels: pd.DataFrame,
    flags: Sequence[str],
    series: Sequence[str],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """One row a series, round and flag, with the columns `ROUND_COLUMNS`; rounds without a message have none.

    labels: `run`, `series`, `round` and the flags, one row a message. `rate`: share of the round's decided
    messages (`messages`, of `runs` runs) that show the flag. `low`, `high`: 95%, expanded percentile
    bootstrap over the series' runs (Hesterberg 2015); NaN with one run, where the rate never varies, and
    where too many resamples hold no message of the round.
    """
    counted = labels[["run", "round", *flags]]
    blocks = [
        _series_rounds(name, counted[(labels["series"] == name).to_numpy()], flags, rng, resamples)
        for name in series
    ]
    return pd.DataFrame(
        [row for block in blocks for row in block], columns=list(ROUND_COLUMNS)
    ).astype(dict.fromkeys(("rate", "low", "high"), np.float64))  # fmt: skip


def _series_rounds(
    name: str, labels: pd.DataFrame, flags: Sequence[str], rng: np.random.Generator, resamples: int
) -> list[dict[str, object]]:
    if not len(labels) or not flags:
        return []
    yes, decided = _counts(labels, flags)
    sums, n = yes.sum(axis=0), decided.sum(axis=0)
    rates, runs = ratio(sums, n), np.count_nonzero(decided, axis=0)
    low, high = _intervals(yes, decided, rng, resamples)
    return [
        {
            "series": name, "round": int(round_), "flag": flags[flag], "rate": rates[round_, flag],
            "low": low[round_, flag], "high": high[round_, flag],
            "messages": int(n[round_, flag]), "runs": int(runs[round_, flag]),
        }
        for round_, flag in np.argwhere(n > 0)
    ]  # fmt: skip


def _counts(labels: pd.DataFrame, flags: Sequence[str]) -> tuple[Floats, Floats]:
    """Yes and decided, each (runs, rounds, flags)."""
    run, runs = pd.factorize(labels["run"])
    round_ = labels["round"].to_numpy(dtype=np.intp)
    shape = (len(runs), int(round_.max()) + 1)
    place = run * shape[1] + round_
    values = flag_values(labels, flags)

    def counted(marks: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Floats:
        sums = [np.bincount(place, weights=row, minlength=shape[0] * shape[1]) for row in marks]
        return np.stack(sums, axis=-1).reshape(*shape, len(flags)).astype(np.float64)

    return counted(values == 1), counted(~np.isnan(values))


def _intervals(
    yes: Floats, decided: Floats, rng: np.random.Generator, resamples: int
) -> tuple[Floats, Floats]:
    """Bounds (rounds, flags)."""
    low, high = np.full((2, *yes.shape[1:]), np.nan)
    if len(yes) < 2:
        return low, high
    draws = bootstrap_totals(np.stack([yes, decided], axis=1), rng, resamples)
    rates = ratio(draws[:, 0], draws[:, 1])
    for place in np.ndindex(yes.shape[1:]):
        found = percentile_interval(rates[:, *place], clusters=len(yes))
        if found is not None and found.low < found.high:
            low[place], high[place] = found.low, found.high
    return low, high
