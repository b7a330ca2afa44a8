"""What a simulation of power leaves: kept with results, so that their report has it, or drawn by itself."""

import json
from pathlib import Path

from mascope.errors import InvalidInput
from mascope.pipeline.power import Powered, as_json
from mascope.store.layout import Results
from mascope.store.lines import write_whole
from mascope.tables.power import table_of

ENDINGS = (".pdf", ".png", ".svg")


def check_figure(file: Path) -> None:
    """`InvalidInput` where a figure cannot be drawn into `file`."""
    if file.suffix.lower() not in ENDINGS:
        raise InvalidInput(f"--figure: {file} must end in one of {', '.join(ENDINGS)}")


def check_results(root: Path) -> None:
    """`InvalidInput` where `root` is no results directory."""
    if not Results(root).study_file.is_file():
        raise InvalidInput(f"--keep: {root} holds no results (it has no study.yaml)")


def keep(found: Powered, root: Path) -> Path:
    """`power.json` in a results directory: `mascope report` makes a table and a figure of it."""
    file = Results(root).power_file
    write_whole(file, json.dumps(as_json(found), ensure_ascii=False, indent=1).encode())
    return file


def draw(found: Powered, file: Path) -> Path:
    """The power curves, as the report draws them."""
    from mascope.report.figures import FIGURES, Figure, titled  # what draws starts slowly
    from mascope.report.figures.files import FORMATS, svg

    drawn = titled(FIGURES["power"]({"power": table_of(as_json(found))}), simulated=found.study.simulated)
    if not isinstance(drawn, Figure):
        raise InvalidInput(f"--figure: {drawn.reason}")
    write_whole(file, FORMATS[file.suffix.lower().removeprefix(".")](svg(drawn)))
    return file
