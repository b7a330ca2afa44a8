"""Codes files of mascope itself, as `mascope annotate` writes them in a results directory → rows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mascope.errors import InvalidFile
from mascope.imports.code_columns import Coded
from mascope.records import Abstained, Coding
from mascope.store import codes, lines
from mascope.store.codes import CoderHeader, CoderKind

KEPT = ("sample", "weight", "note", "seconds")
"""What stands beside an annotator's codes."""


@dataclass(frozen=True, slots=True)
class Found:
    """Codes as they were read, and what is known of who made them."""

    coded: Sequence[Coded]
    flags: tuple[str, ...]
    prefix: str = ""
    kind: CoderKind | None = None
    digest: str | None = None
    """Of the instructions they were made under, where that is on record."""


def read(place: Path) -> Found | None:
    """A coder's folder, or one codes file; None where `place` is neither. `InvalidFile`: it is broken."""
    files = _files(place)
    if not files:
        return None
    headers = {file: _header(file) for file in files}
    made_by = {(header.coder, header.digest, header.flags) for header in headers.values()}
    if len(made_by) > 1:
        coders = ", ".join(sorted({header.coder for header in headers.values()}))
        raise InvalidFile(place, f"holds codes of several coders or codebooks ({coders}); name one folder")
    header = next(iter(headers.values()))
    coded = [row for file in files for row in _coded(file)]
    if not coded:
        raise InvalidFile(place, "holds no codes")
    return Found(coded, header.flags, kind=header.kind, digest=header.digest)


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        found = sorted(place.rglob("*.jsonl"))
        if not found:
            raise InvalidFile(place, "is a folder without codes files (*.jsonl)")
        return found
    return [place] if place.suffix.casefold() == ".jsonl" and place.is_file() and _is_codes(place) else []


def _is_codes(file: Path) -> bool:
    """Whether its first line says that somebody coded; other files of JSON lines are tables."""
    try:
        with file.open("rb") as stream:
            first = json.loads(stream.readline())
    except (OSError, *lines.NOT_JSON):
        return False
    return isinstance(first, dict) and first.get("event") == "coder"


def _header(file: Path) -> CoderHeader:
    header = codes.read_header(file) if _is_codes(file) else None
    if header is None:
        raise InvalidFile(file, "is no codes file: it does not say who coded")
    return header


def _coded(file: Path) -> Iterator[Coded]:
    """What was said last of each message; what was taken back, or came to nothing, is left out."""
    last = {line.get("message"): (number, line) for number, line in enumerate(lines.read(file), start=1)}
    for verdict in codes.read(file).verdicts:
        number, line = last[verdict.message]
        about = {name: line[name] for name in KEPT if name in line}
        if isinstance(verdict, Coding):
            yield Coded(number, verdict.message, dict(verdict.marks), about=about)
        elif isinstance(verdict, Abstained):
            yield Coded(number, verdict.message, {}, about=about, skipped=verdict.reason)
