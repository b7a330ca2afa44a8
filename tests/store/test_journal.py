import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from mascope.errors import CorruptJournal
from mascope.records import Agent, Failure, Message, ProbeAnswer, Usage
from mascope.store import journal
from mascope.store.journal import Header, Recorder

AGENT = Agent("llama", "Agent-A", "Agent-A", "llama", "groq/llama", "LLaMA", 0)
HEADER = Header(
    run="A-run01",
    series="A",
    replicate=1,
    seed=7,
    study="s",
    digest="d",
    agents=(AGENT,),
    condition={"rounds": 2},
    condition_digest="c",
    simulated=False,
    version="0",
    started="2026-03-04T00:38Z",
    aliases=("other",),
)
MESSAGE = Message(
    id="A-run01|Agent-A|R0",
    agent="llama",
    name="Agent-A",
    model="llama",
    served_model="llama-70b",
    round=0,
    position=0,
    text="Bonjour à tous",
    seen=("x", "y"),
    prompt_digest="p",
    at="2026-03-04T00:39Z",
    raw="<think>…</think>Bonjour à tous",
    changes=("reasoning",),
    usage=Usage(10, 5, 2),
    cost_usd=0.001,
    seed=3,
)
FAILURE = Failure(
    id="A-run01|Agent-A|R1",
    agent="llama",
    name="Agent-A",
    round=1,
    position=0,
    kind="rate_limit",
    origin="organic",
    detail="429",
    told=None,
    at="2026-03-04T00:40Z",
    attempts=3,
)


AS_JSON = asdict(AGENT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "A-run01.jsonl"


def record(file: Path, clock: str = "2026-03-04T00:41Z") -> None:
    recorder = Recorder(file, clock=lambda: clock)
    recorder.header(HEADER)
    recorder.call("llama", 0, 1, "digest")
    recorder.error("llama", 0, 1, kind="server")
    recorder.turn(MESSAGE)
    recorder.turn(FAILURE)
    recorder.note("probe", answer="yes")
    recorder.end("done")
    recorder.close()


def test_a_recorded_run_is_read_back(file: Path) -> None:
    record(file, clock=MESSAGE.at)
    found = journal.read(file)

    assert found.header == HEADER
    assert found.turns[0] == MESSAGE
    assert found.turns[1].id == FAILURE.id
    assert found.calls == 1
    assert found.status == "done"
    assert [event["event"] for event in found.extra] == ["error", "probe"]


def test_a_whole_journal_reads_as_a_recorded_one(file: Path) -> None:
    file.write_bytes(journal.whole(HEADER, (MESSAGE, FAILURE), "2026-03-04T00:50Z", "too many errors"))
    found = journal.read(file)

    assert found.header == HEADER
    assert found.turns == (MESSAGE, FAILURE)
    assert found.status == "done"
    assert found.end == {
        "event": "end", "at": "2026-03-04T00:50Z", "status": "done", "reason": "too many errors",
    }  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        lambda line: json.dumps(line).encode(),
        lambda line: json.dumps(dict(reversed(line.items()))).encode(),
        lambda line: json.dumps(line | {"of_a_plugin": "\ud83d"}, separators=(",", ":")).encode(),
        lambda line: json.dumps(line | {"of_a_plugin": float("nan")}, separators=(",", ":")).encode(),
    ],
    ids=["blanks", "another order", "half a character", "no number"],
)
def test_a_line_may_be_written_otherwise(file: Path, other: Callable[[Any], bytes]) -> None:
    record(file)
    plain = journal.read(file)
    file.write_bytes(b"".join(other(json.loads(line)) + b"\n" for line in file.read_bytes().splitlines()))
    found = journal.read(file)

    assert (found.header, found.turns, found.calls) == (plain.header, plain.turns, plain.calls)
    assert [json.loads(source)["id"] for source in found.sources] == [MESSAGE.id, FAILURE.id]


def test_the_line_of_each_turn_is_kept_as_it_stands(file: Path) -> None:
    record(file)

    assert journal.read(file).sources == tuple(file.read_bytes().splitlines()[3:5])


@pytest.mark.parametrize(
    ("sign", "instead"),
    [
        (b'"at":', b'"at"'),
        (b'"round":0', b'"round":\x01'),
        (b"}\n", b"\n"),
        (b"}\n", b"}x\n"),
        (b"}\n", b",}\n"),
    ],
)
def test_a_damaged_call_is_named_though_calls_are_only_counted(
    file: Path, sign: bytes, instead: bytes
) -> None:
    record(file)
    first, call, *others = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + call.replace(sign, instead) + b"".join(others))

    with pytest.raises(CorruptJournal, match=":2: not JSON"):
        journal.read(file)


