"""A study that is killed again and again ends like one that was never touched.

MASCOPE_KILLS sets how many kills; `make kills` does 500.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mascope.store import lines
from mascope.store.layout import Results

KILLS = int(os.environ.get("MASCOPE_KILLS", "12"))
LONGEST_S = 2.0
"""Kills come within this time of a start, so that many of them fall into the work itself."""

STUDY = """\
study: killed
brief: Choose a tea.
models:
  ann: {{model: rehearsal/leader, parameters: {{latency: {latency}}}}}
  bob: {{model: rehearsal/critic, parameters: {{latency: {latency}}}}}
base: {{participants: [ann, bob, ann], runs: {runs}, rounds: 8, faults: [{{agent: bob, round: 5}}]}}
series:
  together: {{}}
  in-turn: {{schedule: {{visibility: sequential}}}}
"""

CHANGING = {"at", "latency_s"}
"""What may differ between two runs of the same study: time, and nothing else."""


def mascope(*arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "mascope", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(process: "subprocess.Popen[bytes]") -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()


def turns(results: Results) -> dict[str, dict[str, Any]]:
    """Every message and failure by id, without what is time."""
    return {
        line["id"]: {key: value for key, value in line.items() if key not in CHANGING}
        for file in results.journals()
        for line in lines.read(file)
        if line["event"] in ("message", "failure")
    }


def calls_after_their_answer(results: Results) -> list[tuple[str, str, int]]:
    """Calls that were made although the turn they are for was answered already."""
    repeated = []
    for file in results.journals():
        answered: set[tuple[str, int]] = set()
        for line in lines.read(file):
            turn = (line.get("agent", ""), line.get("round", -1))
            if line["event"] == "call" and turn in answered:
                repeated.append((file.stem, *turn))
            elif line["event"] == "message":
                answered.add(turn)
    return repeated


@pytest.mark.timeout(3600)
def test_a_study_killed_at_random_instants_ends_like_one_that_was_not(tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    runs = max(3, KILLS // 6)
    study.write_text(STUDY.format(latency="0.06", runs=runs))
    whole, killed = Results(tmp_path / "whole"), Results(tmp_path / "killed")
    finished(mascope("run", str(study), "--out", str(whole.root)))
    instants = random.Random(7)

    hits = 0
    for _ in range(KILLS):
        process = mascope("run", str(study), "--out", str(killed.root), "--jobs", "2")
        time.sleep(instants.uniform(0.2, LONGEST_S))
        hits += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    finished(mascope("run", str(study), "--out", str(killed.root)))

    assert hits > KILLS // 3
    assert turns(killed) == turns(whole)
    assert calls_after_their_answer(killed) == []
    assert {line["event"] for f in killed.journals() for line in lines.read(f)[-1:]} == {"end"}
