"""Journals and codes files → what a reader can be shown of each run: who said what, how it came about, and
what every coder said of it.

Read as plain lines, one run at a time: the frames that tables are made of were checked when they were read,
and a page needs of each turn just what is not empty.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from mascope.records import SHORTEST_CODABLE
from mascope.store import lines
from mascope.store.layout import Results

Line: TypeAlias = Mapping[str, Any]
Kind: TypeAlias = Literal["message", "empty", "scripted", "copied", "failure", "fault"]
"""Of a turn. Only a `message` is codable; a `fault` is a failure that the study asks for; what a fork repeats
of its parent is `copied`, and no table counts it again."""

_TURNS = ("message", "failure")
_PROBES = "probe"
_ERRORS = "error"
_NOT_OF_A_TURN = frozenset(("event", "run", "series"))
_VERDICTS = ("coding", "unreadable", "abstained", "unanswered")
_NOT_ABOUT = frozenset(("event", "at", "message", "request", "sample", "asked"))


@dataclass(frozen=True, slots=True)
class CoderInfo:
    """Who coded, as its codes files say."""

    name: str
    kind: str
    model: str | None
    digest: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """One run, as much of it as there is."""

    run: str
    series: str
    header: Line
    """The journal's first line."""
    end: Line | None
    turns: Sequence[Line]
    """By round and position. Each has a `kind` (a `Kind`), and what its line held that was not empty."""
    probes: Sequence[Line]
    verdicts: Mapping[str, Mapping[str, Line]] = field(default_factory=dict)
    """Coder → message → its last verdict: `outcome` (`coding`, …), `flags` as answered, how it came about."""


def runs(results: Results, series: Sequence[str] = ()) -> Iterator[RunEvidence]:
    """The runs that have begun, in the order of `series` and of their numbers; others after."""
    return read_runs(results, journals(results, series))


def journals(results: Results, series: Sequence[str] = ()) -> list[Path]:
    """The journals of all runs, in that order."""
    place = {name: number for number, name in enumerate(series)}
    return sorted(results.journals(), key=lambda file: place.get(file.parent.name, len(place)))


def read_runs(results: Results, files: Iterable[Path]) -> Iterator[RunEvidence]:
    coders = results.coders()
    for file in files:
        found = read_run(file, {coder: results.codes(coder, file.stem) for coder in coders})
        if found is not None:
            yield found


def read_run(journal: Path, codes: Mapping[str, Path]) -> RunEvidence | None:
    """What is in one journal and the codes files that go with it; None where nothing was journaled yet."""
    events = lines.read(journal)
    if not events:
        return None
    header = events[0]
    errors = _errors(events)
    turns = [_turn(line, errors) for line in events if line["event"] in _TURNS]
    return RunEvidence(
        run=str(header["run"]),
        series=str(header["series"]),
        header=header,
        end=next((line for line in reversed(events) if line["event"] == "end"), None),
        turns=sorted(turns, key=lambda turn: (turn["round"], turn["position"])),
        probes=[_kept(line) for line in events if line["event"] == _PROBES],
        verdicts={coder: found for coder, file in codes.items() if (found := _verdicts(file))},
    )


def coder_info(results: Results) -> tuple[CoderInfo, ...]:
    """Everyone who has coded something here, by the first of their files that says who they are."""
    found = (_first_header(results, coder) for coder in results.coders())
    return tuple(info for info in found if info is not None)


def _first_header(results: Results, coder: str) -> CoderInfo | None:
    headers = (lines.read_first(file) for file in results.codes_of(coder))
    header = next((line for line in headers if line is not None), None)
    if header is None:
        return None
    return CoderInfo(
        coder, str(header["kind"]), header.get("model"), str(header["digest"]), tuple(header["flags"])
    )


# Turns ----------------------------------------------------------------------------------------------------


def kind(line: Line) -> Kind:
    """What a turn's line holds."""
    if line.get("copied_from"):
        return "copied"
    if line["event"] == "failure":
        return "fault" if line["origin"] == "injected" else "failure"
    if line.get("scripted"):
        return "scripted"
    return "message" if len(line["text"].strip()) >= SHORTEST_CODABLE else "empty"


def _turn(line: Line, errors: Mapping[tuple[str, int], Sequence[Line]]) -> Line:
    turn = _kept(line)
    if line["event"] == "failure":
        turn["failed"] = line["kind"]
    turn["kind"] = kind(line)
    if tried := errors.get((line["agent"], line["round"])):
        turn["errors"] = tried
    return turn


def _kept(line: Line) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in _NOT_OF_A_TURN and not _empty(value)}


def _empty(value: Any) -> bool:
    return value is None or value is False or value in ("", [])  # but not 0


def _errors(events: Sequence[Line]) -> Mapping[tuple[str, int], Sequence[Line]]:
    """The attempts that failed, by agent and round."""
    found: dict[tuple[str, int], list[Line]] = {}
    for line in events:
        if line["event"] == _ERRORS:
            what = {name: line[name] for name in ("attempt", "kind", "detail") if line.get(name)}
            found.setdefault((str(line.get("agent")), int(line.get("round", -1))), []).append(what)
    return found


# Codes ----------------------------------------------------------------------------------------------------


def _verdicts(file: Path) -> Mapping[str, Line]:
    """Message → its last verdict; attempts are passed over."""
    found = {}
    for line in lines.read(file):
        if line["event"] in _VERDICTS:
            about = {name: value for name, value in line.items() if name not in _NOT_ABOUT}
            found[str(line["message"])] = {"outcome": line["event"], **about}
    return found
