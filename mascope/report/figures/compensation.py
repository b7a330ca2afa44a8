"""What is done about an agent that failed: how far it goes, by whom, how long after."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from mascope.report.figures.figure import Drawn, Figure, NotDrawn
from mascope.report.figures.parts import in_order, inline, labels, rows, whole
from mascope.report.figures.theme import COLOURS
from mascope.tables import Table

LEVELS = ("L1", "L2", "L3", "no level")
BEFORE = "before"
"""Where nobody had failed yet."""
MOST_AGENTS = 15
TITLES = {"series": "by series", "agent": "by agent", "since": "by rounds since the first failure"}


def compensation(tables: Mapping[str, Table]) -> Drawn:
    """Three stacks of the same events: by series, by agent, and by rounds since the failure."""
    name, title = "compensation", "Compensation for failed agents"
    found = rows(tables, "events")
    if not len(found):
        return NotDrawn(name, title, "No message is labelled as compensation.")
    events = pd.DataFrame({
        "series": found["series"].astype(str).map(_of_series(tables, found)),
        "agent": _agents(found["agent"]),
        "since": [BEFORE if pd.isna(since) else str(int(since)) for since in found["since"]],
        "level": [level if level in LEVELS else "no level" for level in found["level"]],
    })  # fmt: skip
    since = sorted({int(value) for value in found["since"].dropna()})
    orders = {
        "series": in_order(events["series"]),
        "agent": in_order(events["agent"].value_counts().index),
        "since": [*([BEFORE] if BEFORE in set(events["since"]) else []), *map(str, since)],
    }
    panels = [_stack(events, by, order) for by, order in orders.items()]
    broadcasts = int(found["broadcast"].sum())
    caption = (
        f"{len(found):,} messages labelled as compensation, {broadcasts:,} of them mere lists of agents "
        "(broadcasts), by level (L1 notes the absence, L2 covers the work, L3 redistributes it), series "
        "(n counts runs), agent, and rounds since an agent of the run first failed."
    )
    return Figure(name, title, caption, alt.vconcat(*panels, spacing=24), ("events", "compensation"))


def _of_series(tables: Mapping[str, Table], found: pd.DataFrame) -> dict[str, str]:
    counted = rows(tables, "compensation")
    runs = dict(zip(counted["series"].astype(str), counted["runs"], strict=True)) if len(counted) else {}
    return {
        name: f"{short} (n = {int(runs[name])})" if name in runs else short
        for name, short in labels(found["series"]).items()
    }


def _agents(agents: "pd.Series[str]") -> list[str]:
    """The busiest, and the rest together: a study of clones has many."""
    busiest = agents.astype(str).value_counts().head(MOST_AGENTS).index
    kept = {agent: label for agent, label in labels(agents).items() if agent in set(busiest)}
    rest = agents.nunique() - len(kept)
    return [kept.get(agent, f"{rest} others") for agent in agents.astype(str)]


def _stack(events: pd.DataFrame, by: str, order: list[str]) -> alt.Chart:
    counts = events.groupby([by, "level"], as_index=False).size().rename(columns={"size": "events"})
    levels = list(LEVELS)
    colour = alt.Color(
        "level:N", scale=alt.Scale(domain=levels, range=[*COLOURS[:3], COLOURS[-1]]), title="level"
    )
    place = counts["level"].map(levels.index)
    most = int(counts.groupby(by)["events"].sum().max())
    chart: alt.Chart = (
        alt.Chart(inline(counts.assign(place=place)))
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            y=alt.Y(f"{by}:N", sort=order, title=None),
            x=alt.X("events:Q", scale=alt.Scale(zero=True), title="messages", axis=whole(most)),
            color=colour,
            order="place:Q",
            tooltip=[f"{by}:N", "level:N", "events:Q"],
        )
        .properties(width=480, height=alt.Step(17), title=alt.TitleParams(TITLES[by], fontSize=12))
    )
    return chart
