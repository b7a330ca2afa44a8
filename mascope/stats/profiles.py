"""How often each agent does what: its flags counted by run, and its rates with their intervals.

Labels come as a long frame: one row a message with `message`, `run`, `series`, `agent`, `round`, `position`,
and a column for each flag that holds 1.0 (yes), 0.0 (no) or NaN (undecided). A rate is yes / (yes + no):
what is undecided counts neither way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from mascope.stats.resampling import LEVEL, RESAMPLES, Floats, bootstrap_totals, percentile_intervals, ratio

Ints: TypeAlias = npt.NDArray[np.intp]

PROFILE_COLUMNS = (
    "series", "agent", "flag", "rate", "low", "high", "run_low", "run_high",
    "messages", "yes", "undecided", "runs",
)  # fmt: skip

_COLUMNS_AT_ONCE = 400  # of counts resampled together: 32 MB at 10,000 resamples


@dataclass(frozen=True, slots=True)
class Cells:
    """Who spoke in which run: an agent in a run is a *cell*.

    Cells are ordered by series, run and agent, and runs by series, so that what belongs together is a slice.
    """

    series: tuple[str, ...]
    agents: tuple[str, ...]
    runs: tuple[str, ...]
    series_of_run: Ints
    """(runs,), never falling."""
    run: Ints
    """(cells,), never falling."""
    agent: Ints
    """(cells,)"""
    of_message: Ints
    """(messages,): the cell of each message that belongs to one of the series."""
    rows: Ints
    """(messages,): the row of the frame each of them stands in."""

    @property
    def starts(self) -> Ints:
        """(runs,): the first cell of each run."""
        return np.searchsorted(self.run, np.arange(len(self.runs)))

    def runs_of(self, series: int) -> slice:
        """The runs of one series."""
        first, after = np.searchsorted(self.series_of_run, [series, series + 1])
        return slice(int(first), int(after))

    def of_series(self, series: int) -> slice:
        """The cells of one series."""
        runs = self.runs_of(series)
        first, after = np.searchsorted(self.run, [runs.start, runs.stop])
        return slice(int(first), int(after))


@dataclass(frozen=True, slots=True)
class Tally:
    """What each agent said in each run, counted."""

    flags: tuple[str, ...]
    cells: Cells
    messages: Ints
    """(cells,)"""
    yes: Floats
    """(cells, flags)"""
    decided: Floats
    """(cells, flags): yes and no."""

    @property
    def rates(self) -> Floats:
        """(cells, flags); NaN where an agent has no decided label of a flag in a run."""
        return ratio(self.yes, self.decided)


def cells(labels: pd.DataFrame, series: Sequence[str] | None = None) -> Cells:
    """The cells of a frame. `series` selects and orders; without it, series come as they first occur."""
    names = tuple(series) if series is not None else tuple(pd.unique(labels["series"]))
    in_series = places(labels["series"], names)
    rows = np.flatnonzero(in_series >= 0)
    in_series = in_series[rows]
    # Of a column of categories the codes are factorized, and no word is looked at.
    run_name, runs = pd.factorize(labels["run"].iloc[rows], use_na_sentinel=False)
    agent, agents = pd.factorize(labels["agent"].iloc[rows], use_na_sentinel=False)
    # A run is known by its series and name: transcripts from elsewhere may number runs anew in each series.
    run_key, run = np.unique(in_series * max(1, len(runs)) + run_name, return_inverse=True)
    cell_key, cell = np.unique(run * max(1, len(agents)) + agent, return_inverse=True)
    return Cells(
        series=names,
        agents=tuple(agents),
        runs=tuple(runs[run_key % max(1, len(runs))]),
        series_of_run=run_key // max(1, len(runs)),
        run=cell_key // max(1, len(agents)),
        agent=cell_key % max(1, len(agents)),
        of_message=cell,
        rows=rows,
    )


def places(
    column: "pd.Series[str]", names: "Sequence[str] | npt.NDArray[np.object_] | pd.Index[str]"
) -> Ints:
    """(rows,): which of the names each row has; −1 where it is none of them.

    Of a column of categories each different word is looked up once, however many rows there are.
    """
    different = column.astype("category").cat
    found = pd.Index(list(names), dtype=object).get_indexer(different.categories.astype(object))
    return np.append(found, -1)[different.codes.to_numpy()]


def flag_values(labels: pd.DataFrame, flags: Sequence[str]) -> Floats:
    """The flags of a frame as an array (flags, messages) of 1, 0 and NaN."""
    columns = [labels[flag].to_numpy(dtype=np.float64, na_value=np.nan) for flag in flags]
    return np.stack(columns) if columns else np.empty((0, len(labels)))


def tally(labels: pd.DataFrame, flags: Sequence[str], series: Sequence[str] | None = None) -> Tally:
    """Count the labels of each agent in each run."""
    found = cells(labels, series)
    values = flag_values(labels, flags)[:, found.rows]
    count = len(found.run)

    def counted(marks: npt.NDArray[np.bool_]) -> Floats:
        sums = [np.bincount(found.of_message, weights=row, minlength=count) for row in marks]
        return np.stack(sums, axis=1) if sums else np.empty((count, 0))

    return Tally(
        flags=tuple(flags),
        cells=found,
        messages=np.bincount(found.of_message, minlength=count),
        yes=counted(values == 1),
        decided=counted(~np.isnan(values)),
    )


def any_trait(values: Floats) -> Floats:
    """Whether a message shows any trait: (traits, messages) → (messages,) of 1, 0 and NaN.

    A message counts only where every trait is decided. To take a "yes" beside an undecided trait, but not a
    "no", would count exactly the messages that raise the share.
    """
    if len(values) == 0:
        return np.full(values.shape[1], np.nan)
    return np.where(np.isnan(values).any(axis=0), np.nan, (values == 1).any(axis=0))


def wilson(yes: npt.ArrayLike, n: npt.ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Score interval of a proportion (Wilson 1927), of any shape; NaN where n is 0.

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n). It takes messages as independent of each other.
    """
    count = np.asarray(n, dtype=np.float64)
    p = ratio(np.asarray(yes, dtype=np.float64), count)
    z2_n = ratio(np.full(count.shape, ndtri((1 + level) / 2) ** 2), count)
    centre = (p + z2_n / 2) / (1 + z2_n)
    half = np.sqrt(z2_n * (p * (1 - p) + z2_n / 4)) / (1 + z2_n)
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)


