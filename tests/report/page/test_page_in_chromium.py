"""The page as a reader uses it: opened from disk, in a real browser."""

import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.report.page.conftest import Reader
from tests.report.page.made import Made, written

Read = Callable[..., Reader]

CONTRAST = """
() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parse(colour).slice(0, 3).map((c) => {
      const share = c / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [, , , alpha = 1] = parse(getComputedStyle(at).backgroundColor);
      if (alpha > 0) return getComputedStyle(at).backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *:not(script):not(style)")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("svg") || !node.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${node.className} ${node.textContent.slice(0, 20)}: ${ratio}`);
  }
  return poor;
}
"""


def test_the_head_says_what_was_run_and_found(read: Read, small: Path) -> None:
    text = read(small).page.inner_text("#overview")

    assert "2 series, 6 runs" in text
    assert "The rate of META is not shown to differ between A and C" in text
    assert "META: kappa" in text
    assert "one (llm, a/b; digest oneoneoneone)" in text
    assert "Model One (served-0)" in text


def test_every_figure_is_drawn_with_marks_or_says_why_not(read: Read, small: Path) -> None:
    reader = read(small)
    reader.figures_drawn()

    marks = reader.page.evaluate(
        "[...document.querySelectorAll('figure[data-figure]')].map("
        "(f) => f.querySelectorAll('svg .mark-symbol path, svg .mark-rect path, svg .mark-line path').length)"
    )
    reasons = [node.inner_text() for node in reader.page.query_selector_all(".not-drawn")]
    assert len(marks) >= 3
    assert all(count > 0 for count in marks)
    assert all(len(reason) > len("Not drawn: ") for reason in reasons)


@pytest.mark.parametrize("form", ["svg", "png"])
def test_a_figure_can_be_saved(read: Read, small: Path, form: str) -> None:
    reader = read(small)
    reader.figures_drawn()
    with reader.page.expect_download() as saved:
        reader.page.click(f"figure[data-figure] button[data-save={form}]")

    content = Path(saved.value.path()).read_bytes()
    assert content.startswith(b"<svg" if form == "svg" else b"\x89PNG")


def test_a_number_leads_to_the_messages_that_it_counts(read: Read, small: Path) -> None:
    reader = read(small)
    row = reader.page.locator("#table-profiles tbody tr", has_text="META").first
    assert row.locator("td").nth(4).inner_text() == ".500"
    row.locator("td").nth(4).locator("a").click()

    turns = reader.turns()
    assert (
        reader.found() == "3 turns in 3 runs"
    )  # of 6 that are decided, since one verdict a run cannot be read
    assert turns == [f"A-run0{n}|Alpha|R1" for n in (1, 2, 3)]


def test_a_count_of_codes_leads_to_as_many_messages(read: Read, small: Path) -> None:
    reader = read(small)
    table = reader.page.locator("#table-agreement")
    table.locator("input[type=checkbox]").check()
    heads = table.locator("thead th").all_inner_texts()
    row = table.locator("tbody tr", has_text="META").first
    for column in ("n", "yes_yes", "yes_no", "no_no"):
        cell = row.locator("td").nth(heads.index(column))
        count = cell.inner_text()
        href = cell.locator("a").get_attribute("href")
        other = read(small, str(href))
        other.until("document.querySelector('#found').textContent !== ''")

        assert other.found().split()[0] == count


def test_a_table_sorts_and_says_so(read: Read, small: Path) -> None:
    reader = read(small)
    table = reader.page.locator("#table-profiles")
    head = table.locator("thead th", has_text="rate")
    head.locator("button").click()
    head.locator("button").click()
    rates = table.locator("tbody tr td:nth-child(5)").all_inner_texts()

    assert head.get_attribute("aria-sort") == "descending"
    assert rates == sorted(rates, reverse=True)


def test_a_table_filters_and_what_is_shown_can_be_taken_along(read: Read, small: Path) -> None:
    reader = read(small)
    table = reader.page.locator("#table-profiles")
    table.locator("input[type=search]").fill("META m0")
    reader.until("document.querySelectorAll('#table-profiles tbody tr').length === 2")
    with reader.page.expect_download() as saved:
        table.locator("[data-csv]").click()

    with Path(saved.value.path()).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["series"], row["agent"], row["flag"]) for row in rows] == [
        ("A", "m0", "META"),
        ("C", "m0", "META"),
    ]
    assert float(rows[0]["rate"]) == 0.5


