import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mascope.errors import ForeignResults, InvalidFile, InvalidInput
from mascope.imports.warroom import import_warroom
from mascope.records import Failure, Message
from mascope.store import journal
from mascope.store.layout import Results
from tests.imports.made_up import SEATS, Put, said, transcript


def written(root: Path) -> dict[str, bytes]:
    """Every file below `root` but the lock, which is no result."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


# Bad input, and doing it again --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "not JSON"),
        (b"\xff\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ([], "not a WarRoom transcript"),
        ({"messages": []}, "condition: not a WarRoom transcript"),
        (transcript(environment={"agentRanking": []}), r"environment\.agentRanking"),
        (transcript(environment={"timestamp": "yesterday"}), r"environment\.timestamp"),
        (transcript([said(0, 0, "Hi", round=-1)]), r"conversation\.messages\.1\.round"),
        (transcript([said(0, 0, "Hi", round=None)]), r"conversation\.messages\.1: this message has no round"),
        (transcript([said(0, 0, "Hi", sender="ghost")]), "is by 'ghost', who is not in agentRanking"),
        (transcript(condition={"temperature": 9}), r"condition\.temperature"),
        (transcript(environment={"systemPromptTemplate": "Be {mood}"}), "its condition cannot be read"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_written(
    folder: Path, results: Results, put: Put, content: Any, problem: str
) -> None:
    put("A/warroom-A-run01.json", transcript())
    put("A/warroom-A-run02.json", content)

    with pytest.raises(InvalidFile, match=rf"A/warroom-A-run02\.json.*{problem}"):
        import_warroom(folder, results)
    assert not results.root.exists()


def test_a_folder_without_transcripts_is_refused(folder: Path, results: Results) -> None:
    with pytest.raises(InvalidFile, match="holds no transcripts"):
        import_warroom(folder, results)
    with pytest.raises(InvalidFile, match="no such folder"):
        import_warroom(folder / "elsewhere", results)


def test_importing_the_same_again_changes_nothing(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())
    first = import_warroom(folder, results)
    before = written(results.root)
    again = import_warroom(folder, results)

    assert (first.written, again.written) == (1, 0)
    assert again.messages == first.messages
    assert written(results.root) == before


def test_an_import_cut_short_is_completed_by_the_next(folder: Path, results: Results, put: Put) -> None:
    for number in (1, 2, 3):
        put(f"warroom-A-run0{number}.json", transcript())
    import_warroom(folder, results)
    before = written(results.root)
    results.journal("A-run02").unlink()
    again = import_warroom(folder, results)

    assert again.written == 1
    assert written(results.root) == before


def test_results_of_something_else_are_left_alone(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())
    import_warroom(folder, results)
    before = written(results.root)
    put("warroom-A-run02.json", transcript())

    with pytest.raises(ForeignResults, match="choose another --out"):
        import_warroom(folder, results)
    assert written(results.root) == before


def test_a_directory_of_other_files_is_left_alone(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())
    results.root.mkdir()
    (results.root / "thesis.docx").write_text("mine")

    with pytest.raises(ForeignResults, match="not a results directory"):
        import_warroom(folder, results)
    assert [file.name for file in results.root.iterdir()] == ["thesis.docx"]


def test_a_study_that_cannot_be_named_so_is_refused(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())

    with pytest.raises(InvalidInput, match=r"'\.\./x' cannot name a study"):
        import_warroom(folder, results, study="../x")


# The published data -------------------------------------------------------------------------------------


def test_the_published_series_are_all_there(warroom: Path, results: Results) -> None:
    summary = import_warroom(warroom / "transcripts", results)
    published = {"A": 1506, "B": 1074, "C": 1558, "F": 144, "K3": 1082}
    here = {name: summary.series[name].messages for name in published if name in summary.series}

    assert here == published
    assert summary.series["A"].runs == 21
    assert summary.series["K3"].runs == 15


def test_the_published_errors_are_failures_of_the_right_kind(warroom: Path, results: Results) -> None:
    import_warroom(warroom / "transcripts", results)
    kinds: Counter[tuple[str, str]] = Counter()
    for file in results.journals():
        run = journal.read(file)
        kinds.update((file.parent.name, turn.kind) for turn in run.turns if isinstance(turn, Failure))

    assert kinds["A", "not_found"] == 42  # the crashed agent, twice a run
    assert kinds["B", "rate_limit"] == 204
    assert kinds["A", "unclassified"] == 1  # a model's own words that begin with the platform's sign
    assert kinds["F", "not_found"] == 21


def test_no_provider_account_reaches_the_details(warroom: Path, results: Results) -> None:
    import_warroom(warroom / "transcripts", results)
    details = [
        turn.detail
        for file in results.journals()
        for turn in journal.read(file).turns
        if isinstance(turn, Failure)
    ]

    assert any("org_…" in detail for detail in details)
    assert not any("org_0" in detail for detail in details)


def test_texts_arrive_unchanged(warroom: Path, results: Results) -> None:
    import_warroom(warroom / "transcripts", results)
    source = json.loads((warroom / "transcripts" / "C" / "warroom-C-run05.json").read_bytes())
    said_there = [
        line["text"]
        for line in source["conversation"]["messages"]
        if line["sender"] not in ("user", "system") and not line["isError"]
    ]
    turns = journal.read(results.journal("C-run05")).turns

    assert [turn.text for turn in turns if isinstance(turn, Message)] == said_there
    assert len(SEATS) < len({turn.agent for turn in turns}) == 8
