import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mascope.report import Report, Summary
from mascope.report.cells import visible
from mascope.report.markdown import as_markdown, escaped
from mascope.tables import Table

MakeTable = Callable[..., Table]
MakeReport = Callable[..., Report]

PLAIN = {"h1", "h2", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "blockquote", "strong"}
PLAIN |= {"details", "summary"}


class _Page(HTMLParser):
    """What a page shows: its tags, and the text of each cell and item."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self._inside = False
        self.feed(MarkdownIt("commonmark").enable("table").render(markdown))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag in ("td", "li"):
            self.texts.append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "li")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


NASTY = [
    "a | b", "`code`", "<script>alert(1)</script>", "**bold** _em_ __strong__", "[x](http://evil)",
    "![x](http://evil/p.png)", "http://evil.example www.evil.example", "# heading", "- item", "1. item",
    "1) item", "+ item", "> quote", "&amp; &lt;", "a\n\n| b |\n", "\\| \\", "~~gone~~", "$x^2$",
    "prompt_tokens", "---", "===", "    code", "=cmd|x", "-0.12", "*", "_", "<!-- -->", "<details>", "| |",
    "10. ten", "```",
]  # fmt: skip


def shown(text: str) -> str:
    return " ".join(visible(text).split())


@pytest.mark.parametrize("text", NASTY)
def test_a_name_reads_as_itself_in_a_table(make_table: MakeTable, report: MakeReport, text: str) -> None:
    page = _Page(as_markdown(report(make_table({"name": [text, "next"]}))))

    assert [" ".join(cell.split()) for cell in page.texts[:2]] == [shown(text), "next"]
    assert set(page.tags) <= PLAIN


@pytest.mark.parametrize("text", NASTY)
def test_a_name_reads_as_itself_in_a_note(report: MakeReport, text: str) -> None:
    page = _Page(as_markdown(report(lines=(text,), warnings=(text,))))

    assert [" ".join(item.split()) for item in page.texts] == [shown(text)] * 2
    assert set(page.tags) <= PLAIN


@given(st.text(min_size=1))
def test_any_text_reads_as_itself(text: str) -> None:
    page = _Page(as_markdown(Report(Summary("s", False, (f"x{text}",)), ())))

    assert [" ".join(item.split()) for item in page.texts] == [shown(f"x{text}")]
    assert set(page.tags) <= PLAIN


def test_addresses_in_names_do_not_become_links() -> None:
    assert "://" not in escaped("see https://evil.example")
    assert "www." not in escaped("see www.evil.example")


def test_the_report_begins_with_what_was_run_and_what_to_mind(
    make_table: MakeTable, report: MakeReport
) -> None:
    text = as_markdown(
        report(make_table({"x": [1]}), lines=("208 runs",), warnings=("drift",), simulated=True)
    )
    order = [
        text.index(part) for part in ("# whoami", "**SIMULATED.**", "208 runs", "drift", "All the things")
    ]

    assert order == sorted(order)
    assert "## SIMULATED: All the things" in text


def test_a_table_has_aligned_columns_notes_and_definitions(make_table: MakeTable, report: MakeReport) -> None:
    table = make_table({"flag": ["LEAD"], "p": [None]}, {"p": "p"}, notes=("By runs.",))
    text = as_markdown(report(table))

    assert "| flag | p |\n| :--- | ---: |\n| LEAD | – |\n" in text
    assert "- By runs.\n" in text
    assert "undefined" in text
    assert "- flag: What flag is.\n" in text


def test_a_long_table_is_cut_and_says_where_the_rest_is(make_table: MakeTable, report: MakeReport) -> None:
    text = as_markdown(report(make_table({"n": range(1000, 1250)}, name="runs")))

    assert len(re.findall(r"^\| 1\d\d\d \|$", text, re.MULTILINE)) == 100
    assert "… 150 more rows in tables/runs.csv" in text


def test_a_table_without_rows_says_so(make_table: MakeTable, report: MakeReport) -> None:
    assert "No rows." in as_markdown(report(make_table({"x": []})))