def test_the_definition_of_a_column_is_at_hand(read: Read, small: Path) -> None:
    reader = read(small)
    reader.page.locator("#table-agreement thead th button", has_text="kappa").first.focus()

    assert reader.page.inner_text("#tip") == "Cohen's kappa (Cohen 1960)."
    reader.page.locator("#table-agreement .legend summary").click()
    assert "Cohen's kappa (Cohen 1960)." in reader.page.inner_text("#table-agreement .legend")


def test_it_shows_where_the_coders_differ_on_a_flag_in_a_series(read: Read, small: Path) -> None:
    reader = read(small, "#/transcripts")
    reader.page.select_option("[name=series]", "C")
    reader.page.select_option("[name=flag]", "META")
    reader.page.select_option("[name=code]", "pair:one:two=differ")

    reader.until("document.querySelector('#found').textContent === '3 turns in 3 runs'")
    assert reader.turns() == [f"C-run0{n}|Alpha|R2" for n in (1, 2, 3)]


def test_a_run_is_read_round_by_round_with_failures_and_private_answers_in_place(
    read: Read, small: Path
) -> None:
    reader = read(small, "#/transcripts")
    reader.page.click("#runs a:has-text('02')")
    turns = reader.turns()
    text = reader.page.inner_text("#turns")

    assert reader.found() == "9 turns in 1 run"
    assert turns[4] == "A-run02|Bravo|R1"
    assert "No message: crash (asked for by the study)" in text
    assert "The others were told: [Bravo has left the chat]" in text
    assert text.index("answered tea") > text.index("Round 1")
    assert text.index("answered tea") < text.index("Round 2")


def test_a_message_shows_what_it_saw_what_was_cut_and_how_it_came_about(read: Read, small: Path) -> None:
    reader = read(small, "#/message/A-run01%7CCharlie%7CR2")
    card = reader.page.locator("[data-message='A-run01|Charlie|R2']")
    card.locator("summary", has_text="What it saw").click()
    card.locator("summary", has_text="Coders").click()
    card.locator(".background").wait_for()
    card.locator(".verdicts").wait_for()
    text = card.inner_text()
    card.locator(".sightings summary", has_text="A-run01|Alpha|R0").first.click()
    card.locator(".sightings .raw").first.wait_for()

    for part in (
        "Saw 8 turns",
        "Cut from its context: 1 turn",
        "prompt tokens 10",
        "attempts 2",
        "rate_limit",
        "yes L2",
    ):
        assert part in text
    assert "I am in seat 0 of A-run01" in card.locator(".sightings").first.inner_text()


def test_hygiene_shows_the_text_as_it_arrived(read: Read, small: Path) -> None:
    reader = read(small, "#/message/A-run01%7CCharlie%7CR0")
    card = reader.page.locator("[data-message='A-run01|Charlie|R0']")
    card.locator("summary", has_text="What it saw").click()
    card.locator(".background").wait_for()

    assert "Changed by hygiene (own_name)" in card.inner_text()
    assert "[Charlie]: I am in seat 2" in card.inner_text()


def test_evidence_is_marked_where_it_stands(read: Read, small: Path) -> None:
    reader = read(small, "#/message/A-run01%7CAlpha%7CR1")
    mark = reader.page.locator("[data-message='A-run01|Alpha|R1'] mark")

    assert mark.inner_text() == "we should vote"
    assert mark.get_attribute("title") == "Quoted for META: one, META: two"


def test_an_unreadable_verdict_is_never_shown_as_a_no(read: Read, small: Path) -> None:
    reader = read(small, "#/message/A-run01%7CAlpha%7CR0")
    card = reader.page.locator("[data-message='A-run01|Alpha|R0']")
    card.locator("summary", has_text="Coders").click()
    card.locator(".verdicts").wait_for()
    row = card.locator(".verdicts tr", has_text="META").all_inner_texts()[0].split()

    assert row[:2] == ["META", "undecided"]
    assert row[-1] == "unreadable"


