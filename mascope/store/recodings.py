"""What coders said when they were given messages again, and by what calls: for whether codes depend on that.

    repeats/<kind>-<turn>/codes/…   what was coded once more: `sample-01`, `anchors-003`, `alone-01`

Labels never come from here. The first codings are among the codes themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mascope.records import Coding
from mascope.store import codes, lines
from mascope.store.code_columns import ANSWERS
from mascope.store.layout import Results

FOLDER = "repeats"
REPEATS = ("coder", "kind", "turn", "message", "run", "at")
CALLS = ("coder", "message", "size", "place")


@dataclass(frozen=True, slots=True, eq=False)
class Recodings:
    repeats: pd.DataFrame
    """One row a readable coding that repeats one: `REPEATS`, and a column a flag (1 yes, 0 no, NaN
    undecided). `turn` counts from 1; `at` is when it was recorded."""
    calls: pd.DataFrame
    """One row a coding of those coders who were given several messages a call: `CALLS`. `size` messages were
    in the call that decided it, 1 where it was asked alone in the end; `place` is its place there from 1, NaN
    where that was not recorded."""
    models: Mapping[str, str]
    """Coder → the model that answered for it, of coders that are models."""


def load(results: Results) -> Recodings:
    """All that is there; empty frames where nobody was given anything again, or several messages at once."""
    first = {coder: next(results.each_of(coder), None) for coder in results.coders()}
    headers = {coder: codes.read_header(file) for coder, file in first.items() if file is not None}
    calls = [
        call for coder, file in first.items() if file and _batched(file) for call in _calls(results, coder)
    ]
    return Recodings(
        repeats=_repeats(results),
        calls=pd.DataFrame(calls, columns=list(CALLS)).astype({"size": float, "place": float}),
        models={coder: header.model for coder, header in headers.items() if header and header.model},
    )


# Repetitions ------------------------------------------------------------------------------------------------


def place(results: Results, name: str) -> Results:
    """Where the codes of one repetition lie."""
    return Results(results.root / FOLDER / name)


def _repeats(results: Results) -> pd.DataFrame:
    rows = [row for folder in sorted((results.root / FOLDER).glob("*-*")) for row in _codings(folder)]
    frame = pd.DataFrame(rows)
    missing = [name for name in REPEATS if name not in frame]
    return frame.assign(**dict.fromkeys(missing)).sort_values(["coder", "kind", "turn"], kind="stable")


def _codings(folder: Path) -> Iterator[dict[str, Any]]:
    kind, _, turn = folder.name.rpartition("-")
    if not turn.isdigit():
        return
    tree = Results(folder)
    for coder in tree.coders():
        for file in tree.codes_of(coder):
            when = {line.get("message"): line["at"] for line in lines.read(file)}
            for verdict in codes.read(file).verdicts:
                if isinstance(verdict, Coding):
                    flags = {flag: ANSWERS[mark.answer] for flag, mark in verdict.marks.items()}
                    about = (coder, kind, int(turn), verdict.message, file.stem, when[verdict.message])
                    yield dict(zip(REPEATS, about, strict=True)) | flags


# Calls ------------------------------------------------------------------------------------------------------


def _batched(file: Path) -> bool:
    """Whether the coder of this file was given several messages a call; older headers do not say so."""
    found = lines.read_first(file) or {}
    if "batch" in found:
        return bool(found["batch"] > 1)
    return found.get("kind") == "llm" and any("batch" in line for line in lines.read(file))


def _calls(results: Results, coder: str) -> Iterator[tuple[str, str, float, float | None]]:
    for file in results.codes_of(coder):
        last = {line["message"]: line for line in lines.read(file) if line["event"] == "coding"}
        for message, line in last.items():
            together = line.get("asked", 1) == 1
            yield (
                coder,
                message,
                line.get("batch", 1) if together else 1,
                line.get("place") if together else None,
            )
