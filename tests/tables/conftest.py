"""Results directories, written by the store as a run would, and looked at as a report does."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from mascope.imports.warroom import import_warroom
from mascope.pipeline.reporting import Options, analyse
from mascope.records import Agent, Failure, Message, Turn, message_id
from mascope.store.journal import Header, whole
from mascope.store.layout import Results, run_id
from mascope.tables.analysis import Analysis

AGENTS = tuple(
    Agent(key, name, name, key, f"groq/{key}-1b", label, seat)
    for seat, (key, name, label) in enumerate(
        [("llama", "Agent-A", "LLaMA 3.3"), ("kimi", "Agent-B", "Kimi K2"), ("qwen", "Agent-C", "Qwen3 32B")]
    )
)
Say = Callable[..., None]


def message(run: str, agent: Agent, round_: int, text: str, **more: Any) -> Message:
    fields = {"position": agent.seat, "served_model": None, "seen": (), "prompt_digest": "", **more}
    id_ = message_id(run, agent.name, round_)
    return Message(
        id=id_, agent=agent.id, name=agent.name, model=agent.model, round=round_, text=text, **fields
    )


def failure(run: str, agent: Agent, round_: int, told: str | None = None) -> Failure:
    id_ = message_id(run, agent.name, round_)
    return Failure(id_, agent.id, agent.name, round_, agent.seat, "server", "organic", "503", told)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    made = Results(tmp_path / "study")
    made.root.mkdir()
    made.write_study("study: made-up\nseries: {A: {}, B: {}}\n")
    return made


@pytest.fixture
def put(results: Results) -> Say:
    def _put(series: str, replicate: int, turns: Iterable[Turn], agents: tuple[Agent, ...] = AGENTS) -> None:
        run = run_id(series, replicate)
        header = Header(
            run=run, series=series, replicate=replicate, seed=1, study="s", digest="d", agents=agents,
            condition={}, condition_digest="c", simulated=False, version="0",
        )  # fmt: skip
        file = results.journal(run)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(whole(header, turns, ended=""))

    return _put


@pytest.fixture(scope="session")
def published(warroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The published series A, B, C, F and K3."""
    imported = Results(tmp_path_factory.mktemp("published") / "warroom")
    import_warroom(warroom / "transcripts", imported)
    return analyse(imported, Options(resamples=500))
