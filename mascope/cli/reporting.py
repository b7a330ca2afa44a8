"""`report`: from codes to tables."""

from pathlib import Path
from typing import Annotated

import typer

from mascope.cli import show
from mascope.cli.study import JsonOption, ResultsArgument


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    results: ResultsArgument = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", help="intersection, union, majority, dawid_skene, or a coder (default: the panel's)."
        ),
    ] = None,
    coders: Annotated[str | None, typer.Option("--coders", help="Adjudicate these coders only: a,b.")] = None,
    panel: Annotated[Path | None, typer.Option("--panel", help="Panel file (default: the study's).")] = None,
    only: Annotated[
        str | None, typer.Option("--only", help="Print these tables only; write nothing.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compute and print the tables; write them to RESULTS/tables and RESULTS/report."""
    from mascope.pipeline import reporting
    from mascope.report import as_json, write_report
    from mascope.report import show as show_report
    from mascope.store.layout import Results, newest
    from mascope.tables.catalog import PRINTED

    chosen = Results(results) if results else newest()
    options = reporting.Options(labels, _names(coders), panel, _names(only))
    with show.working("computing the tables"):
        found = reporting.report(chosen, options)
        if only is None:
            write_report(found, chosen)
    if json:
        show.print_text(as_json(found))
    else:
        show_report(found, show.out(), PRINTED if only is None else None)
    if only is None:
        show.note(f"Tables: {chosen.tables}. Report: {chosen.report / 'report.md'}")


def _names(text: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else None
