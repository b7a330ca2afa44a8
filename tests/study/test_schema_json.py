"""The schemas for editors: what the loader reads is valid, what people get wrong is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mascope.errors import InvalidFile
from mascope.judging.adjudication import ADJUDICATIONS
from mascope.study import load_study
from mascope.study.load import stamped
from mascope.study.schema_json import ALSO, MORE, RULES, SCHEMAS, panel_schema, study_schema
from mascope.yamlfile import dump, read

ROOT = Path(__file__).resolve().parents[2]
STUDIES = sorted(ROOT.glob("experiments/*.yaml"))
PANELS = sorted(ROOT.glob("judges/*.yaml"))
STUDY: dict[str, Any] = {
    "study": "tea",
    "models": {"ann": {"model": "rehearsal/plain"}, "bob": {"model": "rehearsal/plain"}},
    "base": {"brief": "Choose a tea.", "participants": ["ann", "bob"], "rounds": 3},
    "series": {"A": {}},
}
PANEL: dict[str, Any] = {
    "panel": "tea",
    "coders": {"rules": None, "j": {"model": "rehearsal/judge"}},
    "flags": {"LEAD": {"definition": "Gives a task."}},
}


def problems(schema: dict[str, Any], data: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(data)]


@pytest.mark.parametrize("make", SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_is_a_schema(make: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(make())


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_every_study_here_is_valid(file: Path) -> None:
    assert problems(study_schema(), read(file).data) == []


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_a_study_as_resolved_is_valid_too(tmp_path: Path, file: Path) -> None:
    resolved = tmp_path / "study.yaml"
    resolved.write_text(dump(stamped(load_study(file), tmp_path)), encoding="utf-8")

    assert problems(study_schema(), read(resolved).data) == []


@pytest.mark.parametrize("file", PANELS, ids=lambda file: file.stem)
def test_every_panel_here_is_valid(file: Path) -> None:
    assert problems(panel_schema(), read(file).data) == []


SHORT = [
    "participants: ann",
    "participants: {clones_of: ann, count: 3}",
    "participants: [ann, {clones_of: bob, count: 2}]",
    "participants: [{model: ann, persona: You doubt.}, {confederate: eve, lines: [I am for it.]}]",
    "participants: [{confederate: eve, label: GPT-5, lines: {0: I am for it.}}, bob]",
    "names: {own: none, peers: nato}",
    "names: {own: false}",
    "names: {own: [Ann, Bob], peers: [Ann, Bob], attribution: '{name} wrote: '}",
    "scaffold: {identity: false, rules: Speak only for yourself.}",
    "on_failure: abort",
    "on_failure: {then: remove, peers_see: notice}",
    "faults: [{agent: bob, round: 1}]",
    "faults: {loss: {agent: bob, round: 1, rounds: 1, on_return: Back.}}",
    "probes: [{id: led, ask: 'Who led?', kind: agent, when: each}]",
    "probes: [{id: vote, ask: 'Tea?', kind: choice, options: [for, against], when: [before, 1]}]",
    "sampling: {temperature: 0.2, extra: {frequency_penalty: 0.1}}",
]


def with_series(text: str) -> dict[str, Any]:
    return {**STUDY, "series": {"A": yaml.safe_load(text)}}


@pytest.mark.parametrize("text", SHORT)
def test_the_short_forms_that_the_loader_takes_are_valid(tmp_path: Path, text: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(with_series(text)), encoding="utf-8")

    assert load_study(file).series
    assert problems(study_schema(), read(file).data) == []


@pytest.mark.parametrize(
    "measure", ["LEAD", "in_gini", "births_slope", "vote.flips", "vote.last=tea", "a.b.shift"]
)
def test_a_hypothesis_may_name_measures_flags_and_private_answers(measure: str) -> None:
    hypothesis = {"id": "h", "compare": ["A", "A"], "measure": measure}

    assert problems(study_schema(), {**STUDY, "hypotheses": [hypothesis]}) == []


def test_a_series_may_be_empty_and_a_level_may_hold_a_part_of_a_fault() -> None:
    levels = {"early": {"faults": {"loss": {"round": 1}}}, "late": {"faults": {"loss": {"round": 2}}}}
    crossed = {**STUDY, "series": {"A": None}, "factors": {"when": levels}}

    assert problems(study_schema(), crossed) == []


MISTAKES = [
    "participant: [ann]",
    "participants: []",
    "participants: [{persona: You doubt.}]",
    "participants: [{model: ann, label: Ann}]",
    "participants: [{confederate: eve}]",
    "runs: many",
    "runs: 0",
    "sampling: {temperature: 3}",
    "sampling: {temprature: 0.5}",
    "names: {own: funny}",
    "schedule: {order: random}",
    "faults: [{agent: bob}]",
    "faults: [{agent: bob, round: 1, kind: vanish}]",
    "on_failure: retry",
    "probes: [{id: vote, ask: 'Tea?', kind: choice}]",
    "probes: [{id: vote, ask: 'Tea?', when: later}]",
]


@pytest.mark.parametrize("text", MISTAKES)
def test_what_the_loader_refuses_an_editor_marks(tmp_path: Path, text: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(with_series(text)), encoding="utf-8")

    with pytest.raises(InvalidFile):
        load_study(file)
    assert problems(study_schema(), read(file).data)


WRONG_STUDIES = [
    {"series": {}},
    {"models": {}},
    {"models": {"ann": {"model": "no-route"}}},
    {"models": {"ann": {"model": "openai/x", "base_url": "localhost"}}},
    {"models": {"ann": {"model": "openai/x", "key_env": "sk-not a name"}}},
    {"study": "two words"},
    {"series": {"a b": {}}},
    {"hypotheses": [{"id": "h", "compare": ["A"]}]},
    {"hypotheses": [{"id": "h", "compare": ["A", "A"], "measure": "niceness"}]},
    {"hypotheses": [{"id": "h", "compare": ["A", "A"], "measure": "vote.niceness"}]},
    {"hypotheses": [{"id": "h", "compare": ["A", "A"], "direction": "equivalent"}]},
    {"titel": "tea"},
]


@pytest.mark.parametrize("change", WRONG_STUDIES, ids=str)
def test_a_mistake_at_the_top_of_a_study_is_marked(change: dict[str, Any]) -> None:
    assert problems(study_schema(), STUDY) == []
    assert problems(study_schema(), STUDY | change)


WRONG_PANELS = [
    {"coders": {}},
    {"coders": {"rules": {"model": "rehearsal/judge"}}},
    {"coders": {"j": None}},
    {"coders": {"j": {"modell": "rehearsal/judge"}}},
    {"flags": {"lead": {"definition": "Gives a task."}}},
    {"flags": {"LEAD": {}}},
    {"flags": {}},
    {"codebook": "behaviour.yaml"},
    {"batch": 0},
    {"thresholds": {"care": 2}},
]


@pytest.mark.parametrize("change", WRONG_PANELS, ids=str)
def test_a_mistake_in_a_panel_is_marked(change: dict[str, Any]) -> None:
    assert problems(panel_schema(), PANEL) == []
    assert problems(panel_schema(), PANEL | change)


def keys(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, definition in {"": schema, **schema["$defs"]}.items():
        for key, field in definition.get("properties", {}).items():
            yield f"{name}.{key}", field


@pytest.mark.parametrize("make", SCHEMAS.values(), ids=SCHEMAS)
def test_every_key_says_what_it_means(make: Any) -> None:
    schema = make()

    def told(field: dict[str, Any]) -> bool:
        part = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
        return bool(field.get("description") or part.get("description"))

    assert [place for place, field in keys(schema) if not told(field)] == []


def test_all_rules_of_adjudication_are_offered() -> None:
    offered = panel_schema()["properties"]["adjudication"]["anyOf"][0]["enum"]

    assert set(offered) == set(ADJUDICATIONS)


def test_what_is_added_is_added_to_keys_that_there_are() -> None:
    known: set[tuple[str, str]] = set()
    for make in SCHEMAS.values():
        schema = make()
        tops = {"StudyFile" if make is study_schema else "PanelFile": schema}
        for name, definition in {**tops, **schema["$defs"]}.items():
            known.update((name, key) for key in definition.get("properties", {}))

    assert {*ALSO, *MORE} - known == set()
    assert set(RULES) <= {name for name, _ in known}
