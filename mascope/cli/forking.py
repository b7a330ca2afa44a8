"""`fork`: going on with a run from one of its rounds, with one thing changed."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mascope.cli import completing, show
from mascope.cli.study import JsonOption, PricesOption, name_the_option, show_losses

if TYPE_CHECKING:
    from mascope.pipeline.running import RunSummary


def register(app: typer.Typer) -> None:
    app.command()(fork)


def fork(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's id, or its journal.",
            show_default=False,
            autocompletion=completing.runs,
        ),
    ],
    from_round: Annotated[
        int, typer.Option("--round", min=1, help="First round held anew (from 0).", show_default=False)
    ],
    change: Annotated[
        str | None, typer.Option("--set", metavar="KEY=VALUE", help="What is changed; nothing for a control.")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Forks of this run.")] = 1,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", help="Results directory (default: newest).", autocompletion=completing.results
        ),
    ] = None,
    budget: Annotated[float | None, typer.Option("--budget", min=0, help="Most to spend, in USD.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Discussions at once.")] = 32,
    redo_failed: Annotated[
        bool, typer.Option("--redo-failed", help="Set failed and aborted forks aside; hold them anew.")
    ] = False,
    prices: PricesOption = None,
    json: JsonOption = False,
) -> None:
    """Go on with a run from a round, with one setting changed; each fork is paired with its parent."""
    from mascope.cli.progress import RunProgress
    from mascope.pipeline import forking, running

    options = forking.ForkOptions(run, from_round, change, runs, results, budget, prices, jobs, redo_failed)
    prepared = forking.prepare_forks(options)
    show.simulated(prepared.runs[0].simulated)
    with RunProgress(prepared, lines=json) as progress:
        summary = asyncio.run(running.hold(prepared, progress))
    _show(run, summary, json=json)
    show_losses(summary)
    name_the_option(summary)
    raise typer.Exit(summary.exit_code)


def _show(parent: str, summary: "RunSummary", *, json: bool) -> None:
    if json:
        show.print_json(
            {"results": str(summary.results.root), "parent": parent, "runs": dict(summary.statuses)}
        )
    else:
        for run, status in summary.statuses.items():
            show.out().print(f"{run}: {status}", soft_wrap=True)
    if summary.halted is not None:
        show.note(f"{summary.halted}: give the same command again to go on")
