import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mascope.errors import ForeignResults, InvalidInput, MissingPrerequisite
from mascope.pipeline.running import Options, prepare
from mascope.store import journal, lines
from mascope.store.layout import Results

STUDY = """\
study: tea
brief: Choose a tea.
models: {ann: {model: rehearsal/plain, parameters: {latency: 0.0}}}
base: {participants: {clones_of: ann, count: 3}, runs: 2, rounds: 2}
series: {A: {}, B: {}}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    file = tmp_path / "tea.yaml"
    file.write_text(STUDY)
    return file


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mascope", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_finished_study_is_not_held_again(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("run", study, "--out", out).returncode == 0
    before = {name: content for name, content in everything_in(out).items() if name.startswith("runs")}

    again = run("run", study, "--out", out)

    assert again.returncode == 0
    assert "4 runs: 4 done" in again.stdout
    assert {n: c for n, c in everything_in(out).items() if n.startswith("runs")} == before


def test_series_and_runs_can_be_chosen_and_completed_later(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    run("run", study, "--out", out, "--series", "B", "--runs", "1")
    assert [file.stem for file in Results(out).journals()] == ["B-run01"]
    run("run", study, "--out", out)

    assert [file.stem for file in Results(out).journals()] == ["A-run01", "A-run02", "B-run01", "B-run02"]


def test_an_unknown_series_is_an_error_with_the_nearest_one(study: Path, tmp_path: Path) -> None:
    failed = run("run", study, "--out", tmp_path / "out", "--series", "AB")

    assert failed.returncode == 2
    assert "no series 'AB' in this study; did you mean" in failed.stderr
    assert not (tmp_path / "out").exists()


def test_results_of_another_study_are_left_alone(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("run", study, "--out", out)
    before = everything_in(out)
    study.write_text(STUDY.replace("study: tea", "study: coffee"))

    failed = run("run", study, "--out", out)

    assert failed.returncode == 2
    assert "'tea'" in failed.stderr
    assert everything_in(out) == before


def test_a_directory_that_holds_something_else_is_left_alone(study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")

    with pytest.raises(ForeignResults, match="not empty"):
        prepare(study, tmp_path / "mine", Options())


def test_a_series_that_changed_is_never_mixed_with_what_was_held_before(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("run", study, "--out", out)
    study.write_text(STUDY.replace("rounds: 2", "rounds: 3"))

    with pytest.raises(ForeignResults, match="other settings of series 'A'"):
        prepare(study, out, Options())


def test_more_runs_can_be_added_to_a_study(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("run", study, "--out", out)
    study.write_text(STUDY.replace("runs: 2", "runs: 3"))

    assert "6 runs: 6 done" in run("run", study, "--out", out).stdout


def test_a_missing_key_ends_with_3_and_writes_nothing(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    study.write_text(
        STUDY.replace("rehearsal/plain, parameters: {latency: 0.0}", "groq/llama-3.3-70b-versatile")
    )

    with pytest.raises(MissingPrerequisite, match="GROQ_API_KEY"):
        prepare(study, tmp_path / "out", Options())
    failed = run("run", study, "--out", tmp_path / "out")

    assert failed.returncode == 3
    assert "GROQ_API_KEY" in failed.stderr
    assert not (tmp_path / "out").exists()


def test_a_budget_needs_a_known_price(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "x")
    served_by = "openai/mine, base_url: 'http://127.0.0.1:9/v1', key_env: MY_KEY"
    study.write_text(STUDY.replace("rehearsal/plain, parameters: {latency: 0.0}", served_by))

    with pytest.raises(InvalidInput, match="price of openai/mine is unknown"):
        prepare(study, tmp_path / "out", Options(budget_usd=1.0))


def test_two_processes_cannot_write_the_same_results(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Results(out).locked():
        failed = run("run", study, "--out", out)

    assert failed.returncode == 2
    assert "is writing here" in failed.stderr


def test_a_corrupt_line_in_the_middle_is_named_and_nothing_is_changed(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("run", study, "--out", out)
    file = Results(out).journal("A-run02")
    content = file.read_bytes().split(b"\n")
    content[2] = content[2][:20]
    file.write_bytes(b"\n".join(content))
    before = everything_in(out)

    failed = run("run", study, "--out", out)

    assert failed.returncode == 2
    assert "A-run02.jsonl:3:" in failed.stderr
    assert everything_in(out) == before


def test_ctrl_c_ends_cleanly_and_a_resume_goes_on(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    study.write_text(STUDY.replace("latency: 0.0", "latency: 0.3").replace("rounds: 2", "rounds: 40"))
    command = [sys.executable, "-m", "mascope", "run", str(study), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(out.glob("runs/*/*.jsonl")):
        time.sleep(0.05)
    time.sleep(0.5)

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "give the same command again" in errors
    for file in Results(out).journals():
        events = [line["event"] for line in lines.read(file)]
        assert events.count("call") == events.count("message")
        assert journal.read(file).status == "partial"
