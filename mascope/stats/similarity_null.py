"""What similarity a run would show if its agents did not differ.

Few messages make even clones look different, so a cosine means little without its null. Under the null
hypothesis it does not matter which agent of a run sent which message, so labels are shuffled among the
messages of the run; how many messages each agent sent stays as it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.profiles import Ints, Tally, flag_values, tally
from mascope.stats.resampling import (
    LEVEL,
    UNDEFINED_AT_MOST,
    Floats,
    percentile_interval,
    permutation_p,
    ratio,
)
from mascope.stats.similarity import mean_cosines

Longs: TypeAlias = npt.NDArray[np.int64]

PERMUTATIONS = 1_000
SHUFFLED_AT_MOST = 200_000_000  # labels in all: some seconds

RUN_NULL_COLUMNS = ("run", "series", "null_mean", "null_sd", "null_low", "null_high", "null_p")
SERIES_NULL_COLUMNS = (
    "series", "cosine", "null_mean", "null_low", "null_high", "null_p", "excess", "permutations",
)  # fmt: skip

_AT_ONCE = 500_000  # labels shuffled together


@dataclass(frozen=True, slots=True)
class SimilarityNull:
    """Similarity under shuffled labels."""

    runs: pd.DataFrame
    """`RUN_NULL_COLUMNS`, one row a run: mean, standard deviation and central 95% of its cosine over
    permutations; p that agents who do not differ look as different as these (one-sided: cosine as low as
    observed)."""
    series: pd.DataFrame
    """`SERIES_NULL_COLUMNS`, one row a series: the same for the mean over the runs that have a cosine, with
    the central 95% of the permuted means, and `excess` = cosine − null_mean (negative: agents differ)."""


def affordable(messages: int, permutations: int = PERMUTATIONS) -> int:
    """As many permutations as asked for, or fewer where the data are so large that they would take minutes.

    A series' mean over many runs varies so little between permutations that few of them suffice.
    """
    return max(99, min(permutations, SHUFFLED_AT_MOST // max(1, messages)))


def similarity_null(
    labels: pd.DataFrame,
    traits: Sequence[str],
    rng: np.random.Generator,
    series: Sequence[str] | None = None,
    permutations: int | None = None,
) -> SimilarityNull:
    """The permutation null of every run and series that has messages. Undefined is NaN.

    `permutations` defaults to what is `affordable`.
    """
    counts = tally(labels, traits, series)
    times = permutations or affordable(len(counts.cells.rows))
    order = np.argsort(counts.cells.of_message, kind="stable")
    values = flag_values(labels, traits)[:, counts.cells.rows[order]]
    cell = counts.cells.of_message[order]
    parts = [
        _series_null(counts, number, (values, cell), rng, times)
        for number in range(len(counts.cells.series))
        if counts.cells.runs_of(number).start < counts.cells.runs_of(number).stop
    ]
    nothing = pd.DataFrame(columns=list(RUN_NULL_COLUMNS))
    return SimilarityNull(
        runs=pd.concat([part[0] for part in parts], ignore_index=True) if parts else nothing,
        series=pd.DataFrame([part[1] for part in parts], columns=list(SERIES_NULL_COLUMNS)),
    )


def _series_null(
    counts: Tally, series: int, messages: tuple[Floats, Ints], rng: np.random.Generator, permutations: int
) -> tuple[pd.DataFrame, dict[str, object]]:
    found = counts.cells
    runs, part = found.runs_of(series), found.of_series(series)
    values, cell = messages
    mine = slice(*np.searchsorted(cell, [part.start, part.stop]))
    starts = found.starts[runs] - part.start
    null = shuffled_cosines(
        values[:, mine], cell[mine] - part.start, found.run[part] - runs.start, rng, permutations
    )
    observed = mean_cosines(counts.rates[part], starts).mean
    mean, sd = _moments(null)
    low, high = _bands(null)
    per_run = pd.DataFrame({
        "run": found.runs[runs], "series": found.series[series],
        "null_mean": mean, "null_sd": sd, "null_low": low, "null_high": high,
        "null_p": _as_low(observed, null),
    })  # fmt: skip
    return per_run, {"series": found.series[series], **_series_summary(observed, null)}


def _series_summary(observed: Floats, null: Floats) -> dict[str, object]:
    has_cosine = ~np.isnan(observed)
    if not has_cosine.any():
        return {"permutations": len(null)}
    cosine = float(observed[has_cosine].mean())
    kept = null[:, has_cosine]
    draws = ratio(np.nansum(kept, axis=1), np.count_nonzero(~np.isnan(kept), axis=1).astype(np.float64))
    band = percentile_interval(draws)
    null_mean = float(np.nanmean(draws))
    return {
        "cosine": cosine, "null_mean": null_mean, "excess": cosine - null_mean,
        "null_low": band.low if band else None, "null_high": band.high if band else None,
        "null_p": permutation_p(cosine, draws, "less"), "permutations": len(null),
    }  # fmt: skip


def _bands(null: Floats) -> tuple[Floats, Floats]:
    """What `percentile_interval` gives of the permutations of each run: (runs,), NaN where it gives none."""
    found = np.full((2, null.shape[1]), np.nan)
    defined, ordered = np.count_nonzero(~np.isnan(null), axis=0), np.sort(null, axis=0)
    tail = (1 - LEVEL) / 2
    for count in np.unique(defined[defined >= max(1.0, (1 - UNDEFINED_AT_MOST) * len(null))]):
        mine = defined == count  # NaN stands last
        found[:, mine] = np.quantile(ordered[:count, mine], [tail, 1 - tail], axis=0)
    return found[0], found[1]


def _moments(null: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation (runs,) of the defined permutations of each run (permutations, runs)."""
    count = np.count_nonzero(~np.isnan(null), axis=0).astype(np.float64)
    mean = ratio(np.nansum(null, axis=0), count)
    return mean, np.sqrt(ratio(np.nansum(np.square(null - mean), axis=0), np.maximum(0.0, count - 1)))


