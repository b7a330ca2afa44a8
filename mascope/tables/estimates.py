"""Rows of estimates → a table's frame."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from mascope.stats.resampling import Estimate
from mascope.tables.table import Column


def cells(name: str, estimate: Estimate) -> dict[str, object]:
    """`name`, `name_low` and `name_high`.

    An interval without width is left out: it comes of a sample in which nothing varied, and claims certainty.
    """
    interval = estimate.interval
    if interval is None or interval.low == interval.high:
        return {name: estimate.value, f"{name}_low": None, f"{name}_high": None}
    return {name: estimate.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def frame_of(rows: Iterable[Mapping[str, object]], columns: Sequence[Column]) -> pd.DataFrame:
    """The rows as a frame; what has decimals is a number in every row, NaN where it is undefined."""
    frame = pd.DataFrame(list(rows), columns=[column.name for column in columns])
    return frame.astype({column.name: "float64" for column in columns if column.digits is not None})
