"""Numbers and names in running text."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from mascope.report.cells import SHARE_DIGITS, missing

MOST_LISTED = 12
"""Names that stand in one sentence; of more, only how many."""


def many(count: int, one: str, more: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def plural(count: int, one: str, more: str) -> str:
    return one if count == 1 else more


def joined(names: Sequence[str]) -> str:
    """`a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def listed(names: Sequence[str], noun: str = "") -> str:
    return f" ({noun}{', '.join(names)})" if len(names) <= MOST_LISTED else ""


def spread(values: "pd.Series[Any]") -> str:
    """`8`, `1 to 21`; whole numbers without decimals."""
    known = sorted({float(value) for value in values.dropna()})
    if not known:
        return "an unknown number of"
    low, high = (f"{value:g}" for value in (known[0], known[-1]))
    return low if low == high else f"{low} to {high}"


def share(value: float) -> str:
    return "undefined" if missing(value) else f"{value:.{SHARE_DIGITS}f}".replace("0.", ".", 1)
