"""What a model wrote is shown and does nothing else: texts, names, labels, quotations, notices, details."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.page.conftest import Reader
from tests.report.page.made import Made, report_of, written

Read = Callable[..., Reader]

TAG = "<script>window.hurt = 1</script>"
HANDLER = '<img src=x onerror="window.hurt = 2">'
LINK = "javascript:window.hurt=3"
BREAKOUT = "</script></style></textarea>--><!--<svg onload=window.hurt=4>"
TEMPLATE = "{{ 7 * 7 }}{% raw %}${window.hurt=5}`"
HALF, RTL, NUL = "half \ud83d of a sign", "\u202e right to left \u2066", "nul \x00 \x1b[31m"
HOSTILE = f"{TAG}{HANDLER}{LINK}{BREAKOUT}{TEMPLATE}{HALF}{RTL}{NUL}"
LARGE = "x" * 1_000_000


def hostile_text(run: str, seat: int, round_: int) -> str:
    return LARGE if run == "A-run01" and (seat, round_) == (2, 1) else f"{seat} {round_} {HOSTILE} <b>we</b>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Made(
        names=(f"Al{TAG}", f"Br{HANDLER}\u202e", f"Ch{BREAKOUT}\ud83d"),
        labels=(f"One {HANDLER}", f"Two {TEMPLATE}", f"Three {LINK}{NUL}"),
        text=hostile_text,
        notice=f"gone {TAG}",
        detail=f"why {HANDLER}",
        quote="<b>we</b>",
    )
    return written(made, tmp_path_factory.mktemp("hostile") / "results")


def unhurt(reader: Reader) -> bool:
    return bool(reader.page.evaluate("window.hurt === undefined"))


def test_nothing_of_it_runs_anywhere(read: Read, page: Path) -> None:
    reader = read(page)
    reader.figures_drawn()
    for table in reader.page.query_selector_all("details.table"):
        table.evaluate("box => { box.open = true }")
    reader.page.wait_for_timeout(300)
    assert unhurt(reader)
    reader.go("#/transcripts?run=A-run01")
    reader.turns()
    for summary in reader.page.query_selector_all("#turns summary"):
        summary.click()

    assert unhurt(reader)
    assert reader.page.locator("main img, main svg:not(.marks), main iframe").count() == 0
    assert reader.page.evaluate(
        "[...document.querySelectorAll('a')].every((a) => a.getAttribute('href').startsWith('#'))"
    )


def test_it_reads_as_it_was_written(read: Read, page: Path) -> None:
    reader = read(page, "#/transcripts?run=A-run01")
    reader.turns()
    text = reader.page.locator("#turns .turn .text").first.inner_text()
    name = reader.page.locator("#turns .turn header strong").first.inner_text()

    assert f"{TAG}{HANDLER}{LINK}{BREAKOUT}{TEMPLATE}" in text
    assert "half \ufffd of a sign\u27e8U+202E\u27e9 right to left" in text
    assert "nul \u27e8U+0000\u27e9 \u27e8U+001B\u27e9[31m" in text
    assert name == f"Al{TAG}"
    assert reader.page.locator("#turns mark.quoted").first.inner_text() == "<b>we</b>"


def test_the_direction_of_a_text_ends_with_it(read: Read, page: Path) -> None:
    reader = read(page, "#/transcripts?run=A-run01")
    reader.turns()

    assert reader.page.evaluate(
        "[...document.querySelectorAll('#turns bdi')]"
        ".every((node) => getComputedStyle(node).unicodeBidi === 'isolate')"
    )


def test_a_very_long_message_is_cut_until_it_is_asked_for(read: Read, page: Path) -> None:
    reader = read(page, "#/transcripts?run=A-run01&round=1&agent=m2")
    reader.turns()
    shown = reader.page.locator("#turns .turn .text")
    before = len(shown.inner_text())
    reader.page.click("text=Show all 1,000,000 characters")

    assert before == 20_000
    assert len(shown.inner_text()) == 1_000_000
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_turn_with_a_broken_name_has_a_permanent_link(read: Read, page: Path) -> None:
    reader = read(page, "#/transcripts?run=A-run01")
    reader.turns()
    link = reader.page.locator("#turns .turn a.permanent").nth(2)
    href = link.get_attribute("href")
    other = read(page, str(href))
    other.turns()
    other.until("document.activeElement.dataset?.place === '2'")

    assert other.found() == "9 turns in 1 run"


def test_the_page_has_no_markup_from_data(page: Path) -> None:
    html = page.read_text(encoding="utf-8")

    for hostile in ("<script>window.hurt", 'onerror="', "<svg onload", "\u202e", "\x00"):
        assert hostile not in html


def test_a_report_of_hostile_tables_is_still_a_report(tmp_path: Path) -> None:
    results = Made(names=("A", "B", f"C{TAG}"), quote="").write(tmp_path / "results")

    assert report_of(results).labels is not None
