"""Do the coders see the same? Their codes crossed, and what each way of joining them makes of the rates."""

from collections.abc import Iterator, Mapping
from typing import Any

import altair as alt
import pandas as pd

from mascope.report.figures.figure import Drawn, Figure, NotDrawn
from mascope.report.figures.parts import (
    in_order,
    inline,
    labels,
    named,
    panels,
    records,
    rows,
    short_number,
    shortened,
    tooltip,
    unit,
)
from mascope.report.figures.theme import COLOURS, DARK_UP_TO, GREY, RATES, SHAPES
from mascope.tables import Table

FEW = "Fewer than two coders have coded the same messages."
MEAN = "mean"
SPLIT = " ¦ "
"""Between the lines of a heading."""
MOST_PAIRS = 6
"""Pairs of coders that are drawn; a panel of four has no more."""
ANSWERS = {"yes_yes": ("yes", "yes"), "yes_no": ("yes", "no"), "no_yes": ("no", "yes"), "no_no": ("no", "no")}
"""Column → what the first coder said, and the second."""


def confusion(tables: Mapping[str, Table]) -> Drawn:
    """For each flag and pair of coders, the messages by what each of the two said."""
    name, title = "confusion", "Codes of two coders, crossed"
    found, pairs = _pairs(tables)
    if not len(found):
        return NotDrawn(name, title, FEW)
    cells = pd.DataFrame([cell for row in records(found) for cell in _cells(row)])
    base = alt.Chart().encode(
        x=alt.X("second:N", sort=["yes", "no"], title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("first:N", sort=["yes", "no"], title=None),
    )
    dark = alt.condition(alt.datum.share < DARK_UP_TO, alt.value("white"), alt.value("black"))
    colour = alt.Color(
        "share:Q", scale=alt.Scale(scheme=RATES, domain=[0, 1]), legend=alt.Legend(title="share of n")
    )
    crossed = alt.layer(
        base.mark_rect().encode(
            color=colour, tooltip=tooltip(cells, ["flag", "first", "second", "messages", "share"])
        ),
        base.mark_text(fontSize=11).encode(text=alt.Text("messages:Q", format=","), color=dark),
        data=inline(cells),
    ).properties(width=96, height=58)
    columns = min(6, found["flag"].nunique())
    chart = panels(crossed, "panel", in_order(cells["panel"]), columns, _headings(100))
    caption = (
        "Messages by what two coders said of them: the first of the pair down, the second across; n counts "
        f"messages that both decided, κ is Cohen's.{_left_out(pairs)}"
    )
    return Figure(name, title, caption, chart, ("agreement",))


def label_rates(tables: Mapping[str, Table]) -> Drawn:
    """The rate of each flag by either coder alone, where both agree, and where any says yes."""
    name, title = "labels", "Rates by way of labelling"
    found, pairs = _pairs(tables)
    if not len(found):
        return NotDrawn(name, title, FEW)
    found = named(found, flag=labels(found["flag"])).assign(panel=_who(found))
    ends = found.assign(both=found["yes_yes"] / found["n"], either=1 - found["no_no"] / found["n"])
    points = pd.DataFrame([point for row in records(ends) for point in _ways(row)])
    order = ["intersection", "first coder", "second coder", "union"]
    y = alt.Y("flag:N", sort=in_order(found["flag"]), title=None)
    x = alt.X("rate:Q", scale=unit(), title="share of messages with the flag")
    line = alt.Chart().mark_line(color=GREY, strokeWidth=2, opacity=0.7)
    dot = alt.Chart().mark_point(filled=True, size=70, opacity=1)
    kinds = {
        "color": alt.Color("way:N", scale=alt.Scale(domain=order, range=list(COLOURS[:4])), title="labels"),
        "shape": alt.Shape("way:N", scale=alt.Scale(domain=order, range=list(SHAPES[:4])), title="labels"),
    }
    ways = alt.layer(
        line.encode(y=y, x=x, detail="flag:N"),
        dot.encode(y=y, x=x, tooltip=tooltip(points, ["flag", "way", "rate", "n"]), **kinds),
        data=inline(points),
    ).properties(width=230, height=alt.Step(26))
    chart = panels(ways, "panel", in_order(found["panel"]), header=_headings(230))
    caption = (
        "Share of the messages that both coders decided: where both say yes (intersection), by each alone, "
        f"and where either does (union). The longer a line, the more rests on the choice.{_left_out(pairs)}"
    )
    return Figure(name, title, caption, chart, ("agreement",))


def _headings(width: int) -> alt.Header:
    """Headings of panels, line by line; each line is cut at this width in pixels."""
    lines = f"split(datum.label, '{SPLIT}')"
    return alt.Header(labelExpr=lines, labelFontSize=11, labelFontWeight="normal", labelLimit=width)


def _pairs(tables: Mapping[str, Table]) -> tuple[pd.DataFrame, int]:
    """(flags of the first pairs of coders, with messages that both decided; how many pairs there are)"""
    found = rows(tables, "agreement")
    if not len(found):
        return found, 0
    found = found[(found["flag"] != MEAN) & (found["n"] > 0)].dropna(subset=list(ANSWERS))
    who = found["coder_a"].astype(str) + "\x1f" + found["coder_b"].astype(str)
    kept = in_order(who)[:MOST_PAIRS]
    return found[who.isin(kept)], who.nunique()


def _left_out(pairs: int) -> str:
    return f" The first {MOST_PAIRS} of {pairs} pairs of coders." if pairs > MOST_PAIRS else ""


def _who(found: pd.DataFrame) -> list[str]:
    short = labels([*found["coder_a"], *found["coder_b"]])
    return [
        SPLIT.join((f"first: {short[str(a)]}", f"second: {short[str(b)]}", f"n = {n:,}"))
        for a, b, n in zip(found["coder_a"], found["coder_b"], _most(found), strict=True)
    ]


def _most(found: pd.DataFrame) -> list[int]:
    """The most messages that each pair decided for any flag: one number a pair."""
    by = [found["coder_a"].astype(str), found["coder_b"].astype(str)]
    return [int(n) for n in found.groupby(by, sort=False)["n"].transform("max")]


def _cells(row: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    n = int(row["n"])
    short = labels([row["coder_a"], row["coder_b"]])
    first, second = (short[str(row[who])] for who in ("coder_a", "coder_b"))
    kappa = short_number(row["kappa"])
    flag = shortened(str(row["flag"]))
    panel = SPLIT.join((f"{flag}: κ {kappa}", f"{first} ↓", f"{second} →", f"n = {n:,}"))
    for column, (said, also) in ANSWERS.items():
        count = int(row[column])
        yield {
            "panel": panel, "flag": flag, "first": said, "second": also,
            "messages": count, "share": count / n,
        }  # fmt: skip


def _ways(row: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    ways = {
        "intersection": "both", "first coder": "prevalence_a", "second coder": "prevalence_b",
        "union": "either",
    }  # fmt: skip
    for way, column in ways.items():
        yield {
            "panel": row["panel"], "flag": str(row["flag"]), "n": row["n"], "way": way,
            "rate": row[column],
        }  # fmt: skip
