"""What a study must stand: torn journals, a full disk, a clock that goes back; and where its seeds reach."""

import itertools
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mascope.chat.types import Request
from mascope.discussion.runs import OTHER_FILES, open_at_once
from mascope.errors import InvalidInput
from mascope.store import journal, lines
from mascope.store.journal import Recorder
from tests.discussion.holding import Held, Holder

PROBE = "probes: [{id: p, ask: 'Which tea?', kind: text, when: [before, 0, after]}]"
BASE = f"rounds: 2, participants: [ann, bob, {{confederate: d, lines: [Rooibos.]}}], {PROBE}"
CHANGING = {"at", "latency_s"}


def echo(request: Request) -> str:
    """Depends on the prompt alone, as a model at temperature 0 does."""
    return f"answer to {request.digest()[:12]}"


def events(held: Held) -> list[dict[str, Any]]:
    """All that was recorded, without what is time, in an order that does not depend on who was first."""
    found = [
        {key: value for key, value in line.items() if key not in CHANGING}
        for line in lines.read(held.results.journal("X-run01"))
    ]
    return sorted(found, key=lambda event: json.dumps(event, sort_keys=True))


def test_a_journal_cut_at_every_byte_of_any_last_record_is_completed_to_the_same_result(hold: Holder) -> None:
    whole = hold(BASE, script=echo)
    expected = [event for event in events(whole) if not event["event"].endswith("call")]
    file = whole.results.journal("X-run01")
    rows = file.read_bytes().splitlines(keepends=True)
    calls = sum(len(requests) for requests in whole.requests.values())

    last = rows[-1]
    for kept in range(len(last)):
        file.write_bytes(b"".join(rows[:-1]) + last[:kept])
        again = hold(BASE, script=echo)
        assert [e for e in events(again) if not e["event"].endswith("call")] == expected
        assert all(requests == [] for requests in again.requests.values())
    for n in range(1, len(rows)):
        for kept in (1, len(rows[n]) // 2, len(rows[n]) - 1):
            file.write_bytes(b"".join(rows[:n]) + rows[n][:kept])
            again = hold(BASE, script=echo)
            assert [e for e in events(again) if not e["event"].endswith("call")] == expected
            asked = sum(len(requests) for requests in again.requests.values())
            answered = sum(b'"event":"message"' in r and b'"scripted":false' in r for r in rows[:n])
            probed = sum(b'"event":"probe"' in row for row in rows[:n])
            torn_whole = kept == len(rows[n]) - 1  # all there but its newline: it counts
            paid = torn_whole and (b'"event":"probe"' in rows[n] or b'"scripted":false' in rows[n])
            assert asked == calls - answered - probed - paid


def test_a_journal_cut_in_its_first_record_begins_anew(hold: Holder) -> None:
    expected = events(hold(BASE, script=echo))
    file = hold.folder / "results" / "runs" / "X" / "X-run01.jsonl"
    first = file.read_bytes().splitlines()[0]

    for kept in range(0, len(first), 37):
        file.write_bytes(first[:kept])
        assert events(hold(BASE, script=echo)) == expected


def test_a_clock_that_jumps_back_changes_nothing_but_times(
    hold: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = events(hold(BASE, script=echo))
    (hold.folder / "results" / "runs" / "X" / "X-run01.jsonl").unlink()
    hours = itertools.count()

    def backwards() -> str:
        return f"2026-03-04T{23 - next(hours) % 24:02d}:00:00.000Z"

    def recorder(file: Path) -> Recorder:
        return Recorder(file, backwards)

    monkeypatch.setattr("mascope.discussion.runs.Recorder", recorder)
    held = hold(BASE, script=echo)

    assert events(held) == expected
    times = [line["at"] for line in lines.read(held.results.journal("X-run01"))]
    assert times[:2] == ["2026-03-04T23:00:00.000Z", "2026-03-04T22:00:00.000Z"]


STUDY = """\
study: tea
brief: Choose a tea.
models: {ann: {model: rehearsal/plain}}
base: {participants: {clones_of: ann, count: 3}, runs: 2, rounds: 12}
series: {A: {}}
"""


def mascope(*arguments: str, largest: int | None = None) -> "subprocess.CompletedProcess[str]":
    """The program in a process that can write no file larger than so many bytes: as on a full disk."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    command = [sys.executable, "-m", "mascope", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, preexec_fn=limit)


def said(folder: Path) -> dict[str, str]:
    return {
        line["id"]: line["text"]
        for file in sorted(folder.glob("runs/*/*.jsonl"))
        for line in lines.read(file)
        if line["event"] == "message"
    }


def test_a_full_disk_ends_with_one_clear_error_and_the_resume_goes_on(tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(STUDY)
    run = ("run", str(study), "--out")
    mascope(*run, str(tmp_path / "whole"))

    full = mascope(*run, str(tmp_path / "full"), largest=12_000)
    kept = said(tmp_path / "full")
    resumed = mascope(*run, str(tmp_path / "full"))

    assert full.returncode == 2
    assert "cannot be written: File too large" in full.stderr
    assert "give the same command again" in full.stderr
    assert "Traceback" not in full.stderr
    assert resumed.returncode == 0
    assert 0 < len(kept) < 72
    assert said(tmp_path / "full") == said(tmp_path / "whole")
    assert kept.items() <= said(tmp_path / "full").items()


def test_a_place_that_cannot_be_written_is_one_clear_error(hold: Holder) -> None:
    (hold.folder / "results").mkdir()
    (hold.folder / "results" / "runs").write_text("in the way")

    with pytest.raises(ExceptionGroup) as caught:
        hold(BASE, script=echo)

    assert caught.group_contains(InvalidInput, match="cannot be written")
    assert (hold.folder / "results" / "runs").read_text() == "in the way"


def test_a_replicates_seed_reaches_models_orders_names_and_faults(hold: Holder) -> None:
    base = (
        "runs: 6, names: {permute: true}, schedule: {order: shuffled}, "
        "faults: [{agent: bob, round: 1, kind: truncate}]"
    )

    held = hold(base, script=lambda request: "word " * 200)

    headers = [journal.read_header(file) for file in held.results.journals()]
    runs = [header.run for header in headers if header is not None]
    messages = held.messages.values()
    seeds = {m.seed for m in messages}
    orders = {
        tuple(
            m.agent
            for m in sorted(messages, key=lambda m: m.position)
            if m.id.startswith(run) and m.round == 0
        )
        for run in runs
    }
    names = {tuple(a.name for a in header.agents) for header in headers if header is not None}
    cuts = {len(m.text) for m in messages if m.agent == "bob" and m.round == 1}
    assert len({header.seed for header in headers if header is not None}) == 6
    assert len(seeds) == len(messages) == 54
    assert len(orders) > 1
    assert len(names) > 1
    assert len(cuts) > 3


@pytest.mark.parametrize(
    ("soft", "hard", "jobs", "allowed"),
    [
        (1024, 20_000, 32, 512),
        (1024, 20_000, 2000, 2000),
        (1024, 1500, 2000, 1500 - OTHER_FILES),
        (256, 256, 32, 32),
        (256, 256, 500, 128),
        (1024, resource.RLIM_INFINITY, 2000, 2000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 2000, 2000),
    ],
)
def test_as_many_discussions_are_open_as_the_system_lets_have_files(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, jobs: int, allowed: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: None)

    assert min(jobs, open_at_once(jobs)) == min(jobs, allowed)