def profiles(
    labels: pd.DataFrame,
    flags: Sequence[str],
    rng: np.random.Generator,
    series: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Rate of each flag by series and agent: one row each, with the columns `PROFILE_COLUMNS`.

    `rate` is over all decided messages of the agent in the series (`messages` of them, in `runs` runs;
    `undecided` others). `low`, `high`: Wilson interval. `run_low`, `run_high`: expanded bootstrap over the
    series' runs, wider where messages of one run resemble each other; NaN with fewer than two runs, and where
    the rate never varies between them, which resampling cannot see beyond.
    """
    if not flags:
        return pd.DataFrame(columns=list(PROFILE_COLUMNS))
    counts = tally(labels, flags, series)
    blocks = [
        _series_profiles(counts, number, rng, resamples)
        for number in range(len(counts.cells.series))
        if counts.cells.runs_of(number).start < counts.cells.runs_of(number).stop
    ]
    if not blocks:
        return pd.DataFrame(columns=list(PROFILE_COLUMNS))
    return pd.concat(blocks, ignore_index=True)[list(PROFILE_COLUMNS)]


def _series_profiles(counts: Tally, series: int, rng: np.random.Generator, resamples: int) -> pd.DataFrame:
    part = counts.cells.of_series(series)
    agents, seat = np.unique(counts.cells.agent[part], return_inverse=True)
    yes, decided = _by_run(counts, series, seat, len(agents))
    n = decided.sum(axis=0)
    low, high = wilson(yes.sum(axis=0), n)
    run_low, run_high = _run_intervals(yes, decided, rng, resamples)
    spoken = np.bincount(seat, weights=counts.messages[part], minlength=len(agents))
    columns = {
        "rate": ratio(yes.sum(axis=0), n), "low": low, "high": high, "run_low": run_low, "run_high": run_high,
        "messages": n.astype(np.intp), "yes": yes.sum(axis=0).astype(np.intp),
        "undecided": (spoken[:, np.newaxis] - n).astype(np.intp),
        "runs": np.count_nonzero(decided, axis=0),
    }  # fmt: skip
    index = {
        "series": counts.cells.series[series],
        "agent": np.repeat([counts.cells.agents[agent] for agent in agents], len(counts.flags)),
        "flag": np.tile(np.array(counts.flags), len(agents)),
    }
    return pd.DataFrame(index | {name: values.ravel() for name, values in columns.items()})


def _by_run(counts: Tally, series: int, seat: Ints, agents: int) -> tuple[Floats, Floats]:
    """Yes and decided of one series as (runs, agents, flags); 0 where an agent did not speak in a run."""
    part, runs = counts.cells.of_series(series), counts.cells.runs_of(series)
    shape = (runs.stop - runs.start, agents, len(counts.flags))
    yes, decided = np.zeros(shape), np.zeros(shape)
    place = (counts.cells.run[part] - runs.start, seat)
    yes[place], decided[place] = counts.yes[part], counts.decided[part]
    return yes, decided


def _run_intervals(
    yes: Floats, decided: Floats, rng: np.random.Generator, resamples: int
) -> tuple[Floats, Floats]:
    """Bounds (agents, flags) of pooled rates under resampling of runs, from counts (runs, agents, flags)."""
    low, high = np.full((2, *yes.shape[1:]), np.nan)
    if len(yes) < 2:
        return low, high
    for block in _blocks(yes.shape[1], max(1, _COLUMNS_AT_ONCE // (2 * yes.shape[2]))):
        sums = bootstrap_totals(np.stack([yes[:, block], decided[:, block]], axis=1), rng, resamples)
        rates = ratio(sums[:, 0], sums[:, 1])
        runs = np.count_nonzero(decided[:, block], axis=0).ravel()
        found = percentile_intervals(rates.reshape(len(rates), -1), clusters=runs.tolist())
        bounds = [(one.low, one.high) if one and one.low < one.high else (np.nan, np.nan) for one in found]
        low[block], high[block] = np.array(bounds).T.reshape(2, *rates.shape[1:])
    return low, high


def _blocks(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))
