"""The tables of what there hardly is."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from mascope.pipeline.reporting import Options, analyse
from mascope.store.layout import Results
from mascope.tables.adoption import adoption_table
from mascope.tables.analysis import Analysis
from mascope.tables.audit import audit_table
from mascope.tables.catalog import TABLES
from mascope.tables.compensation import compensation_table
from mascope.tables.convergence import convergence_table, temporal_table
from mascope.tables.stances import stances_table
from mascope.tables.structure import network_table
from mascope.tables.table import Table
from mascope.tables.takeover import takeover_table
from mascope.tables.text import text_table
from tests.tables.conftest import AGENTS, Say, failure, message

BUILDERS = (
    audit_table, compensation_table, network_table, text_table, convergence_table, temporal_table,
    adoption_table, stances_table, takeover_table,
)  # fmt: skip
every_table = pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
Build = Callable[[Analysis], Table]


def built(build: Build, results: Results) -> Table:
    """The table, with every warning an error, and its frame as its columns say."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = build(analyse(results, Options(resamples=50)))
    assert list(table.frame.columns) == [column.name for column in table.columns]
    return table


@pytest.mark.parametrize("name", TABLES)
def test_no_run_at_all(name: str, results: Results) -> None:
    frame = built(TABLES[name], results).frame

    assert frame.get("value", pd.Series(dtype=float)).isna().all()


@every_table
def test_one_run_with_one_message(build: Build, results: Results, put: Say) -> None:
    put("A", 1, [message("A-run01", AGENTS[0], 0, "Hello all")])

    frame = built(build, results).frame
    if "low" in frame:
        assert frame["low"].isna().all()


def test_what_one_agent_alone_cannot_show_has_a_reason(results: Results, put: Say) -> None:
    put("A", 1, [message("A-run01", AGENTS[0], 0, "Hello all")], agents=AGENTS[:1])
    rows = pd.concat(
        [built(build, results).frame for build in (network_table, text_table, convergence_table)]
    )
    rows = rows[(rows["series"] == "A") & rows["value"].isna()]
    notes = rows.set_index("measure")["note"]

    assert notes["density"] == "no run has it: it needs two agents"
    assert notes["attribution"] == "no run has it: it needs two authors, and a second run to learn from"
    assert notes.str.startswith("no run has it: it needs ").all()


def test_a_run_alone_in_its_series_has_no_group_to_swap_with(results: Results, put: Say) -> None:
    for series, runs in (("A", 1), ("B", 2)):
        for replicate in range(1, runs + 1):
            run = f"{series}-run0{replicate}"
            said = [
                message(run, agent, round_, f"{agent.id} says in {run} the word {round_}")
                for round_ in range(3) for agent in AGENTS
            ]  # fmt: skip
            put(series, replicate, said)
    frame = built(convergence_table, results).frame

    for measure in ("semantic_homogeneity", "style_matching", "semantic_pull_own"):
        rows = frame[frame["measure"] == measure]
        assert rows["value"].notna().all()
        assert rows["null"].notna().tolist() == rows["p"].notna().tolist() == [False, True]  # A, B


@every_table
def test_runs_in_which_everybody_failed(build: Build, results: Results, put: Say) -> None:
    for replicate in (1, 2):
        run = f"A-run0{replicate}"
        put("A", replicate, [failure(run, agent, 0, "gone") for agent in AGENTS])

    built(build, results)


@every_table
def test_runs_that_have_not_begun_to_speak(build: Build, results: Results, put: Say) -> None:
    put("A", 1, [])
    put("B", 1, [])

    built(build, results)


@every_table
def test_series_of_unequal_rounds_and_an_agent_alone(build: Build, results: Results, put: Say) -> None:
    for replicate in (1, 2, 3):
        run, alone = f"A-run0{replicate}", f"B-run0{replicate}"
        rounds = range(replicate + 1)
        put("A", replicate, [message(run, a, r, f"Agent-B, say {r} to me") for r in rounds for a in AGENTS])
        put("B", replicate, [message(alone, AGENTS[0], 0, "Nobody is here")], AGENTS[:1])

    assert set(built(build, results).frame.get("series", ["A"])) <= {"A", "B"}


def test_agents_who_never_spoke_are_still_in_the_audit(results: Results, put: Say) -> None:
    put("A", 1, [message("A-run01", AGENTS[0], 0, "Hello"), failure("A-run01", AGENTS[1], 0)])
    lost = built(audit_table, results).frame.query("measure == 'lost_turns'").set_index("detail")["count"]

    assert lost.to_dict() == {"": 2, "llama": 0, "kimi": 1, "qwen": 1}


def test_a_report_without_texts_has_what_needs_none(results: Results, put: Say) -> None:
    turns = [message("A-run01", agent, r, "Agent-B, go on") for r in range(3) for agent in AGENTS]
    put("A", 1, turns)
    analysis = analyse(results, Options(resamples=50))
    without = replace(analysis.frames, messages=analysis.frames.messages.drop(columns="text"))
    analysis = replace(analysis, frames=without)

    assert text_table(analysis).frame.empty
    assert adoption_table(analysis).frame.empty
    assert "Texts were not loaded" in audit_table(analysis).notes[0]
    assert "Texts were not loaded" in convergence_table(analysis).notes[0]
    assert not network_table(analysis).frame.empty


def test_the_same_results_give_the_same_tables(results: Results, put: Say) -> None:
    for replicate in (1, 2, 3):
        run = f"A-run0{replicate}"
        put("A", replicate, [
            message(run, a, r, f"Agent-C and {a.label} on {r}") for r in range(4) for a in AGENTS
        ])  # fmt: skip

    for build in BUILDERS:
        first, second = (built(build, results).frame for _ in range(2))
        pd.testing.assert_frame_equal(first, second)
