"""All figures by name: the one place to add one."""

from collections.abc import Mapping
from dataclasses import replace

import altair as alt

from mascope.report.figures.behaviour import isolation, rounds
from mascope.report.figures.coders import confusion, label_rates
from mascope.report.figures.compensation import compensation
from mascope.report.figures.figure import Builder, Drawn, Figure
from mascope.report.figures.findings import power, sensitivity
from mascope.report.figures.profiles import profiles, shift
from mascope.report.figures.similarity import ablation, similarity
from mascope.report.figures.structure import addresses, convergence
from mascope.report.summary import SIMULATED, Report

FIGURES: Mapping[str, Builder] = {
    "similarity": similarity,
    "ablation": ablation,
    "profiles": profiles,
    "shift": shift,
    "isolation": isolation,
    "rounds": rounds,
    "compensation": compensation,
    "addresses": addresses,
    "convergence": convergence,
    "sensitivity": sensitivity,
    "labels": label_rates,
    "confusion": confusion,
    "power": power,
}
"""Name → how it is drawn from the report's tables, in the order in which they are read."""


def draw(report: Report) -> tuple[Drawn, ...]:
    """Every figure of the report, or why it cannot be drawn; SIMULATED in the titles where it is."""
    return report.once("figures", lambda: _draw(report))


def _draw(report: Report) -> tuple[Drawn, ...]:
    tables = {table.name: table for table in report.tables}
    return tuple(titled(build(tables), simulated=report.summary.simulated) for build in FIGURES.values())


def titled(drawn: Drawn, *, simulated: bool) -> Drawn:
    """The figure with its title in the specification: a figure is copied without its page."""
    if not isinstance(drawn, Figure):
        return drawn
    title = f"{SIMULATED}: {drawn.title}" if simulated else drawn.title
    return replace(drawn, title=title, chart=drawn.chart.properties(title=alt.TitleParams(title)))