def test_bytes_that_are_no_text_are_named_wherever_they_stand(file: Path) -> None:
    record(file)
    file.write_bytes(file.read_bytes().replace(b'"text":', b'"of_a_plugin":"\xff","text":'))

    with pytest.raises(CorruptJournal, match=":4: not JSON"):
        journal.read(file)


def test_a_journal_without_an_end_is_partial(file: Path) -> None:
    record(file)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))

    assert journal.read(file).status == "partial"


def test_no_file_is_an_empty_journal(file: Path) -> None:
    found = journal.read(file)

    assert (found.header, found.turns, found.status) == (None, (), "partial")
    assert journal.read_header(file) is None


def test_the_header_alone_can_be_read(file: Path) -> None:
    record(file)
    file.write_bytes(file.read_bytes() + b"broken\n")

    assert journal.read_header(file) == HEADER


def test_a_run_begins_when_its_first_line_was_written(file: Path) -> None:
    file.write_bytes(journal.whole(HEADER, (), ""))
    line = json.loads(file.read_bytes().splitlines()[0])
    del line["started"]
    line["at"] = "2026-03-05T10:00:00.000Z"
    file.write_text(json.dumps(line) + "\n")
    header = journal.read(file).header

    assert header is not None
    assert header.started == "2026-03-05T10:00:00.000Z"


def test_a_journal_of_another_format_is_refused(file: Path) -> None:
    record(file)
    file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":2', 1))

    with pytest.raises(CorruptJournal, match=r":1: .*format 2"):
        journal.read(file)
    with pytest.raises(CorruptJournal, match=r":1: .*format 2"):
        journal.read_header(file)


def test_a_journal_that_does_not_begin_with_its_run_is_corrupt(file: Path) -> None:
    record(file)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))

    with pytest.raises(CorruptJournal, match=":1: the first event must be 'run'"):
        journal.read(file)
    with pytest.raises(CorruptJournal, match=":1: the first event must be 'run'"):
        journal.read_header(file)


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (1, {"agents": None}),
        (1, {"agents": [{"id": "only"}]}),
        (1, {"agents": [AS_JSON, AS_JSON]}),
        (1, {"agents": [{**AS_JSON, "seat": "first"}]}),
        (1, {"agents": ["llama"]}),
        (1, {"seed": "x"}),
        (1, {"simulated": 0}),
        (1, {"started": "yesterday"}),
        (1, {"at": []}),
        (3, {"cost_usd": "free"}),
        (3, {"round": "0"}),
        (3, {"round": None}),
        (3, {"agent": ["llama"]}),
        (4, {"text": None}),
        (4, {"round": "0"}),
        (4, {"round": -1, "id": "A-run01|Agent-A|R-1"}),
        (4, {"round": False}),
        (4, {"round": 2**63, "id": f"A-run01|Agent-A|R{2**63}"}),
        (4, {"position": -1}),
        (4, {"position": 0.0}),
        (4, {"attempts": -1}),
        (4, {"seen": None}),
        (4, {"seen": "x"}),
        (4, {"cut": [1]}),
        (4, {"changes": [None]}),
        (4, {"usage": {"prompts": 1}}),
        (4, {"usage": {"prompt": "1", "completion": 1}}),
        (4, {"usage": {"prompt": 1, "completion": -1}}),
        (4, {"usage": [1, 2]}),
        (4, {"cost_usd": "abc"}),
        (4, {"cost_usd": -0.1}),
        (4, {"cost_usd": math.nan}),
        (4, {"cost_usd": True}),
        (4, {"latency_s": "x"}),
        (4, {"latency_s": math.inf}),
        (4, {"finish_reason": 3}),
        (4, {"served_model": ["a"]}),
        (4, {"scripted": "no"}),
        (4, {"seed": 1.5}),
        (4, {"at": None}),
        (4, {"agent": "nobody"}),
        (4, {"name": "Agent-B", "id": "A-run01|Agent-B|R0"}),
        (4, {"id": "A-run02|Agent-A|R0"}),
        (4, {"id": "A-run01|Agent-A|R1"}),
        (4, {"id": "A-run01|Agent-A|R01"}),
        (4, {"id": "A-run01|Agent-A|R0#"}),
        (4, {"id": "A-run01|Agent-A|R0#two"}),
        (5, {"kind": None}),
        (5, {"name": 3}),
        (5, {"agent": "nobody"}),
        (5, {"origin": "natural"}),
        (5, {"told": 1}),
        (5, {"detail": None}),
        (5, {"position": -2}),
        (5, {"id": "A-run01|Agent-A|R0", "round": 0}),
        (7, {"at": None}),
        (7, {"status": 1}),
        (7, {"event": "run"}),
        (7, {"event": "mesage"}),
        (7, {"event": "coding"}),
        (7, {"event": ["end"]}),
        (7, {"event": None}),
        (7, {"event": "alias", "message": "A-run01|Agent-A|R0"}),
        (7, {"event": "empty", "agent": "llama", "round": "0", "attempts": 1}),
    ],
)
def test_an_event_that_says_nonsense_is_named(file: Path, number: int, change: dict[str, Any]) -> None:
    record(file)
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    lines[number - 1].update(change)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    with pytest.raises(CorruptJournal, match=f":{number}: ") as caught:
        journal.read(file)

    assert caught.value.line == number


