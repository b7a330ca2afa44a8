"""Append-only files of JSON lines: what a kill can leave behind, and how it is read again.

A line counts once its newline is there. A last line without one was cut off by a crash: readers pass over it,
a writer cuts it off before it goes on. A broken line anywhere else is an error, never passed over.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from mascope.errors import CorruptJournal, InvalidInput

Clock = Callable[[], str]
ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Made once: `json.dumps` would make an encoder for each line."""
DECODE = msgspec.json.Decoder().decode
LOOK = msgspec.json.Decoder(msgspec.defstruct("Anything", ())).decode
"""Sees that a line is one object, and makes nothing of it: nothing is so fast."""
NOT_JSON = (ValueError, RecursionError)
"""What `json.loads` raises: the latter for brackets nested by the thousand."""


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(line: Mapping[str, Any]) -> bytes:
    """One line with its newline. Text stays readable; only what UTF-8 cannot hold is escaped."""
    try:
        return ENCODE(line).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, which models do produce
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def read(file: Path) -> list[dict[str, Any]]:
    """All complete lines; none when there is no such file. `CorruptJournal` names a line that is broken."""
    return [event(file, number, line) for number, line in enumerate(complete(file), start=1)]


def read_first(file: Path) -> dict[str, Any] | None:
    """The first line, if it is complete."""
    if not file.exists():
        return None
    with file.open("rb") as stream:
        line = stream.readline()
    return event(file, 1, line) if line.endswith(b"\n") or _parses(line) else None


def complete(file: Path) -> list[bytes]:
    """The lines of `file` that count, as they stand; none when there is no such file."""
    try:
        found = file.read_bytes().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return []
    torn = found.pop()
    if torn and _parses(torn):  # all there but its newline
        found.append(torn)
    return found


def event(file: Path, number: int, line: bytes) -> dict[str, Any]:
    """What one line of `file` says. `CorruptJournal` where it is no event."""
    try:
        value = _value(line)
    except NOT_JSON as error:
        raise CorruptJournal(file, number, f"not JSON ({type(error).__name__})") from error
    if not isinstance(value, dict) or "event" not in value:
        raise CorruptJournal(file, number, "not an event")
    return value


def is_text(line: bytes) -> bool:
    """Whether a line is UTF-8 throughout: msgspec looks at what it is asked for, and not at the rest."""
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def strict(line: bytes) -> bytes:
    """JSON that anything can read: the line itself, unless it holds what only Python takes for JSON."""
    try:
        LOOK(line)
    except NOT_JSON:
        finite = json.loads(line, parse_constant=lambda _: None)
        return json.dumps(finite, separators=(",", ":")).encode()
    return line


def _value(line: bytes) -> Any:
    """As `json.loads` gives it; what msgspec takes for no JSON, as half a character, may be some to that."""
    try:
        return DECODE(line)
    except NOT_JSON:
        return json.loads(line)


def _parses(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except NOT_JSON:
        return False


class Appender:
    """The one writer of one file. Each line is handed to the system whole, so a killed process loses none."""

    def __init__(self, file: Path, clock: Clock = utc_now) -> None:
        self.file = file
        self._clock = clock
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _mend(file)
            self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unwritable(file, error) from error

    def append(self, event: str, **fields: Any) -> str:
        """Write one event; returns the `at` it was given."""
        at = self._clock()
        self._write(encode({"event": event, "at": at, **fields}))
        return at

    def _write(self, line: bytes) -> None:
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:] if written else line)
        except OSError as error:
            if written:  # a full disk leaves no half line
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise unwritable(self.file, error) from error

    async def sync(self) -> None:
        """Wait until the disk has it, beside all else: against power loss, not needed against a kill."""
        try:
            # With a descriptor of its own, since whoever waits may be cancelled, and the file closed.
            await asyncio.to_thread(_sync, os.dup(self._descriptor))
        except OSError as error:
            raise unwritable(self.file, error) from error

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> "Appender":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mend(file: Path) -> None:
    """Cut off a torn last line, or give a whole one the newline it lacks."""
    if not file.exists():
        return
    content = file.read_bytes()
    end = content.rfind(b"\n") + 1
    if end == len(content):
        return
    with file.open("r+b") as stream:
        if _parses(content[end:]):
            stream.seek(0, os.SEEK_END)
            stream.write(b"\n")
        else:
            stream.truncate(end)


def write_whole(file: Path, content: bytes, *, synced: bool = True) -> None:
    """Write a file that appears complete or not at all.

    Unless `synced`, a power loss may take it: of thousands of files that can be made again, the disk need not
    have each before the next is begun.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.write(content)
            if synced:
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        with suppress(OSError):  # on a full disk the part would keep the room it took
            part.unlink()
        raise unwritable(file, error) from error


def unwritable(file: Path, error: OSError) -> InvalidInput:
    """A full disk, a read-only directory: what was journaled is kept, and a resume goes on from there."""
    return InvalidInput(
        f"{file}: cannot be written: {error.strerror}. What was recorded so far is kept; "
        "make room or choose another place (--out), and give the same command again to go on"
    )
