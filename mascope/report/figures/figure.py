"""What a figure is, and what stands in its place where it cannot be drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import altair as alt

from mascope.tables import Table

Chart: TypeAlias = (
    alt.Chart | alt.LayerChart | alt.FacetChart | alt.ConcatChart | alt.HConcatChart | alt.VConcatChart
)


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    name: str
    title: str
    caption: str
    """One or two sentences: what is shown, of how many, and what the intervals are."""
    chart: Chart
    """The one specification of it; no colours of a theme, no size of a page."""
    tables: tuple[str, ...]
    """Names of the tables whose numbers it shows."""


@dataclass(frozen=True, slots=True)
class NotDrawn:
    name: str
    title: str
    reason: str
    """What is missing, and what would bring it."""


Drawn: TypeAlias = Figure | NotDrawn
Builder: TypeAlias = Callable[[Mapping[str, Table]], Drawn]
"""The report's tables by name → a figure."""
