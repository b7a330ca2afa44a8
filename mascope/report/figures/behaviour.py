"""What agents do alone and in a group, and round by round."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from mascope.report.figures.figure import Chart, Drawn, Figure, NotDrawn
from mascope.report.figures.parts import (
    NOT_CODED,
    categories,
    first,
    in_order,
    inline,
    labels,
    named,
    offset,
    panels,
    rows,
    shortened,
    tooltip,
    unit,
    with_runs,
)
from mascope.report.figures.theme import COLOURS, SHAPES
from mascope.tables import Table

ALONE = ("isolation", "solo")
"""Interactions in which nobody hears the others."""
TRAIT = ("series", "any_trait", "any_trait_low", "any_trait_high", "labelled", "runs")
ROUND = ("series", "round", "flag", "rate", "low", "high", "messages", "runs")


def isolation(tables: Mapping[str, Table]) -> Drawn:
    """How much of it needs a group: any trait, series by series; and each agent's rates alone and in it."""
    name, title = "isolation", "Isolation against group"
    alone, together = _by_interaction(tables)
    if not alone or not together:
        return NotDrawn(name, title, "The study does not have both series held alone and series in a group.")
    series = rows(tables, "series")
    series = series.dropna(subset=["any_trait"]) if len(series) else series
    held = {*alone, *together}
    series = series[series["series"].astype(str).isin(held)] if len(series) else series
    found = {str(one) for one in series["series"]} if len(series) else set()
    if not found & set(alone) or not found & set(together):
        return NotDrawn(name, title, NOT_CODED)
    interaction = ["alone" if str(one) in alone else "in a group" for one in series["series"]]
    short = labels(series["series"])
    places = [
        f"{short[str(one)]} ({n:,})" for one, n in zip(series["series"], series["labelled"], strict=True)
    ]
    series = series.assign(place=places, held=interaction)
    pair = next(one for one in alone if one in found), next(one for one in together if one in found)
    chart = alt.vconcat(_any_trait(series), _agents(tables, pair), spacing=30).resolve_scale(
        color="shared", shape="shared"
    )
    caption = (
        "Above: share of the labelled messages (their number in brackets) that show any trait, with its 95% "
        "interval by bootstrap over runs. Below: each point is the rate of one agent, alone in "
        f"{shortened(pair[0])} and in a group in {shortened(pair[1])}."
    )
    return Figure(name, title, caption, chart, ("series", "profiles", "conditions"))


def _by_interaction(tables: Mapping[str, Table]) -> tuple[list[str], list[str]]:
    found = rows(tables, "conditions")
    if not len(found):
        return [], []
    known = found.dropna(subset=["interaction"])
    alone = known["interaction"].isin(ALONE)
    return in_order(known["series"][alone]), in_order(known["series"][~alone])


def _kinds() -> dict[str, alt.Color | alt.Shape]:
    order = ["alone", "in a group"]
    return {
        "color": alt.Color("held:N", scale=alt.Scale(domain=order, range=list(COLOURS[1::-1])), title="held"),
        "shape": alt.Shape("held:N", scale=alt.Scale(domain=order, range=list(SHAPES[1::-1])), title="held"),
    }


def _any_trait(series: pd.DataFrame) -> Chart:
    base = alt.Chart(inline(series[[*TRAIT, "place", "held"]])).encode(
        y=alt.Y("place:N", sort=in_order(series["place"]), title=None)
    )
    title = "share of messages with any trait"
    low = alt.X("any_trait_low:Q", scale=unit(), title=title)
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=low, x2="any_trait_high:Q", color=_kinds()["color"]),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            x=alt.X("any_trait:Q", scale=unit(), title=title), tooltip=tooltip(series, TRAIT), **_kinds()
        ),
    ).properties(width=560, height=alt.Step(24))


def _agents(tables: Mapping[str, Table], pair: tuple[str, str]) -> alt.Chart:
    found = rows(tables, "profiles")
    found = found[found["series"].astype(str).isin(pair)].dropna(subset=["rate"])
    held = {pair[0]: "alone", pair[1]: "in a group"}
    shown = named(found, agent=labels(found["agent"]), flag=labels(found["flag"])).assign(
        held=found["series"].astype(str).map(held),
        lane=found["series"].astype(str).map({pair[0]: -0.5, pair[1]: 0.5}),
    )
    columns = ["series", "agent", "flag", "rate", "messages"]
    chart: alt.Chart = (
        alt.Chart(inline(shown[[*columns, "held", "lane"]]))
        .mark_point(filled=True, size=45, opacity=0.85)
        .encode(
            y=alt.Y("flag:N", sort=in_order(shown["flag"]), title=None),
            x=alt.X("rate:Q", scale=unit(), title="rate of an agent"),
            yOffset=offset("lane", 2), tooltip=tooltip(shown, columns), **_kinds(),
        )
        .properties(width=560, height=alt.Step(30))
    )  # fmt: skip
    return chart


def rounds(tables: Mapping[str, Table]) -> Drawn:
    """A panel a flag; a line a series."""
    name, title = "rounds", "Flags over rounds"
    found = rows(tables, "rounds")
    if not len(found):
        return NotDrawn(name, title, NOT_CODED)
    found, rest = first(found, "series")
    runs = with_runs(found)
    shown = named(found, flag=labels(found["flag"]), series=runs)
    caption = (
        f"Share of a round's messages that show the flag. n counts runs.{bands(len(runs))} "
        f"A series held for one round is a single point.{rest}"
    )
    return Figure(name, title, caption, by_round(shown, ROUND, "flag", "rate"), ("rounds",))


MOST_BANDS = 4
"""Lines in a panel up to which their bands can be told apart."""
MOST_LINES = 6
"""Series in a panel up to which their lines can; more have a panel each."""


def bands(series: int) -> str:
    return " Bands: 95% intervals by bootstrap over runs." if series <= MOST_BANDS else ""


def by_round(shown: pd.DataFrame, fields: tuple[str, ...], what: str, value: str) -> alt.FacetChart:
    """A panel for each `what` and a line a series, or, of many series, a panel a series; from zero."""
    many = shown["series"].nunique() > MOST_LINES
    panel, line_of = ("series", what) if many else (what, "series")
    lines = in_order(shown[line_of])
    x = alt.X("round:Q", title="round", axis=alt.Axis(tickMinStep=1, format="d"))
    scale = alt.Scale(zero=True, nice=True)
    y = alt.Y(f"{value}:Q", scale=scale, title=None)
    base = alt.Chart().encode(x=x, color=categories(line_of, lines, "color"))
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", scale=scale, title=None), y2="high:Q")
    line = base.mark_line(strokeWidth=1.8).encode(y=y, strokeDash=categories(line_of, lines, "dash"))
    point = base.mark_point(filled=True, size=28, opacity=0.9).encode(
        y=y, shape=categories(line_of, lines, "shape"), tooltip=tooltip(shown, fields)
    )
    layers = [line, point] if many or len(lines) > MOST_BANDS else [band, line, point]
    layered = alt.layer(*layers, data=inline(shown[list(fields)])).properties(width=250, height=150)
    return panels(layered, panel, in_order(shown[panel]))
