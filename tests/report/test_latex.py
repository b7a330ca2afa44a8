import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascope.report import Report
from mascope.report.latex import as_latex, escaped
from mascope.tables import Table

MakeTable = Callable[..., Table]
MakeReport = Callable[..., Report]


def body(report: Report) -> list[str]:
    """The rows between the rules."""
    text = as_latex(report, report.tables[0])
    return text.partition("\\midrule\n")[2].partition("\n\\bottomrule")[0].split("\n")


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("prompt_tokens", r"prompt\_tokens"),
        ("R&D 100% #1 $5", r"R\&D 100\% \#1 \$5"),
        ("{a}^b~c", r"\{a\}\textasciicircum{}b\textasciitilde{}c"),
        ("\\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("a < b > c | d", r"a \textless{} b \textgreater{} c \textbar{} d"),
        ("κ ≥ .8", r"$\kappa$ $\ge$ .8"),
        ("two\nlines", "two lines"),
    ],
)
def test_special_characters_are_written_out(text: str, latex: str) -> None:
    assert escaped(text) == latex


@given(st.text())
def test_no_text_holds_a_command_of_its_own(text: str) -> None:
    ours = r"\\(?:text\w+|char34|dots)\{\}|\\[{}$&#%_]|\$(?:\\\w+|-|\^2)\$"

    assert not re.search(r"[\\{}$&#%_^~\n]", re.sub(ours, "", escaped(text)))


def test_numbers_are_set_on_their_point_and_the_rest_stands_in_braces(
    make_table: MakeTable, report: MakeReport
) -> None:
    data = {
        "flag": ["LEAD", "META", "ARCH"],
        "p": [6e-6, 0.03, None],
        "r": [0.7, -0.5, 1.0],
        "n": [1500, 21, 7],
    }
    whole = report(make_table(data, {"p": "p", "r": "share", "n": "count"}))

    assert body(whole) == [
        r"LEAD & {\textless{} 0.001} & 0.70 & 1500 \\",
        r"META & 0.030 & -0.50 & 21 \\",
        r"ARCH & {\textendash{}} & 1.00 & 7 \\",
    ]
    assert "{l S[table-format=1.3] S[table-format=-1.2] S[table-format=4]}" in as_latex(
        whole, whole.tables[0]
    )


def test_a_column_without_any_number_needs_no_point(make_table: MakeTable, report: MakeReport) -> None:
    whole = report(make_table({"p": [1e-9, 1e-8]}, {"p": "p"}))

    assert body(whole) == [r"\textless{} 0.001 \\", r"\textless{} 0.001 \\"]
    assert "\\begin{tabular}{r}" in as_latex(whole, whole.tables[0])


def test_caption_label_notes_and_definitions_stand_with_the_table(
    make_table: MakeTable, report: MakeReport
) -> None:
    whole = report(make_table({"a_b": [1]}, notes=("By runs.",)), simulated=True)
    text = as_latex(whole, whole.tables[0])

    assert "\\caption{SIMULATED: All the things}" in text
    assert "\\label{tab:things}" in text
    assert "By runs." in text
    assert "a\\_b: What a\\_b is." in text
    assert text.count("\\begin") == text.count("\\end") == 2


def test_every_row_has_a_cell_for_each_column(make_table: MakeTable, report: MakeReport) -> None:
    whole = report(make_table({"name": ["a & b", "c \\\\ d", None], "n": [1, 2, 3]}))

    assert [len(re.findall(r"(?<!\\)&", row)) for row in body(whole)] == [1, 1, 1]


def test_a_long_table_is_cut_and_says_where_the_rest_is(make_table: MakeTable, report: MakeReport) -> None:
    whole = report(make_table({"n": range(300)}, name="runs"))

    assert len(body(whole)) == 60
    assert r"\dots{} 240 more rows in tables/runs.csv" in as_latex(whole, whole.tables[0])


def test_a_table_without_rows_is_still_a_table(make_table: MakeTable, report: MakeReport) -> None:
    whole = report(make_table({"a": [], "b": []}))

    assert as_latex(whole, whole.tables[0]).count("\\end{tabular}") == 1
