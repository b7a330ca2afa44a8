"""The table of adoption, on discussions whose words are known."""

import math
import random
from typing import Any

import pytest

from mascope.pipeline.reporting import Options, analyse
from mascope.records import Turn
from mascope.store.layout import Results, run_id
from mascope.tables.adoption import adoption_table
from mascope.tables.analysis import Analysis
from mascope.yamlfile import dump
from tests.tables.conftest import AGENTS, Say, message

ROUNDS = 6


def phrase(rng: random.Random) -> str:
    return " ".join("".join(rng.choices("bcdfghklmnprst", k=5)) for _ in range(3))


def discuss(put: Say, series: str, replicate: int, chance: float) -> None:
    """Each agent brings up a phrase a round and repeats, by this chance, each of the others' that it saw."""
    run, rng = run_id(series, replicate), random.Random(f"{series} {replicate}")
    said: list[Turn] = []
    seen: list[str] = []
    phrases: list[tuple[str, str]] = []
    for round_ in range(ROUNDS):
        fresh = []
        for agent in AGENTS:
            taken = [text for author, text in phrases if author != agent.id and rng.random() < chance]
            fresh.append((agent.id, phrase(rng)))
            text = ". ".join([fresh[-1][1], *taken])
            said.append(message(run, agent, round_, text, seen=tuple(seen)))
        seen += [one.id for one in said[-len(AGENTS) :]]
        phrases += fresh
    put(series, replicate, said)


def looked_at(results: Results) -> Analysis:
    return analyse(results, Options(resamples=300))


def by_measure(results: Results, series: str) -> dict[str, dict[Any, Any]]:
    rows = adoption_table(looked_at(results)).frame.to_dict("records")
    return {row["measure"]: row for row in rows if row["series"] == series}


def test_a_known_chance_of_adoption_comes_back_as_the_hazard(results: Results, put: Say) -> None:
    for replicate in range(1, 11):
        discuss(put, "A", replicate, 0.2)
    found = by_measure(results, "A")

    # Expressions of an agent's own phrase, and those that join two phrases, are among the periods: the
    # former follow the chance of .2, the latter are hardly ever repeated.
    assert 0.02 < found["hazard"]["value"] < 0.2
    assert found["hazard"]["low"] < found["hazard"]["value"] < found["hazard"]["high"]
    assert found["seen_effect"]["value"] > found["seen_effect"]["null"]
    assert found["seen_effect"]["runs"] == 10


def test_where_nobody_repeats_anything_nothing_is_adopted(results: Results, put: Say) -> None:
    for replicate in (1, 2):
        discuss(put, "A", replicate, 0.0)
    found = by_measure(results, "A")

    assert found["hazard"]["value"] == 0
    assert found["adopted"]["value"] == 0
    assert math.isnan(found["seen_effect"]["value"])
    assert "none" in found["seen_effect"]["note"]


def test_in_isolation_nobody_is_shown_anything(results: Results, put: Say) -> None:
    schedule = {"interaction": "isolation"}
    results.write_study(dump({"study": "s", "series": {"A": {"schedule": schedule}, "B": {}}}))
    for series in "AB":
        turns = [message(f"{series}-run01", a, r, "we ship on monday") for r in range(3) for a in AGENTS]
        turns[0] = message(f"{series}-run01", AGENTS[0], 0, "we ship on monday or never at all")
        put(series, 1, turns)

    nobody = "no agent was shown an expression that it did not have"
    assert by_measure(results, "A")["hazard"]["note"] == nobody
    assert by_measure(results, "B")["hazard"]["runs"] == 1  # not recorded: the rounds before count


def test_the_brief_of_the_study_is_nobodys(results: Results, put: Say) -> None:
    results.write_study(dump({"study": "s", "series": {"A": {"brief": "We ship on Monday."}}}))
    turns = [message("A-run01", AGENTS[0], 0, "we ship on monday"), message("A-run01", AGENTS[1], 0, "hello")]
    put("A", 1, [*turns, message("A-run01", AGENTS[1], 1, "we ship on monday")])

    assert adoption_table(looked_at(results)).frame["runs"].tolist() == [0]


@pytest.mark.parametrize("texts", [["", "x"], ["a b c", "a b c"]])
def test_few_words_are_no_error(results: Results, put: Say, texts: list[str]) -> None:
    said = [message("A-run01", AGENTS[n], n, text) for n, text in enumerate(texts)]
    put("A", 1, said)

    assert set(adoption_table(looked_at(results)).frame["series"]) <= {"A"}
