import json
from pathlib import Path
from typing import Any

import pytest

from mascope.errors import CorruptJournal
from mascope.records import Abstained, Coding, Mark, Unanswered, Unreadable, Verdict
from mascope.store import codes
from mascope.store.codes import CoderHeader, CodesRecorder

HEADER = CoderHeader("gemini", "llm", "digest", ("PHATIC", "COMP"), model="google/gemini")
VERDICTS: tuple[Verdict, ...] = (
    Coding("A-run01|a|R0", {"PHATIC": Mark("no"), "COMP": Mark("yes", "L2", "I will do it", 0.9)}),
    Coding("A-run01|b|R0", {"PHATIC": Mark("unsure")}),
    Unreadable("A-run01|c|R0", "perhaps", "not JSON"),
    Abstained("A-run01|d|R0", "content filter"),
    Unanswered("A-run01|e|R0", "timeout", "after 120 s"),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "codes" / "gemini" / "A" / "A-run01.jsonl"


def test_every_kind_of_verdict_is_read_back(file: Path) -> None:
    recorder = CodesRecorder(file, HEADER)
    recorder.verdicts(VERDICTS)
    recorder.close()
    found = codes.read(file)

    assert found.header == HEADER
    assert found.verdicts == VERDICTS


def test_whole_codes_read_as_recorded_ones(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(codes.whole(HEADER, VERDICTS, "2026-03-04T00:38Z"))
    found = codes.read(file)

    assert (found.header, found.verdicts) == (HEADER, VERDICTS)


def test_lines_may_be_written_otherwise(file: Path) -> None:
    recorder = CodesRecorder(file, HEADER)
    for verdict in VERDICTS:
        recorder.verdict(verdict, cost_usd=0.25, of_a_plugin="\ud83d")
    recorder.close()
    plain = codes.read(file)
    spaced = [json.dumps(json.loads(line)).encode() for line in file.read_bytes().splitlines()]
    file.write_bytes(b"".join(line + b"\n" for line in spaced))

    assert (plain.verdicts, plain.cost_usd) == (VERDICTS, 5 * 0.25)
    assert codes.read(file).verdicts == VERDICTS
    assert codes.read(file).cost_usd == plain.cost_usd


def test_bytes_that_are_no_text_are_named_wherever_they_stand(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(
        codes.whole(HEADER, VERDICTS, "").replace(b'"event":"coding",', b'"event":"coding","x":"\xff",')
    )

    with pytest.raises(CorruptJournal, match=":2: not JSON"):
        codes.read(file)


def test_a_second_recorder_goes_on_under_the_same_header(file: Path) -> None:
    for verdict in VERDICTS[:2]:
        recorder = CodesRecorder(file, HEADER)
        recorder.call(messages=["…"])
        recorder.verdict(verdict, latency_s=0.2)
        recorder.close()

    assert codes.read(file).verdicts == VERDICTS[:2]
    assert file.read_text().count('"coder"') == 2  # the event, and the coder's name in it


def test_a_header_torn_by_a_crash_is_written_anew(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(codes.whole(HEADER, (), "t")[:-20])
    recorder = CodesRecorder(file, HEADER)
    recorder.verdict(VERDICTS[0])
    recorder.close()

    assert codes.read(file).header == HEADER
    assert codes.read(file).verdicts == VERDICTS[:1]


def test_the_last_verdict_on_a_message_counts(file: Path) -> None:
    later = Coding("A-run01|e|R0", {"PHATIC": Mark("yes")})
    file.parent.mkdir(parents=True)
    file.write_bytes(codes.whole(HEADER, (VERDICTS[4], VERDICTS[3], later), "t"))

    assert codes.read(file).verdicts == (later, VERDICTS[3])


def test_no_file_holds_no_codes(file: Path) -> None:
    found = codes.read(file)

    assert (found.header, found.verdicts) == (None, ())


def test_a_bare_answer_is_written_as_a_word(file: Path) -> None:
    line = json.loads(codes.whole(HEADER, VERDICTS[1:2], "t").splitlines()[1])

    assert line["flags"] == {"PHATIC": "unsure"}


@pytest.mark.parametrize(
    "line",
    [
        {"event": "coding", "message": "m", "flags": ["PHATIC"]},
        {"event": "coding", "message": "m", "flags": {"PHATIC": "maybe"}},
        {"event": "coding", "message": "m", "flags": {"PHATIC": {"level": "L1"}}},
        {"event": "coding", "message": "m", "flags": {"PHATIC": 1}},
        {"event": "coding", "message": "m", "flags": {"PHATIC": {"answer": "yes", "level": 1}}},
        {"event": "coding", "message": "m", "flags": {"PHATIC": {"answer": "yes", "confidence": "high"}}},
        {"event": "coding", "message": 3, "flags": {}},
        {"event": "coding", "flags": {}},
        {"event": "abstained", "message": "m", "reason": 1},
        {"event": "unreadable", "message": "m"},
        {"event": "guess", "message": "m"},
        {"event": "coding", "message": "m", "flags": {}, "cost_usd": "free"},
        {"event": "coding", "message": "m", "flags": {}, "cost_usd": 10**400},
        {"event": "coding", "message": "m", "flags": {}, "weight": 10**400},
    ],
    ids=lambda line: json.dumps(line)[10:40],
)
def test_codes_that_say_nonsense_are_named(file: Path, line: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(codes.whole(HEADER, VERDICTS[:1], "t") + json.dumps(line).encode() + b"\n")

    with pytest.raises(CorruptJournal, match=r"A-run01\.jsonl:3: "):
        codes.read(file)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"PHATIC": "maybe"}, "'flags.PHATIC' is 'maybe', not 'yes', 'no' or 'unsure' or an object"),
        ({"PHATIC": "no", "COMP": {"level": "L1"}}, "it has no 'flags.COMP.answer'"),
        ({"COMP": {"answer": "yes", "level": 1}}, "'flags.COMP.level' is 1, not text or null"),
    ],
)
def test_the_flag_that_says_nonsense_is_named(file: Path, flags: dict[str, Any], problem: str) -> None:
    file.parent.mkdir(parents=True)
    line = {"event": "coding", "message": "m", "flags": flags}
    file.write_bytes(codes.whole(HEADER, (), "t") + json.dumps(line).encode() + b"\n")

    with pytest.raises(CorruptJournal, match=f":2: .*{problem}"):
        codes.read(file)


def test_codes_without_their_coder_are_corrupt(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(codes.whole(HEADER, VERDICTS, "t").split(b"\n", 1)[1])

    with pytest.raises(CorruptJournal, match=":1: the first event must be 'coder'"):
        codes.read(file)
