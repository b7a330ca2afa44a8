from pathlib import Path

import pytest

from mascope.errors import InvalidFile
from mascope.imports.warroom import import_warroom
from mascope.store import journal
from mascope.store.layout import Results
from tests.imports.made_up import Put, transcript


def test_files_named_by_date_are_numbered_in_the_order_of_time(
    folder: Path, results: Results, put: Put
) -> None:
    put("warroom-2026-03-07-18h12-SK3-run01.json", transcript(series="K3", environment={
        "timestamp": "2026-03-07T18:12:08Z", "runNumber": 1,
    }))  # fmt: skip
    put("a-first-name.json", transcript(series="K3", environment={"timestamp": "2026-03-06T10:00:00Z"}))
    put("warroom-K3-run05.json", transcript(series="K3"))
    import_warroom(folder, results)

    found = {file.stem: journal.read_header(file) for file in results.journals()}
    assert list(found) == ["K3-run05", "K3-run06", "K3-run07"]
    latest = found["K3-run07"]
    assert latest is not None
    assert "2026-03-07-18h12-SK3-run1" in latest.aliases
    assert "2026-03-07-18h12-SK3" in latest.aliases


def test_the_file_name_decides_over_the_series_inside(folder: Path, results: Results, put: Put) -> None:
    put("K3/warroom-K3-run02.json", transcript(series="custom"))

    assert list(import_warroom(folder, results).series) == ["K3"]


def test_two_files_of_one_run_are_refused_by_name(folder: Path, results: Results, put: Put) -> None:
    put("A/warroom-A-run01.json", transcript())
    put("copy/warroom-A-run1.json", transcript())

    with pytest.raises(
        InvalidFile, match=r"copy/warroom-A-run1\.json: is run A-run01, and so is .*A/warroom"
    ):
        import_warroom(folder, results)
    assert not results.root.exists()


def test_a_series_that_cannot_be_a_folder_is_refused(folder: Path, results: Results, put: Put) -> None:
    put("x.json", transcript(series="../up"))

    with pytest.raises(InvalidFile, match=r"condition\.series: '\.\./up' cannot name a series"):
        import_warroom(folder, results)


def test_series_stand_in_natural_order_in_the_study(folder: Path, results: Results, put: Put) -> None:
    for series in ("K10", "K2", "B"):
        put(f"warroom-{series}-run01.json", transcript(series=series))
    import_warroom(folder, results)

    assert list(results.study()["series"]) == ["B", "K2", "K10"]
