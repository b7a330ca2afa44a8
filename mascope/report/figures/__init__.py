"""Figures: one declarative specification each, for the page, for a notebook and for papers.

    for figure in draw(report): ...      # Figure | NotDrawn, in the order of FIGURES
    spec(figure)                         # Vega-Lite as plain data; give it CONFIGS["light"] or ["dark"]
    write_figures(report, results)       # report/figures/<name>.svg, .png, .pdf

A specification bakes in no colour of a theme: text, axes and rules take theirs from the configuration.
"""

from mascope.report.figures.catalog import FIGURES, draw, titled
from mascope.report.figures.figure import Builder, Chart, Drawn, Figure, NotDrawn
from mascope.report.figures.files import spec, write_figures
from mascope.report.figures.theme import CONFIGS

__all__ = [
    "CONFIGS",
    "FIGURES",
    "Builder",
    "Chart",
    "Drawn",
    "Figure",
    "NotDrawn",
    "draw",
    "spec",
    "titled",
    "write_figures",
]
