import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mascope.report.cells import (
    cell,
    cells,
    constants,
    decimals,
    left_out,
    notes,
    numeric,
    visible,
)
from mascope.tables import Column, Table
from mascope.tables.table import Kind


def as_(kind: Kind, value: Any, digits: int | None = None) -> str:
    return cell(value, Column("x", "What x is.", digits, kind))


@pytest.mark.parametrize(
    ("kind", "value", "reads"),
    [
        ("p", 6e-6, "< .001"),
        ("p", 0.0, "< .001"),
        ("p", 0.001, ".001"),
        ("p", 0.0432, ".043"),
        ("p", 0.9996, "> .999"),
        ("p", 1.0, "1.000"),
        ("share", 0.5649, ".56"),
        ("share", -0.05, "-.05"),
        ("share", 1.0, "1.00"),
        ("share", -0.001, ".00"),
        ("count", 13786, "13,786"),
        ("count", 13786.0, "13,786"),
        ("number", 44.52, "44.52"),
        ("number", 1234.5678, "1235"),
        ("number", 0.00012345, "0.000123"),
        ("number", float("inf"), "∞"),
        ("number", -float("inf"), "-∞"),
        ("auto", 7, "7"),
        ("auto", np.int64(7), "7"),
        ("auto", np.float32(0.5), "0.500"),
        ("auto", True, "yes"),
        ("auto", np.bool_(False), "no"),
        ("auto", ["kimi", "qwen"], "kimi, qwen"),
        ("auto", np.array(["kimi"]), "kimi"),
        ("auto", [], ""),
        ("text", 12, "12"),
    ],
)
def test_a_value_reads_as_a_paper_would_print_it(kind: Kind, value: Any, reads: str) -> None:
    assert as_(kind, value) == reads


@pytest.mark.parametrize("value", [None, math.nan, np.float64("nan"), np.float32("nan"), pd.NA, pd.NaT])
@pytest.mark.parametrize("kind", ["auto", "p", "share", "count", "number", "text"])
def test_what_is_undefined_is_a_dash_whatever_it_would_have_been(kind: Kind, value: Any) -> None:
    assert as_(kind, value) == "–"


def test_digits_of_the_column_rule() -> None:
    assert as_("p", 0.0432, 2) == ".04"
    assert as_("p", 0.004, 2) == "< .01"
    assert as_("share", 0.785, 3) == ".785"
    assert as_("number", 2.0, 1) == "2.0"


def test_a_column_called_p_holds_p_values() -> None:
    assert cell(6e-6, Column("p_adjusted", "…", 3)) == "< .001"
    assert cell(6e-6, Column("mcnemar_p", "…", 3)) == "< .001"
    assert cell(6e-6, Column("p", "…", 3, "number")) == "0.000"
    assert cell(0.5, Column("pairs", "…", 3)) == "0.500"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0),
        ([1.0, 2.0, math.nan], 0),
        ([0.5, 9.9], 3),
        ([46.6, 0.5], 2),
        ([250.25], 1),
        ([0.002], 5),
        ([1e-300], 8),
        ([0.0, math.inf], 0),
    ],
)
def test_numbers_that_stand_under_each_other_have_the_same_decimals(
    values: list[float], expected: int
) -> None:
    assert decimals(values) == expected


def test_a_column_with_gaps_keeps_its_decimals(make_table: Callable[..., Table]) -> None:
    table = make_table({"H": [46.6, None, 0.123], "n": [21, None, 15]})

    assert cells(table, table.columns[0]) == ["46.60", "–", "0.12"]
    assert cells(table, table.columns[1]) == ["21", "–", "15"]


@pytest.mark.parametrize(
    "values", [["b\x1b", None, "a", "a"], [0.5, None, 12.25, 0.5], [7, 7, None, 8], [True, None, False, True]]
)
def test_a_column_of_few_kinds_reads_as_its_values_would(
    make_table: Callable[..., Table], values: list[Any]
) -> None:
    plain = pd.Series(values, dtype=object)
    table = make_table({"plain": plain, "kinds": plain.astype("category")})

    assert cells(table, table.columns[1]) == cells(table, table.columns[0])


def test_a_kind_that_no_row_has_takes_no_decimals_from_the_others(make_table: Callable[..., Table]) -> None:
    table = make_table({"kinds": pd.Categorical([0.5, None], [0.5, 1234.5])})

    assert cells(table, table.columns[0]) == ["0.500", "–"]


def test_equal_values_of_different_types_are_told_apart(make_table: Callable[..., Table]) -> None:
    table = make_table({"x": pd.Series([1, True, 1.0], dtype=object)})

    assert cells(table, table.columns[0]) == ["1", "yes", "1"]


def test_what_all_rows_have_in_common_is_said_once(make_table: Callable[..., Table]) -> None:
    table = make_table({"test": ["U"] * 300, "late": ["a"] * 299 + ["b"], "x": range(300)})
    hidden = replace(table, columns=tuple(replace(column, detail=True) for column in table.columns))

    assert constants(hidden) == ("In all rows: test: U.",)


def test_numbers_stand_on_the_right_even_with_none_among_them(make_table: Callable[..., Table]) -> None:
    columns = {
        "float": [0.5, math.nan],
        "gaps": pd.Series([0.5, None], dtype=object),
        "text": ["a", None],
        "bool": [True, False],
        "nothing": pd.Series([None, None], dtype=object),
        "lists": [["a"], []],
    }
    table = make_table(columns)

    assert [column.name for column in table.columns if numeric(table, column)] == ["float", "gaps"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Agent\x1b[31mA", "Agent\\x1b[31mA"),
        ("a\r\nb\tc", "a b c"),
        ("\u202eevil", "\\u202eevil"),
        ("half \ud83d", "half \\ud83d"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("Zoé 🧑‍🚀 한", "Zoé 🧑‍🚀 한"),
    ],
)
def test_what_would_act_is_shown_instead(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_a_dash_is_explained_where_one_is_shown_and_only_there(make_table: Callable[..., Table]) -> None:
    table = make_table({"a": [1]}, notes=("A note.",))

    assert notes(table, [["1"]]) == ("A note.",)
    assert notes(table, [["1", "–"]])[0] == "A note."
    assert "undefined" in notes(table, [["1", "–"]])[1]


def test_a_long_table_says_how_much_is_left_out_and_where_it_is(make_table: Callable[..., Table]) -> None:
    table = make_table({"a": range(1300)}, name="messages")

    assert left_out(table, 20) == "… 1,280 more rows in tables/messages.csv"
    assert left_out(table, 1299) == "… 1 more row in tables/messages.csv"
    assert left_out(table, 1300) is None
