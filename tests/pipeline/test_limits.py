"""How much a model holds is looked up, and stays what it was for as long as a study is gone on with."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mascope.chat.prices import load_prices
from mascope.chat.routes import limit_of
from mascope.chat.scripted import Scripted
from mascope.chat.types import Model, Request
from mascope.discussion.engine import Unobserved
from mascope.errors import ForeignResults
from mascope.pipeline.forking import ForkOptions, prepare_forks
from mascope.pipeline.planning import as_json, plan_study
from mascope.pipeline.running import Options, hold, prepare
from mascope.records import Failure, Message
from mascope.store import journal
from mascope.store.layout import Results

STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {model: openai/paid, base_url: "http://127.0.0.1:9/v1", key_env: SOME_KEY}
  bob: {model: openai/free, base_url: "http://127.0.0.1:9/v1", key_env: SOME_KEY}
base:
  participants: [ann, bob]
  runs: 2
  rounds: 6
  sampling: {max_tokens: 100}
  context: {overflow: cut}
series: {X: {}}
"""
PRICES = "date: 2026-11-01\nmodels: {openai/paid: {input: 1, output: 1, context: LIMIT}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOME_KEY", "x")
    (tmp_path / "tea.yaml").write_text(STUDY)
    return tmp_path


def prices(folder: Path, limit: int) -> Path:
    file = folder / "prices.yaml"
    file.write_text(PRICES.replace("LIMIT", str(limit)))
    return file


def long(request: Request) -> str:
    return "tea " * 50  # fifty tokens


def held(folder: Path, table: Path | None, first: int | None = None) -> Results:
    prepared = prepare(folder / "tea.yaml", folder / "out", Options(first=first, prices=table))
    chats = dict.fromkeys(prepared.chats, Scripted(long))
    summary = asyncio.run(hold(replace(prepared, chats=chats), Unobserved()))
    assert set(summary.statuses.values()) == {"done"}
    return summary.results


def shown(results: Results, run: str) -> list[int]:
    """How many turns ann was shown in each round."""
    turns = journal.read(results.journal(run)).turns
    return [len(turn.seen) for turn in turns if isinstance(turn, Message) and turn.agent == "ann"]


def test_a_limit_in_the_price_table_cuts_the_prompt_and_is_recorded(folder: Path) -> None:
    results = held(folder, prices(folder, 350))

    # 250 tokens for the prompt, 208 of them as estimated; scaffold and brief take 27, each turn 57 (with its
    # author's name and what a chat's template adds), and 54 if it is the agent's own.
    assert shown(results, "X-run01") == [0, 2, 3, 3, 3, 3]
    header = journal.read(results.journal("X-run01")).header
    assert header is not None
    assert header.limits == {"ann": 350}
    cut = [t.cut for t in journal.read(results.journal("X-run01")).turns if isinstance(t, Message)]
    assert max(map(len, cut)) == 7


def test_a_changed_price_table_changes_no_prompt_of_a_study_that_has_begun(folder: Path) -> None:
    held(folder, prices(folder, 350), first=1)
    file = folder / "out" / "runs" / "X" / "X-run01.jsonl"
    before = [t.seen for t in journal.read(file).turns if isinstance(t, Message)]
    lines = file.read_bytes().splitlines(keepends=True)
    half = next(n for n, line in enumerate(lines) if b"|Agent-B|R2" in line and b'"event":"message"' in line)
    file.write_bytes(b"".join(lines[: half + 1]))

    results = held(folder, prices(folder, 1000))

    assert [t.seen for t in journal.read(file).turns if isinstance(t, Message)] == before
    assert shown(results, "X-run02") == shown(results, "X-run01") == [0, 2, 3, 3, 3, 3]
    assert yaml.safe_load(results.study_file.read_text())["mascope"]["limits"] == {"ann": 350, "bob": None}


def test_a_table_without_the_limit_does_not_take_it_away(folder: Path) -> None:
    held(folder, prices(folder, 350), first=1)

    assert shown(held(folder, None), "X-run02") == [0, 2, 3, 3, 3, 3]


def test_a_limit_that_is_found_out_later_is_not_applied_to_a_study_that_has_begun(folder: Path) -> None:
    held(folder, None, first=1)

    assert shown(held(folder, prices(folder, 350)), "X-run02") == [0, 2, 4, 6, 8, 10]


