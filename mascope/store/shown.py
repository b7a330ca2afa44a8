"""What a reader can be shown of each run: who said what, how it came about, what every coder said of it.

It is kept as it is shown, run by run: JSON, gzipped, of each turn what is not empty. The page writes it as it
stands, and nobody takes a million messages apart to look at one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from isal import igzip

from mascope.records import Failure, Message, Turn, spoken

Line: TypeAlias = Mapping[str, Any]
Kind: TypeAlias = Literal["message", "empty", "scripted", "copied", "failure", "fault"]
"""Of a turn. Only a `message` is codable; a `fault` is a failure that the study asks for; what a fork repeats
of its parent is `copied`, and no table counts it again."""

_TURNS = ("message", "failure")
_NOT_OF_A_TURN = ("event", "run", "series")
_OF_A_HEADER = ("seed", "replicate", "parent", "simulated", "version", "digest", "condition")
_NUMBERS = (int, float)
_NOT_ABOUT = frozenset(("event", "at", "message", "request", "sample", "asked"))
_ENCODE = msgspec.json.Encoder().encode
_LEVEL = 2
"""ISA-L's own: ten times as fast as zlib's usual one, for a tenth more bytes."""


def packed(value: Any) -> bytes:
    """JSON, gzipped. The same value always gives the same bytes; half a character is an escape."""
    try:
        text = _ENCODE(value)
    except UnicodeEncodeError:
        finite = json.loads(json.dumps(value), parse_constant=lambda _: None)  # no page can read NaN
        text = json.dumps(finite, separators=(",", ":")).encode()
    return bytes(igzip.compress(text, _LEVEL, mtime=0))


# Journals -------------------------------------------------------------------------------------------------


def transcript(events: Sequence[Line], turns: Sequence[Turn], kinds: Sequence[Kind]) -> bytes:
    """One run, packed. What a turn saw is said by the places of those turns: it is shorter.

    events: the lines of its journal; turns: the same, read, by round and position, with their kinds.
    """
    header = events[0]
    errors = _errors(events)
    lines = {line["id"]: line for line in events if line["event"] in _TURNS}
    place = {turn.id: number for number, turn in enumerate(turns)}
    end = next((line for line in reversed(events) if line["event"] == "end"), {})
    return packed({
        "run": header["run"],
        "series": header["series"],
        "agents": header["agents"],
        "about": {name: header[name] for name in _OF_A_HEADER if header.get(name)}
        | {"started": header.get("started") or header.get("at", "")},
        "end": end,
        "turns": [
            _turn(lines[turn.id], kind, errors.get((turn.agent, turn.round)), place)
            for turn, kind in zip(turns, kinds, strict=True)
        ],
        "probes": [_kept(line, place) for line in events if line["event"] == "probe"],
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


def _turn(line: Line, kind: Kind, errors: list[Line] | None, place: Mapping[str, int]) -> dict[str, Any]:
    shown = _kept(line, place)
    if line["event"] == "failure":
        shown["failed"] = line["kind"]
    shown["kind"] = kind
    if errors:
        shown["errors"] = errors
    return shown


def _kept(line: Line, place: Mapping[str, int]) -> dict[str, Any]:
    """What is not empty: 0 is something, while null, false, "" and [] are nothing."""
    kept = {name: value for name, value in line.items() if value or type(value) in _NUMBERS}
    for name in _NOT_OF_A_TURN:
        kept.pop(name, None)
    for name in ("seen", "cut"):  # only messages and private answers must hold lists there, if anything
        if name in kept and isinstance(kept[name], list):
            kept[name] = [place.get(id_, id_) for id_ in map(str, kept[name])]
    return kept


def _errors(events: Sequence[Line]) -> Mapping[tuple[str, int], list[Line]]:
    """The attempts that failed, by agent and round."""
    found: dict[tuple[str, int], list[Line]] = {}
    for line in events:
        if line["event"] == "error":
            what = {name: line[name] for name in ("attempt", "kind", "detail") if line.get(name)}
            found.setdefault((line.get("agent", ""), line.get("round", -1)), []).append(what)
    return found


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


def verdicts(events: Iterable[Line], wanted: Iterable[str]) -> tuple[float, bytes]:
    """What its verdicts cost in USD, as far as known, and the last one on each message, packed.

    events: the lines of a codes file; wanted: the events that are verdicts.
    """
    sorts = frozenset(wanted)
    found = {line["message"]: line for line in events if line["event"] in sorts}
    shown = {
        message: {"outcome": line["event"], **{n: v for n, v in line.items() if n not in _NOT_ABOUT}}
        for message, line in found.items()
    }
    return sum(line.get("cost_usd") or 0.0 for line in found.values()), packed(shown)
