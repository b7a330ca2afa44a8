"""Transcripts and codes from elsewhere → results directories."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mascope.imports.codes import CodesSummary, import_codes
from mascope.imports.deposit import ImportSummary
from mascope.imports.table import import_table
from mascope.imports.warroom import import_warroom
from mascope.store.layout import Results

__all__ = ["IMPORTERS", "CodesSummary", "ImportSummary", "Importer", "import_codes"]


class Importer(Protocol):
    """Brings the transcripts at `source` into `results`; whole, or not at all where one of them is bad."""

    def __call__(self, source: Path, results: Results, study: str | None = None) -> ImportSummary: ...


IMPORTERS: Mapping[str, Importer] = {"warroom": import_warroom, "table": import_table}
"""What transcripts can come from."""
