"""Columns that are kept: the same as read anew, and never of other files than those that are there."""

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd
import pytest

from mascope.records import Agent, Coding, Mark, Message, message_id
from mascope.store import cache, codes, columns, journal, journal_columns, loading
from mascope.store.cache import Columns, shares
from mascope.store.codes import CoderHeader
from mascope.store.frames import Frames, load
from mascope.store.journal import Header
from mascope.store.layout import Results, run_id

AGENT = Agent("llama", "Agent-A", "Agent-A", "llama", "groq/llama", "LLaMA", 0)
RUNS = 12


def put(results: Results, replicate: int, text: str = "hello") -> None:
    run = run_id("A", replicate)
    id_ = message_id(run, "Agent-A", 0)
    said = Message(id_, "llama", "Agent-A", "llama", None, 0, 0, text, (), "")
    header = Header(run, "A", replicate, 1, "s", "d", (AGENT,), {}, "c", False, "0")
    write(results.journal(run), journal.whole(header, [said], ""))
    coding = Coding(id_, {"META": Mark("yes")})
    write(results.codes("a", run), codes.whole(CoderHeader("a", "llm", "digest", ("META",)), [coding], ""))


def write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """Read by shares of about two files, and kept however few they are."""
    monkeypatch.setattr(loading, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(cache, "FEWEST", 2)
    found = Results(tmp_path / "results")
    found.root.mkdir()
    found.write_study("study: s\nseries: {A: {}}\n")
    for replicate in range(1, RUNS + 1):
        put(found, replicate)
    return found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The journals that are read, as they are."""
    names: list[str] = []

    def watched(files: Iterable[Path], tables: Collection[str]) -> columns.Tables:
        every = list(files)
        names.extend(file.stem for file in every)
        return journal_columns.read_journals(every, tables)

    readers = {**loading.READERS, "journals": (watched, loading.READERS["journals"][1])}
    monkeypatch.setattr(loading, "READERS", readers)
    return names


def same(one: Frames, other: Frames) -> None:
    for name in Frames.__slots__:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_categorical=False)


def kept(results: Results) -> list[Path]:
    return sorted((results.root / cache.FOLDER).glob("*.parquet"))


def test_what_is_kept_is_what_was_read(results: Results, read: list[str]) -> None:
    anew = load(results, jobs=1)
    read.clear()
    again = load(results, jobs=1)

    assert read == []
    same(anew, again)


def test_only_the_share_of_a_run_that_changed_is_read_again(results: Results, read: list[str]) -> None:
    load(results, jobs=1)
    read.clear()
    put(results, 5, "other words")
    again = load(results, jobs=1)

    assert "A-run05" in read
    assert len(read) < RUNS
    assert again.messages["text"].tolist()[4] == "other words"


def test_a_new_run_moves_no_share_but_its_own(results: Results, read: list[str]) -> None:
    load(results, jobs=1)
    read.clear()
    put(results, RUNS + 1)
    found = load(results, jobs=1)

    assert run_id("A", RUNS + 1) in read
    assert len(read) < RUNS
    assert len(found.messages) == RUNS + 1


def test_a_run_that_is_gone_is_not_in_the_frames(results: Results) -> None:
    load(results, jobs=1)
    results.journal(run_id("A", 3)).unlink()

    assert "A-run03" not in set(load(results, jobs=1).runs["run"].astype(str))


def test_a_file_of_the_same_size_at_another_time_is_read_again(results: Results) -> None:
    load(results, jobs=1)
    put(results, 7, "olleh")  # as long as before

    assert load(results, jobs=1).messages["text"].tolist()[6] == "olleh"


@pytest.mark.parametrize("damage", ["torn", "garbage", "empty", "flipped"])
def test_a_damaged_cache_is_made_anew_without_a_word(results: Results, damage: str, read: list[str]) -> None:
    anew = load(results, jobs=1)
    for file in kept(results):
        whole = file.read_bytes()
        middle = len(whole) // 3
        file.write_bytes({
            "torn": whole[:-7],
            "garbage": b"PAR1 and nothing else",
            "empty": b"",
            "flipped": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :],
        }[damage])  # fmt: skip
    read.clear()

    same(load(results, jobs=1), anew)
    if damage != "flipped":  # a bit of what no reader needs may flip
        assert len(read) == RUNS
    same(load(results, jobs=1), anew)


def test_other_code_reads_everything_again(
    results: Results, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(results, jobs=1)
    read.clear()
    monkeypatch.setattr(cache, "_code", lambda: b"another version")
    load(results, jobs=1)

    assert len(read) == RUNS


def test_a_directory_that_cannot_be_written_is_read_all_the_same(results: Results) -> None:
    (results.root / ".cache").write_text("a file where the cache would be")

    assert len(load(results, jobs=1).messages) == RUNS


def test_the_cache_may_be_deleted_at_any_time(results: Results) -> None:
    anew = load(results, jobs=1)
    shutil.rmtree(results.root / ".cache")

    same(load(results, jobs=1), anew)


def test_what_belongs_to_no_share_any_more_is_deleted(results: Results) -> None:
    load(results, jobs=1)
    before = len(kept(results))
    for replicate in range(2, RUNS + 1):
        results.journal(run_id("A", replicate)).unlink()
        results.codes("a", run_id("A", replicate)).unlink()
    put(results, 1, "changed")
    load(results, jobs=1)

    assert 0 < len(kept(results)) < before


def test_several_processes_keep_what_one_would(results: Results) -> None:
    by_two = load(results, jobs=2)

    same(load(results, jobs=1), by_two)
    assert kept(results)


def test_texts_are_kept_where_the_first_reader_did_without(results: Results) -> None:
    assert "text" not in load(results, texts=False, jobs=1).messages
    assert "text" in load(results, jobs=1).messages


def test_few_files_are_not_worth_keeping(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "WORTH_A_PROCESS", 1_000_000)
    load(results)

    assert not (results.root / ".cache").exists()


def test_shares_hold_every_file_once_and_in_order() -> None:
    files = [Path(f"runs/A/A-run{number}.jsonl") for number in range(5_000)]
    cut = shares("journals", files)

    assert [file for share in cut for file in share.files] == files
    assert 16 < len(cut) < 256
    assert shares("journals", []) == ()


def test_what_was_appended_while_it_was_read_is_not_lost(results: Results) -> None:
    kept_columns, [share, *_] = Columns(results.root), shares("journals", results.journals())
    key = kept_columns.key(share)
    tables = journal_columns.read_journals(share.files, tuple(journal_columns.TABLES))
    with share.files[0].open("ab") as stream:
        stream.write(b"\n")
    kept_columns.write(share, key, tables)

    assert kept_columns.read(share, tables) is None
