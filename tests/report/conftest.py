"""Tables to render."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mascope.report import Report, Summary
from mascope.store.layout import Results
from mascope.tables import Column, Table
from mascope.tables.table import Kind

MakeTable = Callable[..., Table]


def _make(
    data: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, Kind] | None = None,
    notes: tuple[str, ...] = (),
    name: str = "things",
) -> Table:
    frame = pd.DataFrame({column: _values(values) for column, values in data.items()})
    columns = tuple(Column(c, f"What {c} is.", kind=(kinds or {}).get(c, "auto")) for c in data)
    return Table(name, f"All the {name}", columns, frame, notes)


def _values(values: Any) -> Any:
    return values if isinstance(values, pd.Series | pd.Categorical) else list(values)


@pytest.fixture
def make_table() -> MakeTable:
    return _make


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "study")


@pytest.fixture
def report() -> Callable[..., Report]:
    def make(*tables: Table, simulated: bool = False, **rest: Any) -> Report:
        return Report(Summary("whoami", simulated, **rest), tables)

    return make