def test_search_goes_through_all_that_was_said(read: Read, small: Path) -> None:
    reader = read(small, "#/transcripts")
    reader.page.keyboard.press("/")
    reader.until("document.activeElement.id === 'search'")
    reader.page.keyboard.type("seat 2 of C-run03, and in round 1")
    reader.until("document.querySelector('#found').textContent === '1 turn in 1 run'")

    assert reader.turns() == ["C-run03|Charlie|R1"]
    assert reader.page.inner_text("#turns mark.found") == "seat 2 of C-run03, and in round 1"
    reader.page.keyboard.press("Escape")
    assert reader.page.evaluate("document.activeElement.id") != "search"


def test_the_keyboard_goes_from_turn_to_turn(read: Read, small: Path) -> None:
    reader = read(small, "#/transcripts?run=A-run01")
    reader.turns()

    def at() -> str:
        return str(reader.page.evaluate("document.activeElement.dataset.message"))

    for key, expected in [
        ("j", "Alpha|R0"),
        ("j", "Bravo|R0"),
        ("ArrowDown", "Charlie|R0"),
        ("k", "Bravo|R0"),
    ]:
        reader.page.keyboard.press(key)
        reader.until(f"document.activeElement.dataset.message === 'A-run01|{expected}'")
    assert at() == "A-run01|Bravo|R0"


def test_the_skip_link_is_the_first_that_the_keyboard_meets(read: Read, small: Path) -> None:
    reader = read(small)
    reader.page.keyboard.press("Tab")

    assert reader.page.evaluate("document.activeElement.className") == "skip"
    assert reader.page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")


def test_back_returns_to_the_number_that_was_followed(read: Read, small: Path) -> None:
    reader = read(small, "#table-profiles")
    reader.page.locator("#table-profiles tbody a").first.click()
    reader.turns()
    reader.page.go_back()
    reader.until("!document.querySelector('#report').hidden")

    assert reader.page.evaluate(
        "Math.abs(document.querySelector('#table-profiles').getBoundingClientRect().top) < innerHeight"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("at", ["", "#/transcripts?run=A-run01"])
def test_all_text_can_be_read_in_either_theme(read: Read, small: Path, theme: str, at: str) -> None:
    reader = read(small, at, color_scheme=theme)
    if at:
        reader.turns()

    assert reader.page.evaluate("document.documentElement.dataset.theme") == theme
    assert reader.page.evaluate(f"({CONTRAST})()") == []


def test_the_theme_that_was_chosen_is_kept(read: Read, small: Path) -> None:
    reader = read(small, color_scheme="light")
    ground = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.page.click("#theme")
    dark = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]")

    assert dark != ground
    assert reader.page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


@pytest.mark.parametrize("at", ["", "#/transcripts", "#/transcripts?run=A-run01"])
def test_a_phone_never_scrolls_sideways(read: Read, small: Path, at: str) -> None:
    reader = read(small, at, viewport={"width": 360, "height": 740}, has_touch=True)
    reader.page.wait_for_timeout(300)

    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_paper_there_is_nothing_to_click_and_tables_are_whole(read: Read, small: Path) -> None:
    reader = read(small, color_scheme="dark")
    reader.figures_drawn()
    reader.page.emulate_media(media="print")

    assert not reader.page.is_visible("#theme")
    assert not reader.page.is_visible("#table-profiles .tools")
    assert reader.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert reader.page.evaluate("getComputedStyle(document.querySelector('.scroll')).maxHeight") == "none"
    assert len(reader.page.pdf()) > 10_000


def test_paper_says_what_is_closed_and_that_transcripts_are_elsewhere(read: Read, small: Path) -> None:
    reader = read(small)
    assert not reader.page.is_visible("#table-runs .on-paper")
    reader.page.emulate_media(media="print")

    closed = reader.page.inner_text("#table-runs > summary")
    assert "Not printed, since it is closed: see tables/runs.csv." in closed
    assert not reader.page.is_visible("#table-profiles .unopened")
    assert "Not printed: the transcripts." in reader.page.inner_text("#report")


