"""What is kept of each run for a reader: whole, short, and packed as it is shown."""

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mascope.errors import CorruptJournal
from mascope.records import Agent, Coding, Failure, Mark, Message, ProbeAnswer, message_id
from mascope.store import codes, evidence, loading, shown
from mascope.store.codes import CoderHeader
from mascope.store.evidence import Evidence
from mascope.store.journal import Header, Recorder
from mascope.store.layout import Results, run_id

AGENTS = tuple(Agent(f"m{seat}", f"Agent-{seat}", None, f"m{seat}", "groq/x", "X", seat) for seat in range(2))
RUN = run_id("A", 1)


def said(seat: int, round_: int, text: str = "Green tea.", **more: Any) -> Message:
    agent = AGENTS[seat]
    id_ = message_id(RUN, agent.name, round_)
    made = Message(id_, agent.id, agent.name, agent.model, None, round_, seat, text, (), "")
    return replace(made, **more)


FIRST = said(0, 0)
TURNS = (
    FIRST,
    Failure(message_id(RUN, "Agent-1", 0), "m1", "Agent-1", 0, 1, "crash", "injected", "as asked", "[left]"),
    said(0, 1, served_model="x-2", seen=(FIRST.id, "of-another-run"), finish_reason="length", attempts=2),
    said(1, 1, "half a character: \ud83d", changes=("reasoning",)),
)  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = Results(tmp_path / "results")
    found.root.mkdir()
    found.write_study("study: s\nseries: {A: {}}\n")
    recorder = Recorder(found.journal(RUN))
    recorder.header(Header(RUN, "A", 1, 1, "s", "d", AGENTS, {}, "c", False, "0.9"))
    recorder.call("m0", 0, 1, "ab")
    recorder.error("m0", 1, 1, kind="rate_limit", detail="slow down")
    for turn in TURNS:
        recorder.turn(turn)
    recorder.probe(
        ProbeAnswer(
            f"{RUN}|Agent-0|P:mood|R0", "mood", "m0", "Agent-0", 0, "scale", "answered", 0, "0", (), "p"
        )
    )
    recorder.end("done")
    recorder.close()
    put_codes(
        found, Coding(FIRST.id, {"META": Mark("no")}), Coding(FIRST.id, {"META": Mark("yes", quote="tea")})
    )
    return found


def put_codes(results: Results, *verdicts: Coding) -> None:
    recorder = codes.CodesRecorder(results.codes("a", RUN), CoderHeader("a", "llm", "digest", ("META",)))
    for verdict in verdicts:
        recorder.verdict(verdict, cost_usd=0.25, request="ab", asked=1)
    recorder.close()


def unpacked(packed: bytes) -> Any:
    return json.loads(gzip.decompress(packed))


def only_run(found: Evidence) -> Any:
    [packed] = found.transcripts["packed"]
    return unpacked(packed)


def test_a_transcript_holds_the_lines_of_its_journal(results: Results) -> None:
    run = only_run(evidence.load(results))
    written = [json.loads(line) for line in results.journal(RUN).read_bytes().splitlines()]

    assert run["turns"] == [line for line in written if line["event"] in ("message", "failure")]
    assert run["kinds"] == ["message", "fault", "message", "message"]
    assert run["errors"] == [line for line in written if line["event"] == "error"]
    assert run["probes"][0]["answer"] == 0
    assert run["end"]["status"] == "done"
    started = written[0]["at"]
    assert run["about"] == {
        "seed": 1, "replicate": 1, "version": "0.9", "digest": "d", "started": started
    }  # fmt: skip


def test_turns_stand_by_round_and_position(results: Results) -> None:
    file = results.journal(RUN)
    first, *others = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + b"".join(reversed(others[:-1])) + others[-1])

    assert [turn["id"] for turn in only_run(evidence.load(results))["turns"]] == [turn.id for turn in TURNS]


def test_a_number_that_no_page_can_read_is_nothing(results: Results) -> None:
    file = results.journal(RUN)
    file.write_bytes(file.read_bytes().replace(b'"position":', b'"of_a_plugin":NaN,"position":', 1))

    assert only_run(evidence.load(results))["turns"][0]["of_a_plugin"] is None


