import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mascope.errors import CorruptJournal
from mascope.imports.codes import import_codes
from mascope.imports.warroom import import_warroom
from mascope.records import (
    Abstained,
    Agent,
    Coding,
    Failure,
    Mark,
    Message,
    Turn,
    Unanswered,
    Unreadable,
    Usage,
)
from mascope.store import cache, codes, journal
from mascope.store.codes import CoderHeader
from mascope.store.frames import Frames, load
from mascope.store.journal import Header
from mascope.store.layout import Results, run_id

AGENTS = tuple(
    Agent(id_, name, name, id_, f"groq/{id_}", label, seat)
    for seat, (id_, name, label) in enumerate(
        [("llama", "Agent-A", "LLaMA 3.3"), ("kimi", "Agent-B", "Kimi K2"), ("qwen", "Agent-C", "Qwen3")]
    )
)


def message(run: str, agent: Agent, round_: int, text: str, **more: Any) -> Message:
    id_ = f"{run}|{agent.name}|R{round_}"
    fields = {"position": agent.seat, "served_model": None, "seen": (), "prompt_digest": "", "at": "", **more}
    return Message(
        id=id_, agent=agent.id, name=agent.name, model=agent.model, round=round_, text=text, **fields
    )


def failure(run: str, agent: Agent, round_: int, **more: Any) -> Failure:
    fields = {"kind": "server", "origin": "organic", "detail": "500", "told": None, "at": "", **more}
    return Failure(f"{run}|{agent.name}|R{round_}", agent.id, agent.name, round_, agent.seat, **fields)


def header(series: str, replicate: int, **more: Any) -> Header:
    fields = {
        "seed": 1, "study": "s", "digest": "d", "agents": AGENTS, "condition": {}, "condition_digest": "c",
        "simulated": False, "version": "0", "started": "2026-03-04T10:00:00Z", **more,
    }  # fmt: skip
    return Header(run=run_id(series, replicate), series=series, replicate=replicate, **fields)


def put(results: Results, head: Header, *turns: Turn, ended: str = "2026-03-04T10:01:30.500Z") -> None:
    file = results.journal(head.run)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(journal.whole(head, turns, ended))


def put_codes(
    results: Results, coder: str, run: str, *verdicts: Any, flags: tuple[str, ...] = ("META",)
) -> None:
    file = results.codes(coder, run)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(codes.whole(CoderHeader(coder, "llm", "digest", flags), verdicts, ""))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = Results(tmp_path)
    found.write_study("study: s\nseries: {B: {}, A: {}}\n")
    return found


def only(frame: pd.DataFrame) -> dict[str, Any]:
    [row] = frame.to_dict("records")
    return {str(name): value for name, value in row.items()}


# Runs and messages --------------------------------------------------------------------------------------


def test_a_message_is_measured(results: Results) -> None:
    said = message(
        "A-run01", AGENTS[0], 2, " Agent‑B, could you\tlook?  Qwen3 too. ",
        served_model="llama-70b", seen=("x", "y"), usage=Usage(100, 20, 5), cost_usd=0.25, latency_s=1.5,
        finish_reason="stop", changes=("reasoning", "own_name"), attempts=2, at="2026-03-04T10:00:10Z",
    )  # fmt: skip
    put(results, header("A", 1), said)
    row = only(load(results).messages)

    assert row == {
        "message": "A-run01|Agent-A|R2", "run": "A-run01", "series": "A", "agent": "llama", "name": "Agent-A",
        "round": 2, "position": 0, "words": 6, "mentions": ("kimi", "qwen"), "broadcast": False,
        "chars": len(said.text), "model": "llama", "label": "LLaMA 3.3", "served_by": "groq/llama",
        "served_model": "llama-70b", "seat": 0, "seen": 2, "view": "", "finish_reason": "stop",
        "changes": "reasoning;own_name", "prompt_tokens": 100.0, "completion_tokens": 20.0,
        "reasoning_tokens": 5.0, "cost_usd": 0.25, "latency_s": 1.5, "attempts": 2,
        "at": "2026-03-04T10:00:10Z", "text": said.text,
    }  # fmt: skip


