"""The page on the published study shows what its commands give on the published data."""

from pathlib import Path

import pytest

from tests.docs.pages import agree
from tests.docs.reanalysis import DONE, NEEDS, PAGE, between, placed, shown, tables

ANEW = "`python -m tests.docs.reanalysis DATA` writes it anew"


@pytest.mark.timeout(900)
def test_the_reanalysis_shows_what_its_commands_give(warroom: Path, tmp_path: Path) -> None:
    page, folder = PAGE.read_text(encoding="utf-8"), placed(tmp_path, warroom)
    given = shown(page, folder)
    wrong = [f"$ {one.what}\n{one.printed}" for one in given if not agree(one.shown, one.printed)]

    assert wrong == [], ANEW
    for name, table in tables(folder / "results" / "warroom").items():
        assert between(page, name) == table, ANEW


def test_every_command_of_the_page_needs_the_data() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.count("```console") == page.count(NEEDS) >= 6
    assert DONE not in page
