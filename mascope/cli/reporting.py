"""`report`: from codes to tables, figures and a report."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mascope.cli import completing, show
from mascope.cli.study import ClusterOption, JsonOption, ResultsArgument, on_cluster

if TYPE_CHECKING:
    from mascope.report import Report


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    results: ResultsArgument = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="intersection, union, majority, dawid_skene, or a coder (default: the panel's).",
            autocompletion=completing.labels,
        ),
    ] = None,
    coders: Annotated[
        str | None,
        typer.Option("--coders", help="Adjudicate these coders only: a,b.", autocompletion=completing.coders),
    ] = None,
    panel: Annotated[Path | None, typer.Option("--panel", help="Panel file (default: the study's).")] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", help="Print these tables only; write nothing.", autocompletion=completing.tables
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help="Print as csv, json, latex or markdown.", autocompletion=completing.formats
        ),
    ] = None,
    cluster: ClusterOption = None,
    json: JsonOption = False,
) -> None:
    """Compute and print the tables; write them to RESULTS/tables and RESULTS/report."""
    from mascope.pipeline.reporting import Options
    from mascope.report import FORMATS, check_format
    from mascope.results import Results
    from mascope.store.layout import Results as Layout

    asked, tables = "json" if json else form, _names(only)
    if asked is not None:
        check_format(asked, tables)
    found = Results(results, labels=labels, coders=_names(coders), panel=panel)
    with show.steps("report", _steps(tables)) as told:
        if cluster is None:
            made = found.report(only=tables, told=told)
        else:
            options = Options(labels, _names(coders), panel, tables)
            made = asyncio.run(on_cluster("reporting").report(Layout(found.path), options, cluster, told))
        if only is None:
            found.write(made, told)
    if asked is not None:
        show.print_text(FORMATS[asked](made))
    else:
        _show(made, whole=only is None)
    if only is None:
        show.note(f"Tables: {found.path / 'tables'}. Report: {found.path / 'report' / 'index.html'}")


def _show(made: "Report", *, whole: bool) -> None:
    from mascope.report import show as show_report
    from mascope.tables.catalog import PRINTED

    show_report(made, show.out(), PRINTED if whole else None)


def _steps(only: tuple[str, ...] | None) -> int:
    """How often the report tells of a step: each table, and, where all are made, each format."""
    from mascope.report import RENDERERS
    from mascope.tables.catalog import TABLES

    return len(TABLES) + len(RENDERERS) if only is None else len(only)


def _names(text: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else None