def test_what_is_not_known_is_not_a_number(results: Results) -> None:
    put(results, header("A", 1, started=None), message("A-run01", AGENTS[0], 0, "Hello"), ended="")
    row, run = only(load(results).messages), only(load(results).runs)

    for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_usd", "latency_s"):
        assert math.isnan(row[name]), name
    for name in ("prompt_tokens", "completion_tokens", "cost_usd", "seconds"):
        assert math.isnan(run[name]), name
    assert row["mentions"] == ()
    assert run["started"] is pd.NaT


def test_a_run_is_summed_up(results: Results) -> None:
    run = "A-run03"
    put(
        results,
        header("A", 3, parent="A-run01"),
        message(run, AGENTS[0], 0, "Hello", usage=Usage(10, 2), cost_usd=0.5),
        message(run, AGENTS[1], 0, " ! ", usage=Usage(20, 3), cost_usd=0.25),
        message(run, AGENTS[2], 0, "", usage=None),
        failure(run, AGENTS[0], 1),
        failure(run, AGENTS[1], 1, origin="injected", kind="crash", told="Agent-B has left."),
    )
    row = only(load(results).runs)

    assert row == {
        "run": run, "series": "A", "replicate": 3, "status": "done", "reason": row["reason"], "messages": 1,
        "empty": 2, "failures_injected": 1, "failures_organic": 1, "prompt_tokens": 30.0,
        "completion_tokens": 5.0, "cost_usd": 0.75, "unpriced": 1, "seconds": 90.5, "rounds": 2, "agents": 3,
        "models": "LLaMA 3.3; Kimi K2; Qwen3", "started": pd.Timestamp("2026-03-04T10:00:00Z"), "seed": 1,
        "simulated": False, "parent": "A-run01", "from_round": 0, "condition_digest": "c",
    }  # fmt: skip


def test_only_codable_messages_are_listed(results: Results) -> None:
    texts = ["", " ", "\n?\n", "ok", " ok "]
    put(results, header("A", 1), *(message("A-run01", AGENTS[0], n, text) for n, text in enumerate(texts)))

    assert list(load(results).messages["text"]) == ["ok", " ok "]
    assert list(load(results).messages["chars"]) == [2, 4]


def test_failures_are_listed_apart(results: Results) -> None:
    put(
        results,
        header("A", 1),
        failure("A-run01", AGENTS[2], 4, kind="crash", origin="injected", told="Gone."),
    )
    row = only(load(results).failures)

    assert row == {
        "failure": "A-run01|Agent-C|R4", "run": "A-run01", "series": "A", "agent": "qwen", "name": "Agent-C",
        "round": 4, "position": 2, "kind": "crash", "origin": "injected", "told": True, "notice": "Gone.",
        "detail": "500", "attempts": 0, "at": "",
    }  # fmt: skip
    assert load(results).messages.empty


def test_a_message_that_lists_everybody_is_a_broadcast(results: Results) -> None:
    many = tuple(Agent(f"a{n}", f"Agent-{n}", None, "m", "m", "m", n) for n in range(1, 9))
    said = message("A-run01", many[0], 0, "@Agent-2, @Agent-3, @Agent-4, @Agent-5, @Agent-6: hello")
    put(results, header("A", 1, agents=many), said)

    assert only(load(results).messages)["broadcast"] is True


def test_rows_stand_in_the_order_of_study_run_round_and_position(results: Results) -> None:
    for series, replicate in (("A", 100), ("A", 11), ("C", 1), ("B", 2)):
        run = run_id(series, replicate)
        put(
            results,
            header(series, replicate),
            message(run, AGENTS[1], 1, "hello"),
            message(run, AGENTS[1], 0, "hello"),
            message(run, AGENTS[0], 0, "hello"),
        )
    found = load(results)
    runs = ["B-run02", "A-run11", "A-run100", "C-run01"]

    assert list(found.runs["run"]) == runs
    assert list(found.runs["series"].cat.categories) == ["B", "A", "C"]
    assert list(found.messages["message"]) == [
        f"{run}|{turn}" for run in runs for turn in ("Agent-A|R0", "Agent-B|R0", "Agent-B|R1")
    ]
    assert [str(run) for run, _ in found.messages.groupby("run")] == runs


