import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mascope.errors import CorruptJournal, InvalidInput
from mascope.store import lines

FIRST = b'{"event":"run","at":"t","n":1}\n'


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a disk that is full after `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some" / "journal.jsonl"


def test_what_was_appended_is_read_back_in_order(file: Path) -> None:
    with lines.Appender(file, clock=lambda: "now") as appender:
        appender.append("run", text="zwölf\nZeilen\u2028")
        appender.append("end")

    assert lines.read(file) == [
        {"event": "run", "at": "now", "text": "zwölf\nZeilen\u2028"},
        {"event": "end", "at": "now"},
    ]


def test_a_lone_surrogate_survives(file: Path) -> None:
    with lines.Appender(file) as appender:
        appender.append("message", text="half an emoji: \ud83d")

    assert lines.read(file)[0]["text"] == "half an emoji: \ud83d"


def test_no_file_has_no_lines(file: Path) -> None:
    assert lines.read(file) == []
    assert lines.read_first(file) is None


@pytest.mark.parametrize("text", ["plain", "naïve — ⚠ 🙂"])
def test_a_last_line_torn_at_any_byte_is_passed_over(file: Path, text: str) -> None:
    last = lines.encode({"event": "message", "at": "t", "text": text})
    file.parent.mkdir()
    for length in range(len(last) - 1):
        file.write_bytes(FIRST + last[:length])

        assert [line["event"] for line in lines.read(file)] == ["run"], length


def test_a_last_line_that_lacks_only_its_newline_counts(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(FIRST + b'{"event":"end","at":"t"}')

    assert [line["event"] for line in lines.read(file)] == ["run", "end"]


def test_a_writer_goes_on_after_a_last_line_torn_at_any_byte(file: Path) -> None:
    last = lines.encode({"event": "message", "at": "t", "text": "é"})
    file.parent.mkdir()
    for length in range(len(last) + 1):
        file.write_bytes(FIRST + last[:length])
        with lines.Appender(file, clock=lambda: "t") as appender:
            appender.append("end")
        whole = length >= len(last) - 1  # only the newline is missing, or nothing

        assert [line["event"] for line in lines.read(file)] == ["run", *["message"] * whole, "end"], length
        assert file.read_bytes().endswith(b'{"event":"end","at":"t"}\n')


def test_a_first_line_torn_at_any_byte_is_no_first_line(file: Path) -> None:
    file.parent.mkdir()
    for length in range(len(FIRST) - 1):
        file.write_bytes(FIRST[:length])

        assert lines.read_first(file) is None, length


def test_the_first_line_is_read_without_the_others(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(FIRST + b"broken\n")

    assert lines.read_first(file) == {"event": "run", "at": "t", "n": 1}


@pytest.mark.parametrize(
    "broken",
    [b"{", b"", b"\x00\x00", b'{"at":"t"}', b"[1]", b"\xff\xfe", b'"event"', b"[" * 100_000],
    ids=["cut", "blank", "zeros", "no event", "a list", "not text", "a word", "endless brackets"],
)
def test_a_broken_line_in_the_middle_is_named(file: Path, broken: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(FIRST + broken + b"\n" + FIRST)

    with pytest.raises(CorruptJournal, match=r"journal\.jsonl:2: ") as caught:
        lines.read(file)

    assert (caught.value.file, caught.value.line) == (file, 2)


def test_endless_brackets_at_the_end_are_a_torn_line(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(FIRST + b"[" * 100_000)

    assert len(lines.read(file)) == 1


def test_a_full_disk_leaves_no_half_line_and_is_explained(file: Path) -> None:
    with lines.Appender(file, clock=lambda: "t") as appender:
        appender.append("run")
        before = file.read_bytes()
        with files_no_larger_than(len(before) + 10), pytest.raises(InvalidInput, match="cannot be written"):
            appender.append("message", text="x" * 100)

        assert file.read_bytes() == before

        appender.append("end")

    assert [line["event"] for line in lines.read(file)] == ["run", "end"]


def test_a_full_disk_leaves_the_old_whole_file_and_no_part_of_the_new(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    lines.write_whole(file, b"old")
    with files_no_larger_than(10), pytest.raises(InvalidInput, match="cannot be written"):
        lines.write_whole(file, b"x" * 1000)

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    inside = tmp_path / "file" / "journal.jsonl"

    with pytest.raises(InvalidInput, match=r"journal\.jsonl: cannot be written"):
        lines.Appender(inside)
    with pytest.raises(InvalidInput, match=r"journal\.jsonl: cannot be written"):
        lines.write_whole(inside, b"text")
    assert lines.read(inside) == []


def test_closing_twice_is_harmless(file: Path) -> None:
    appender = lines.Appender(file)
    appender.close()
    appender.close()

    assert lines.read(file) == []


WRITER = """
import sys
from pathlib import Path
from mascope.store.lines import Appender
appender = Appender(Path(sys.argv[1]))
for n in range(20_000):
    appender.append("message", n=n, text="é" * (n % 300))
    if n == 50:
        print("writing", flush=True)
"""


def test_a_killed_writer_loses_no_line_that_it_had_written(file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True
    ) as writer:
        if writer.stdout is None:
            pytest.fail("no pipe")
        said = writer.stdout.readline()
        writer.kill()

    numbers = [line["n"] for line in lines.read(file)]

    assert said == "writing\n"
    assert len(numbers) > 50
    assert numbers == list(range(len(numbers)))


def test_times_are_utc_with_milliseconds() -> None:
    now = lines.utc_now()

    assert now.endswith("Z")
    assert len(now) == len("2026-03-04T17:05:00.123Z")


def test_encoded_lines_keep_to_one_line() -> None:
    encoded = lines.encode({"event": "message", "text": "a\nb\r\u0085c"})

    assert encoded.count(b"\n") == 1
    assert json.loads(encoded)["text"] == "a\nb\r\u0085c"


def put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)


@pytest.mark.parametrize("text", [b'\xef\xbb\xbf{"event":"x"}', b' {"event":"x"} ', b'{"event":"x"}\r'])
def test_what_json_reads_is_read_however_it_begins_and_ends(file: Path, text: bytes) -> None:
    put(file, text + b"\n")

    assert lines.read(file) == [{"event": "x"}]


@pytest.mark.parametrize(
    ("line", "strict"),
    [
        (b'{"a": "\\u00e9"}', b'{"a": "\\u00e9"}'),
        (b'{"a": "\\ud83d"}', b'{"a":"\\ud83d"}'),
        (b'{"a": [NaN, -Infinity, 1]}', b'{"a":[null,null,1]}'),
    ],
)
def test_what_only_python_takes_for_json_becomes_json(line: bytes, strict: bytes) -> None:
    assert lines.strict(line) == strict


def test_a_whole_file_need_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    lines.write_whole(tmp_path / "one", b"1", synced=False)
    lines.write_whole(tmp_path / "two", b"2")

    assert [(tmp_path / name).read_bytes() for name in ("one", "two")] == [b"1", b"2"]
    assert len(synced) == 1
