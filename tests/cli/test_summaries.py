"""What `run`, `judge` and `report` say at their end, as a script or a person gets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = """\
study: tea
panel: panel.yaml
brief: Choose a tea.
models:
  ann: {model: rehearsal/plain, parameters: {failures: {authentication: 1.0}}}
  bob: {model: rehearsal/leader}
base: {participants: [ann, bob], runs: 2, rounds: 2}
series: {A: {}, B: {participants: [bob]}}
"""
PANEL = """\
panel: p
flags: {LEAD: {definition: Leads.}}
coders: {a: {model: openai/paid, base_url: "http://127.0.0.1:9/v1", key_env: SOME_KEY}}
"""
PRICES = "date: 2026-11-01\nmodels: {openai/paid: {input: 1000000, output: 1000000}}\n"


def mascope(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mascope", *arguments]
    environment = {**os.environ, "NO_COLOR": "1", "SOME_KEY": "x"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=folder, env=environment
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tea.yaml").write_text(STUDY)
    (tmp_path / "panel.yaml").write_text(PANEL)
    (tmp_path / "prices.yaml").write_text(PRICES)
    return tmp_path


def test_a_failed_study_says_why_and_what_to_do(folder: Path) -> None:
    failed = mascope(folder, "run", "tea.yaml")

    assert failed.returncode == 1
    assert "4 turns were lost to failures nobody asked for:\n  authentication (4): rehearsed" in failed.stderr
    assert "2 failed: the same command with --redo-failed holds these anew" in failed.stderr


def test_a_mended_study_is_made_whole_by_the_option(folder: Path) -> None:
    mascope(folder, "run", "tea.yaml")
    (folder / "tea.yaml").write_text(STUDY.replace("{authentication: 1.0}", "{}"))

    again = mascope(folder, "run", "tea.yaml", "--redo-failed")

    assert again.returncode == 0, again.stderr
    assert "4 runs: 4 done" in again.stdout
    assert "lost" not in again.stderr


def test_a_script_gets_what_was_lost_too(folder: Path) -> None:
    summary = json.loads(mascope(folder, "run", "tea.yaml", "--json").stdout)

    assert summary["lost"] == [{"kind": "authentication", "turns": 4, "detail": "rehearsed failure"}]
    assert summary["halted"] is None


@pytest.mark.parametrize("series", ["", " ", ","])
def test_an_empty_choice_of_series_is_an_error_and_not_all_of_them(folder: Path, series: str) -> None:
    failed = mascope(folder, "run", "tea.yaml", "--series", series)

    assert failed.returncode == 2
    assert "names no series" in failed.stderr
    assert not (folder / "results").exists()


def test_a_run_stopped_by_its_budget_prints_json(folder: Path) -> None:
    paid = 'openai/paid, base_url: "http://127.0.0.1:9/v1", key_env: SOME_KEY'
    (folder / "tea.yaml").write_text(STUDY.replace("rehearsal/leader", paid))

    stopped = mascope(
        folder, "run", "tea.yaml", "--budget", "0.01", "--prices", "prices.yaml", "--json", "--series", "B"
    )

    assert stopped.returncode == 4, stopped.stderr
    assert "budget" in json.loads(stopped.stdout)["halted"]


def test_judging_stopped_by_its_budget_prints_json(folder: Path) -> None:
    mascope(folder, "run", "tea.yaml")

    stopped = mascope(folder, "judge", "--budget", "0.01", "--prices", "prices.yaml", "--json")

    assert stopped.returncode == 4, stopped.stderr
    assert json.loads(stopped.stdout)["study"] == "tea"


def test_a_reader_that_has_enough_is_no_error(folder: Path) -> None:
    mascope(folder, "run", "tea.yaml")
    read, write = os.pipe()
    os.close(read)

    command = [sys.executable, "-m", "mascope", "status", "results/tea"]
    done = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120, check=False, cwd=folder
    )
    os.close(write)

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_a_run_in_which_nobody_was_left_is_named_at_the_end(folder: Path) -> None:
    mended = STUDY.replace("{authentication: 1.0}", "{}")
    crash = "faults: [{agent: ann, round: 1}, {agent: bob, round: 1}]"
    (folder / "tea.yaml").write_text(mended.replace("runs: 2, rounds: 2", f"runs: 4, rounds: 3, {crash}"))

    done = mascope(folder, "run", "tea.yaml", "--series", "A", "--json")

    assert done.returncode == 0, done.stderr
    assert "A-run01, A-run02, A-run03 and 1 more: nobody was left from round 1 on" in done.stderr
    assert json.loads(done.stdout)["ended"]["A-run04"] == "nobody was left from round 1 on"


def test_the_status_tells_what_was_spent(folder: Path) -> None:
    mascope(folder, "run", "tea.yaml")

    assert "Spent by agents and judges, as far as prices are known: $0.00" in mascope(folder, "status").stdout
