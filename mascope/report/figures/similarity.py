"""Are the agents of a run alike? Each run beside its null, and the series by how alike theirs are."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from mascope.report.figures.figure import Chart, Drawn, Figure, NotDrawn
from mascope.report.figures.parts import (
    NOT_CODED,
    in_order,
    inline,
    offset,
    rows,
    shortened,
    signed,
    tooltip,
    unit,
    with_runs,
)
from mascope.report.figures.theme import COLOURS, GREY
from mascope.tables import Table

ROW = 34
LANES = 7
"""Rows of points beside each other, so that runs with the same cosine are all seen."""
MOST_POINTS = 2000
"""Runs that are drawn, shared out evenly among the series; more would only hide each other."""
BAND = ("series", "cosine", "low", "high", "null_mean", "null_low", "null_high", "p_null", "runs", "messages")
AXIS = "similarity: mean cosine of the agents' profiles"


def similarity(tables: Mapping[str, Table]) -> Drawn:
    """Points are runs; the band is where similarity lies if it does not matter who sent which message."""
    name, title = "similarity", "Similarity of the agents, by run"
    runs, series = rows(tables, "similarity"), _series(tables)
    runs = runs.dropna(subset=["cosine"]) if len(runs) else runs
    if not len(runs) or not len(series):
        return NotDrawn(name, title, _why(tables))
    places = with_runs(_defined(tables, series))
    drawn, sampled = _sampled(runs, max(1, MOST_POINTS // len(series)))
    chart = _strips(
        drawn.assign(place=drawn["series"].astype(str).map(places)),
        series.assign(place=series["series"].astype(str).map(places)),
    )
    caption = (
        f"Blue points: {len(runs):,} runs{sampled}. Diamonds: mean of the series with its 95% interval by "
        "bootstrap over runs. Grey: mean and central 95% of that mean if it did not matter which agent sent "
        "which message. n counts runs with a defined similarity."
    )
    return Figure(name, title, caption, chart, ("similarity", "series"))


def _strips(runs: pd.DataFrame, series: pd.DataFrame) -> Chart:
    """A row a series: its runs, its band and its mean."""
    lane = runs.groupby(runs["series"].astype(str)).cumcount() % LANES - LANES // 2
    shown = runs[["run", "series", "cosine", "pairs", "dropped", "place"]].assign(lane=lane)
    y = alt.Y("place:N", sort=in_order(series["place"]), title=None)
    x = alt.X("cosine:Q", scale=unit(), title=AXIS)
    band = alt.Chart(inline(series[[*BAND, "place"]])).encode(y=y)
    return alt.layer(
        band.mark_bar(color=GREY, opacity=0.3, size=ROW - 8).encode(
            x=alt.X("null_low:Q", scale=unit(), title=AXIS), x2="null_high:Q"
        ),
        band.mark_tick(color=GREY, size=ROW - 8, thickness=2).encode(x="null_mean:Q"),
        alt.Chart(inline(shown)).mark_circle(size=26, opacity=0.8, color=COLOURS[0]).encode(
            y=y, x=x,
            yOffset=offset("lane", LANES),
            tooltip=tooltip(runs, ["run", "cosine", "pairs", "dropped"]),
        ),
        band.mark_rule(strokeWidth=2, color=COLOURS[1]).encode(x="low:Q", x2="high:Q"),
        band.mark_point(shape="diamond", filled=True, size=90, opacity=1, color=COLOURS[1]).encode(
            x=x, tooltip=tooltip(series, BAND)
        ),
    ).properties(width=560, height=ROW * len(series))  # fmt: skip


def _sampled(runs: pd.DataFrame, most: int) -> tuple[pd.DataFrame, str]:
    """At most so many runs of each series, always the same; and what to say of it."""
    series = runs["series"].astype(str)
    chance = pd.Series(np.random.default_rng(0).permutation(len(runs)), runs.index)
    kept = runs[chance.groupby(series).rank() <= most]
    said = f", of which {len(kept):,} are drawn (at random, up to {most:,} a series)"
    return kept, said if len(kept) < len(runs) else ""


def _alone(tables: Mapping[str, Table]) -> str:
    one = len(rows(tables, "series")) == 1
    return "There is only one series." if one else "Only one series has a defined similarity."


def ablation(tables: Mapping[str, Table]) -> Drawn:
    """The series in the order of their similarity, against the first of the study."""
    name, title = "ablation", "Series by the similarity of their agents"
    series = _series(tables)
    if len(series) < 2:
        return NotDrawn(name, title, _why(tables) if not len(series) else _alone(tables))
    first = series.iloc[0]
    base, called = str(first["series"]), shortened(str(first["series"]))
    series = series.assign(
        place=series["series"].astype(str).map(with_runs(_defined(tables, series))),
        against=series["cosine"] - first["cosine"],
    ).sort_values("cosine", kind="stable")
    series["text"] = [
        called if name == base else signed(against)
        for name, against in zip(series["series"].astype(str), series["against"], strict=True)
    ]
    caption = (
        "Mean similarity of each series with its 95% interval by bootstrap over runs; at the right the "
        f"difference from {called}, the study's first series, whose mean is the dashed line. n counts runs "
        "with a defined similarity."
    )
    return Figure(name, title, caption, _gradient(series, float(first["cosine"])), ("series",))


def _gradient(series: pd.DataFrame, base: float) -> Chart:
    y = alt.Y("place:N", sort=in_order(series["place"]), title=None)
    shown = ["series", "cosine", "low", "high", "against", "runs", "messages"]
    chart = alt.Chart(inline(series[[*shown, "place", "text"]])).encode(y=y)
    return alt.layer(
        alt.Chart().mark_rule(strokeDash=[5, 4], color=GREY).encode(x=alt.datum(base)),
        chart.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=unit(), title=AXIS), x2="high:Q"),
        chart.mark_point(filled=True, size=80, opacity=1, color=COLOURS[0]).encode(
            x="cosine:Q", tooltip=tooltip(series, shown)
        ),
        chart.mark_text(align="left", dx=8, fontSize=11).encode(x=alt.value("width"), text="text:N"),
    ).properties(width=560, height=26 * len(series))


def _series(tables: Mapping[str, Table]) -> pd.DataFrame:
    found = rows(tables, "series")
    return found.dropna(subset=["cosine"]) if len(found) else found


def _defined(tables: Mapping[str, Table], series: pd.DataFrame) -> pd.DataFrame:
    """The series with `runs` counting those whose similarity is defined."""
    found = rows(tables, "similarity")
    if not len(found):
        return series
    counts = found.dropna(subset=["cosine"]).groupby(found["series"].astype(str))["cosine"].size()
    return series.assign(runs=series["series"].astype(str).map(counts))


def _why(tables: Mapping[str, Table]) -> str:
    runs = rows(tables, "similarity")
    return NOT_CODED if not len(runs) or runs["pairs"].sum() == 0 else "No run has a defined similarity."
