import csv
from pathlib import Path

import pandas as pd
import pytest

from mascope.errors import InvalidFile
from mascope.imports import sheet


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "codes.csv"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_recognised(csv_file: Path, delimiter: str) -> None:
    csv_file.write_text(f'id{delimiter}"a,b;c"\n1{delimiter}2\n')
    table = sheet.read(csv_file)

    assert table.columns == ("id", "a,b;c")
    assert table.rows == ((2, ("1", "2")),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_excels_encodings_are_read(csv_file: Path, encoding: str) -> None:
    csv_file.write_bytes("id;text\r\n1;Zoë\r\n".encode(encoding))
    table = sheet.read(csv_file)

    assert (table.columns, table.rows) == (("id", "text"), ((2, ("1", "Zoë")),))


def test_excels_own_first_line_names_the_delimiter(csv_file: Path) -> None:
    csv_file.write_text("sep=;\nid;text\n1;a,b\n")
    table = sheet.read(csv_file)

    assert (table.columns, table.rows) == (("id", "text"), ((3, ("1", "a,b")),))


def test_a_quoted_line_break_does_not_shift_the_line_numbers(csv_file: Path) -> None:
    csv_file.write_text('id,text\n1,"one\ntwo"\n\n2,three\n')

    assert sheet.read(csv_file).rows == ((2, ("1", "one\ntwo")), (5, ("2", "three")))


def test_rows_of_nothing_but_delimiters_are_passed_over(csv_file: Path) -> None:
    csv_file.write_text("id,text\n1,a\n,\n,\n")

    assert len(sheet.read(csv_file).rows) == 1


def test_cells_may_be_larger_than_the_csv_module_likes(csv_file: Path) -> None:
    limit = csv.field_size_limit()
    csv_file.write_text("id,text\n1," + "x" * (limit + 1) + "\n")

    assert len(sheet.read(csv_file).rows[0][1][1]) == limit + 1
    assert csv.field_size_limit() == limit


def test_a_row_that_is_cut_off_is_named(csv_file: Path) -> None:
    csv_file.write_text("id,a,b\n1,2,3\n4,5\n")

    with pytest.raises(InvalidFile, match=r"codes\.csv:3: has 2 cells where the header has 3"):
        sheet.read(csv_file)


def test_an_open_quote_is_named(csv_file: Path) -> None:
    csv_file.write_text('id,a\n1,2\n3,"4\n5,6\n')

    with pytest.raises(InvalidFile, match=r"codes\.csv:3: not a table"):
        sheet.read(csv_file)


def test_text_that_is_not_utf8_is_named_by_its_line(csv_file: Path) -> None:
    csv_file.write_bytes("id,a\n1,Zoë\n".encode("latin-1"))

    with pytest.raises(InvalidFile, match=r"codes\.csv:2: not UTF-8 text"):
        sheet.read(csv_file)


def test_two_columns_of_one_name_are_refused(csv_file: Path) -> None:
    csv_file.write_text("id,a,a\n1,2,3\n")

    with pytest.raises(InvalidFile, match=r"codes\.csv:1: a: two columns have this name"):
        sheet.read(csv_file)


@pytest.mark.parametrize("content", ["", "id,a\n", "\n\n"])
def test_a_table_without_rows_is_refused(csv_file: Path, content: str) -> None:
    csv_file.write_text(content)

    with pytest.raises(InvalidFile, match="holds no rows"):
        sheet.read(csv_file)


def test_files_that_are_not_there_or_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    for name, problem in (
        ("none.csv", "no such file"),
        ("a.csv", "no such file"),
        ("b.xlsx", "unknown kind"),
    ):
        with pytest.raises(InvalidFile, match=problem):
            sheet.read(tmp_path / name)


def test_json_lines_become_cells(tmp_path: Path) -> None:
    file = tmp_path / "codes.jsonl"
    file.write_text('{"id": "a", "x": true, "n": 2.0}\n\n{"id": "b", "y": null, "x": 0.5, "l": ["é"]}\n')
    table = sheet.read(file)

    assert table.columns == ("id", "x", "n", "y", "l")
    assert table.rows == ((1, ("a", "true", "2", "", "")), (3, ("b", "0.5", "", "", '["é"]')))


@pytest.mark.parametrize(("line", "problem"), [("{", "2: not JSON"), ("[]", "2: not an object")])
def test_a_bad_json_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "codes.jsonl"
    file.write_text(f'{{"id": "a"}}\n{line}\n')

    with pytest.raises(InvalidFile, match=problem):
        sheet.read(file)


@pytest.mark.parametrize("text", ["3", "[1, 2]", '{"a": [], "b": []}', '{"a": 1}', "[{", "[" * 9000])
def test_json_that_holds_no_rows_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "codes.json"
    file.write_text(text)

    with pytest.raises(InvalidFile, match=r"codes\.json: (holds no rows|not JSON)"):
        sheet.read(file)


def test_parquet_becomes_cells(tmp_path: Path) -> None:
    file = tmp_path / "table.parquet"
    frame = pd.DataFrame({"id": ["a", "b"], "flag": [True, None], "n": [1.0, None], "round": [0, 1]})
    frame.to_parquet(file)
    table = sheet.read(file)

    assert table.columns == ("id", "flag", "n", "round")
    assert table.rows == ((1, ("a", "true", "1", "0")), (2, ("b", "", "", "1")))


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.parquet"
    file.write_text("id,a\n1,2\n")

    with pytest.raises(InvalidFile, match="not a Parquet file"):
        sheet.read(file)


def test_columns_are_found_in_any_case(csv_file: Path) -> None:
    csv_file.write_text("ID , Text\n1,2\n")
    table = sheet.read(csv_file)

    assert table.place("message", "id") == 0
    assert table.place("text") == 1
    assert table.place("none") is None
