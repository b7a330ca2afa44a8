"""`init` and `schema`: the files that a study begins with."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mascope.cli import show


class FileKind(StrEnum):
    STUDY = "study"
    PANEL = "panel"


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(schema)


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to; made if it is not there.", show_default=False)
    ],
) -> None:
    """Write a commented study and panel to start from. Overwrites nothing."""
    from mascope.pipeline import starting

    for file in starting.begin(directory):
        show.out().print(str(file), soft_wrap=True, markup=False)
    show.note(f"Next: cd {shlex.quote(str(directory))}; mascope plan study.yaml")


def schema(
    kind: Annotated[FileKind, typer.Argument(metavar="study|panel", help="Which file.", show_default=False)],
) -> None:
    """Print the JSON Schema of a study or panel file, for editors."""
    from mascope.study.schema_json import SCHEMAS

    show.print_json(SCHEMAS[kind]())
