"""Tables as the page reads them."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from mascope.report.page.links import Known
from mascope.report.page.packing import packed, unpacked
from mascope.report.page.tables import rows
from mascope.tables import Column, Table

NOTHING = Known(frozenset(), {}, {})


def made(**columns: Any) -> Table:
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    return Table("things", "Things", tuple(Column(name, "") for name in columns), frame)


def test_values_to_sort_by_are_given_where_they_are_not_what_is_shown() -> None:
    table = made(agent=["a", "b"], r=[0.25, math.nan], n=[1, 2], yes=[True, False], who=[["a", "b"], []])

    found = rows(table, NOTHING)

    assert found["shown"] == [["a", "b"], ["0.250", "–"], ["1", "2"], ["yes", "no"], ["a, b", ""]]
    assert found["values"] == [None, [0.25, None], [1, 2], [True, False], ["a;b", ""]]


def test_numbers_of_numpy_among_others_are_numbers_in_the_page() -> None:
    odd = pd.Series([np.int64(3), np.float64(0.5), np.bool_(True), math.inf, pd.NA], dtype=object)

    (values,) = rows(made(odd=odd), NOTHING)["values"]

    assert json.dumps(values) == '[3, 0.5, true, "inf", null]'


def test_a_row_leads_to_the_messages_of_its_own_values() -> None:
    table = made(series=pd.Categorical(["A", None]), round=[2, 3], agent=["x", ""])

    assert rows(table, NOTHING)["links"] == [
        {"": {"series": "A", "round": "2", "agent": "x"}},
        {"": {"round": "3"}},
    ]


def test_what_is_packed_comes_through_whole() -> None:
    found = rows(made(text=pd.Series(["half \ud800", "<script>", "한"], dtype=object)), NOTHING)

    assert unpacked(packed(found)) == found