@pytest.mark.parametrize("field", ["id", "agent", "round", "position", "text", "seen", "prompt_digest"])
def test_a_message_without_a_field_it_needs_is_named(file: Path, field: str) -> None:
    file.write_bytes(journal.whole(HEADER, (MESSAGE,), ""))
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    del lines[1][field]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    with pytest.raises(CorruptJournal, match=f":2: a 'message' event cannot be read: .*{field}"):
        journal.read(file)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"cost_usd": "abc"}, "'cost_usd' is 'abc', not a number from 0 on or null"),
        ({"finish_reason": 3}, "'finish_reason' is 3, not text or null"),
        ({"usage": {"prompt": "1", "completion": 1}}, "'usage.prompt' is '1', not a whole number from 0 on"),
        ({"usage": "\ud83d"}, r"'usage' is '\\ud83d', not an object or null"),
        ({"seen": ["x", 1]}, r"'seen\[1\]' is 1, not text"),
        ({"agent": "nobody"}, "'agent' is 'nobody', who is not among the agents of this run"),
        ({"id": "x"}, r"'id' is 'x'; by its run, name and round it would be 'A-run01\|Agent-A\|R0'"),
        ({"event": "mesage"}, "a 'mesage' event cannot be read: .* knows no such event, only run, call, "),
    ],
)
def test_what_is_wrong_with_a_line_is_said(file: Path, change: dict[str, Any], problem: str) -> None:
    file.write_bytes(journal.whole(HEADER, (MESSAGE,), ""))
    first, second, last = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + json.dumps({**json.loads(second), **change}).encode() + b"\n" + last)

    with pytest.raises(CorruptJournal, match=rf"A-run01\.jsonl:2: .*{problem}"):
        journal.read(file)


def test_a_message_that_stands_there_twice_is_named(file: Path) -> None:
    file.write_bytes(journal.whole(HEADER, (MESSAGE, MESSAGE), ""))

    with pytest.raises(CorruptJournal, match=r":3: .*'A-run01\|Agent-A\|R0' stands in this journal already"):
        journal.read(file)


def test_an_agent_that_an_importer_heard_twice_in_a_round_is_read(file: Path) -> None:
    turns = (MESSAGE, replace(MESSAGE, id=f"{MESSAGE.id}#2", position=1))
    file.write_bytes(journal.whole(HEADER, turns, ""))

    assert journal.read(file).turns == turns


def test_numbers_without_a_fraction_may_be_amounts(file: Path) -> None:
    turn = replace(MESSAGE, cost_usd=0, latency_s=3)
    file.write_bytes(journal.whole(HEADER, (turn,), ""))

    assert journal.read(file).turns == (turn,)


PROBED = ProbeAnswer(
    "A-run01|Agent-A|P:mood|R0", "mood", "llama", "Agent-A", 0, "scale", "answered", 4.0, "4", ("x",), "p"
)


def test_private_answers_are_read_back(file: Path) -> None:
    file.write_bytes(journal.beginning(HEADER, (MESSAGE,), (PROBED,)))

    assert journal.probe_answers(journal.read(file)) == (PROBED,)


@pytest.mark.parametrize(
    "change",
    [
        {"answer": [4]},
        {"answer": math.nan},
        {"answer": 10**400},
        {"outcome": "said"},
        {"round": -1},
        {"seen": "x"},
        {"usage": 3},
    ],
    ids=json.dumps,
)
def test_a_private_answer_that_says_nonsense_is_named(file: Path, change: dict[str, Any]) -> None:
    file.write_bytes(journal.beginning(HEADER, (MESSAGE,), (PROBED,)))
    *before, last = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(before) + json.dumps({**json.loads(last), **change}).encode() + b"\n")

    with pytest.raises(CorruptJournal, match=r":3: a 'probe' event cannot be read"):
        journal.probe_answers(journal.read(file))
