"""Codes made elsewhere → the codes of a coder.

A file with one row a message has a column `id` or `message`, and one column a flag: with a prefix where it
holds several coders (`human_phatic`, `gemini_phatic`), and `<flag>_level` for levels; `weight` says for how
many messages one stands, `note` what the coder remarked. What `mascope annotate` wrote in another copy of the
results (`codes/<coder>`, or one file of it) comes in whole.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mascope.codebook import CODER_NAME, RULES
from mascope.errors import InvalidFile, InvalidInput
from mascope.imports import code_files, sheet
from mascope.imports.code_columns import Coded, Columns, read_rows
from mascope.imports.code_files import Found
from mascope.imports.message_ids import MessageIds
from mascope.records import Abstained, Coding, Verdict
from mascope.store import codes, lines
from mascope.store.codes import CoderHeader, CoderKind
from mascope.store.layout import Results

LISTED = 200
"""Unknown ids that a summary spells out."""


@dataclass(frozen=True, slots=True)
class CodesSummary:
    coder: str
    kind: CoderKind
    prefix: str
    flags: tuple[str, ...]
    rows: int
    messages: int
    """Messages that now have codes of this coder."""
    repeated: int
    """Rows that said the same of the same message again."""
    unknown: tuple[str, ...]
    """Ids that no message has here; their rows were left out."""
    failed: tuple[str, ...]
    """Ids of turns that brought a failure and no message; their rows were left out."""
    stray_levels: int
    """Levels given where the flag is not yes; left out."""
    weighted: int
    """Messages that came with a sampling weight."""
    notes: int
    """Messages that came with a remark of the coder."""
    written: bool
    """False when these very codes were here already."""

    @property
    def listed(self) -> tuple[str, ...]:
        """The first unknown ids, to be shown."""
        return self.unknown[:LISTED]


def import_codes(
    file: Path,
    results: Results,
    coder: str,
    prefix: str | None = None,
    blank: Literal["no", "missing"] = "no",
    kind: CoderKind | None = None,
) -> CodesSummary:
    """Bring the codes in `file` into `results` as those of `coder`.

    `prefix` says which columns are flags (None: those without one, or with the only one there is; "": their
    names as they stand). `blank` says what an empty cell means. `kind` is left out: a human's if the coder is
    called so. Raises `InvalidFile` (a cell, a row, or the whole cannot be used), `InvalidInput` (the coder's
    name is taken by other codes); then nothing is written.
    """
    _check(coder, blank)
    results.study()  # says so if this is no results directory
    found = code_files.read(file) or _from_sheet(file, prefix, blank, coder)
    coded = found.coded
    known, unknown, failed = _resolved(coded, MessageIds(results))
    if not known:
        raise InvalidFile(
            file, f"none of its {len(coded)} ids ({coded[0].id}, …) is a message in {results.root}"
        )
    rows, repeated = _distinct(known, file)
    header = CoderHeader(
        coder, kind or found.kind or _kind(coder), found.digest or _digest(found.flags, rows), found.flags
    )
    return CodesSummary(
        coder=coder,
        kind=header.kind,
        prefix=found.prefix,
        flags=found.flags,
        rows=len(coded),
        messages=len(rows),
        repeated=repeated,
        unknown=unknown,
        failed=failed,
        stray_levels=sum(row.stray_levels for row in rows.values()),
        weighted=sum("weight" in row.about for row in rows.values()),
        notes=sum("note" in row.about for row in rows.values()),
        written=_write(results, header, rows),
    )


def _from_sheet(file: Path, prefix: str | None, blank: Literal["no", "missing"], coder: str) -> Found:
    columns = Columns.of(sheet.read(file), prefix)
    return Found(list(read_rows(columns, blank, coder)), columns.flags, columns.prefix)


def _check(coder: str, blank: str) -> None:
    if not re.fullmatch(CODER_NAME, coder):
        raise InvalidInput(f"{coder!r} cannot name a coder; use letters, digits, '.', '_' and '-'")
    if coder == RULES:
        raise InvalidInput(f"{RULES!r} is the rule-based coder of mascope; choose another name")
    if blank not in ("no", "missing"):
        raise InvalidInput(f"--blank is {blank!r}; it can be 'no' or 'missing'")


def _kind(coder: str) -> CoderKind:
    return "human" if coder.casefold().startswith("human") else "imported"


def _resolved(
    coded: Iterable[Coded], ids: MessageIds
) -> tuple[list[tuple[str, Coded]], tuple[str, ...], tuple[str, ...]]:
    """Rows with the id of their message here; the ids that are unknown; those of failures."""
    known: list[tuple[str, Coded]] = []
    unknown: dict[str, None] = {}
    failed: dict[str, None] = {}
    for row in coded:
        message = ids.find(row.id)
        if message is None:
            unknown[row.id] = None
        elif ids.is_failure(message):
            failed[row.id] = None
        else:
            known.append((message, row))
    return known, tuple(unknown), tuple(failed)


def _distinct(rows: Iterable[tuple[str, Coded]], file: Path) -> tuple[dict[str, Coded], int]:
    """One row a message, and how many said the same again."""
    first: dict[str, Coded] = {}
    repeated = 0
    for message, row in rows:
        before = first.setdefault(message, row)
        if before is row:
            continue
        repeated += 1
        if before.said != row.said:
            problem = f"{row.id} is coded otherwise in line {before.line}; keep one of the two rows"
            raise InvalidFile(file, problem, line=row.line)
    return first, repeated


def _digest(flags: Iterable[str], rows: Mapping[str, Coded]) -> str:
    content = [
        [message, sorted((flag, mark.answer, mark.level) for flag, mark in row.marks.items())]
        + ([dict(row.about)] if row.about else [])
        for message, row in sorted(rows.items())
    ]
    return hashlib.sha256(json.dumps([list(flags), content]).encode()).hexdigest()


# Writing ------------------------------------------------------------------------------------------------


def _write(results: Results, header: CoderHeader, rows: Mapping[str, Coded]) -> bool:
    """All codes at once: a kill leaves none of them or all. False if they are here already."""
    with results.locked():
        if there := results.codes_of(header.coder):
            _check_same(there, header, rows)
            return False
        folder = results.root / "codes" / header.coder
        part = results.root / f".codes-{header.coder}.part"
        try:
            shutil.rmtree(part, ignore_errors=True)
            about = {message: row.about for message, row in rows.items()}
            for run, verdicts in _by_run(rows).items():
                inside = part / results.codes(header.coder, run).relative_to(folder)
                inside.parent.mkdir(parents=True, exist_ok=True)
                inside.write_bytes(codes.whole(header, verdicts, lines.utc_now(), about))
            folder.parent.mkdir(exist_ok=True)
            part.rename(folder)
        except OSError as error:
            with suppress(OSError):
                shutil.rmtree(part)
            raise lines.unwritable(folder, error) from error
    return True


def _check_same(there: Iterable[Path], header: CoderHeader, rows: Mapping[str, Coded]) -> None:
    """`InvalidInput` unless just these codes are there."""
    found = [codes.read(file) for file in there]
    verdicts = {verdict.message: verdict for one in found for verdict in one.verdicts}
    weights = {message: weight for one in found for message, weight in one.weights.items()}
    mine = {message: row.about["weight"] for message, row in rows.items() if "weight" in row.about}
    flags = {one.header.flags for one in found if one.header is not None}
    new = {message: _verdict(message, row) for message, row in rows.items()}
    if (verdicts, weights, flags) != (new, mine, {header.flags}):
        raise InvalidInput(
            f"{found[0].file.parent.parent}: there are other codes by {header.coder!r} already; choose "
            "another --coder, or move that folder away. Nothing was changed"
        )


def _by_run(rows: Mapping[str, Coded]) -> dict[str, list[Verdict]]:
    runs: dict[str, list[Verdict]] = {}
    for message, row in rows.items():
        runs.setdefault(message.partition("|")[0], []).append(_verdict(message, row))
    return runs


def _verdict(message: str, row: Coded) -> Verdict:
    return Coding(message, row.marks) if row.skipped is None else Abstained(message, row.skipped)
