"""Spend is told as a budget counts it: also what is set aside was paid for."""

import asyncio
import json
from pathlib import Path

from mascope.discussion.engine import Unobserved
from mascope.pipeline.opening import spent_in
from mascope.pipeline.running import Options, hold, prepare
from mascope.pipeline.status import as_json, status_of
from mascope.store import lines
from mascope.store.layout import Results

STUDY = """\
study: tea
brief: Choose a tea.
models: {ann: {model: rehearsal/plain}}
base: {participants: [ann], runs: 2, rounds: 2}
series: {A: {}, B: {}}
"""


def held(folder: Path) -> Results:
    file = folder / "tea.yaml"
    file.write_text(STUDY)
    asyncio.run(hold(prepare(file, folder / "out", Options()), Unobserved()))
    return Results(folder / "out")


def priced(file: Path, usd: float | None) -> bytes:
    """The journal in `file` as if each message had cost so much."""
    changed = [{**line, "cost_usd": usd} if line["event"] == "message" else line for line in lines.read(file)]
    return b"".join(map(lines.encode, changed))


def aside(results: Results, place: str, usd: float | None) -> None:
    file = results.root / "runs" / "A" / place / "A-run01-1.jsonl"
    file.parent.mkdir()
    file.write_bytes(priced(results.journal("A-run01"), usd))


def test_attempts_that_were_set_aside_are_part_of_what_a_series_cost(tmp_path: Path) -> None:
    results = held(tmp_path)
    aside(results, "aborted", 0.25)
    aside(results, "failed", 0.5)

    found = status_of(results)

    assert [(one.series, one.cost_usd, one.messages) for one in found.series] == [
        ("A", 1.5, 4),
        ("B", 0.0, 4),
    ]
    assert found.spent_usd == spent_in(results) == 1.5


def test_judges_are_part_of_what_was_spent(tmp_path: Path) -> None:
    results = held(tmp_path)
    codes = results.codes("judge", "A-run01")
    codes.parent.mkdir(parents=True)
    codes.write_text('{"event":"call","at":"","cost_usd":0.75}\n')

    found = status_of(results)

    assert found.spent_usd == 0.75
    assert json.loads(json.dumps(as_json(found)))["spent_usd"] == 0.75


def test_a_price_that_is_unknown_leaves_the_cost_of_the_series_unknown(tmp_path: Path) -> None:
    results = held(tmp_path)
    aside(results, "failed", None)

    assert [one.cost_usd for one in status_of(results).series] == [None, 0.0]
