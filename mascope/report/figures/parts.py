"""What the figures share: rows as data, labels, axes, points with their intervals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import altair as alt
import pandas as pd

from mascope.report.cells import MISSING, missing, visible
from mascope.report.figures.theme import RATES, colours, dashes, shapes
from mascope.tables import Table

LONGEST_LABEL = 60
"""Characters. An axis cuts sooner, by its room; this keeps a name without end from filling a file."""
LONGEST_VALUE = 300
"""Characters of any text in the data: the labels of a panel, of which some are made of several names."""

NOT_CODED = "No message has a decided label yet: judge the results, or bring codes in."


def rows(tables: Mapping[str, Table], name: str) -> pd.DataFrame:
    """The frame of a table; one without rows or columns where the report does not have it."""
    return tables[name].frame if name in tables else pd.DataFrame()


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, each with its values by column."""
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def inline(frame: pd.DataFrame) -> alt.InlineData:
    """The frame's rows inside the specification. Undefined is null; texts are made visible."""
    names = [str(name) for name in frame.columns]
    columns = [[_value(value) for value in frame[name].tolist()] for name in names]
    values = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return alt.InlineData(values=values)


def _value(value: Any) -> Any:
    if missing(value) or value in (float("inf"), float("-inf")):
        return None
    return shortened(value, LONGEST_VALUE) if isinstance(value, str) else value


def in_order(values: Iterable[Any]) -> list[str]:
    """Each value once, where it first stands."""
    return list(dict.fromkeys(str(value) for value in values))


def labels(names: Iterable[Any]) -> dict[str, str]:
    """Name → what a figure calls it: short, on one line, different for different names."""
    found: dict[str, str] = {}
    for name in in_order(names):
        short = shortened(name)
        same = [label for label in found.values() if label.startswith(short)]
        found[name] = f"{short} ({len(same) + 1})" if short in same else short
    return found


def shortened(name: str, longest: int = LONGEST_LABEL) -> str:
    seen = visible(name)
    return seen if len(seen) <= longest else f"{seen[:longest]}…"


MOST_SERIES = 24
"""That have a panel each."""


def first(frame: pd.DataFrame, column: str, most: int = MOST_SERIES) -> tuple[pd.DataFrame, str]:
    """The rows of the first `most` values of a column, and what to say of the rest."""
    names = in_order(frame[column])
    if len(names) <= most:
        return frame, ""
    kept = frame[frame[column].astype(str).isin(names[:most])]
    noun = column if column == "series" else f"{column}s"
    return kept, f" The first {most} of {len(names)} {noun} are drawn."


def with_runs(frame: pd.DataFrame) -> dict[str, str]:
    """Series → `A (n = 21)`: the most runs that any row of it rests on."""
    most = frame.groupby(frame["series"].astype(str), sort=False)["runs"].max()
    short = labels(most.index)
    counts = zip(most.index.astype(str), most.tolist(), strict=True)
    return {name: f"{short[name]} (n = {int(count)})" for name, count in counts if not missing(count)}


def named(frame: pd.DataFrame, **columns: Mapping[str, str]) -> pd.DataFrame:
    """The frame with columns replaced by their labels."""
    return frame.assign(**{
        column: frame[column].astype(str).map(dict(short)) for column, short in columns.items()
    })  # fmt: skip


def unit() -> alt.Scale:
    """From 0 to 1, whole: no difference looks larger than it is."""
    return alt.Scale(domain=[0, 1], nice=False)


def short_number(value: float) -> str:
    """A share as it stands in a cell: `.07`."""
    return MISSING if missing(value) else f"{value:.2f}".removeprefix("0")


def rate_colour(field: str, title: str) -> alt.Color:
    scale = alt.Scale(scheme=RATES, domain=[0, 1])
    return alt.Color(
        f"{field}:Q", scale=scale, legend=alt.Legend(title=title, format=".1f", gradientLength=120)
    )


def signed(value: float) -> str:
    """A difference: `+.05`, `−.12`."""
    size = f"{abs(value):.2f}"
    sign = "±" if not size.strip("0.") else "+" if value > 0 else "−"
    return sign + size.removeprefix("0")


def offset(field: str, lanes: int) -> alt.YOffset:
    """Places around the middle of a row, in the range of ±lanes."""
    return alt.YOffset(f"{field}:Q", scale=alt.Scale(domain=[-lanes, lanes]))


def whole(most: int) -> alt.Axis:
    """An axis of counts, without halves; of long numbers, only as many as have room beside each other."""
    return alt.Axis(format="d", tickCount=min(10 if most < 1000 else 5, most))


def panels(
    chart: alt.LayerChart | alt.FacetChart,
    field: str,
    order: Sequence[str],
    columns: int = 3,
    header: alt.Header | None = None,
) -> alt.FacetChart:
    """A panel for each value of a field, in lines of so many.

    Where the last line is not full, each panel has an axis of its own below it: a shared one would stand
    below the empty places too.
    """
    columns = min(columns, max(1, len(order)))
    facet = alt.Facet(f"{field}:N", sort=list(order), title=None, header=header or alt.Header())
    faceted: alt.FacetChart = chart.facet(facet=facet, columns=columns)
    return faceted.resolve_axis(x="independent") if len(order) % columns else faceted


def tooltip(frame: pd.DataFrame, fields: Sequence[str]) -> list[alt.Tooltip]:
    """Numbers with three decimals, everything else as it is."""
    return [
        alt.Tooltip(f"{name}:Q", format=".3f")
        if pd.api.types.is_float_dtype(frame[name])
        else alt.Tooltip(f"{name}:N")
        for name in fields
        if name in frame
    ]


Channel: TypeAlias = Literal["color", "fill", "stroke", "shape", "dash"]

_COLOURED = {"color": alt.Color, "fill": alt.Fill, "stroke": alt.Stroke}


def categories(field: str, order: Sequence[str], channel: Channel) -> Any:
    """A channel that tells categories apart. Given to several channels, they share one legend."""
    field, domain, count = f"{field}:N", list(order), len(order)
    match channel:
        case "shape":
            return alt.Shape(field, scale=alt.Scale(domain=domain, range=shapes(count)), title=None)
        case "dash":
            return alt.StrokeDash(field, scale=alt.Scale(domain=domain, range=dashes(count)), title=None)
        case _:
            scale = alt.Scale(domain=domain, range=colours(count))
            return _COLOURED[channel](field, scale=scale, title=None)
