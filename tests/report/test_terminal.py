import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from mascope.report import Report, show
from mascope.tables import Table

MakeTable = Callable[..., Table]
MakeReport = Callable[..., Report]


def printed(report: Report, width: int = 80, **console: Any) -> str:
    stream = io.StringIO()
    show(report, Console(file=stream, width=width, **console))
    return stream.getvalue()


def wide(columns: int = 18, rows: int = 3) -> dict[str, list[str]]:
    """Every cell says which it is."""
    keys = {"series": [f"S{row}" for row in range(rows)], "flag": ["LEAD"] * rows}
    return keys | {f"measure_{c}": [f"c{c:02d}r{row}" for row in range(rows)] for c in range(columns)}


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(make_table: MakeTable, report: MakeReport, width: int) -> None:
    table = make_table(wide() | {"note": ["a long remark " * 9] * 3}, notes=("A note that goes on. " * 9,))
    lines = printed(report(table, lines=("Facts. " * 30,)), width).splitlines()

    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_column_is_lost_in_a_wide_table(make_table: MakeTable, report: MakeReport, width: int) -> None:
    text = printed(report(make_table(wide())), width)

    assert [f"c{c:02d}r{row}" for c in range(18) for row in range(3) if f"c{c:02d}r{row}" not in text] == []


def test_each_block_of_a_wide_table_begins_with_what_tells_its_rows_apart(
    make_table: MakeTable, report: MakeReport
) -> None:
    text = printed(report(make_table(wide())))
    blocks = len(re.findall(r"^S1 ", text, re.MULTILINE))

    assert blocks > 1
    assert len(re.findall(r"^series ", text, re.MULTILINE)) == blocks
    assert text.count("flag = LEAD") == 1


def test_a_table_that_fits_is_one_block_with_all_its_columns(
    make_table: MakeTable, report: MakeReport
) -> None:
    lines = printed(report(make_table({"series": ["A", "A"], "n_a": [21, 15]}))).splitlines()

    assert [line.split() for line in lines if line.strip()][2:3] == [["series", "n_a"]]
    assert lines[-2:] == ["A        21", "A        15"]


@pytest.mark.parametrize("width", [30, 80])
def test_long_texts_are_folded_not_cut(make_table: MakeTable, report: MakeReport, width: int) -> None:
    name = "".join(f"<{number}>" for number in range(40))
    text = printed(report(make_table({"name": [name, "b"]})), width)

    assert name in "".join(text.split())


@pytest.mark.parametrize("width", [20, 80])
def test_a_table_of_nothing_but_long_texts_is_shown_whole(
    make_table: MakeTable, report: MakeReport, width: int
) -> None:
    data = {f"text_{c}": [f"c{c:02d}r{row}" + " word" * 9 for row in range(2)] for c in range(12)}
    text = printed(report(make_table(data)), width)

    assert [f"c{c:02d}r{row}" for c in range(12) for row in range(2) if f"c{c:02d}r{row}" not in text] == []


def test_a_long_table_shows_its_beginning_and_where_the_rest_is(
    make_table: MakeTable, report: MakeReport
) -> None:
    table = make_table({"message": [f"m{n:04d}" for n in range(1000)]}, name="messages")
    text = printed(report(table))

    assert "m0007" in text
    assert "m0008" not in text
    assert "… 992 more rows in tables/messages.csv" in text


def test_a_table_of_a_page_is_shown_whole(make_table: MakeTable, report: MakeReport) -> None:
    text = printed(report(make_table({"flag": [f"f{n:02d}" for n in range(60)]})))

    assert "f59" in text
    assert "more row" not in text


def test_what_no_row_knows_takes_no_room(make_table: MakeTable, report: MakeReport) -> None:
    text = printed(report(make_table(wide() | {"cost_usd": [None] * 3, "tokens": [float("nan")] * 3})))

    assert "cost_usd = –" in text
    assert text.count("–") == 2 + text.count("–: undefined")


def test_piped_output_has_no_escape_codes_and_the_same_words(
    make_table: MakeTable, report: MakeReport
) -> None:
    whole = report(make_table(wide()), simulated=True, warnings=("mind this",))
    plain, coloured = printed(whole), printed(whole, force_terminal=True, color_system="standard")

    assert "\x1b" not in plain
    assert "\x1b" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_names_are_no_markup_and_no_commands_to_the_terminal(
    make_table: MakeTable, report: MakeReport
) -> None:
    names = ["[red]A[/red]", "[/]", ":smile:", "\x1b]0;title\x07", "\u202eabc"]
    text = printed(report(make_table({"name": names})))

    assert all(name in text for name in names[:3])
    assert "\\x1b]0;title\\x07" in text
    assert not set("\x1b\x07\u202e") & set(text)


def test_a_simulated_study_says_so_at_the_top_and_at_each_table(
    make_table: MakeTable, report: MakeReport
) -> None:
    table = make_table({"x": [1]})

    assert printed(report(table, table, simulated=True)).count("SIMULATED") == 3
    assert "SIMULATED" not in printed(report(table))


def test_a_table_without_rows_says_so_and_keeps_its_notes(make_table: MakeTable, report: MakeReport) -> None:
    text = printed(report(make_table({"x": []}, notes=("No coder coded anything.",))))

    assert "No rows." in text
    assert "No coder coded anything." in text


def test_warnings_come_last(make_table: MakeTable, report: MakeReport) -> None:
    text = printed(report(make_table({"x": [1]}), warnings=("the served model changed",)))

    assert text.rstrip().endswith("Warning: the served model changed")