def test_half_a_character_in_what_is_said_of_a_verdict_is_shown(results: Results) -> None:
    file = results.codes("a", RUN)
    file.write_bytes(file.read_bytes().replace(b'"cost_usd"', b'"why":"\\ud83d","cost_usd"'))

    [packed] = evidence.load(results).verdicts["packed"]

    assert unpacked(packed)[FIRST.id]["why"] == "\ud83d"


def test_of_several_verdicts_the_last_is_shown_and_counted(results: Results) -> None:
    [found] = evidence.load(results).verdicts.to_dict("records")

    assert (found["run"], found["coder"], found["cost_usd"]) == (RUN, "a", 0.25)
    assert unpacked(found["packed"]) == {
        FIRST.id: {
            "outcome": "coding",
            "flags": {"META": {"answer": "yes", "quote": "tea"}},
            "cost_usd": 0.25,
        }
    }


def test_every_turn_stands_in_short(results: Results) -> None:
    turns = evidence.load(results).turns.astype({"kind": str, "served": str})

    assert turns["kind"].tolist() == ["message", "fault", "message", "message"]
    assert turns["served"].tolist() == ["groq/x", "groq/x", "x-2", "groq/x"]
    marks = turns[["truncated", "cleaned", "retried", "told"]].to_numpy().tolist()
    assert marks == [
        [False, False, False, False], [False, False, False, True],
        [True, False, True, False], [False, True, False, False],
    ]  # fmt: skip


@pytest.mark.parametrize("seen", [3, [["x"]], {"x": 1}])
def test_a_field_that_a_failure_does_not_have_may_hold_anything(results: Results, seen: Any) -> None:
    file = results.journal(RUN)
    *before, fault, after = file.read_bytes().partition(b'"kind":"crash"')
    file.write_bytes(b"".join(before) + fault + b',"seen":' + json.dumps(seen).encode() + after)

    run = only_run(evidence.load(results))
    assert (run["kinds"][1], run["turns"][1]["seen"]) == ("fault", seen)


def test_a_torn_last_line_is_no_turn(results: Results) -> None:
    file = results.journal(RUN)
    file.write_bytes(file.read_bytes().rpartition(b'{"event":"end"')[0] + b'{"event":"mes')
    found = evidence.load(results)

    assert found.transcripts["status"].tolist() == ["partial"]
    assert only_run(found)["end"] == {}
    assert len(found.turns) == len(TURNS)


def test_a_journal_that_was_only_opened_is_no_run(results: Results) -> None:
    results.journal(RUN).write_bytes(b"")

    assert len(evidence.load(results).transcripts) == 0


def test_what_cannot_be_read_is_named(results: Results) -> None:
    with results.journal(RUN).open("ab") as stream:
        stream.write(b'{"event":"message"}\n')

    with pytest.raises(CorruptJournal, match=r"A-run01\.jsonl:10"):
        evidence.load(results)


@pytest.mark.parametrize("turn", [FIRST, TURNS[1]], ids=["message", "failure"])
def test_what_a_fork_repeats_of_its_parent_is_neither_message_nor_failure(turn: Message | Failure) -> None:
    assert shown.kind(turn) in ("message", "fault")
    assert shown.kind(replace(turn, copied_from="A-run01|Alpha|R0")) == "copied"


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (said(0, 0, "!"), "empty"),
        (said(0, 0, " \n"), "empty"),
        (said(0, 0, scripted=True), "scripted"),
        (replace(TURNS[1], origin="organic"), "failure"),
    ],
)
def test_a_turn_is_of_one_kind(turn: Message | Failure, kind: str) -> None:
    assert shown.kind(turn) == kind


def test_what_is_kept_is_read_from_there(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "WORTH_A_PROCESS", 0)
    anew = evidence.load(results)
    monkeypatch.setattr(
        loading, "READERS", {kind: (None, tables) for kind, (_, tables) in loading.READERS.items()}
    )
    again = evidence.load(results)

    assert only_run(again) == only_run(anew)
    assert again.verdicts["packed"].tolist() == anew.verdicts["packed"].tolist()


def test_what_json_cannot_hold_is_packed_all_the_same() -> None:
    assert unpacked(shown.packed({"half": "\ud83d", "n": math.nan})) == {"half": "\ud83d", "n": None}
    assert unpacked(shown.packed({"half": "\ud83d", "é": [0, None]})) == {"half": "\ud83d", "é": [0, None]}