def test_the_studys_own_limit_goes_before_any_table(folder: Path) -> None:
    (folder / "tea.yaml").write_text(
        STUDY.replace("key_env: SOME_KEY}\n  bob", "key_env: SOME_KEY, context: 300}\n  bob")
    )

    results = held(folder, prices(folder, 10_000))

    assert shown(results, "X-run01") == [0, 2, 2, 2, 2, 2]


def test_a_limit_that_the_study_changes_is_another_setting(folder: Path) -> None:
    held(folder, None, first=1)
    (folder / "tea.yaml").write_text(
        STUDY.replace("key_env: SOME_KEY}\n  bob", "key_env: SOME_KEY, context: 300}\n  bob")
    )

    with pytest.raises(ForeignResults, match="under other settings"):
        held(folder, None)


def test_another_model_under_the_same_key_is_looked_up_anew(folder: Path) -> None:
    held(folder, prices(folder, 350), first=1)
    changed = STUDY.replace("openai/paid", "openai/other").replace("series: {X", "series: {Y")
    (folder / "tea.yaml").write_text(changed)
    (folder / "prices.yaml").write_text(PRICES.replace("paid", "other").replace("LIMIT", "300"))

    assert shown(held(folder, folder / "prices.yaml"), "Y-run01") == [0, 2, 2, 2, 2, 2]


def test_a_fork_has_its_parents_limits(folder: Path) -> None:
    held(folder, prices(folder, 350))
    options = ForkOptions("X-run01", 3, "sampling.temperature=0.1", results=folder / "out")
    prepared = prepare_forks(replace(options, prices=prices(folder, 1000)))

    chats = dict.fromkeys(prepared.chats, Scripted(long))
    asyncio.run(hold(replace(prepared, chats=chats), Unobserved()))

    found = journal.read(prepared.results.journal(prepared.runs[0].id))
    assert found.header is not None
    assert found.header.limits == {"ann": 350}
    assert shown(prepared.results, prepared.runs[0].id) == [0, 2, 3, 3, 3, 3]


def test_where_nothing_may_be_cut_a_turn_that_is_too_long_fails_without_a_call(folder: Path) -> None:
    (folder / "tea.yaml").write_text(STUDY.replace("cut", "fail"))

    results = held(folder, prices(folder, 300))

    failures = [t for t in journal.read(results.journal("X-run01")).turns if isinstance(t, Failure)]
    assert [(f.agent, f.round, f.kind, f.attempts) for f in failures] == [
        ("ann", round_, "context", 0) for round_ in (2, 3, 4, 5)
    ]


def test_the_plan_says_what_models_hold_and_from_which_round_that_is_too_little(folder: Path) -> None:
    plan = plan_study(folder / "tea.yaml", prices=prices(folder, 300))

    assert as_json(plan)["limits"] == {"ann": 300, "bob": None}
    (said,) = plan.cautions
    assert said.startswith("paid holds 300 tokens, which prompts may exceed (X from round 1 on")
    assert said.endswith("the oldest turns are cut")


@pytest.mark.parametrize(
    ("served_by", "more", "limit"),
    [
        ("openai/gpt-4o", {}, 128_000),
        ("openai/gpt-4o", {"context_tokens": 500}, 500),
        ("openai/no-such-model", {}, None),
        ("rehearsal/plain", {}, None),
        ("openai_like/gpt-4o", {"base_url": "http://127.0.0.1:9/v1"}, None),
        ("local/no-such-model", {}, None),
    ],
)
def test_the_limit_of_a_model_is_its_own_or_the_shipped_tables_or_unknown(
    served_by: str, more: dict[str, object], limit: int | None
) -> None:
    model = replace(Model("m", served_by, "M"), **more)  # type: ignore[arg-type]

    assert limit_of(model, load_prices()) == limit


@pytest.mark.local
def test_a_local_model_holds_what_it_is_loaded_with() -> None:
    assert limit_of(Model("m", "local/smollm2", "M"), load_prices()) == 4096
    assert limit_of(Model("m", "local/smollm2", "M", parameters={"context": 512}), load_prices()) == 512


def test_a_limit_of_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(Exception, match="context"):
        load_prices(prices(folder, 0))
