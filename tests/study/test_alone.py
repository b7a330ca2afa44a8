"""Agents that are alone are told of nobody, unless the study says so."""

from pathlib import Path

import pytest

from mascope.chat.types import Request
from mascope.study import load_study, stamped
from mascope.study.condition import Condition
from mascope.yamlfile import dump
from tests.discussion.holding import Holder

STUDY = """\
study: tea
brief: Choose a tea.
models: {{ann: {{model: rehearsal/plain}}, bob: {{model: rehearsal/plain}}}}
base: {{participants: [ann, bob], rounds: 3{base}}}
series:
  group: {{}}
  X: {{schedule: {{interaction: {kind}}}{own}}}
"""
KINDS = ("solo", "isolation")


@pytest.fixture
def hold(tmp_path: Path) -> Holder:
    return Holder(tmp_path)


def series(folder: Path, kind: str, *, base: str = "", own: str = "") -> Condition:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(kind=kind, base=base, own=own))
    return load_study(file).series["X"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_part_of_the_scaffold_speaks_of_others(tmp_path: Path, kind: str) -> None:
    found = series(tmp_path, kind)

    assert dict(found.scaffold.templates) == {"identity": "You are {name}."}
    assert found.form.cue == "Continue."


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_study_says_holds(tmp_path: Path, kind: str) -> None:
    own = ", scaffold: {identity: 'You are {name} in a group chat.', peers: true}, turns: {cue: Go on.}"

    found = series(tmp_path, kind, own=own)

    assert found.scaffold.templates["identity"] == "You are {name} in a group chat."
    assert found.scaffold.templates["peers"] == "Other agents: {others}"
    assert found.form.cue == "Go on."


def test_the_base_is_the_study_too(tmp_path: Path) -> None:
    found = series(tmp_path, "solo", base=", scaffold: {peers: 'With you: {others}'}")

    assert found.scaffold.templates["peers"] == "With you: {others}"


def test_a_group_is_told_of_its_members(tmp_path: Path) -> None:
    series(tmp_path, "solo")

    group = load_study(tmp_path / "study.yaml").series["group"]
    assert set(group.scaffold.templates) == {"identity", "peers"}
    assert group.form.cue == "Continue the discussion."


def test_a_resolved_study_of_the_alone_reads_the_same_again(tmp_path: Path) -> None:
    series(tmp_path, "solo")
    study = load_study(tmp_path / "study.yaml")
    again = tmp_path / "again.yaml"
    again.write_text(dump(stamped(study, tmp_path)))

    assert load_study(again).series["X"] == study.series["X"]


def test_the_prompts_of_one_alone_name_no_other_and_no_chat(hold: Holder) -> None:
    held = hold("schedule: {interaction: solo}")

    sent = [request for requests in held.requests.values() for request in requests]
    for said in ("Agent-B", "Agent-C", "agents", "group", "chat", "discussion"):
        assert not [text for text in map(_words, held.requests["ann"]) if said in text], said
    assert len(sent) == 9
    assert held.requests["ann"][1].turns[-1].text == "Continue."


def _words(request: Request) -> str:
    return "\n".join(turn.text for turn in request.turns)
