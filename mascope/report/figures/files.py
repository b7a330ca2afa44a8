"""Figures as plain data for a page, and as files for papers."""

import json
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import altair as alt
import vl_convert

from mascope.report.figures.catalog import draw
from mascope.report.figures.figure import Figure
from mascope.report.figures.theme import CONFIGS
from mascope.report.summary import Report
from mascope.store.layout import Results
from mascope.store.lines import write_whole

PNG_SCALE = 2.0
"""Pixels for each unit of the drawing: sharp on paper at the width of a column."""
CAPTION_WIDTH = 105
"""Characters of a line of the caption under a file's title."""

FORMATS: Mapping[str, Callable[[str], bytes]] = MappingProxyType({
    "svg": lambda svg: svg.encode(),
    "png": lambda svg: vl_convert.svg_to_png(svg, scale=PNG_SCALE),
    "pdf": lambda svg: vl_convert.svg_to_pdf(svg),
})  # fmt: skip
"""Ending → the file's content, made of the one SVG."""


def spec(figure: Figure) -> dict[str, Any]:
    """The figure as a Vega-Lite specification for a page, data inline, without a configuration.

    A figure of one panel is as wide as its container; one of several has its own width.
    """
    made = _plain(figure.chart)
    made["description"] = f"{figure.title}. {figure.caption}"
    if "facet" in made or "vconcat" in made or "hconcat" in made or "concat" in made:
        return made
    return made | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}


def svg(figure: Figure, theme: str = "light") -> str:
    """The figure by itself: on a ground of its own, its caption below its title."""
    caption = textwrap.wrap(figure.caption, CAPTION_WIDTH)
    title = alt.TitleParams(figure.title, subtitle=caption)
    config = {**CONFIGS[theme], "background": "white" if theme == "light" else "#0d1117"}
    drawn: str = vl_convert.vegalite_to_svg(
        json.dumps(_plain(figure.chart.properties(title=title))), config=config
    )
    return drawn


def write_figures(report: Report, results: Results) -> tuple[Path, ...]:
    """`report/figures/<name>.svg`, `.png` and `.pdf` of each figure; what cannot be drawn now has none."""
    folder = results.report / "figures"
    files = []
    for figure in draw(report):
        if not isinstance(figure, Figure):
            for ending in FORMATS:  # of an earlier report, which would be taken for this one's
                (folder / f"{figure.name}.{ending}").unlink(missing_ok=True)
            continue
        drawn = svg(figure)
        for ending, made in FORMATS.items():
            files.append(folder / f"{figure.name}.{ending}")
            write_whole(files[-1], made(drawn))
    return tuple(files)


def _plain(chart: Any) -> dict[str, Any]:
    made: dict[str, Any] = chart.to_dict()
    made.pop("config", None)  # altair's defaults, which a theme does not share
    return made
