import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from mascope.errors import InvalidInput
from mascope.report import RENDERERS, Report, as_json, write_report
from mascope.report.data import write_csv, write_parquet
from mascope.store.layout import Results
from mascope.tables import Table

MakeTable = Callable[..., Table]
MakeReport = Callable[..., Report]


@pytest.fixture
def stored(results: Results) -> Results:
    """A results directory with its study, of which nothing was held yet."""
    results.root.mkdir()
    results.study_file.write_text("study: whoami\n")
    return results


def csv_text(report: Report, results: Results) -> str:
    return write_csv(report, results)[0].read_bytes().decode("utf-8")


def rows_of(report: Report, results: Results) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_text(report, results), newline="")))


def test_csv_keeps_every_digit(make_table: MakeTable, report: MakeReport, results: Results) -> None:
    values = [1 / 3, 6e-6, 1e22, 0.1 + 0.2, -0.0, 5e-324, 123456789.12345679]
    read = rows_of(report(make_table({"x": values})), results)

    assert [float(row[0]) for row in read[1:]] == values


def test_csv_leaves_undefined_cells_empty(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    table = make_table({"x": [1.5, math.nan], "y": ["a", None], "z": pd.Series([None, 2.5], dtype=object)})

    assert csv_text(report(table), results) == "x,y,z\n1.5,a,\n,,2.5\n"


def test_csv_joins_lists(make_table: MakeTable, report: MakeReport, results: Results) -> None:
    lists = [["kimi", "qwen"], [], np.array(["a;b", "c"]), ("=x",)]

    assert rows_of(report(make_table({"m": lists})), results)[1:] == [
        ["kimi;qwen"],
        [""],
        [r"a\;b;c"],
        ["'=x"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])
@pytest.mark.parametrize("dtype", [object, "category", "str"])
def test_csv_disarms_formulas_and_parquet_keeps_them(
    make_table: MakeTable, report: MakeReport, results: Results, start: str, dtype: Any
) -> None:
    names = [f"{start}HYPERLINK(1)", "Agent-A", f"a {start}"]
    whole = report(make_table({"name": pd.Series(names, dtype=dtype)}))
    write_parquet(whole, results)

    assert [row[0] for row in rows_of(whole, results)[1:]] == [f"'{names[0]}", *names[1:]]
    assert pd.read_parquet(results.tables / "things.parquet")["name"].tolist() == names


def test_negative_numbers_are_no_formulas(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    assert csv_text(report(make_table({"r": [-0.5], "n": [-3]})), results) == "r,n\n-0.5,-3\n"


def test_csv_quotes_what_needs_it_and_reads_back(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    texts = ['say "hi"', "a,b", "two\nlines", "é ü 한 🧑‍🚀", " blank "]

    assert [row[0] for row in rows_of(report(make_table({"t": texts})), results)[1:]] == texts


def test_csv_has_one_kind_of_line_end_and_no_half_characters(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    texts = pd.Series(["a\rb", "c\r\nd", "e\x00f", "g\ud800"], dtype=object)
    content = csv_text(report(make_table({"t": texts})), results)

    assert "\r" not in content
    assert "\x00" not in content
    assert pd.read_csv(io.StringIO(content))["t"].tolist() == ["a\nb", "c\nd", "e\ufffdf", "g\\ud800"]


PLAIN = {
    "floats": [0.5, math.nan, -math.inf],
    "float32": pd.Series([0.1, math.nan, 3], dtype="float32"),
    "nullable": pd.Series([1, None, 3], dtype="Int64"),
    "counts": np.array([0, 7, 255], dtype=np.uint8),
    "truths": [True, False, True],
    "known": pd.Series([True, None, False], dtype="boolean"),
    "kinds": pd.Categorical(["b", None, "a"]),
    "levels": pd.Categorical([2, None, 10]),
    "mixed": pd.Series([np.float64(0.1), True, 12], dtype=object),
    "nothing": pd.Series([None, None, None], dtype=object),
    "texts": ["a,b", 'say "hi"', "two\nlines"],
    "blank": ["", None, " "],
    "times": [pd.Timestamp("2026-03-04T10:00:01.517Z"), None, pd.Timestamp("2026-03-04T10:00:02Z")],
    "huge": pd.Series([1, None, 2**70], dtype=object),
}


def test_csv_of_plain_values_is_what_pandas_writes(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    table = make_table(PLAIN)

    assert csv_text(report(table), results) == table.frame.to_csv(index=False)


def test_a_long_csv_is_the_same_however_many_rows_are_rendered_at_a_time(
    make_table: MakeTable, report: MakeReport, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = report(make_table({**PLAIN, "lists": [["=a"], [], ["b", "\ud800"]]}))
    at_once = csv_text(whole, results)
    monkeypatch.setattr("mascope.report.delimited.ROWS", 2)

    assert csv_text(whole, results) == at_once


def test_a_line_of_one_empty_cell_is_seen(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    content = csv_text(report(make_table({"t": ["a", "", None]})), results)

    assert content == 't\na\n""\n""\n'
    assert len(pd.read_csv(io.StringIO(content))) == 3


ODD = ["=1", "-\r2", "a;b", "\uff1dx", "\ud800", "\x00", 'q"', "fine", ""]


@pytest.mark.parametrize("text", ODD)
def test_a_text_is_written_alike_whatever_column_it_stands_in(
    make_table: MakeTable, report: MakeReport, results: Results, text: str
) -> None:
    columns = {
        "alone": pd.Series([text, "fine"], dtype=object),
        "among": pd.Series([text, 3], dtype=object),
        "half": pd.Series([text, "\udfff"], dtype=object),
    }
    if text != "\ud800":  # which pandas holds as an object only
        columns |= {"kind": pd.Series(pd.Categorical([text, None])), "str": pd.Series([text, None])}
    first = rows_of(report(make_table(columns)), results)[1]

    assert len(set(first)) == 1


@pytest.mark.parametrize("item", ODD)
@pytest.mark.parametrize("beside", ["fine", "\udfff", 3, None])
def test_an_item_of_a_list_is_written_alike_whatever_else_the_list_holds(
    make_table: MakeTable, report: MakeReport, results: Results, item: str, beside: Any
) -> None:
    lists = pd.Series([(item,), (item, "last"), (beside,), None], dtype=object)
    one, two, _, none = (row[0] for row in rows_of(report(make_table({"m": lists})), results)[1:])

    assert (two, none) == (f"{one};last", "")
    assert one.replace("\\;", "").count(";") == 0


def test_rows_of_a_simulated_study_say_so(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    whole = report(make_table({"x": [1, 2]}), simulated=True)
    write_parquet(whole, results)

    assert csv_text(whole, results) == "x,simulated\n1,True\n2,True\n"
    assert pd.read_parquet(results.tables / "things.parquet")["simulated"].all()
    assert json.loads(as_json(whole))["simulated"] is True


def test_parquet_keeps_types_lists_and_gaps(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    data = {
        "x": [1 / 3, math.nan],
        "n": [1, 2],
        "b": [True, False],
        "m": [["a", "b"], []],
        "k": pd.Series([None, 0.5], dtype=object),
        "c": pd.Categorical(["u", None]),
        "t": pd.Series(["ok", "half \ud800"], dtype=object),
    }
    write_parquet(report(make_table(data)), results)
    read = pyarrow.parquet.read_table(results.tables / "things.parquet").to_pydict()

    assert read == {
        "x": [1 / 3, None],
        "n": [1, 2],
        "b": [True, False],
        "m": [["a", "b"], []],
        "k": [None, 0.5],
        "c": ["u", None],
        "t": ["ok", "half \\ud800"],
    }


def test_parquet_of_a_column_with_half_a_character_keeps_the_others_as_they_are(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    data = {
        "texts": pd.Series(["a\ud800", "b", None], dtype=object),
        "kinds": pd.Categorical(["=a", None, "b"]),
        "lists": [["\udfff"], ("c",), {"d"}],
        "plain": ["=e", "f", None],
        "n": [1, 2, 3],
    }
    write_parquet(report(make_table(data)), results)
    read = pyarrow.parquet.read_table(results.tables / "things.parquet").to_pydict()

    assert read == {
        "texts": ["a\\ud800", "b", None],
        "kinds": ["=a", None, "b"],
        "lists": [["\\udfff"], ["c"], ["d"]],
        "plain": ["=e", "f", None],
        "n": [1, 2, 3],
    }


def test_parquet_carries_title_notes_and_definitions(
    make_table: MakeTable, report: MakeReport, results: Results
) -> None:
    write_parquet(report(make_table({"x": [1]}, notes=("By runs.",))), results)
    metadata = pyarrow.parquet.read_schema(results.tables / "things.parquet").metadata
    about = json.loads(metadata[b"mascope"])

    assert about["notes"] == ["By runs."]
    assert about["columns"] == {"x": "What x is."}
    assert about["simulated"] is False


def test_json_has_null_for_what_json_does_not_know(make_table: MakeTable, report: MakeReport) -> None:
    texts = pd.Series([None, "é\ud800"], dtype=object)
    data = {"x": [math.nan, math.inf], "t": texts, "m": [["a"], []], "n": np.array([1, 2])}
    table = json.loads(as_json(report(make_table(data))))["tables"][0]

    assert table["rows"] == [
        {"x": None, "t": None, "m": ["a"], "n": 1},
        {"x": None, "t": "é\ud800", "m": [], "n": 2},
    ]
    assert list(table["columns"]) == ["x", "t", "m", "n"]


def test_a_table_without_rows_has_its_header(
    make_table: MakeTable, report: MakeReport, stored: Results
) -> None:
    whole = report(make_table({"series": [], "n": []}))
    write_report(whole, stored)

    assert csv_text(whole, stored) == "series,n\n"
    assert list(pd.read_parquet(stored.tables / "things.parquet").columns) == ["series", "n"]
    assert json.loads(as_json(whole))["tables"][0]["rows"] == []


def test_every_format_is_written_where_the_contract_says(
    make_table: MakeTable, report: MakeReport, stored: Results
) -> None:
    written = write_report(report(make_table({"x": [1]})), stored)
    places = {str(file.relative_to(stored.root)) for file in written}

    assert places == {
        "tables/things.csv",
        "tables/things.parquet",
        "report/report.md",
        "report/tables/things.tex",
        "report/index.html",
    }
    assert {file for file in stored.root.rglob("*") if file.is_file()} == {*written, stored.study_file}
    assert set(RENDERERS) == {"csv", "parquet", "markdown", "latex", "figures", "page", "transcripts"}


def test_writing_changes_nothing_in_the_table(
    make_table: MakeTable, report: MakeReport, stored: Results
) -> None:
    table = make_table({"t": ["=1", "b"], "m": [["a"], []]})
    before = table.frame.copy(deep=True)
    write_report(report(table, simulated=True), stored)

    pd.testing.assert_frame_equal(table.frame, before)


def test_a_place_that_cannot_be_written_is_an_error_that_names_it(
    make_table: MakeTable, report: MakeReport, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")

    with pytest.raises(InvalidInput, match="taken"):
        write_csv(report(make_table({"x": [1]})), Results(tmp_path / "taken"))
