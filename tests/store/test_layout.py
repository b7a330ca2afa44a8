import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mascope.errors import InvalidFile, InvalidInput, ResultsLocked
from mascope.store.layout import Results, natural, newest, run_id, series_of

HOLDER = """
import sys, time
from pathlib import Path
from mascope.store.layout import Results
with Results(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    time.sleep(60)
"""


def holding(root: Path) -> "subprocess.Popen[str]":
    """A process that holds the lock of `root`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(root)], stdout=subprocess.PIPE, text=True)
    if process.stdout is None or process.stdout.readline() != "locked\n":
        process.kill()
        pytest.fail("the other process did not get the lock")
    return process


def lock(root: Path) -> None:
    with Results(root).locked():
        pass


def touch(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    return file


def test_every_file_has_its_place(tmp_path: Path) -> None:
    results = Results(tmp_path)

    assert results.journal("K-2-run07") == tmp_path / "runs" / "K-2" / "K-2-run07.jsonl"
    assert results.codes("human", "A-run01") == tmp_path / "codes" / "human" / "A" / "A-run01.jsonl"
    assert results.study_file == tmp_path / "study.yaml"


def test_runs_are_numbered_with_two_digits_or_more() -> None:
    assert (run_id("A", 7), run_id("A", 123)) == ("A-run07", "A-run123")


def test_a_fork_is_of_the_series_of_its_parent() -> None:
    assert series_of("K-2-run07-f1") == "K-2"


def test_a_fork_comes_after_its_parent(tmp_path: Path) -> None:
    results = Results(tmp_path)
    runs = ["A-run01", "A-run01-f1-no-anchor", "A-run02"]
    for run in reversed(runs):
        touch(results.journal(run))
        touch(results.codes("human", run))

    assert [file.stem for file in results.journals()] == runs
    assert [file.stem for file in results.codes_of("human")] == runs


def test_run_100_comes_after_run_99(tmp_path: Path) -> None:
    results = Results(tmp_path)
    for run in ("A-run100", "A-run11", "A-run99", "A-run02", "B-run01"):
        touch(results.journal(run))
        touch(results.codes("human", run))

    ordered = ["A-run02", "A-run11", "A-run99", "A-run100", "B-run01"]
    assert [file.stem for file in results.journals()] == ordered
    assert [file.stem for file in results.codes_of("human")] == ordered


def test_series_2_comes_before_series_10() -> None:
    assert sorted(["s10", "s2", "s", "10", "9"], key=natural) == ["9", "10", "s", "s2", "s10"]


def test_journals_set_aside_and_half_written_files_are_not_listed(tmp_path: Path) -> None:
    results = Results(tmp_path)
    touch(results.journal("A-run01"))
    touch(tmp_path / "runs" / "A" / "aborted" / "A-run01-1.jsonl")
    touch(tmp_path / "runs" / "A" / ".A-run02.jsonl.part")

    assert [file.stem for file in results.journals()] == ["A-run01"]


def test_a_directory_without_results_lists_nothing(tmp_path: Path) -> None:
    results = Results(tmp_path / "none")

    assert (results.journals(), results.coders(), results.codes_of("x")) == ([], (), [])


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    process = holding(tmp_path)
    try:
        with pytest.raises(ResultsLocked, match=rf"another mascope process \({process.pid}\)"):
            lock(tmp_path)
    finally:
        process.kill()
        process.communicate()


def test_a_killed_process_keeps_no_lock(tmp_path: Path) -> None:
    process = holding(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    lock(tmp_path)  # raises nothing

    assert process.returncode == -signal.SIGKILL


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with Results(tmp_path).locked():
            raise ValueError("inside")

    for _ in range(2):
        with pytest.raises(ValueError, match="inside"):
            fail()


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(InvalidInput, match="cannot be written"):
        lock(tmp_path / "file" / "results")


@pytest.mark.parametrize("content", [b"- a list", b"{", b"\xff\xfe\x00", b"", None])
def test_what_is_no_study_is_refused(tmp_path: Path, content: bytes | None) -> None:
    results = Results(tmp_path)
    if content is not None:
        results.study_file.write_bytes(content)

    with pytest.raises(InvalidFile, match="is this a results directory of mascope"):
        results.study()


def test_a_study_is_read_as_it_was_written(tmp_path: Path) -> None:
    results = Results(tmp_path / "deep" / "results")
    results.write_study("study: whoami\nseries: {A: {}, 'NO': {}}\n")

    assert results.study() == {"study": "whoami", "series": {"A": {}, "NO": {}}}


def test_the_newest_results_are_those_last_written_to(tmp_path: Path) -> None:
    for place, name in enumerate(("old", "older")):
        touch(tmp_path / name / "study.yaml")
        os.utime(tmp_path / name / "study.yaml", (1000 - place, 1000 - place))
    touch(tmp_path / "no results" / "file")

    assert newest(tmp_path).root == tmp_path / "old"


def test_where_there_are_no_results_the_user_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="run a study first"):
        newest(tmp_path)
