"""Which panel belongs to a results directory."""

from pathlib import Path

from mascope.codebook import Panel
from mascope.errors import InvalidFile, InvalidInput
from mascope.panelfile import load_panel
from mascope.store.layout import Results

DEFAULT = Path("judges") / "behaviour.yaml"
"""Looked for where the command is given, then beside the package in a checkout."""


def panel_file(results: Results, chosen: Path | None) -> Path | None:
    """The panel asked for, else the one that the study names, else the default; None if none is there."""
    if chosen is not None:
        return chosen
    named = results.study().get("panel")
    candidates = [results.root / str(named)] if named else []
    here = Path(__file__).resolve().parents[2]
    return next((file for file in (*candidates, DEFAULT, here / DEFAULT) if file.is_file()), None)


def panel_of(results: Results, chosen: Path | None) -> Panel:
    file = panel_file(results, chosen)
    if file is None:
        raise InvalidInput(
            f"no panel: {results.study_file} names none that is there, and {DEFAULT} is not here; use --panel"
        )
    if not file.is_file():
        raise InvalidFile(file, "no such file")
    return load_panel(file)
