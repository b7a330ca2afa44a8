"""`judge`: from journals to codes."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mascope.cli import show
from mascope.cli.study import ClusterOption, JsonOption, PricesOption, ResultsArgument, on_cluster

if TYPE_CHECKING:
    from mascope.judging.summary import JudgingSummary


def register(app: typer.Typer) -> None:
    app.command()(judge)


def judge(
    results: ResultsArgument = None,
    panel: Annotated[Path | None, typer.Option("--panel", help="Panel file (default: the study's).")] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0, help="Most to spend in USD, agents included.")
    ] = None,
    unreadable: Annotated[
        bool, typer.Option("--ask-unreadable", help="Ask again what was unreadable.")
    ] = False,
    recode: Annotated[
        bool, typer.Option("--recode", help="Put codes of another digest aside and code anew.")
    ] = False,
    prices: PricesOption = None,
    cluster: ClusterOption = None,
    json: JsonOption = False,
) -> None:
    """Have the panel code every message, or go on; then print how far its coders agree."""
    from mascope.cli.progress import JudgeProgress
    from mascope.errors import BudgetReached
    from mascope.judging.recording import Again
    from mascope.judging.summary import JudgingSummary
    from mascope.pipeline import judging, reporting
    from mascope.report import as_json, show_table
    from mascope.report.data import write_csv
    from mascope.store.layout import Results, newest

    chosen = Results(results) if results else newest()
    again, stage = Again(unreadable, recode), on_cluster("judging") if cluster else None
    prepared = judging.prepare(chosen, panel, budget, prices, again, elsewhere=bool(cluster))
    show.simulated(prepared.panel.simulated)
    stopped: BudgetReached | None = None
    with JudgeProgress() as progress:
        try:
            if stage is None:
                summary = asyncio.run(judging.code(prepared, progress))
            else:
                summary = asyncio.run(stage.code(prepared, prices, progress, cluster))
        except BudgetReached as reached:
            summary, stopped = JudgingSummary((), "stopped by the budget"), reached
    _show_coders(summary)
    found = reporting.report(chosen, reporting.Options(panel=panel, only=["agreement"]))
    write_csv(found, chosen)  # the line under the table names it
    if json:
        show.print_text(as_json(found))
    else:
        show_table(found, found.tables[0], show.out())
    raise stopped or typer.Exit(_exit_code(summary))


def _exit_code(summary: "JudgingSummary") -> int:
    if summary.halted is not None:
        return 130
    return 0 if summary.complete else 1


def _show_coders(summary: "JudgingSummary") -> None:
    for coder in summary.coders:
        parts = [f"{coder.coded} coded now", f"{coder.settled} before"]
        parts += [
            f"{count} {what}"
            for what, count in (
                ("unreadable", coder.unreadable),
                ("abstained", coder.abstained),
                ("unanswered", coder.unanswered),
            )
            if count
        ]
        show.note(f"{coder.coder}: {', '.join(parts)} of {coder.messages} messages")
        if coder.kin:
            show.note(f"{coder.coder} is of the same family as: {', '.join(coder.kin)}")
        if coder.stopped:
            show.note(f"{coder.coder} stopped: {coder.stopped}")
    if summary.halted is not None:
        show.note(f"{summary.halted}: give the same command again to go on")
