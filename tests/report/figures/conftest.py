"""The figures of a rehearsed study, and tables to draw others from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mascope.report import Report
from mascope.report.figures import FIGURES, Figure
from mascope.results import Results
from mascope.tables import Column, Table

Tables = Mapping[str, Table]
Rows = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="session")
def whole(rehearsed: Path) -> Report:
    return Results(rehearsed).report()


@pytest.fixture(scope="session")
def tables(whole: Report) -> Tables:
    return {table.name: table for table in whole.tables}


@pytest.fixture
def changed(tables: Tables) -> Callable[..., Tables]:
    """The same tables, with some of their frames replaced."""

    def _changed(**frames: pd.DataFrame) -> Tables:
        return {**tables, **{name: replace(tables[name], frame=frame) for name, frame in frames.items()}}

    return _changed


def table(name: str, rows: Rows) -> Table:
    """A table of just these rows."""
    frame = pd.DataFrame(list(rows))
    return Table(name, name, tuple(Column(str(c), "") for c in frame.columns), frame)


def drawn(name: str, tables: Tables) -> Figure:
    found = FIGURES[name](tables)
    assert isinstance(found, Figure), found.reason
    return found


def values(figure: Figure) -> list[dict[str, Any]]:
    """All rows of data in the figure's specification."""
    spec = figure.chart.to_dict()
    everything = [*_data(spec), *spec.get("datasets", {}).values()]
    return [row for rows in everything for row in rows if row]  # a line by itself has one row of nothing


def _data(part: Any) -> Any:
    if isinstance(part, dict):
        data = part.get("data")
        if isinstance(data, dict) and "values" in data:
            yield data["values"]
        for key, inner in part.items():
            if key != "data":
                yield from _data(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _data(inner)


def parts(spec: Any, key: str) -> list[Any]:
    """Everything that stands under `key` anywhere in a specification."""
    if isinstance(spec, list):
        return [found for inner in spec for found in parts(inner, key)]
    if not isinstance(spec, dict):
        return []
    here = [spec[key]] if key in spec else []
    return here + [found for name, inner in spec.items() if name != "values" for found in parts(inner, key)]