def test_texts_can_be_left_out(results: Results) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "Hello"))

    assert "text" not in load(results, texts=False).messages.columns


def test_a_run_that_was_cut_off_is_partial(results: Results) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "Hello", at="2026-03-04T10:00:20Z"))
    file = results.journal("A-run01")
    file.write_bytes(file.read_bytes()[:-5])
    row = only(load(results).runs)

    assert (row["status"], row["messages"], row["seconds"]) == ("partial", 1, 20.0)


def test_a_run_that_was_only_about_to_begin_has_no_row(results: Results) -> None:
    results.journal("A-run01").parent.mkdir(parents=True)
    results.journal("A-run01").write_bytes(b'{"event":"run"')

    assert load(results).runs.empty


def test_a_copy_of_a_journal_is_not_counted_again(results: Results) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "hello"))
    results.journal("A-run02").write_bytes(results.journal("A-run01").read_bytes())

    with pytest.raises(CorruptJournal, match=r"A-run02\.jsonl:1: it is of 'A-run01'"):
        load(results)


def test_lone_surrogates_do_not_stop_anything(results: Results) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "half \ud83d"))

    assert load(results).messages["text"].tolist() == ["half �"]


def test_numbers_of_tokens_that_no_float_tells_apart_do_not_stop_anything(results: Results) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "hello", usage=Usage(2**62 + 1, 2**63 - 1)))
    row = only(load(results).runs)

    assert (row["prompt_tokens"], row["completion_tokens"]) == (2.0**62, 2.0**63)


# Codes --------------------------------------------------------------------------------------------------


def test_codes_are_wide_and_keep_undecided_apart_from_no(results: Results) -> None:
    run = "A-run01"
    names = [f"{run}|Agent-{letter}|R0" for letter in "ABC"]
    put(results, header("A", 1), *(message(run, agent, 0, "hello") for agent in AGENTS))
    put_codes(
        results, "gemini", run,
        Coding(names[1], {"META": Mark("yes"), "COMP": Mark("yes", "L2")}),
        Coding(names[0], {"META": Mark("unsure"), "COMP": Mark("no")}),
        Coding(names[2], {"COMP": Mark("no")}),
        flags=("META", "COMP"),
    )  # fmt: skip
    found = load(results).codes

    assert list(found["message"]) == names
    assert list(found.columns[-3:]) == ["META", "COMP", "COMP_level"]
    assert found["META"].fillna(-1).tolist() == [-1, 1, -1]
    assert found["COMP"].tolist() == [0, 1, 0]
    assert found["COMP_level"].astype(object).where(found["COMP_level"].notna(), None).tolist() == [
        None,
        "L2",
        None,
    ]
    assert load(results).flags == ("META", "COMP")


def test_half_a_character_in_a_flag_does_not_stop_anything(results: Results) -> None:
    put_codes(results, "a", "A-run01", Coding("m", {"M\ud83d": Mark("yes")}), flags=("M\ud83d",))

    assert load(results).flags == ("M\ufffd",)


def test_other_outcomes_than_codings_have_no_codes(results: Results) -> None:
    run = "A-run01"
    names = [f"{run}|Agent-{letter}|R0" for letter in "ABC"]
    put(results, header("A", 1), *(message(run, agent, 0, "hello") for agent in AGENTS))
    put_codes(
        results, "gemini", run,
        Unreadable(names[0], "?", "not JSON"), Abstained(names[1], "no"), Unanswered(names[2], "timeout", ""),
    )  # fmt: skip
    found = load(results).codes

    assert found["outcome"].tolist() == ["unreadable", "abstained", "unanswered"]
    assert found["META"].isna().all()


def test_coders_may_code_different_flags(results: Results) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "hello"))
    name = "A-run01|Agent-A|R0"
    put_codes(results, "b", "A-run01", Coding(name, {"META": Mark("no")}))
    put_codes(results, "a", "A-run01", Coding(name, {"LEAD": Mark("yes")}), flags=("LEAD",))
    found = load(results).codes

    assert found["coder"].tolist() == ["a", "b"]
    assert found[["LEAD", "META"]].fillna(-1).to_numpy().tolist() == [[1, -1], [-1, 0]]


