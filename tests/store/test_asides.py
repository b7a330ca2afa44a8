"""What stands beside the messages: private answers, scripted lines, and who saw what."""

import math
from pathlib import Path
from typing import Any

import pytest

from mascope.records import Agent, Message, ProbeAnswer
from mascope.store import journal
from mascope.store.asides import Views, ranges
from mascope.store.frames import load
from mascope.store.journal import Header
from mascope.store.layout import Results

RUN = "A-run01"
AGENTS = (
    Agent("llama", "Agent-A", "Agent-A", "llama", "groq/llama", "LLaMA", 0),
    Agent("planted", "Agent-B", "Agent-B", "script/lines", "script/lines", "planted", 1),
)
CITY = {"id": "city", "kind": "choice", "options": ["Rome", "New York"], "low": None, "high": None}
MOOD = {"id": "mood", "kind": "scale", "options": [], "low": 0, "high": 10}


def message(agent: Agent, round_: int, text: str = "Some words", **more: Any) -> Message:
    fields = {"served_model": None, "position": agent.seat, "seen": (), "prompt_digest": "", **more}
    id_ = f"{RUN}|{agent.name}|R{round_}"
    return Message(id_, agent.id, agent.name, agent.model, round=round_, text=text, **fields)


def answer(probe: str, kind: str, said: float | str | None, **more: Any) -> ProbeAnswer:
    fields: dict[str, Any] = {
        "round": None, "outcome": "answered" if said is not None else "failed", "text": None, "seen": (),
        "prompt_digest": "", **more,
    }  # fmt: skip
    id_ = f"{RUN}|Agent-A|P:{probe}|{fields['round']}"
    return ProbeAnswer(id=id_, probe=probe, agent="llama", name="Agent-A", kind=kind, answer=said, **fields)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = Results(tmp_path)
    found.write_study("study: s\nseries: {A: {}}\n")
    return found


def put(results: Results, turns: list[Message], answers: list[ProbeAnswer]) -> None:
    header = Header(
        run=RUN, series="A", replicate=1, seed=1, study="s", digest="d", agents=AGENTS,
        condition={"probes": [CITY, MOOD]}, condition_digest="c", simulated=False, version="0",
    )  # fmt: skip
    file = results.journal(RUN)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(journal.beginning(header, turns, answers))


def test_private_answers_stand_in_a_frame_with_what_they_could_have_been(results: Results) -> None:
    seen = (f"{RUN}|Agent-A|R0", f"{RUN}|Agent-B|R0")
    put(results, [], [answer("city", "choice", "Rome"), answer("mood", "scale", 7.0, round=0, seen=seen)])
    city, mood = load(results).probes.to_dict("records")

    assert [city[name] for name in ("probe", "round", "answer", "options", "seen_others")] == [
        "city", -1, "Rome", ("Rome", "New York"), 0,
    ]  # fmt: skip
    assert math.isnan(city["value"])
    assert math.isnan(city["low"])
    assert [mood[name] for name in ("round", "value", "low", "high", "options", "seen_others")] == [
        0, 7.0, 0.0, 10.0, (), 1,
    ]  # fmt: skip
    assert mood["answer"] is None or mood["answer"] != mood["answer"]


def test_an_answer_that_failed_is_a_row_without_an_answer(results: Results) -> None:
    put(results, [], [answer("city", "choice", None)])
    [row] = load(results).probes.to_dict("records")

    assert row["outcome"] == "failed"
    assert math.isnan(row["value"])


def test_lines_of_confederates_stand_apart_from_messages(results: Results) -> None:
    put(results, [message(AGENTS[1], 0, "Rome.", scripted=True), message(AGENTS[0], 0)], [])
    found = load(results)

    assert found.messages["agent"].tolist() == ["llama"]
    assert found.scripted[["agent", "round", "text"]].values.tolist() == [["planted", 0, "Rome."]]


def test_a_study_without_probes_has_frames_of_none(results: Results) -> None:
    put(results, [message(AGENTS[0], 0)], [])
    found = load(results)

    assert found.probes.empty
    assert "options" in found.probes
    assert found.scripted.empty


@pytest.mark.parametrize(
    ("places", "shown"), [([], ""), ([4], "4"), ([0, 1, 2], "0-2"), ([0, 2, 3, 4, 9], "0,2-4,9")]
)
def test_places_are_told_as_ranges(places: list[int], shown: str) -> None:
    assert ranges(places) == shown


def test_a_view_counts_codable_messages_only(results: Results) -> None:
    turns = [
        message(AGENTS[1], 0, "Rome.", scripted=True), message(AGENTS[0], 0),
        message(AGENTS[0], 1, "!"), message(AGENTS[0], 2),
    ]  # fmt: skip
    last = message(AGENTS[0], 3, seen=tuple(turn.id for turn in turns))
    put(results, [*turns, last], [])

    assert load(results).messages["view"].tolist() == ["", "", "0-1"]


def test_a_view_passes_over_what_is_of_another_run() -> None:
    messages = [message(AGENTS[0], round_) for round_ in range(2)]

    assert Views(messages).of(("another", messages[1].id)) == "1"


def test_a_scripted_line_is_no_empty_answer_of_its_agent(results: Results) -> None:
    put(results, [message(AGENTS[0], 0), message(AGENTS[1], 0, scripted=True)], [])

    agents = load(results).agents.astype({"agent": str})

    assert agents[["agent", "messages", "empty", "failures"]].to_numpy().tolist() == [
        ["llama", 1, 0, 0],
        ["planted", 0, 0, 0],
    ]
