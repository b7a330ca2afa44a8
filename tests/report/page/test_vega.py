"""Vega's script is put together once on a machine, and kept where there is room for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mascope.report.page.build import vega


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    vega.cache_clear()
    yield
    vega.cache_clear()


def test_the_script_is_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = vega()
    (kept,) = (tmp_path / "mascope").iterdir()

    assert kept.read_text(encoding="utf-8") == made
    assert "vegaEmbed" in made

    kept.write_text("kept")
    vega.cache_clear()
    assert vega() == "kept"


def test_without_a_place_for_it_the_script_is_there_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))

    assert "vegaEmbed" in vega()
