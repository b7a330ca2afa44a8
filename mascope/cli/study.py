"""`plan`, `run`, `status`, `models`: from a study file to journals."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mascope.cli import completing, show

if TYPE_CHECKING:
    from mascope.pipeline.models import Ping
    from mascope.pipeline.planning import Plan
    from mascope.pipeline.running import RunSummary
    from mascope.pipeline.status import SeriesStatus, Status
    from mascope.study.estimate import Range

StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY.yaml", help="The study file.", show_default=False)
]
ResultsArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RESULTS]",
        help="Results directory; default: the newest.",
        show_default=False,
        autocompletion=completing.results,
    ),
]
PricesOption = Annotated[Path | None, typer.Option("--prices", help="Your own price table (YAML).")]
SHOWN = 3
"""Runs that are named where many have the same to say."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Dask: tcp://scheduler:8786, or local:N processes."),
]


def register(app: typer.Typer) -> None:
    for command in (plan, run, status, models):
        app.command()(command)


def plan(
    study: StudyArgument,
    panel: Annotated[Path | None, typer.Option("--panel", help="Price this panel's judging.")] = None,
    prices: PricesOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a study will do and cost. Sends nothing."""
    from mascope.errors import MissingPrerequisite
    from mascope.pipeline import planning

    planned = planning.plan_study(study, panel, prices)
    if json:
        show.print_json(planning.as_json(planned))
    else:
        _show_plan(planned)
    if planned.missing:
        raise MissingPrerequisite("\n  ".join(planned.missing))


def run(
    study: StudyArgument,
    out: Annotated[Path | None, typer.Option("--out", help="Default: results/<study>.")] = None,
    series: Annotated[
        str | None, typer.Option("--series", help="Only these series: A,B.", autocompletion=completing.series)
    ] = None,
    runs: Annotated[
        int | None, typer.Option("--runs", min=1, help="First N runs of each series only.")
    ] = None,
    budget: Annotated[float | None, typer.Option("--budget", min=0, help="Most to spend, in USD.")] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Discussions at once (in each worker of a cluster).")
    ] = 32,
    redo_failed: Annotated[
        bool, typer.Option("--redo-failed", help="Set failed and aborted runs aside; hold them anew.")
    ] = False,
    prices: PricesOption = None,
    cluster: ClusterOption = None,
    json: JsonOption = False,
) -> None:
    """Hold the discussions of a study, or go on where an earlier run stopped."""
    from mascope.cli.progress import RunProgress
    from mascope.pipeline import running

    options = running.Options(_series_names(series), runs, budget, prices, jobs, redo_failed, bool(cluster))
    stage = on_cluster("running") if cluster else None
    prepared = running.prepare(study, out, options)
    show.simulated(prepared.study.simulated)
    with RunProgress(prepared, lines=json) as progress:
        if stage is None:
            summary = asyncio.run(running.hold(prepared, progress))
        else:
            summary = asyncio.run(stage.hold(prepared, options, progress, cluster))
    _show_summary(summary, json)
    show_losses(summary)
    name_the_option(summary)
    raise typer.Exit(summary.exit_code)


def status(results: ResultsArgument = None, json: JsonOption = False) -> None:
    """Say how far a study is: runs, failures, spend."""
    from mascope.pipeline import status as stage
    from mascope.store.layout import Results, newest

    found = stage.status_of(Results(results) if results else newest())
    if json:
        show.print_json(stage.as_json(found))
    else:
        _show_status(found)


def models(
    study: Annotated[Path | None, typer.Argument(metavar="[STUDY.yaml]", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """List the local models found; with a study, ask each of its models one word."""
    from mascope.pipeline import models as stage

    local = stage.local_models()
    pings = asyncio.run(stage.ping(stage.opened(study))) if study else ()
    if json:
        show.print_json({"local": local, "pings": [ping.as_json() for ping in pings]})
        return
    show.table(
        "Local models",
        ("model", "MB", "file"),
        [(m["name"], f"{m['megabytes']:.0f}", m["file"]) for m in local],
    )
    if study:
        show.table("Models of the study", ("model", "answers", "seconds"), [_ping_row(p) for p in pings])
    raise typer.Exit(3 if any(not ping.answered for ping in pings) else 0)


def on_cluster(stage: str) -> Any:
    """The module of `mascope.cluster` for a stage; `MissingPrerequisite` without the extra."""
    from importlib import import_module
    from importlib.util import find_spec

    from mascope.errors import MissingPrerequisite

    if find_spec("distributed") is None:
        raise MissingPrerequisite("--cluster needs Dask: pip install 'mascope[cluster]'")
    return import_module(f"mascope.cluster.{stage}")


def _series_names(text: str | None) -> tuple[str, ...] | None:
    from mascope.errors import InvalidInput

    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise InvalidInput("--series names no series; leave it out for all of them")
    return names


def _show_plan(planned: "Plan") -> None:
    study = planned.study
    show.simulated(study.simulated)
    show.table(
        f"{study.name}: {len(planned.runs)} runs",
        ("series", "runs", "agents", "rounds", "calls", "from", "to"),
        [_series_row(planned, name) for name in study.series],
    )
    show.table("Per model", ("model", "calls", "tokens in", "tokens out", "USD"), _by_model(planned))
    total = planned.total_usd
    show.out().print(f"Total: {_usd(total)}", style="bold", end="")
    show.out().print(f" by {planned.prices}", soft_wrap=True)
    for caution in planned.cautions:
        show.note(f"note: {caution}")
    if planned.unpriced:
        show.out().print("Not in this total, price unknown: " + ", ".join(planned.unpriced), soft_wrap=True)


def _series_row(planned: "Plan", series: str) -> tuple[object, ...]:
    runs = [run for run in planned.runs if run.series == series]
    calls = sum(cost.calls for cost in planned.costs if cost.series == series)
    rounds = planned.study.series[series].rounds
    return (series, len(runs), len(runs[0].agents), rounds, show.count(calls), runs[0].id, runs[-1].id)


def _by_model(planned: "Plan") -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for served_by in dict.fromkeys(cost.served_by for cost in planned.costs):
        costs = [cost for cost in planned.costs if cost.served_by == served_by]
        prompt = sum((c.prompt_tokens for c in costs[1:]), costs[0].prompt_tokens)
        answer = sum((c.completion_tokens for c in costs[1:]), costs[0].completion_tokens)
        known = [cost.cost_usd for cost in costs if cost.cost_usd is not None]
        price = sum(known[1:], known[0]) if known else None
        calls = show.span(sum(cost.calls for cost in costs), sum(cost.calls_most for cost in costs))
        rows.append(
            (
                served_by,
                calls,
                show.span(prompt.low, prompt.high),
                show.span(answer.low, answer.high),
                _usd(price),
            )
        )
    return rows


def _usd(value: "Range | None") -> str:
    if value is None:
        return "unknown"
    return show.usd(value.low) if value.low == value.high else f"{show.usd(value.low)}–{show.usd(value.high)}"


def _show_summary(summary: "RunSummary", json: bool) -> None:
    counts = dict(summary.counts)
    if json:
        show.print_json(
            {
                "results": str(summary.results.root),
                "runs": dict(summary.statuses),
                "counts": counts,
                "lost": [asdict(loss) for loss in summary.lost],
                "ended": {run: reason for reason, runs in summary.ended.items() for run in runs},
                "halted": None if summary.halted is None else str(summary.halted),
            }
        )
    else:
        total = len(summary.statuses)
        states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        show.out().print(f"{total} runs: {states}. Results: {summary.results.root}", soft_wrap=True)
    if summary.halted is not None:
        show.note(f"{summary.halted}: give the same command again to go on")


def show_losses(summary: "RunSummary") -> None:
    """Which turns were lost, and what the providers said; and which runs did not end as planned."""
    total = sum(loss.turns for loss in summary.lost)
    if total:
        noun = "turn was" if total == 1 else "turns were"
        show.note(f"{total} {noun} lost to failures nobody asked for:")
    for loss in summary.lost:
        show.note(f"  {loss.kind} ({loss.turns}): {show.one_line(loss.detail)}")
    for reason, runs in summary.ended.items():
        shown = ", ".join(runs[:SHOWN]) + (f" and {len(runs) - SHOWN} more" if len(runs) > SHOWN else "")
        show.note(f"{shown}: {show.one_line(reason)}")


def name_the_option(summary: "RunSummary") -> None:
    counts = {state: n for state in ("failed", "aborted") if (n := summary.counts.get(state))}
    if counts:
        states = ", ".join(f"{n} {state}" for state, n in counts.items())
        show.note(f"{states}: the same command with --redo-failed holds these anew, once the cause is mended")


def _show_status(found: "Status") -> None:
    show.simulated(found.simulated)
    show.table(
        found.study,
        ("series", "runs", "done", "partial", "failed", "to do", "messages", "injected", "organic", "USD"),
        [_status_row(series) for series in found.series],
    )
    show.out().print(f"Spent by agents and judges, as far as prices are known: {show.usd(found.spent_usd)}")
    for coder, runs in found.coders.items():
        show.out().print(f"coder {coder}: {runs} runs coded")


def _status_row(series: "SeriesStatus") -> tuple[object, ...]:
    runs = (series.planned, series.done, series.partial, series.failed, series.to_do)
    failures = (series.failures_injected, series.failures_organic)
    usd = "unknown" if series.cost_usd is None else show.usd(series.cost_usd)
    return (series.series, *runs, series.messages, *failures, usd)


def _ping_row(ping: "Ping") -> tuple[object, ...]:
    seconds = None if ping.seconds is None else f"{ping.seconds:.1f}"
    return (ping.model.key, ping.problem or "yes", seconds)
