"""Renderers: tables in, files or a terminal's lines out. They know no statistics."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mascope.report.data import as_json, write_csv, write_parquet
from mascope.report.latex import write_latex
from mascope.report.markdown import write_markdown
from mascope.report.summary import Report, Summary
from mascope.report.terminal import show, show_summary, show_table, show_warnings
from mascope.store.layout import Results

__all__ = [
    "RENDERERS",
    "Report",
    "Summary",
    "as_json",
    "show",
    "show_summary",
    "show_table",
    "show_warnings",
    "write_report",
]

Renderer = Callable[[Report, Results], tuple[Path, ...]]

RENDERERS: Mapping[str, Renderer] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "markdown": write_markdown,
    "latex": write_latex,
}
"""Format → what writes it under a results directory; returns the files. Each appears whole, by rename."""


def write_report(report: Report, results: Results) -> tuple[Path, ...]:
    """The report in every format."""
    return tuple(file for render in RENDERERS.values() for file in render(report, results))