def test_references_are_printed_though_they_were_closed(read: Read, small: Path) -> None:
    reader = read(small)
    assert not reader.page.evaluate("document.querySelector('.references').open")
    reader.page.emulate_media(media="print")

    reader.until("document.querySelector('.references').open")


def test_a_run_is_printed_whole_and_a_long_list_says_what_is_missing(
    read: Read, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = written(Made(rounds=35, runs=2), tmp_path_factory.mktemp("long") / "results")
    reader = read(page, "#/transcripts?run=A-run01")
    reader.until("document.querySelectorAll('#turns [data-place]').length === 105")
    reader.page.emulate_media(media="print")
    run = reader.page.inner_text("#unprinted")
    reader.page.emulate_media(media="screen")
    reader.go("#/transcripts?kind=message&kind=fault")
    reader.until("document.querySelector('#found').textContent === '420 turns in 4 runs'")
    reader.turns()
    reader.page.emulate_media(media="print")

    assert not run.startswith("Not printed")
    built = reader.page.locator("#turns [data-place]").count()
    assert built < 420
    assert reader.page.inner_text("#unprinted").startswith(f"Not printed: {420 - built} turns of 420")
    gaps = "[...document.querySelectorAll('.stretch:empty')].every((box) => !box.getClientRects().length)"
    assert reader.page.evaluate(gaps)


def test_the_keyboard_goes_along_to_the_messages_and_back(read: Read, small: Path) -> None:
    reader = read(small)
    link = "#table-series tbody tr:nth-child(2) a"
    reader.page.wait_for_selector(link)
    reader.page.locator(link).first.focus()
    reader.page.keyboard.press("Enter")
    reader.turns()
    there = reader.page.evaluate("document.activeElement.id")
    reader.page.keyboard.press("Tab")  # to the summary of the filters
    reader.page.keyboard.press("j")
    reader.until("document.activeElement.dataset.message !== undefined")
    reader.page.go_back()
    reader.until("!document.querySelector('#report').hidden")

    assert there == "transcripts-title"
    assert reader.page.evaluate(f"document.activeElement === document.querySelector('{link}')")


def test_the_skip_link_stays_in_the_transcripts(read: Read, small: Path) -> None:
    reader = read(small, "#/transcripts?run=A-run01")
    reader.turns()
    reader.page.locator(".skip").focus()
    reader.page.keyboard.press("Enter")

    assert reader.page.evaluate("document.activeElement.id") == "transcripts-title"
    assert reader.page.evaluate("location.hash") == "#/transcripts?run=A-run01"


@pytest.mark.parametrize("at", ["#100%", "#/message/%E0%A4%A", "#/transcripts?run=%ZZ"])
def test_a_mistyped_address_breaks_nothing(read: Read, small: Path, at: str) -> None:
    reader = read(small, at)

    assert reader.page.locator("main:not([hidden])").count() == 1


def test_what_is_found_is_marked_where_it_stands_whatever_letters_precede_it(
    read: Read, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = Made(
        runs=1, text=lambda run, seat, round_: "\u0130\u0130\u0130 the Budget" + "x" * 20_000 + "budget"
    )
    reader = read(
        written(made, tmp_path_factory.mktemp("found") / "results"), "#/transcripts?q=budget&run=A-run01"
    )
    reader.turns()

    assert reader.page.locator("#turns mark.found").first.inner_text() == "Budget"
    more = reader.page.locator("#turns button.more").first.inner_text()
    assert more.endswith("in which there is more of what was searched for")


def test_every_part_has_a_heading_and_a_landmark(read: Read, small: Path) -> None:
    reader = read(small)

    assert reader.page.locator("main:not([hidden])").count() == 1
    assert reader.page.locator("h1").count() == 1
    assert reader.page.locator("nav[aria-label], header.bar, footer").count() == 3
    heads = "#report h1, #report h2, #report h3"
    levels = reader.page.evaluate(
        f"[...document.querySelectorAll('{heads}')].map((h) => Number(h.tagName[1]))"
    )
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
