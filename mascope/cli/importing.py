"""`import warroom`, `import table`, `import codes`: other people's transcripts and codes."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mascope.cli import show
from mascope.cli.study import ResultsArgument

if TYPE_CHECKING:
    from mascope.imports.codes import CodesSummary
    from mascope.imports.deposit import ImportSummary

app = typer.Typer(help="Bring in transcripts or codes made elsewhere.", no_args_is_help=True)

OutOption = Annotated[Path, typer.Option("--out", help="Results directory to write.", show_default=False)]
StudyOption = Annotated[
    str | None, typer.Option("--study", help="Name of the study (default: the directory's).")
]


class Blank(StrEnum):
    NO = "no"
    MISSING = "missing"


@app.command()
def warroom(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of transcripts (JSON).")],
    out: OutOption,
    study: StudyOption = None,
) -> None:
    """Transcripts of the WarRoom platform (arXiv 2604.00026)."""
    from mascope.imports.warroom import import_warroom
    from mascope.store.layout import Results

    _show_import(import_warroom(folder, Results(out), study))


@app.command()
def table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON lines or Parquet.")],
    out: OutOption,
    study: StudyOption = None,
) -> None:
    """A flat table of messages: run, name, round, text."""
    from mascope.imports.table import import_table
    from mascope.store.layout import Results

    _show_import(import_table(file, Results(out), study))


@app.command()
def codes(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A table with one row a message, or a folder codes/NAME.")
    ],
    results: ResultsArgument = None,
    coder: Annotated[str, typer.Option("--coder", help="Whose codes these are.", show_default=False)] = ...,  # type: ignore[assignment]
    prefix: Annotated[str | None, typer.Option("--prefix", help="Take the columns that begin so.")] = None,
    blank: Annotated[Blank, typer.Option("--blank", help="What an empty cell means.")] = Blank.NO,
    human: Annotated[
        bool | None,
        typer.Option("--human/--not-human", help="Whether a person coded; else: is it called so?"),
    ] = None,
) -> None:
    """Codes made elsewhere, by a human or another judge; weights and notes come with them."""
    from mascope.imports.codes import import_codes
    from mascope.store.layout import Results, newest

    meaning: Literal["no", "missing"] = "no" if blank is Blank.NO else "missing"
    chosen = Results(results) if results else newest()
    kinds: dict[bool | None, Literal["human", "imported"] | None] = {True: "human", False: "imported"}
    _show_codes(import_codes(file, chosen, coder, prefix, meaning, kinds.get(human)))


def _show_import(summary: "ImportSummary") -> None:
    show.table(
        f"{summary.study}: {len(summary.series)} series, {summary.runs} runs, "
        f"{summary.messages} codable messages",
        ("series", "runs", "messages", "failures", "empty"),
        [(name, b.runs, b.messages, b.failures, b.empty) for name, b in summary.series.items()],
    )
    for line in summary.notes:
        show.note(line)
    state = f"{summary.written} journals written" if summary.written else "nothing new: all of it was here"
    show.note(f"{state}: {summary.root}")


def _show_codes(summary: "CodesSummary") -> None:
    show.out().print(
        f"{summary.coder} ({summary.kind}): {summary.rows} rows, {summary.messages} messages coded, "
        f"flags {', '.join(summary.flags)}",
        soft_wrap=True,
    )
    if summary.weighted:
        partly = f"only {summary.weighted} of the" if summary.weighted < summary.messages else "all"
        show.note(f"{partly} messages have a sampling weight")
    if summary.notes:
        show.note(f"{summary.notes} notes")
    if summary.unknown:
        _show_unknown(summary)
    if summary.failed:
        show.note(f"{len(summary.failed)} ids name turns that failed: {', '.join(summary.failed[:10])}")
    if summary.repeated:
        show.note(f"{summary.repeated} rows repeat an earlier one and were left out")
    if summary.stray_levels:
        show.note(f"{summary.stray_levels} levels stand where the flag is not yes and were left out")
    if not summary.written:
        show.note("nothing new: these codes were here already")


def _show_unknown(summary: "CodesSummary") -> None:
    """One id a line, as they stand in the file, so that they can be looked for there."""
    show.note(f"{len(summary.unknown)} ids name no message here; their rows were left out:")
    for id_ in summary.listed:
        show.note(f"  {id_}")
    if more := len(summary.unknown) - len(summary.listed):
        show.note(f"  … and {more} more")
