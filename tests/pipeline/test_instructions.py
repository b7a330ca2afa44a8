"""A report says under which instructions the codes were made, where that is in doubt."""

import asyncio
import shutil
from pathlib import Path

import pytest

from mascope.discussion import engine
from mascope.judging.recording import Again
from mascope.judging.setting import Unobserved
from mascope.pipeline import judging, reporting, running
from mascope.store.layout import Results

STUDY = """\
study: tea
brief: Choose a tea.
models: {ann: {model: rehearsal/leader}, bob: {model: rehearsal/follower}}
base: {participants: [ann, bob], rounds: 2, runs: 2}
series: {X: {}}
"""
PANEL = """\
panel: mine
flags: {LEAD: {definition: Gives a task to somebody., cues: {rules: [{rule: asks, phrases: [please]}]}}}
coders:
  one: {model: rehearsal/judge, parameters: {sensitivity: SENSITIVITY}}
  rules:
"""


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(PANEL.replace("SENSITIVITY", "0.9"))
    return file


@pytest.fixture
def judged(tmp_path: Path, panel: Path) -> Results:
    (tmp_path / "study.yaml").write_text(STUDY)
    prepared = running.prepare(tmp_path / "study.yaml", tmp_path / "tea", running.Options())
    asyncio.run(running.hold(prepared, engine.Unobserved()))
    results = Results(tmp_path / "tea")
    judge(results, panel)
    return results


def judge(results: Results, panel: Path, *, recode: bool = False) -> None:
    prepared = judging.prepare(results, panel, None, None, Again(all=recode))
    asyncio.run(judging.code(prepared, Unobserved()))


def warnings(results: Results, panel: Path) -> list[str]:
    options = reporting.Options(panel=panel, only=["agreement"])
    return [said for said in reporting.report(results, options).summary.warnings if "instructions" in said]


def test_codes_of_the_panel_at_hand_raise_no_doubt(judged: Results, panel: Path) -> None:
    assert warnings(judged, panel) == []


def test_codes_made_under_an_earlier_panel_are_told(judged: Results, panel: Path) -> None:
    panel.write_text(PANEL.replace("SENSITIVITY", "0.5"))

    (said,) = warnings(judged, panel)

    assert said.startswith("Coder one: its codes were made under other instructions (")


def test_another_definition_is_another_instruction_to_judges_and_not_to_rules(
    judged: Results, panel: Path
) -> None:
    panel.write_text(panel.read_text().replace("Gives a task", "Hands a task"))

    assert [said.split(":")[0] for said in warnings(judged, panel)] == ["Coder one"]


def test_codes_of_two_digests_in_one_folder_are_told(judged: Results, panel: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    first = judged.codes_of("one")[0]
    shutil.copy(first, kept)
    panel.write_text(PANEL.replace("SENSITIVITY", "0.5"))
    judge(judged, panel, recode=True)
    shutil.copy(kept, first)

    (said,) = warnings(judged, panel)

    assert said.startswith("Coder one: its codes were made under 2 different instructions (")
