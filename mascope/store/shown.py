"""What a reader can be shown of each run: who said what, how it came about, what every coder said of it.

It is kept as a page holds it, run by run: JSON, gzipped, most of it the lines of journals and codes as they
stand. Nobody takes a million messages apart to look at one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, TypeAlias

import msgspec
from isal import igzip

from mascope.records import Failure, Message, Turn, spoken
from mascope.store import lines
from mascope.store.codes import Codes
from mascope.store.journal import Header, Journal

Kind: TypeAlias = Literal["message", "empty", "scripted", "copied", "failure", "fault"]
"""Of a turn. Only a `message` is codable; a `fault` is a failure that the study asks for; what a fork repeats
of its parent is `copied`, and no table counts it again."""

_OF_A_HEADER = ("seed", "replicate", "parent", "simulated", "version", "digest", "condition", "started")
_NOT_ABOUT = frozenset(("event", "at", "message", "request", "sample", "asked"))
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Of an object no more than which field stands where."""
_LEVEL = 2
"""ISA-L's own: ten times as fast as zlib's usual one, for a tenth more bytes."""


def packed(value: Any) -> bytes:
    """JSON, gzipped. The same value always gives the same bytes; half a character is an escape."""
    try:
        text = _ENCODE(value)
    except UnicodeEncodeError:
        text = lines.strict(json.dumps(value, default=_plain).encode())
    return bytes(igzip.compress(text, _LEVEL, mtime=0))


def _plain(value: Any) -> Any:
    return json.loads(bytes(value)) if isinstance(value, msgspec.Raw) else asdict(value)


# Journals -------------------------------------------------------------------------------------------------


def transcript(header: Header, found: Journal, sources: Iterable[bytes], kinds: Sequence[Kind]) -> bytes:
    """One run, packed. Its turns are the journal's own lines.

    sources: the lines of its turns, by round and position, with their kinds.
    """
    return packed({
        "run": header.run,
        "series": header.series,
        "agents": header.agents,
        "about": {name: value for name in _OF_A_HEADER if (value := getattr(header, name))},
        "end": found.end or {},
        "turns": [msgspec.Raw(line) for line in sources],
        "kinds": kinds,
        "errors": [line for line in found.extra if line["event"] == "error"],
        "probes": [line for line in found.extra if line["event"] == "probe"],
    })  # fmt: skip


def kind(turn: Turn) -> Kind:
    """What a turn holds."""
    if turn.copied_from:
        return "copied"
    if isinstance(turn, Failure):
        return "fault" if turn.origin == "injected" else "failure"
    if turn.scripted:
        return "scripted"
    return "message" if spoken(turn) else "empty"


def turn_rows(
    run: str, turns: Iterable[tuple[Turn, Kind]], agents: Mapping[str, tuple[str, str]]
) -> Iterator[Sequence[Any]]:
    """One row a turn, as `columns.TURNS`. agents: id → label, and the route and model that answer for it."""
    for turn, kind in turns:
        label, served = agents[turn.agent]
        said = turn if isinstance(turn, Message) else None
        yield (
            turn.id, run, turn.agent, label, (said and said.served_model) or served, turn.round, kind,
            bool(said and said.finish_reason == "length"), bool(said and said.changes), turn.attempts > 1,
            bool(isinstance(turn, Failure) and turn.told),
        )  # fmt: skip


# Codes ----------------------------------------------------------------------------------------------------


def verdicts(found: Codes) -> bytes:
    """The last verdict on each message, packed."""
    said = zip(found.verdicts, map(_fields, found.sources), strict=True)
    return packed({
        verdict.message: {
            "outcome": line["event"], **{n: value for n, value in line.items() if n not in _NOT_ABOUT}
        }
        for verdict, line in said
    })  # fmt: skip


def _fields(line: bytes) -> dict[str, Any]:
    """The values of an object: as they stand, if that is possible."""
    try:
        return _DECODE(line)
    except lines.NOT_JSON:  # half a character
        found: dict[str, Any] = json.loads(line)
        return found