def _as_low(observed: Floats, null: Floats) -> Floats:
    """Share (runs,) of permutations with a cosine as low as observed, the observed one counted among them."""
    # The same profiles summed in another order differ in the last bits, and must count as equal.
    lower = 1.0 + np.count_nonzero(null <= observed + 1e-12, axis=0)
    share = lower / (1 + np.count_nonzero(~np.isnan(null), axis=0))
    return np.where(np.isnan(observed), np.nan, share)


def shuffled_cosines(
    values: Floats, cell: Ints, run: Ints, rng: np.random.Generator, permutations: int
) -> Floats:
    """Mean cosine of each run under each permutation: (permutations, runs).

    values: (traits, messages) of 1, 0 and NaN, in the order of their cells; cell: (messages,) from 0;
    run: (cells,) from 0.
    """
    starts = np.searchsorted(run, np.arange(run[-1] + 1))
    shuffled = _shuffled_rates(values, cell, run[cell], rng, permutations)
    return np.concatenate([mean_cosines(rates, starts).mean for rates in shuffled])


def _shuffled_rates(
    values: Floats, cell: Ints, run: Ints, rng: np.random.Generator, permutations: int
) -> Iterator[Floats]:
    """Rates (some permutations, cells, traits) with the labels of each run shuffled among its messages."""
    runs, longest = int(run[-1]) + 1, int(np.bincount(run).max())
    place = np.arange(len(run)) - np.searchsorted(run, np.arange(runs))[run]
    vacant = np.ones((runs, longest), dtype=np.bool_)
    vacant[run, place] = False
    decided = ~np.isnan(values)
    varies = ~decided.all(axis=1)  # of other traits every cell has as many decided labels as messages
    columns = np.concatenate([values == 1, decided[varies]])
    marks = np.zeros((len(columns), runs, longest), dtype=np.int64)
    marks[:, run, place] = columns
    messages = np.bincount(cell).astype(np.float64)
    words = _Words(marks, bits=int(messages.max()).bit_length())
    first = np.searchsorted(cell, np.arange(cell[-1] + 1))
    starts = run[first] * longest + place[first]
    step = max(1, _AT_ONCE // vacant.size)
    for done in range(0, permutations, step):
        # To sort by random keys is to shuffle; places without a message (they hold zeros) stay behind.
        keys = rng.random((min(step, permutations - done), runs, longest), dtype=np.float32)
        keys[:, vacant] = 2.0
        sums = words.sums(np.argsort(keys, axis=-1), starts)
        of = np.broadcast_to(messages, (len(values), *sums.shape[1:])).copy()
        of[varies] = sums[len(values) :]
        yield np.moveaxis(ratio(sums[: len(values)], of), 0, -1)


class _Words:
    """Several small counts in each 64-bit integer: one shuffle and one sum move them all.

    A column of `marks` (columns, runs, places) is 0 or 1, and none of its sums needs more than `bits` bits.
    """

    def __init__(self, marks: Longs, bits: int) -> None:
        self._columns, self._places = len(marks), marks.shape[1:]
        self._shifts = np.arange(min(63 // bits, max(1, len(marks))))[:, np.newaxis, np.newaxis] * bits
        self._mask = (1 << bits) - 1
        self._words = [
            (group << self._shifts[: len(group)]).sum(axis=0).ravel()
            for group in np.split(marks, range(len(self._shifts), len(marks), len(self._shifts)))
        ]

    def sums(self, order: Ints, starts: Ints) -> Floats:
        """Sums (columns, permutations, segments) once each run is in `order` (permutations, runs, places).

        A segment reaches from one of `starts`, counted through all runs and places, to the next.
        """
        runs, places = self._places
        through = (order + np.arange(runs)[:, np.newaxis] * places).reshape(len(order), -1)
        fields = [self._fields(word, through, starts) for word in self._words]
        return np.concatenate(fields)[: self._columns].astype(np.float64)

    def _fields(self, word: Longs, order: Ints, starts: Ints) -> Longs:
        return (np.add.reduceat(word.take(order), starts, axis=1) >> self._shifts) & self._mask
