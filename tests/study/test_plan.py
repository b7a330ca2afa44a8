from pathlib import Path

import pytest

from mascope.study import Run, load_study, plan

STUDY = """\
study: tea
brief: Choose a tea.
models: {ann: {model: rehearsal/plain, label: Ann 1B}, bob: {model: rehearsal/plain, label: Bob 7B}}
base: {participants: [ann, bob, ann], runs: 12}
series:
  A: {}
  N: {names: {own: nato, peers: real}}
  P: {names: {permute: true}}
  O: {names: {own: none}}
"""


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, ...]:
    file = tmp_path / "study.yaml"
    file.write_text(STUDY)
    return plan(load_study(file))


def of(runs: tuple[Run, ...], series: str) -> list[Run]:
    return [run for run in runs if run.series == series]


def test_every_replicate_of_every_series_is_planned_in_order(runs: tuple[Run, ...]) -> None:
    assert [run.id for run in runs[:3]] == ["A-run01", "A-run02", "A-run03"]
    assert len(runs) == 48
    assert runs[-1].id == "O-run12"


def test_the_same_file_gives_the_same_plan(runs: tuple[Run, ...], tmp_path: Path) -> None:
    again = plan(load_study(tmp_path / "study.yaml"))

    assert [(r.id, r.seed, r.agents) for r in again] == [(r.id, r.seed, r.agents) for r in runs]


def test_every_run_has_a_seed_of_its_own(runs: tuple[Run, ...]) -> None:
    assert len({run.seed for run in runs}) == len(runs)


def test_own_and_peers_names_are_separate_factors(runs: tuple[Run, ...]) -> None:
    agents = of(runs, "N")[0].agents

    assert [agent.own_name for agent in agents] == ["Alpha", "Bravo", "Charlie"]
    assert [agent.name for agent in agents] == ["Ann 1B", "Bob 7B", "Ann 1B (2)"]


def test_an_agent_may_be_told_no_name(runs: tuple[Run, ...]) -> None:
    agents = of(runs, "O")[0].agents

    assert [agent.own_name for agent in agents] == [None, None, None]
    assert [agent.name for agent in agents] == ["Agent-A", "Agent-B", "Agent-C"]


def test_permuted_names_are_dealt_anew_in_each_run_and_always_all_used(runs: tuple[Run, ...]) -> None:
    deals = {tuple(agent.name for agent in run.agents) for run in of(runs, "P")}

    assert len(deals) > 1
    assert {tuple(sorted(deal)) for deal in deals} == {("Agent-A", "Agent-B", "Agent-C")}
