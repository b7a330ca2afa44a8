from pathlib import Path
from typing import Any

import pytest

from mascope.imports.warroom import import_warroom
from mascope.store import journal
from mascope.store.layout import Results
from mascope.study import load_study
from tests.imports.made_up import Put, only_run, transcript


def condition_of(results: Results, series: str) -> dict[str, Any]:
    condition: dict[str, Any] = results.study()["series"][series]
    return condition


def test_the_baseline_is_described_in_the_keys_of_a_study(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())
    import_warroom(folder, results)
    condition = condition_of(results, "A")

    assert condition["brief"] == "@all Une app"
    assert condition["rounds"] == 2
    assert condition["sampling"]["temperature"] == 0.8
    assert [seat["model"] for seat in condition["participants"]] == ["llama", "kimi", "deepseek"]
    assert condition["names"]["own"] == condition["names"]["peers"] == "neutral"
    assert condition["scaffold"]["identity"] is True
    assert condition["scaffold"]["peers"] is True
    assert condition["schedule"] == {
        "order": "fixed", "visibility": "staggered", "stagger": 1.2, "interaction": "group",
    }  # fmt: skip
    assert condition["on_failure"]["peers_see"] == "raw"


@pytest.mark.parametrize(
    ("template", "identity", "peers", "own"),
    [
        ("You are {name} in a group chat.", True, False, "neutral"),
        ("Other agents: {others}", False, True, None),
        ("(empty)", False, False, None),
        ("You are an AI assistant.", "You are an AI assistant.", False, None),
        (
            "You are {name}.\nOther agents: {others}\n+ Agent statuses injected",
            "You are {name}.",
            True,
            "neutral",
        ),
    ],
)
def test_the_parts_of_the_system_prompt_are_told_apart(
    folder: Path,
    results: Results,
    put: Put,
    template: str,
    identity: bool | str,
    peers: bool,
    own: str | None,
) -> None:
    put("warroom-K-run01.json", transcript(environment={"systemPromptTemplate": template}))
    run = only_run(folder, results)
    condition = condition_of(results, "K")

    assert condition["scaffold"]["identity"] == identity
    assert condition["scaffold"]["peers"] == peers
    assert condition["names"]["own"] == own
    assert run.header is not None
    assert run.header.agents[0].own_name == ("Agent-A" if own else None)


def test_clones_share_the_model_that_other_series_name(folder: Path, results: Results, put: Put) -> None:
    seats = [
        {"key": f"clone_{n}", "name": name, "nickname": name, "model": "llama-3.3-70b-versatile"}
        for n, name in enumerate(("Alpha", "Bravo"))
    ]
    clones = {"cloneMode": True, "cloneModelName": "LLaMA 3.3 70B"}
    put("warroom-A-run01.json", transcript())
    put("warroom-B-run01.json", transcript([], condition=clones, environment={"agentRanking": seats}))
    import_warroom(folder, results)
    header = journal.read_header(results.journal("B-run01"))

    assert header is not None
    assert [(a.id, a.name, a.model, a.label) for a in header.agents] == [
        ("clone_0", "Alpha", "llama", "LLaMA 3.3 70B"),
        ("clone_1", "Bravo", "llama", "LLaMA 3.3 70B"),
    ]
    assert condition_of(results, "B")["names"]["peers"] == "nato"
    assert [(p["model"], p["count"]) for p in condition_of(results, "B")["participants"]] == [("llama", 2)]


def test_real_names_and_isolation_are_recognised(folder: Path, results: Results, put: Put) -> None:
    real = transcript([], condition={"isolatedMode": True, "mode": "single"}, environment={"maxRounds": 1})
    for seat in real["environment"]["agentRanking"]:
        seat["nickname"] = seat["name"]
    put("warroom-C-run01.json", real)
    import_warroom(folder, results)
    condition = condition_of(results, "C")

    assert condition["names"]["peers"] == "real"
    assert condition["schedule"]["interaction"] == "isolation"
    assert condition["rounds"] == 1


def test_seats_that_change_from_run_to_run_are_a_shuffled_order(
    folder: Path, results: Results, put: Put
) -> None:
    put("warroom-E-run01.json", transcript([], order=(0, 1, 2)))
    put("warroom-E-run02.json", transcript([], order=(2, 0, 1)))
    summary = import_warroom(folder, results)
    condition = condition_of(results, "E")

    assert condition["schedule"]["order"] == "shuffled"
    assert condition["names"]["permute"] is True
    assert summary.notes == ()


def test_runs_of_one_series_that_differ_are_pointed_out(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript([]))
    put("warroom-A-run02.json", transcript([], condition={"temperature": 0.95}))
    summary = import_warroom(folder, results)
    headers = [journal.read_header(file) for file in results.journals()]

    assert summary.notes == ("series A: A-run02 differs from A-run01 in sampling",)
    assert len({header.condition_digest for header in headers if header}) == 2


def test_an_imported_study_is_itself_a_study_file(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())
    put("warroom-A-run02.json", transcript())
    import_warroom(folder, results, study="who-am-i")
    study = load_study(results.study_file)

    assert study.name == "who-am-i"
    assert study.series["A"].runs == 2
    assert study.models["kimi"].label == "Kimi K2"
    assert results.study()["mascope"]["imported"] == "warroom"
