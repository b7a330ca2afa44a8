"""`power`: how many runs a study needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mascope.cli import show
from mascope.cli.study import JsonOption, StudyArgument

if TYPE_CHECKING:
    from mascope.pipeline.power import Powered
    from mascope.stats.power import Point


def register(app: typer.Typer) -> None:
    app.command()(power)


def power(
    study: StudyArgument,
    pilot: Annotated[
        Path | None, typer.Option("--pilot", metavar="RESULTS", help="Draw runs from these results.")
    ] = None,
    runs: Annotated[
        str, typer.Option("--runs", help="Runs per series to try; the search ends at the largest.")
    ] = "5,8,11,15,21,30,40",
    simulations: Annotated[
        int, typer.Option("--simulations", min=100, max=100_000, help="Made-up studies.")
    ] = 1000,
    panel: Annotated[Path | None, typer.Option("--panel", help="Panel file [the study's].")] = None,
    labels: Annotated[str | None, typer.Option("--labels", help="How codes are adjudicated.")] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE", help="Draw the curves: .svg, .png or .pdf.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="RESULTS", help="Keep the curves there, for table and figure."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say how many runs per series each hypothesis needs, by simulation. Sends nothing."""
    from mascope.cli.progress import bar
    from mascope.pipeline import power as stage

    _check(figure, keep)
    options = stage.Options(pilot, _sizes(runs), simulations, panel, labels)
    with bar() as progress:
        task = progress.add_task("power", total=stage.steps(study, options), about="")
        found = stage.power_of(study, options, lambda step: progress.update(task, advance=1, about=step))
    _leave(found, figure, keep)
    show.simulated(found.study.simulated)
    if json:
        show.print_json(stage.as_json(found))
    else:
        _show(found)


def _check(figure: Path | None, keep: Path | None) -> None:
    """Before minutes of simulation: whether what comes of it can be left where it is to go."""
    from mascope.pipeline import curves

    if figure is not None:
        curves.check_figure(figure)
    if keep is not None:
        curves.check_results(keep)


def _leave(found: "Powered", figure: Path | None, keep: Path | None) -> None:
    from mascope.pipeline import curves

    if keep is not None:
        show.note(f"Kept: {curves.keep(found, keep)}")
    if figure is not None:
        show.note(f"Drawn: {curves.draw(found, figure)}")


def _sizes(text: str) -> tuple[int, ...]:
    from mascope.errors import InvalidInput

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and 2 <= int(part) <= 500 for part in parts):
        raise InvalidInput(f"--runs: numbers from 2 to 500 with commas between, not {text!r}")
    return tuple(int(part) for part in parts)


def _show(found: "Powered") -> None:
    sizes = [point.runs for point in found.curves[0].points]
    show.table(
        f"{found.study.name}: power by runs per series",
        ("hypothesis", *map(str, sizes), "needed"),
        [
            (curve.hypothesis, *map(_cell, curve.points), curve.needed or f"> {sizes[-1]}")
            for curve in found.curves
        ],
    )
    most = max(point.error for curve in found.curves for point in curve.points)
    for line in (
        f"Power: share of {found.simulations} made-up studies with p < .05 after Holm within the family; "
        f"Monte-Carlo error at most ±{most:.3f}. Needed: fewest runs per series with a power of .8.",
        f"Made up from {found.source}.",
        *found.notes,
        *_advice(found, sizes[-1]),
    ):
        show.out().print(line, soft_wrap=True)


def _advice(found: "Powered", most: int) -> Iterator[str]:
    if found.recommended is not None:
        yield f"Recommended: {found.recommended} runs per series."
    if found.out_of_reach:
        missed = ", ".join(found.out_of_reach)
        yield f"Not enough even with {most} runs per series, if the effects are these: {missed}."


def _cell(point: "Point") -> str:
    return f"{point.power:.2f}"
