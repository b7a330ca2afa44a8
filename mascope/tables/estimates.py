"""Estimates as cells of a row."""

from mascope.stats.resampling import Estimate


def cells(name: str, estimate: Estimate) -> dict[str, object]:
    """`name`, `name_low` and `name_high`.

    An interval without width is left out: it comes of a sample in which nothing varied, and claims certainty.
    """
    interval = estimate.interval
    if interval is None or interval.low == interval.high:
        return {name: estimate.value, f"{name}_low": None, f"{name}_high": None}
    return {name: estimate.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
