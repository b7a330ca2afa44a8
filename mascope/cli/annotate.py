"""`annotate`: a human codes a sample."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mascope.cli import show
from mascope.cli.study import ResultsArgument
from mascope.errors import InvalidInput, MissingPrerequisite

if TYPE_CHECKING:
    from mascope.judging.annotation import Session


def register(app: typer.Typer) -> None:
    app.command()(annotate)


def annotate(
    results: ResultsArgument = None,
    coder: Annotated[
        str, typer.Option("--coder", help="Who codes: the name of your codes.", show_default=False)
    ] = ...,  # type: ignore[assignment]
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="Messages in the sample (as begun, else 600).")
    ] = None,
    panel: Annotated[Path | None, typer.Option("--panel", help="Panel file (default: the study's).")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the sample (as begun, else the panel's).")
    ] = None,
) -> None:
    """Code a stratified, blind sample by hand, or go on; the same sample for every annotator."""
    _require_screen()
    from mascope.annotate.app import AnnotateApp
    from mascope.pipeline import annotating
    from mascope.store.layout import Results, newest

    chosen = Results(results) if results else newest()
    with annotating.opened(chosen, annotating.Options(coder, n, seed, panel)) as work:
        if not work.sample.coders:
            show.note("Nobody has coded yet, so the sample goes by series and model alone.")
        failed = AnnotateApp(work.session, coder, simulated=work.simulated).run()
    if failed is not None:
        raise failed
    _show_end(work.session)


def _require_screen() -> None:
    if find_spec("textual") is None:
        raise MissingPrerequisite("annotating needs textual: pip install 'mascope[annotate]'")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidInput(
            "annotating needs a terminal; codes made elsewhere come in by `mascope import codes`"
        )


def _show_end(session: "Session") -> None:
    skipped = f", {session.skipped} skipped" if session.skipped else ""
    left = len(session.tasks) - session.coded - session.skipped
    more = "; give the same command again to go on" if left or session.skipped else ""
    show.note(f"{session.coded} of {len(session.tasks)} coded{skipped}{more}")
