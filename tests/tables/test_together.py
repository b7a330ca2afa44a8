"""Tables built by several processes, and of a part of the runs, are what they would be otherwise."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mascope.pipeline.reporting import Options, analyse
from mascope.records import Agent, Coding, Mark, Message, message_id
from mascope.store import codes
from mascope.store.codes import CoderHeader
from mascope.store.layout import Results, run_id
from mascope.tables import analysis as analyses
from mascope.tables import together
from mascope.tables.analysis import Analysis
from mascope.tables.catalog import TABLES, build

AGENTS = tuple(
    Agent(key, name, name, key, f"groq/{key}-1b", key, seat)
    for seat, (key, name) in enumerate([("llama", "Agent-A"), ("kimi", "Agent-B"), ("qwen", "Agent-C")])
)
FLAGS = ("META", "LEAD")
RUNS, ROUNDS = 6, 4
WORDS = ("the", "plan", "is", "good", "we", "will", "do", "all", "of", "it", "now", "and", "here")


@pytest.fixture
def analysis(results: Results, put: Any) -> Analysis:
    rng = np.random.default_rng(1)
    for series in ("A", "B"):
        for replicate in range(1, RUNS + 1):
            run = run_id(series, replicate)
            said = [
                message(run, agent, round_, " ".join(rng.choice(WORDS, 12)))
                for round_ in range(ROUNDS)
                for agent in AGENTS
            ]
            put(series, replicate, said)
            for coder in ("a", "b"):
                code(results.codes(coder, run), coder, [one.id for one in said], rng)
    return analyse(results, Options(resamples=200))


def message(run: str, agent: Agent, round_: int, text: str) -> Message:
    id_ = message_id(run, agent.name, round_)
    return Message(id_, agent.id, agent.name, agent.model, None, round_, agent.seat, text, (), "")


def code(file: Path, coder: str, messages: list[str], rng: np.random.Generator) -> None:
    def mark() -> Mark:
        return Mark("yes" if rng.random() < 0.4 else "no")

    verdicts = [Coding(id_, {flag: mark() for flag in FLAGS}) for id_ in messages]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(codes.whole(CoderHeader(coder, "llm", "digest", FLAGS), verdicts, ""))


def test_several_processes_build_the_tables_that_one_builds(
    results: Results, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = list(build(analysis))
    monkeypatch.setattr(together, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(together, "cores", lambda: 2)
    side_by_side = list(build(analyse(results, Options(resamples=200))))

    assert [table.name for table in side_by_side] == list(TABLES)
    for one, other in zip(alone, side_by_side, strict=True):
        pd.testing.assert_frame_equal(one.frame, other.frame)
        assert (one.title, one.columns, one.notes) == (other.title, other.columns, other.notes)


def test_tables_that_share_something_are_built_by_one_process() -> None:
    groups = together.groups_of(["agreement", "audit", "contrasts", "temporal", "series", "convergence"])

    assert set(groups) == {
        ("audit", "contrasts"), ("temporal", "convergence"), ("series",), ("agreement",),
    }  # fmt: skip


def test_all_that_is_named_as_shared_or_partial_is_a_table() -> None:
    assert set(together.SHARING) | together.OF_A_PART | together.COPIED <= set(TABLES)


def test_a_part_holds_whole_runs_and_the_same_share_of_each_series(
    analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyses, "PART", RUNS * ROUNDS * len(AGENTS))  # half of them
    part = analysis.part()

    assert part.frames.runs["series"].value_counts().to_dict() == {"A": RUNS // 2, "B": RUNS // 2}
    assert (part.frames.messages.groupby("run", observed=True).size() == ROUNDS * len(AGENTS)).all()
    assert part.labelled["message"].tolist() == part.frames.messages["message"].tolist()
    assert set(part.frames.agents["run"]) == set(part.frames.runs["run"])
    assert part.part() is part


def test_a_part_takes_the_languages_that_are_told_already(
    analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyses, "PART", RUNS * ROUNDS * len(AGENTS))
    alone, beside = replace(analysis), replace(analysis)
    told = dict(zip(analysis.frames.messages["message"], beside.languages(), strict=True))
    monkeypatch.setattr(analyses, "languages", lambda texts: pytest.fail("told twice"))
    part = beside.part()

    assert list(part.languages()) == [told[message] for message in part.frames.messages["message"]]
    with pytest.raises(pytest.fail.Exception):
        alone.part().languages()


def test_few_messages_are_taken_whole(analysis: Analysis) -> None:
    assert analysis.part() is analysis


def test_a_table_of_a_part_says_so(analysis: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (analyses, together):
        monkeypatch.setattr(module, "PART", RUNS * ROUNDS * len(AGENTS))
    profiles, convergence = build(analysis, ["profiles", "convergence"])

    assert f"Of {RUNS} of the {2 * RUNS} runs, drawn by chance" in convergence.notes[-1]
    assert not any("drawn by chance" in note for note in profiles.notes)
    assert convergence.frame["runs"].max() == RUNS // 2
