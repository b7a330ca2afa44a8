"""How firmly the hypotheses stand: each under every choice that could have been made; and with what power."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from mascope.report.figures.figure import Drawn, Figure, NotDrawn
from mascope.report.figures.parts import (
    categories,
    in_order,
    inline,
    labels,
    named,
    panels,
    rows,
    tooltip,
    unit,
)
from mascope.report.figures.theme import GREY
from mascope.tables import Table

MAIN = "main"
SHOWN = ("hypothesis", "kind", "variant", "r", "p", "p_adjusted", "n_a", "n_b", "verdict")
SAYS = {True: "agrees with main", False: "disagrees", None: "undecided"}
FILLED, HOLLOW = 1.0, 0.0


def sensitivity(tables: Mapping[str, Table]) -> Drawn:
    """The effect of each hypothesis under every variant, in the order of its size."""
    name, title = "sensitivity", "Results under every choice"
    found = rows(tables, "sensitivity")
    known = found.dropna(subset=["r"]) if len(found) else found
    if not len(known):
        none = "No hypothesis is declared." if not len(found) else "No variant has a defined effect."
        return NotDrawn(name, title, none)
    shown = _specifications(known)
    undefined = len(found) - len(known)
    caption = (
        "Effect size r = Z/√N of each hypothesis by the main analysis (the line) and by others, each with "
        f"one choice made differently, from the lowest to the highest ({len(known)} in all). Hollow marks "
        "come to another conclusion (.05 after Holm). Of the runs left out in turn, the one that speaks "
        "most against the conclusion stands for all."
    ) + (f" Undefined, and not drawn: {undefined}." if undefined else "")
    return Figure(name, title, caption, _curves(shown), ("sensitivity",))


def _specifications(known: pd.DataFrame) -> pd.DataFrame:
    says = [
        SAYS[True if kind == MAIN else None if pd.isna(agrees) else bool(agrees)]
        for kind, agrees in zip(known["kind"], known["agrees"], strict=True)
    ]
    short = labels(known["variant"])
    name = [
        MAIN if kind == MAIN else f"{kind}: {short[str(variant)]}"
        for kind, variant in zip(known["kind"], known["variant"], strict=True)
    ]
    shown = named(known, hypothesis=labels(known["hypothesis"])).assign(verdict=says, specification=name)
    shown["rank"] = shown.groupby("hypothesis", sort=False)["r"].rank(method="first")
    return shown


def _curves(shown: pd.DataFrame) -> alt.FacetChart:
    kinds = in_order(shown["kind"])
    y = alt.Y("specification:N", sort=alt.EncodingSortField("rank", order="ascending"), title=None)
    scale = alt.Scale(domain=[-1, 1])
    x = alt.X("r:Q", scale=scale, title="effect size r")
    fill = alt.condition(alt.datum.verdict == SAYS[True], alt.value(FILLED), alt.value(HOLLOW))
    zero = alt.Chart().mark_rule(color=GREY, strokeDash=[3, 3]).encode(x=alt.datum(0, scale=scale))
    main = alt.Chart().transform_filter(alt.datum.kind == MAIN).mark_rule(color=GREY, strokeWidth=2)
    marks = alt.Chart().mark_point(size=50, strokeWidth=1.6, opacity=1)
    encoded = marks.encode(
        x=x, y=y, tooltip=tooltip(shown, SHOWN), fillOpacity=fill,
        stroke=categories("kind", kinds, "stroke"), fill=categories("kind", kinds, "fill"),
        shape=categories("kind", kinds, "shape"),
    )  # fmt: skip
    data = inline(shown[[*SHOWN, "specification", "rank"]])
    layered = alt.layer(zero, main.encode(x=x), encoded, data=data).properties(width=210, height=alt.Step(15))
    curves: alt.FacetChart = panels(layered, "hypothesis", in_order(shown["hypothesis"]), 2).resolve_scale(
        y="independent"
    )
    return curves


def power(tables: Mapping[str, Table]) -> Drawn:
    """How often a study of each size would support its hypotheses."""
    name, title = "power", "Power by runs per series"
    found = rows(tables, "power")
    if not len(found):
        return NotDrawn(name, title, "`mascope power STUDY.yaml --keep RESULTS` simulates it.")
    shown = named(found, hypothesis=labels(found["hypothesis"]))
    order = in_order(shown["hypothesis"])
    base = alt.Chart(inline(shown)).encode(
        x=alt.X("runs:Q", title="runs per series", scale=alt.Scale(zero=True), axis=alt.Axis(tickMinStep=1)),
        color=categories("hypothesis", order, "color"),
    )
    y = alt.Y("power:Q", scale=unit(), title="power")
    enough = float(found["enough"].iloc[0])
    chart = alt.layer(
        alt.Chart().mark_rule(color=GREY, strokeDash=[5, 4]).encode(y=alt.datum(enough)),
        base.mark_line(strokeWidth=2).encode(y=y, strokeDash=categories("hypothesis", order, "dash")),
        base.mark_rule(strokeWidth=1.5).encode(y=alt.Y("low:Q", scale=unit(), title="power"), y2="high:Q"),
        base.mark_point(filled=True, size=50, opacity=1).encode(
            y=y, shape=categories("hypothesis", order, "shape"),
            tooltip=tooltip(shown, ["hypothesis", "runs", "power", "error"]),
        ),
    ).properties(width=560, height=300)  # fmt: skip
    simulations = int(found["simulations"].iloc[0])
    caption = (
        f"Share of {simulations:,} made-up studies in which the hypothesis is supported (p < .05 after Holm "
        f"within its family), with ±2 Monte-Carlo errors; the dashed line is a power of {enough:g}."
    )
    return Figure(name, title, caption, chart, ("power",))
