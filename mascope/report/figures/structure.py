"""Who names whom, and how the talk changes from round to round."""

from collections.abc import Mapping

import altair as alt

from mascope.report.figures.behaviour import bands, by_round
from mascope.report.figures.figure import Drawn, Figure, NotDrawn
from mascope.report.figures.parts import (
    first,
    in_order,
    inline,
    labels,
    named,
    panels,
    rows,
    short_number,
    tooltip,
    with_runs,
)
from mascope.report.figures.theme import DARK_UP_TO, RATES
from mascope.tables import Table

PAIR = ("series", "source", "target", "rate", "mentions", "messages", "runs")
MEASURE = ("series", "measure", "round", "value", "low", "high", "runs")
CELL = 26
MOST_AGENTS = 30


def addresses(tables: Mapping[str, Table]) -> Drawn:
    """A matrix a series: who names, down; who is named, across."""
    name, title = "addresses", "Who names whom"
    found = rows(tables, "addresses")
    found = found.dropna(subset=["rate"]) if len(found) else found
    if not len(found) or not found["mentions"].sum():
        return NotDrawn(name, title, "No message names another agent.")
    named_at_all = found.groupby(found["series"].astype(str), sort=False)["mentions"].transform("sum") > 0
    kept, rest = first(found[named_at_all], "series")
    for side in ("source", "target"):
        kept, more = first(kept, side, MOST_AGENTS)
        rest = f"{rest}{more}" if side == "source" else rest
    runs = with_runs(kept)
    agents = labels([*kept["source"], *kept["target"]])
    shown = named(kept, source=agents, target=agents).assign(
        panel=kept["series"].astype(str).map(runs), shown=[short_number(rate) for rate in kept["rate"]]
    )
    most = float(shown["rate"].max())
    order = in_order([*shown["source"], *shown["target"]])
    base = alt.Chart().encode(
        x=alt.X("target:N", sort=order, axis=alt.Axis(title="is named", labelAngle=-45, labelLimit=90)),
        y=alt.Y("source:N", sort=order, title="names"),
    )
    scale = alt.Scale(scheme=RATES, domain=[0, most])
    colour = alt.Color(
        "rate:Q", scale=scale, legend=alt.Legend(title="share", format=".2f", gradientLength=120)
    )
    dark = alt.condition(alt.datum.rate < DARK_UP_TO * most, alt.value("white"), alt.value("black"))
    matrix = alt.layer(
        base.mark_rect().encode(color=colour, tooltip=tooltip(shown, PAIR)),
        base.mark_text(fontSize=8).encode(text="shown:N", color=dark),
        data=inline(shown[[*PAIR, "panel", "shown"]]),
    ).properties(width=alt.Step(CELL), height=alt.Step(CELL - 6))
    chart = panels(matrix, "panel", list(runs.values())).resolve_scale(x="independent", y="independent")
    silent = found["series"].nunique() - found["series"][named_at_all].nunique()
    left_out = f" Series in which nobody is named are left out ({silent})." if silent else ""
    caption = (
        "Share of an agent's messages that name another, broadcasts left out (n counts runs; the number of "
        f"messages is in the table). The scale ends at the largest share, {most:.2f}.{left_out}{rest}"
    )
    return Figure(name, title, caption, chart, ("addresses",))


def convergence(tables: Mapping[str, Table]) -> Drawn:
    """A panel a measure; a line a series."""
    name, title = "convergence", "Convergence over rounds"
    found = rows(tables, "temporal")
    found = found.dropna(subset=["value"]) if len(found) else found
    more = found[found["round"] > 0] if len(found) else found
    if not len(more):
        return NotDrawn(name, title, "No series has a measure in more than one round.")
    kept, rest = first(found[found["series"].isin(more["series"].unique())], "series")
    runs = with_runs(kept)
    measures = [str(measure).replace("_", " ") for measure in kept["measure"]]
    shown = named(kept, series=runs).assign(measure=measures)
    caption = (
        f"Mean over the runs of a series (n) that have the measure in that round.{bands(len(runs))} "
        f"Slopes, and what they would be by chance, are in the table of convergence.{rest}"
    )
    chart = by_round(shown, MEASURE, "measure", "value")
    return Figure(name, title, caption, chart, ("temporal", "convergence"))
