import warnings
from dataclasses import replace

from mascope.pipeline.reporting import Options, analyse
from mascope.store.layout import Results
from mascope.tables.roles import roles_table
from tests.tables.conftest import AGENTS, Say, message


def test_a_series_with_too_few_agents_says_so_and_one_without_messages_too(
    results: Results, put: Say
) -> None:
    put("A", 1, [message("A-run01", agent, 0, "Hello all of you") for agent in AGENTS])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = roles_table(analyse(results, Options(resamples=50))).frame

    assert frame["series"].tolist() == ["A", "B"]
    assert frame["agents"].tolist() == [3, 0]
    assert frame["note"].tolist() == ["fewer than 4 agents"] * 2
    assert not frame["supported"].any()


def test_agents_fall_apart_by_how_much_they_say_and_whom_they_name(results: Results, put: Say) -> None:
    agents = tuple(replace(AGENTS[0], id=f"m{n}", name=f"Agent-{chr(65 + n)}", seat=n) for n in range(12))
    for replicate in (1, 2, 3):
        run = f"A-run{replicate:02d}"
        turns = [
            message(run, agent, round_, "Agent-A, please do it " * 6 if agent.seat >= 6 else f"Yes {round_}")
            for round_ in range(4)
            for agent in agents
        ]
        put("A", replicate, turns, agents)

    frame = roles_table(analyse(results, Options(resamples=50))).frame
    found = frame[frame["series"] == "A"]

    loud = found[found["members"].str.contains("m7")].iloc[0]
    assert {f"m{n}" for n in range(6, 12)} <= set(loud["members"].split(", "))
    assert "+words" in loud["marks"]
    assert "+naming" in loud["marks"]
    assert abs(found["share"].sum() - 1) < 1e-9
    assert abs(found["messages"].sum() - 1) < 1e-9
