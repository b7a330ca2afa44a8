import json
from pathlib import Path
from typing import Any

import pytest

from mascope.errors import CorruptJournal
from mascope.records import Agent, Failure, Message, Usage
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
        (4, {"text": None}),
        (4, {"round": "0"}),
        (4, {"seen": None}),
        (4, {"usage": {"prompts": 1}}),
        (5, {"kind": None}),
        (5, {"name": 3}),
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
