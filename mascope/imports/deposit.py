"""Transcripts from elsewhere → a results directory, as if the discussions had been held here.

What is brought in is known by its content: importing the same again changes nothing, completes what a kill
left half done, and never touches the results of anything else.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from mascope import __version__, yamlfile
from mascope.errors import ForeignResults, InvalidInput
from mascope.records import Failure, Turn, codable
from mascope.store import journal
from mascope.store.journal import Header
from mascope.store.layout import Results, natural
from mascope.store.lines import write_whole

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
"""Of studies and series: they become parts of paths."""


@dataclass(frozen=True, slots=True)
class Discussion:
    """One run held elsewhere, ready to be journaled."""

    header: Header
    turns: tuple[Turn, ...]
    ended: str
    """ISO 8601; empty where it is not known."""
    reason: str | None = None
    """Why it ended before its last round, in the platform's words."""
    notes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Brought:
    """What one series brought in. `messages` are the codable ones."""

    runs: int
    messages: int
    empty: int
    failures: int


@dataclass(frozen=True, slots=True)
class ImportSummary:
    study: str
    root: Path
    series: Mapping[str, Brought]
    written: int
    """Journals written; 0 when all of it was here already."""
    notes: tuple[str, ...] = ()
    """What the user should know about the data."""

    @property
    def runs(self) -> int:
        return sum(series.runs for series in self.series.values())

    @property
    def messages(self) -> int:
        return sum(series.messages for series in self.series.values())


def study_name(name: str | None, results: Results) -> str:
    """`name`, or else what the results directory is called; `InvalidInput` if it cannot name a study."""
    chosen = results.root.resolve().name if name is None else name
    if re.fullmatch(NAME, chosen):
        return chosen
    raise InvalidInput(f"{chosen!r} cannot name a study; use letters, digits, '.', '_' and '-'")


def deposit(
    results: Results,
    study: Mapping[str, Any],
    source: str,
    discussions: Iterable[Discussion],
    notes: Iterable[str] = (),
) -> ImportSummary:
    """Write `discussions` and study.yaml; `ForeignResults` if something else lies in `results`.

    `study` is the study file's content without its stamp; `source` names the importer.
    """
    found = sorted(discussions, key=lambda discussion: natural(discussion.header.run))
    journals = {d.header.run: _journal(d) for d in found}
    stamp = {
        "version": __version__,
        "digest": found[0].header.digest if found else "",
        "imported": source,
        "content": _digest(journals),
        "simulated": False,
    }
    check_free(results, stamp)
    with results.locked():
        check_free(results, stamp)
        if not results.study_file.exists():
            results.write_study(yamlfile.dump({"study": study["study"], "mascope": stamp, **study}))
        written = [run for run in journals if not results.journal(run).exists()]
        for run in written:
            write_whole(results.journal(run), journals[run])
    return ImportSummary(str(study["study"]), results.root, _counts(found), len(written), tuple(notes))


def _journal(discussion: Discussion) -> bytes:
    return journal.whole(
        discussion.header, discussion.turns, discussion.ended, discussion.reason, discussion.notes
    )


def _digest(journals: Mapping[str, bytes]) -> str:
    """SHA-256 of all but the first lines, which hold the version of mascope."""
    whole = hashlib.sha256()
    for run, content in journals.items():
        whole.update(run.encode() + b"\n" + content.partition(b"\n")[2])
    return whole.hexdigest()


def distinct(id_: str, given: Counter[str]) -> str:
    """`id_`, numbered where an agent spoke more than once in a round. `given` counts the ids so far."""
    given[id_] += 1
    return id_ if given[id_] == 1 else f"{id_}#{given[id_]}"


def check_free(results: Results, stamp: Mapping[str, Any]) -> None:
    """Whether these results, or none at all, lie there."""
    if not results.study_file.exists():
        if results.root.exists() and any(path.name != ".lock" for path in results.root.iterdir()):
            raise ForeignResults(
                f"{results.root}: is not empty, and not a results directory; choose another --out"
            )
        return
    there = results.study().get("mascope")
    same = ("digest", "imported", "content")
    if not isinstance(there, dict) or any(there.get(key) != stamp[key] for key in same):
        raise ForeignResults(
            f"{results.root}: holds the results of something else; choose another --out. Nothing was changed"
        )


def _counts(found: Iterable[Discussion]) -> dict[str, Brought]:
    series: dict[str, list[Discussion]] = {}
    for discussion in found:
        series.setdefault(discussion.header.series, []).append(discussion)
    return {name: _brought(discussions) for name, discussions in series.items()}


def _brought(discussions: list[Discussion]) -> Brought:
    turns = list(chain.from_iterable(discussion.turns for discussion in discussions))
    failures = sum(isinstance(turn, Failure) for turn in turns)
    messages = sum(map(codable, turns))
    return Brought(len(discussions), messages, len(turns) - failures - messages, failures)
