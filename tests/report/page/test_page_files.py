"""The page as a file: what it holds, what it may do, and where its transcripts lie."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mascope.report import Report, Summary
from mascope.report.page import transcripts, write_page, write_transcripts
from mascope.report.page.packing import inline, packed, source_hash, unpacked
from mascope.store.layout import Results
from tests.report.page.conftest import Reader
from tests.report.page.made import Made, report_of

Read = Callable[..., Reader]


def policy(page: Path) -> str:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', page.read_text(encoding="utf-8"))
    assert found is not None
    return found[1].replace("&#39;", "'")


def both(report: Report, results: Results) -> tuple[Path, ...]:
    """The page, and what lies beside it."""
    return (*write_page(report, results), *write_transcripts(report, results))


def test_the_policy_lets_nothing_run_but_what_the_page_was_written_with(small: Path) -> None:
    html, allowed = small.read_text(encoding="utf-8"), policy(small)
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)

    assert "default-src 'none'" in allowed
    assert "unsafe" not in allowed
    assert "'self'" not in allowed
    assert len(scripts) == 2
    assert all(source_hash(script) in allowed for script in (*scripts, *style))


def test_the_page_names_no_other_place(small: Path) -> None:
    html = small.read_text(encoding="utf-8")
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)

    assert not re.search(r"(?:src|href)=\"(?!#)", markup)
    assert "@import" not in markup
    assert "url(" not in markup


@pytest.mark.parametrize(
    ("largest", "names"),
    [
        (1, ["A-run01", "A-run02", "A-run03", "C-run01", "C-run02", "C-run03"]),
        (5_000, ["A-run01", "A-run03", "C-run02"]),
    ],
)
def test_large_transcripts_lie_beside_the_page_and_are_read_when_wanted(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int, names: list[str]
) -> None:
    monkeypatch.setattr(transcripts, "LARGEST_INSIDE", 1000)
    monkeypatch.setattr(transcripts, "LARGEST_FILE", largest)
    results = Made().write(tmp_path / "results")
    page, *files = both(report_of(results), results)

    assert [file.relative_to(results.report).as_posix() for file in files] == [
        f"transcripts/{name}.js" for name in names
    ]
    assert "'self' file:" in policy(page)
    assert 'id="run-0"' not in page.read_text(encoding="utf-8")
    reader = read(page, "#/transcripts?run=C-run02")
    assert reader.turns()[0] == "C-run02|Alpha|R0"
    reader.page.fill("#search", "seat 2 of C-run02, and in round 1")
    reader.until("document.querySelector('#found').textContent === '1 turn in 1 run'")
    reader.go("#/transcripts?q=in%20round%201")
    reader.until("document.querySelector('#found').textContent === '12 turns in 6 runs'")


def test_a_transcript_that_was_not_sent_along_is_missed_by_name(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcripts, "LARGEST_INSIDE", 1000)
    results = Made().write(tmp_path / "results")
    page, file = both(report_of(results), results)
    file.unlink()
    reader = read(page, "#/transcripts?run=A-run01")
    reader.page.wait_for_selector("#turns .problem")

    assert "transcripts/A-run01.js is not beside this page" in reader.page.inner_text(
        "#turns .problem >> nth=0"
    )
    reader.problems.clear()  # the browser itself says that a file is not there


def test_files_that_a_new_page_does_not_load_are_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = Made().write(tmp_path / "results")
    report = report_of(results)
    monkeypatch.setattr(transcripts, "LARGEST_INSIDE", 1000)
    both(report, results)
    monkeypatch.undo()
    page = both(report, results)

    assert page == (results.report / "index.html",)
    assert list((results.report / "transcripts").glob("*.js")) == []


def test_the_same_results_give_the_same_page(tmp_path: Path) -> None:
    results = Made().write(tmp_path / "results")
    report = report_of(results)
    first = write_page(report, results)[0].read_bytes()

    assert write_page(report, results)[0].read_bytes() == first


def test_a_study_without_a_single_run_has_a_page(read: Read, tmp_path: Path) -> None:
    results = Made(runs=0).write(tmp_path / "results")
    reader = read(write_page(Report(Summary("small", simulated=False), ()), results)[0])

    assert reader.page.inner_text("h1") == "small"
    assert reader.page.locator("nav a", has_text="Transcripts").count() == 0


def test_what_is_packed_comes_out_whole() -> None:
    value = {"half": "\ud83d", "nul": "\x00", "list": [1, None, True, 0.1]}

    assert unpacked(packed(value)) == value
    assert packed(value) == packed(value)


def test_no_sign_of_inline_json_means_anything_to_html() -> None:
    said = inline({"</script>": "<!-- & ' \u2028 \ud83d"})

    assert not set(said) & set("<>&'")
    assert said.isascii()
