"""The table of private answers, on studies whose conformity is known, and on the experiments rehearsed."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from mascope.discussion.engine import Unobserved
from mascope.pipeline import running
from mascope.pipeline.reporting import Options, analyse
from mascope.records import Agent, Message, ProbeAnswer, Turn
from mascope.store.journal import Header, beginning
from mascope.store.layout import Results, run_id
from mascope.tables.analysis import Analysis
from mascope.tables.stances import run_stances, stances_table
from mascope.yamlfile import dump
from tests.tables.conftest import AGENTS, Say, message

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
PLANTED = tuple(
    Agent(key, f"Agent-{letter}", f"Agent-{letter}", "script/lines", "script/lines", key, seat)
    for seat, (key, letter) in enumerate([("first", "X"), ("second", "Y"), ("third", "Z")], start=3)
)
CITY = {"id": "city", "kind": "choice", "options": ["Athens", "New York", "Rome"]}
RUNS = 12


def scripted(run: str, agent: Agent, round_: int, text: str) -> Message:
    return message(run, agent, round_, text, scripted=True)


def answered(
    run: str, agent: Agent, round_: int | None, said: float | str | None, **more: Any
) -> ProbeAnswer:
    fields = {"probe": "city", "kind": "choice", "seen": ("another|Agent-Z|R0",), **more}
    when = "before" if round_ is None else f"R{round_}"
    return ProbeAnswer(
        id=f"{run}|{agent.name}|P:{fields['probe']}|{when}", agent=agent.id, name=agent.name, round=round_,
        outcome="unreadable" if said is None else "answered", answer=said, text=str(said),
        prompt_digest="", **fields,
    )  # fmt: skip


def write(
    results: Results, series: str, replicate: int, turns: list[Turn], answers: list[ProbeAnswer],
    agents: tuple[Agent, ...] = AGENTS, probe: dict[str, Any] = CITY,
) -> None:  # fmt: skip
    run = run_id(series, replicate)
    header = Header(
        run=run, series=series, replicate=replicate, seed=1, study="s", digest="d", agents=agents,
        condition={"probes": [probe]}, condition_digest="c", simulated=False, version="0",
    )  # fmt: skip
    file = results.journal(run)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(beginning(header, turns, answers))


def moving(run: str, chance: float) -> Iterator[tuple[Agent, str]]:
    """Who holds what at the end: all began with Rome, and moved to New York by this chance."""
    for agent in AGENTS:
        yield agent, "New York" if random.Random(f"{run} {agent.id}").random() < chance else "Rome"


@pytest.fixture
def pressed(results: Results) -> Results:
    """`majority`: three confederates say New York and six of ten move there; `solo`: one of ten does."""
    results.write_study("study: s\nseries: {majority: {}, solo: {}}\n")
    for replicate in range(1, RUNS + 1):
        run = run_id("majority", replicate)
        said: list[Turn] = [scripted(run, agent, 0, "It is New York.") for agent in PLANTED]
        said += [message(run, agent, 0, "I wonder, Athens or Rome?") for agent in AGENTS]
        answers = [answered(run, agent, None, "Rome", seen=()) for agent in AGENTS]
        answers += [answered(run, agent, 0, city) for agent, city in moving(run, 0.6)]
        write(results, "majority", replicate, said, answers, (*AGENTS, *PLANTED))
        alone = run_id("solo", replicate)
        answers = [answered(alone, agent, None, "Rome", seen=()) for agent in AGENTS]
        answers += [answered(alone, agent, 0, city, seen=()) for agent, city in moving(alone, 0.1)]
        turns: list[Turn] = [message(alone, agent, 0, "I think about it.") for agent in AGENTS]
        write(results, "solo", replicate, turns, answers)
    return results


def looked_at(results: Results) -> Analysis:
    return analyse(results, Options(resamples=400))


def row(frame: pd.DataFrame, series: str, measure: str, against: str = "") -> "pd.Series[Any]":
    keys = frame.set_index(["series", "measure", "against"])
    found = keys.loc[[(series, measure, against)]]
    assert len(found) == 1
    return found.iloc[0]


def test_a_planted_majority_comes_back_as_conformity_against_reflection_alone(pressed: Results) -> None:
    frame = stances_table(looked_at(pressed)).frame
    alone, compared = (
        row(frame, "majority", "conformity_said"),
        row(frame, "majority", "conformity_said", "solo"),
    )

    assert alone["low"] < 0.6 < alone["high"]
    assert compared["low"] < 0.5 < compared["high"]
    assert compared["p"] < 0.01
    assert (compared["runs"], compared["runs_against"]) == (RUNS, RUNS)


def test_shares_before_and_after_and_moves_are_by_option(pressed: Results) -> None:
    frame = stances_table(looked_at(pressed)).frame

    assert row(frame, "majority", "first=Rome")["value"] == 1
    moved = row(frame, "majority", "moved=New York")["value"]
    assert row(frame, "majority", "last=New York")["value"] == pytest.approx(moved)
    assert row(frame, "majority", "changed")["value"] == pytest.approx(moved)
    assert row(frame, "majority", "moved=Athens")["value"] == 0


def test_what_was_held_in_private_was_no_majority_to_move_to(pressed: Results) -> None:
    frame = stances_table(looked_at(pressed)).frame

    assert "conformity_held" not in set(frame["measure"])  # all began alike: nobody could move


def test_each_run_has_its_measures_for_hypotheses(pressed: Results) -> None:
    found = run_stances(looked_at(pressed))

    assert len(found) == 2 * RUNS
    assert found["city.last=Rome"].between(0, 1).all()


def test_a_scale_has_places_and_sides(results: Results) -> None:
    results.write_study("study: s\nseries: {A: {}}\n")
    mood = {"id": "mood", "kind": "scale", "low": 0, "high": 10}
    for replicate in (1, 2):
        run = run_id("A", replicate)
        answers = [
            answered(run, agent, when, float(place), probe="mood", kind="scale")
            for when, places in ((None, (1, 9, 5)), (0, (6, 9, 6)))
            for agent, place in zip(AGENTS, places, strict=True)
        ]
        write(results, "A", replicate, [], answers, probe=mood)
    frame = stances_table(looked_at(results)).frame

    assert row(frame, "A", "shift")["value"] == 2  # by hand: (5 + 0 + 1) / 3
    assert row(frame, "A", "changed")["value"] == pytest.approx(2 / 3)  # below to above, middle to above
    assert row(frame, "A", "spread")["value"] == pytest.approx(3**0.5)  # of 6, 9, 6
    assert row(frame, "A", "spread_change")["value"] == pytest.approx(3**0.5 - 4)


def test_the_agent_whom_all_name_can_be_the_leader_of_the_graph(results: Results) -> None:
    results.write_study("study: s\nseries: {A: {}}\n")
    for replicate in (1, 2, 3):
        run = run_id("A", replicate)
        turns: list[Turn] = [message(run, agent, 0, "Agent-B, what do you say?") for agent in AGENTS]
        answers = [answered(run, agent, 0, "kimi", probe="led", kind="agent") for agent in AGENTS]
        write(results, "A", replicate, turns, answers, probe={"id": "led", "kind": "agent"})
    frame = stances_table(looked_at(results)).frame

    for measure, value in (("leader_agreement", 1), ("entropy", 0), ("top_share", 1), ("self_share", 1 / 3)):
        assert row(frame, "A", measure)["value"] == pytest.approx(value), measure
    assert row(frame, "A", "leader_agreement")["null"] == pytest.approx(1 / 3, abs=0.05)
    assert row(frame, "A", "leader_agreement")["p"] < 0.02


def test_one_run_one_agent_and_one_asking_are_said_to_be_few(results: Results) -> None:
    results.write_study("study: s\nseries: {A: {}, B: {}}\n")
    write(results, "A", 1, [], [answered("A-run01", AGENTS[0], 0, "Rome")], AGENTS[:1])
    frame = stances_table(looked_at(results)).frame

    assert set(frame["measure"]) == set()
    assert set(frame["series"]) <= {"A"}


def test_answers_that_could_not_be_read_are_none(results: Results) -> None:
    results.write_study("study: s\nseries: {A: {}}\n")
    answers = [answered("A-run01", agent, when, None) for agent in AGENTS for when in (None, 0)]
    write(results, "A", 1, [], answers)

    assert stances_table(looked_at(results)).frame.empty


def test_a_study_that_asks_nothing_says_so(results: Results, put: Say) -> None:
    put("A", 1, [message("A-run01", AGENTS[0], 0, "Hello")])
    table = stances_table(looked_at(results))

    assert table.frame.empty
    assert "asks nothing in private" in table.notes[0]


@pytest.mark.parametrize("name", ["conformity", "herd", "leaders"])
def test_the_experiments_have_tables_of_their_private_answers(name: str, tmp_path: Path) -> None:
    data = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
    data.pop("panel")
    for model in data["models"].values():
        model["model"] = "rehearsal/plain"
    file = tmp_path / f"{name}.yaml"
    file.write_text(dump(data), encoding="utf-8")
    asyncio.run(running.hold(running.prepare(file, tmp_path / name, running.Options(first=4)), Unobserved()))
    frame = stances_table(looked_at(Results(tmp_path / name))).frame

    assert set(frame["series"]) == set(data["series"])
    assert (frame["value"].notna() | (frame["note"] != "")).all()
    wanted = {
        "conformity": {"conformity_held", "conformity_said", "moved=New York"},
        "herd": {"spread_change", "last=for", "shift"},
        "leaders": {"entropy", "top_share", "leader_agreement"},
    }
    assert wanted[name] <= set(frame["measure"])
    if name == "conformity":
        against = frame.loc[frame["series"] == "majority", "against"]
        assert {"solo", "split"} <= set(against)