def test_codes_of_what_is_no_codable_message_come_last(results: Results) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "hello"))
    put_codes(
        results, "a", "A-run01",
        Coding("A-run01|Agent-B|R0", {"META": Mark("no")}),
        Coding("A-run01|Agent-A|R0", {"META": Mark("no")}),
    )  # fmt: skip

    assert load(results).codes["message"].tolist() == ["A-run01|Agent-A|R0", "A-run01|Agent-B|R0"]


# Nothing, and trouble -----------------------------------------------------------------------------------


def test_a_study_that_has_not_begun_has_empty_frames(results: Results) -> None:
    found = load(results)

    assert [len(frame) for frame in (found.runs, found.messages, found.failures, found.codes)] == [0, 0, 0, 0]
    assert "mentions" in found.messages.columns
    assert found.flags == ()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_corrupt_line_is_named_whoever_reads_it(results: Results, jobs: int) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "hello"))
    file = results.journal("A-run01")
    file.write_bytes(file.read_bytes().replace(b'"text"', b'"test"'))

    with pytest.raises(CorruptJournal, match=r"A-run01\.jsonl:2: ") as caught:
        load(results, jobs=jobs)
    assert caught.value.file == file


def same(one: Frames, other: Frames) -> None:
    for name in ("runs", "messages", "failures", "codes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_categorical=False)


def test_several_processes_read_the_same_as_one(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    for replicate in range(1, 24):
        run = run_id("A", replicate)
        said = message(run, AGENTS[replicate % 3], 0, f"hello Agent-{'ABC'[replicate % 2]}")
        put(results, header("A", replicate), said, failure(run, AGENTS[0], 1, kind=f"kind {replicate % 5}"))
        marks = {"META": Mark("yes")} if replicate % 2 else {"COMP": Mark("yes", "L1")}
        put_codes(results, "a", run, Coding(said.id, marks), flags=tuple(marks))
    monkeypatch.setattr(cache, "FEWEST", 2)

    same(load(results, jobs=2), load(results, jobs=1))


def test_frames_survive_parquet_and_csv(results: Results, tmp_path: Path) -> None:
    put(results, header("A", 1), message("A-run01", AGENTS[0], 0, "Agent-B and Agent-C, hello"))
    found = load(results).messages
    found.to_parquet(tmp_path / "messages.parquet")
    found.to_csv(tmp_path / "messages.csv")
    back = pd.read_parquet(tmp_path / "messages.parquet")

    assert list(back["mentions"][0]) == ["kimi", "qwen"]
    assert (tmp_path / "messages.csv").read_text().count("A-run01|Agent-A|R0") == 1


# The published data -------------------------------------------------------------------------------------


@pytest.fixture
def published(warroom: Path, tmp_path: Path) -> Frames:
    results = Results(tmp_path / "warroom")
    import_warroom(warroom / "transcripts", results)
    import_codes(warroom / "human_coding.csv", results, "human", "human_")
    return load(results)


def test_the_published_series_have_their_known_sizes(published: Frames) -> None:
    sizes = published.messages.groupby("series").size()
    known = {"A": 1506, "B": 1074, "C": 1558, "F": 144, "K3": 1082}

    assert {name: sizes[name] for name in known} == known
    assert published.runs["messages"].sum() == len(published.messages)
    assert set(published.codes["message"]) <= set(published.messages["message"])


def test_words_are_counted_as_the_platform_did(published: Frames) -> None:
    said = published.messages.set_index("message")["words"]

    # The platform's own `wordCount` of that message.
    assert said["A-run07|Agent-A|R0"] == 159


def test_the_crashed_agent_never_says_a_word(published: Frames) -> None:
    a = published.failures[published.failures["series"] == "A"]

    assert "deepseek" not in set(published.messages["agent"])
    assert (a["agent"] == "deepseek").sum() == 42
