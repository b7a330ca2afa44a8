"""Every study under experiments/ is ready to run, and its design shows in what it leaves on disk.

Each is held with rehearsed models in the place of its own: the same file, but for who answers.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mascope.discussion.engine import Unobserved
from mascope.pipeline.running import Options, hold, prepare
from mascope.records import Agent, Failure, Message
from mascope.store import journal, lines
from mascope.store.journal import Journal
from mascope.store.layout import Results
from mascope.study import load_study, plan
from mascope.study.estimate import loads

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
PERSONAS = ("leader", "follower", "critic", "architect", "chatty", "plain", "quiet")


@dataclass
class Twin:
    """A study as it was held in rehearsal: one run of each series."""

    results: Results

    def runs(self, series: str) -> list[Journal]:
        return [journal.read(f) for f in self.results.journals() if f.parent.name == series]

    def run(self, series: str) -> Journal:
        return self.runs(series)[0]

    def messages(self, series: str) -> list[Message]:
        return [turn for turn in self.run(series).turns if isinstance(turn, Message)]

    def agents(self, series: str) -> dict[str, Agent]:
        header = self.run(series).header
        return {agent.id: agent for agent in header.agents} if header else {}


def rehearsed(name: str, folder: Path) -> Twin:
    """Hold experiments/<name>.yaml with a persona in the place of each model."""
    data = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
    data.pop("panel")
    for n, model in enumerate(data["models"].values()):
        model["model"] = f"rehearsal/{PERSONAS[n % len(PERSONAS)]}"
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    summary = asyncio.run(hold(prepare(file, folder / name, Options(first=1)), Unobserved()))
    assert set(summary.statuses.values()) == {"done"}
    return Twin(summary.results)


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_experiment_loads_with_its_panel_and_plans_runs(file: Path) -> None:
    study = load_study(file)

    assert study.name == file.stem
    assert study.panel is not None
    assert len(plan(study)) == sum(condition.runs for condition in study.series.values()) > 0


def test_an_experiment_on_real_models_names_no_simulated_one() -> None:
    real = ("whoami", "conformity", "herd", "leaders", "failure")

    assert [name for name in real if load_study(EXPERIMENTS / f"{name}.yaml").simulated] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("twins")


@pytest.fixture(scope="module")
def conformity(folder: Path) -> Twin:
    return rehearsed("conformity", folder)


def test_in_conformity_a_majority_agrees_on_the_wrong_city_before_any_model_speaks(conformity: Twin) -> None:
    said = [m for m in conformity.messages("majority") if m.scripted]
    first = next(m for m in conformity.messages("majority") if m.agent == "llama" and m.round == 0)

    assert len(said) == 12
    assert all("New York" in message.text for message in said)
    assert set(first.seen) == {message.id for message in said if message.round == 0}


def test_in_conformity_the_split_arm_has_as_many_voices_and_no_majority(conformity: Twin) -> None:
    said = [m.text for m in conformity.messages("split") if m.scripted and m.round == 1]

    cities = [city for text in said for city in ("Athens", "Lisbon", "New York", "Rome") if city in text]
    assert sorted(cities) == ["Athens", "Lisbon", "New York"]


def test_in_conformity_the_controls_have_no_confederate(conformity: Twin) -> None:
    for series in ("group", "solo"):
        assert not any(message.scripted for message in conformity.messages(series))
    for message in conformity.messages("solo"):
        assert {id_.split("|")[1] for id_ in message.seen} <= {message.name}


def test_in_conformity_every_model_is_asked_before_and_after_each_round_in_each_arm(conformity: Twin) -> None:
    for series in ("majority", "split", "group", "solo"):
        asked = {(a.agent, a.round) for a in journal.probe_answers(conformity.run(series))}
        models = ("llama", "gptoss", "kimi", "qwen")
        assert asked == {(model, moment) for model in models for moment in (None, 0, 1, 2, 3)}


def test_in_herd_the_series_differ_in_the_first_answer_alone(folder: Path) -> None:
    herd = rehearsed("herd", folder)

    seeded = {
        series: [m for m in herd.messages(series) if m.scripted] for series in ("for", "against", "none")
    }
    assert {series: len(messages) for series, messages in seeded.items()} == {
        "for": 1,
        "against": 1,
        "none": 0,
    }
    assert "clearly for it" in seeded["for"][0].text
    assert "clearly against it" in seeded["against"][0].text
    for series in ("for", "against"):
        later = [m for m in herd.messages(series) if m.agent == "llama" and m.round > 0]
        assert len(later) == 2
        assert seeded[series][0].id in next(m for m in herd.messages(series) if m.agent == "gptoss").seen
        assert seeded[series][0].position == 0


def test_in_leaders_each_agent_says_in_private_who_led(folder: Path) -> None:
    leaders = rehearsed("leaders", folder)

    for series in ("mixed", "clones", "real-names"):
        answers = journal.probe_answers(leaders.run(series))
        asked = {(a.agent, a.probe, a.round) for a in answers}
        moments = {("led", 3), ("led", 7), ("own-influence", 7)}
        assert asked == {(id_, *moment) for id_ in leaders.agents(series) for moment in moments}
        named = {a.answer for a in answers if a.probe == "led" and a.outcome == "answered"}
        assert named <= set(leaders.agents(series))


def test_in_failure_who_when_and_what_is_told_are_crossed(folder: Path) -> None:
    failure = rehearsed("failure", folder)

    told = {}
    for journal_file in failure.results.journals():
        turns = journal.read(journal_file).turns
        found = [turn for turn in turns if isinstance(turn, Failure)]
        told[journal_file.parent.name] = [(f.agent, f.round, f.origin, f.told) for f in found]
    left, error = "[System]: {} has left the discussion.", "Error 503: the model is not available."
    assert told.pop("untouched") == []
    assert told == {
        f"{who}-{when}-{how}": [(agent, round_, "injected", words)]
        for who, agent, name in (("leader", "kimi", "Agent-A"), ("follower", "llama", "Agent-B"))
        for when, round_ in (("early", 2), ("late", 6))
        for how, words in (("nothing", None), ("notice", left.format(name)), ("raw", error))
    }


@pytest.mark.parametrize("name", ["conformity", "herd", "leaders", "failure"])
def test_as_many_calls_are_made_as_were_planned(tmp_path: Path, name: str) -> None:
    twin = rehearsed(name, tmp_path)

    planned: Counter[str] = Counter()
    study = load_study(EXPERIMENTS / f"{name}.yaml")
    for load in loads(study):
        planned[load.series] += load.calls // study.series[load.series].runs
    made: Counter[str] = Counter()
    for file in twin.results.journals():
        made[file.parent.name] += sum(event["event"] in ("call", "probe-call") for event in lines.read(file))
    assert made == planned
