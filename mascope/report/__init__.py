"""Renderers: tables in, files or a terminal's lines out. They know no statistics."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mascope.report.data import as_json, write_csv, write_parquet
from mascope.report.formats import FORMATS, check_format
from mascope.report.latex import write_latex
from mascope.report.markdown import write_markdown
from mascope.report.summary import Labels, Methods, Report, Summary
from mascope.report.terminal import show, show_summary, show_table, show_warnings
from mascope.spread import spread, threads_of
from mascope.store.layout import Results

__all__ = [
    "FORMATS",
    "RENDERERS",
    "Labels",
    "Methods",
    "Report",
    "Summary",
    "as_json",
    "check_format",
    "show",
    "show_summary",
    "show_table",
    "show_warnings",
    "write_report",
]

Renderer = Callable[[Report, Results], tuple[Path, ...]]


def _write_figures(report: Report, results: Results) -> tuple[Path, ...]:
    from mascope.report.figures import write_figures  # what draws them starts slowly

    return write_figures(report, results)


def _draw_figures(report: Report) -> None:
    from mascope.report.figures import draw

    draw(report)


def _gather(report: Report, results: Results) -> None:
    from mascope.report.page import gather

    gather(report, results)


def _write_page(report: Report, results: Results) -> tuple[Path, ...]:
    from mascope.report.page import write_page  # it draws the figures too

    return write_page(report, results)


def _write_transcripts(report: Report, results: Results) -> tuple[Path, ...]:
    from mascope.report.page import write_transcripts

    return write_transcripts(report, results)


RENDERERS: Mapping[str, Renderer] = {
    "page": _write_page,
    "figures": _write_figures,
    "transcripts": _write_transcripts,
    "csv": write_csv,
    "parquet": write_parquet,
    "markdown": write_markdown,
    "latex": write_latex,
}
"""Format → what writes it under a results directory; returns the files. Each appears whole, by rename.

The longest first, so that the cores end together."""


def write_report(
    report: Report, results: Results, told: Callable[[str], None] = lambda step: None
) -> tuple[Path, ...]:
    """The report in every format, as many at a time as there are cores; `told` hears of each in turn."""
    _draw_figures(report)  # once, for all formats that show them
    _gather(report, results)  # on all cores, as no process can that writes but one of the formats
    files: list[Path] = []
    # Where pictures were drawn before, the engine that draws runs on threads, which cannot be forked.
    workers = 1 if threads_of("V8") else None
    written = spread(lambda name: RENDERERS[name](report, results), tuple(RENDERERS), workers)
    for name, of_format in zip(RENDERERS, written, strict=True):
        files.extend(of_format)
        told(name)
    return tuple(files)
