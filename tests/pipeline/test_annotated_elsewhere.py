"""Codes that somebody made by `mascope annotate` in another copy of the results come in whole."""

import shutil
from pathlib import Path

import pytest

from mascope.errors import InvalidFile, InvalidInput
from mascope.imports.codes import CodesSummary, import_codes
from mascope.pipeline.annotating import Options, opened
from mascope.store import codes, lines
from mascope.store.layout import Results
from tests.judging.small_study import small_study
from tests.pipeline.test_annotating import PANEL


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    file = tmp_path / "panel.yaml"
    file.write_text(PANEL)
    return file


@pytest.fixture
def here(tmp_path: Path) -> Results:
    found = small_study(tmp_path)
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    return found


@pytest.fixture
def there(tmp_path: Path, here: Results, panel: Path) -> Results:
    """A copy in which ada coded three messages of ten, one with a note, and skipped one."""
    copy = Results(tmp_path / "copy")
    shutil.copytree(here.root, copy.root)
    with opened(copy, Options("ada", 10, panel=panel)) as work:
        work.session.toggle("LEAD")
        work.session.note("short, but an order")
        work.session.next()
        work.session.level("COMP", "L2")
        work.session.next()
        work.session.skip()
        work.session.toggle("LEAD")
        work.session.toggle("LEAD")  # unsure
        work.session.next()
    return copy


def brought(here: Results, there: Results, coder: str = "ada") -> CodesSummary:
    return import_codes(there.root / "codes" / "ada", here, coder)


def of(results: Results, coder: str) -> dict[str, tuple[object, ...]]:
    """Message → its verdict, weight, note and seconds."""
    found = {}
    for file in results.codes_of(coder):
        read = codes.read(file)
        last = {line.get("message"): line for line in lines.read(file)}
        for verdict in read.verdicts:
            line = last[verdict.message]
            beside = tuple(line.get(name) for name in ("weight", "note", "seconds", "sample"))
            found[verdict.message] = (verdict, *beside)
    return found


def test_nothing_of_it_is_lost(here: Results, there: Results) -> None:
    summary = brought(here, there)

    assert (summary.kind, summary.messages, summary.weighted, summary.notes) == ("human", 4, 4, 1)
    assert of(here, "ada") == of(there, "ada")
    assert len(of(here, "ada")) == 4


def test_the_annotator_can_go_on_where_the_codes_were_brought(
    here: Results, there: Results, panel: Path
) -> None:
    brought(here, there)
    shutil.copytree(there.root / "annotation", here.root / "annotation")

    with opened(here, Options("ada", panel=panel)) as work:
        assert (work.sample.name, work.session.coded, work.session.skipped) == ("n10-seed0", 3, 1)
        assert work.session.place == 4


def test_the_same_again_changes_nothing_and_more_of_it_is_refused(
    here: Results, there: Results, panel: Path
) -> None:
    brought(here, there)

    assert not brought(here, there).written
    with opened(there, Options("ada", panel=panel)) as work:
        work.session.next()
    with pytest.raises(InvalidInput, match="there are other codes by 'ada' already"):
        brought(here, there)


def test_it_can_come_in_under_another_name(here: Results, there: Results) -> None:
    brought(here, there, "human-1")

    assert of(here, "human-1") == of(there, "ada")
    header = codes.read_header(here.codes_of("human-1")[0])
    assert header is not None
    assert (header.coder, header.kind) == ("human-1", "human")


def test_one_file_of_it_will_do(here: Results, there: Results) -> None:
    file = there.codes_of("ada")[0]

    import_codes(file, here, "ada")

    assert set(of(here, "ada")) == {verdict.message for verdict in codes.read(file).verdicts}


def test_a_folder_of_several_coders_is_refused(here: Results, there: Results, panel: Path) -> None:
    with opened(there, Options("bob", panel=panel)) as work:
        work.session.next()

    with pytest.raises(InvalidFile, match=r"several coders or codebooks \(ada, bob\); name one folder"):
        import_codes(there.root / "codes", here, "ada")


def test_an_empty_folder_is_said_to_be_one(here: Results, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(InvalidFile, match="is a folder without codes files"):
        import_codes(tmp_path / "empty", here, "ada")


def test_a_journal_is_not_taken_for_codes(here: Results) -> None:
    with pytest.raises(InvalidFile):
        import_codes(here.root / "runs", here, "ada")
