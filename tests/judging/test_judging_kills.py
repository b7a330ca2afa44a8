"""`kill -9` while judges code: what was answered stays; only what was in flight is asked again."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from mascope.chat.types import Request
from mascope.store import lines
from mascope.store.layout import Results
from tests.judging.small_study import NO, a_judge, a_panel, ask, events, small_study, verdicts

CONCURRENCY = 4
CHILD = """
import asyncio, sys
from pathlib import Path
from mascope.chat.scripted import Scripted
from mascope.store.layout import Results
from tests.judging.small_study import NO, a_judge, a_panel, ask

async def slow(request):
    await asyncio.sleep(0.01)
    return NO

ask(Results(Path(sys.argv[1])), a_panel(a_judge(concurrency=4), batch=1), Scripted(slow))
"""
ROOT = Path(__file__).resolve().parents[2]


def code_until(results: Results, codings: int) -> None:
    """Have a process of its own code, and kill it once so many messages are coded."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(results.root)], cwd=ROOT)
    try:
        while child.poll() is None and written(results) < codings:
            time.sleep(0.001)
    finally:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait()


def written(results: Results) -> int:
    return sum(file.read_bytes().count(b'"event":"coding"') for file in results.codes_of("one"))


@pytest.mark.timeout(120)
def test_a_judge_killed_again_and_again_codes_each_message_once(tmp_path: Path) -> None:
    results = small_study(tmp_path)
    kills = (1, 9, 17, 30, 41)
    for codings in kills:
        code_until(results, codings)

    summary = ask(results, a_panel(a_judge(concurrency=CONCURRENCY)), lambda request: NO)

    coded = Counter(line["message"] for line in events(results, "coding"))
    calls = Counter(line["message"] for line in events(results, "call"))
    assert len(verdicts(results)) == 48
    assert set(coded.values()) == {1}
    assert calls.total() <= 48 + len(kills) * CONCURRENCY
    assert summary.coders[0].settled >= kills[-1]


def test_a_codes_file_cut_at_any_byte_of_its_last_line_is_made_whole(tmp_path: Path) -> None:
    results = small_study(tmp_path)
    ask(results, a_panel(a_judge(concurrency=1)), lambda request: NO)
    file = results.codes("one", "A-run02")
    whole = file.read_bytes()
    start = whole[:-1].rfind(b"\n") + 1

    for cut in range(start, len(whole) + 1, 7):
        file.write_bytes(whole[:cut])
        asked: list[Request] = []

        def answer(request: Request, asked: list[Request] = asked) -> str:
            asked.append(request)
            return NO

        ask(results, a_panel(a_judge(concurrency=1)), answer)

        assert len(verdicts(results)) == 48
        assert len(asked) == (cut < len(whole) - 1)  # all there but its newline is all there
        assert len([line for line in lines.read(file) if line["event"] == "coding"]) == 8
