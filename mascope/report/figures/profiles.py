"""What each agent does: its rates in every series, and how they shift between two."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from mascope.report.figures.figure import Drawn, Figure, NotDrawn
from mascope.report.figures.parts import (
    NOT_CODED,
    first,
    in_order,
    inline,
    labels,
    named,
    offset,
    panels,
    rate_colour,
    rows,
    short_number,
    shortened,
    tooltip,
    unit,
    with_runs,
)
from mascope.report.figures.theme import COLOURS, DARK_UP_TO, GREY, SHAPES
from mascope.tables import Table

CELL = 34
ROW = 19
ALL = ("series", "agent", "flag", "rate", "low", "high", "messages", "runs")


def profiles(tables: Mapping[str, Table]) -> Drawn:
    """A heat map of each series: agents down, flags across."""
    name, title = "profiles", "Profiles of the agents"
    found = _rates(tables)
    if not len(found):
        return NotDrawn(name, title, NOT_CODED)
    found, rest = first(found, "series")
    runs = with_runs(found)
    shown = named(found, agent=labels(found["agent"]), flag=labels(found["flag"])).assign(
        panel=found["series"].astype(str).map(runs), shown=[short_number(rate) for rate in found["rate"]]
    )
    cells = alt.Chart().encode(
        x=alt.X("flag:N", sort=in_order(shown["flag"]), axis=alt.Axis(title=None, labelAngle=-45)),
        y=alt.Y("agent:N", sort=in_order(shown["agent"]), title=None),
    )
    dark = alt.condition(alt.datum.rate < DARK_UP_TO, alt.value("white"), alt.value("black"))
    heat = alt.layer(
        cells.mark_rect().encode(color=rate_colour("rate", "rate"), tooltip=tooltip(shown, ALL)),
        cells.mark_text(fontSize=9).encode(text="shown:N", color=dark),
        data=inline(shown[[*ALL, "panel", "shown"]]),
    ).properties(width=CELL * shown["flag"].nunique(), height=alt.Step(ROW))
    chart = panels(heat, "panel", list(runs.values())).resolve_scale(y="independent")
    caption = (
        f"Share of each agent's messages that show a flag, by series ({_spread(found['messages'])} messages "
        f"an agent and series; n counts runs). Intervals are in the table.{rest}"
    )
    return Figure(name, title, caption, chart, ("profiles",))


def shift(tables: Mapping[str, Table]) -> Drawn:
    """The pair of series that the first hypothesis compares, else the first two; those that share agents."""
    name, title = "shift", "Shift of profiles between two series"
    found = _rates(tables)
    if not len(found):
        return NotDrawn(name, title, NOT_CODED)
    pair = next((pair for pair in _pairs(tables, found) if _shared(found, pair)), None)
    if pair is None:
        return NotDrawn(name, title, "No two series share an agent.")
    return shift_between(tables, *pair)


def shift_between(tables: Mapping[str, Table], a: str, b: str) -> Drawn:
    """How each agent's rates differ between two series that share agents."""
    name, title = "shift", "Shift of profiles between two series"
    found = _rates(tables)
    agents = _shared(found, (a, b)) if len(found) else []
    if not agents:
        return NotDrawn(name, title, f"{shortened(a)} and {shortened(b)} share no agent with a rate.")
    kept = found[found["series"].astype(str).isin([a, b]) & found["agent"].astype(str).isin(agents)]
    runs = with_runs(kept)
    shown = named(kept, agent=labels(kept["agent"]), flag=labels(kept["flag"])).assign(
        which=kept["series"].astype(str).map(runs)
    )
    caption = (
        f"Rates of the {len(agents)} agents that sit in both. Whiskers: 95% Wilson intervals "
        f"({_spread(kept['messages'])} messages an agent and series); n counts runs."
    )
    title = f"Shift of profiles from {shortened(a)} to {shortened(b)}"
    return Figure(name, title, caption, _dumbbells(shown, runs), ("profiles",))


def _dumbbells(shown: pd.DataFrame, runs: Mapping[str, str]) -> alt.FacetChart:
    base = alt.Chart().encode(y=alt.Y("agent:N", sort=in_order(shown["agent"]), title=None))
    order = list(runs.values())
    shown = shown.assign(lane=shown["which"].map({order[0]: -0.5, order[-1]: 0.5}))
    kinds = {
        "color": alt.Color("which:N", scale=alt.Scale(domain=order, range=list(COLOURS[:2])), title="series"),
        "shape": alt.Shape("which:N", scale=alt.Scale(domain=order, range=list(SHAPES[:2])), title="series"),
    }
    lane = offset("lane", 2)
    x = alt.X("rate:Q", scale=unit(), title="rate")
    layered = alt.layer(
        base.mark_line(color=GREY, strokeWidth=3, opacity=0.5).encode(x=x, detail="agent:N"),
        base.mark_rule().encode(
            x=alt.X("low:Q", scale=unit()), x2="high:Q", color=kinds["color"], yOffset=lane
        ),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=x, yOffset=lane, tooltip=tooltip(shown, ALL), **kinds
        ),
        data=inline(shown[[*ALL, "which", "lane"]]),
    ).properties(width=190, height=alt.Step(24))
    return panels(layered, "flag", in_order(shown["flag"]))


def _rates(tables: Mapping[str, Table]) -> pd.DataFrame:
    found = rows(tables, "profiles")
    return found.dropna(subset=["rate"]) if len(found) else found


def _pairs(tables: Mapping[str, Table], found: pd.DataFrame) -> list[tuple[str, str]]:
    asked = rows(tables, "contrasts")
    declared = (
        list(zip(asked["series_a"].astype(str), asked["series_b"].astype(str), strict=True))
        if len(asked)
        else []
    )
    first, *others = in_order(found["series"])
    return [*declared, *((first, other) for other in others)]


def _shared(found: pd.DataFrame, pair: tuple[str, str]) -> list[str]:
    a, b = (in_order(found["agent"][found["series"].astype(str) == name]) for name in pair)
    return [agent for agent in a if agent in b]


def _spread(counts: "pd.Series[int]") -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
