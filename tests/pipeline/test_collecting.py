"""Garbage collection while discussions are held."""

import asyncio
import gc
import weakref
from pathlib import Path

from mascope.chat.scripted import Scripted
from mascope.discussion.channel import Models
from mascope.discussion.engine import Discussion, Setting, Unobserved
from mascope.pipeline.collecting import THRESHOLDS, rarely_collecting
from mascope.store.journal import Recorder
from mascope.study import load_study, plan
from tests.discussion.holding import STUDY, says


def test_the_thresholds_are_what_they_were_when_it_is_over() -> None:
    before = gc.get_threshold()

    with rarely_collecting():
        during = gc.get_threshold()

    assert during == THRESHOLDS
    assert gc.get_threshold() == before


def test_a_discussion_that_has_ended_is_freed_without_a_collection(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(STUDY.format(base="runs: 1", options=""))
    run = plan(load_study(file))[0]
    chats = {name: Scripted(says(name)) for name in ("ann", "bob", "cy")}

    async def hold() -> "weakref.ref[Discussion]":
        recorder = Recorder(tmp_path / "run.jsonl")
        discussion = Discussion(run, Setting(Models(chats), Unobserved()), recorder)
        await discussion.hold()
        recorder.close()
        return weakref.ref(discussion)

    gc.disable()
    try:
        assert asyncio.run(hold())() is None
    finally:
        gc.enable()
