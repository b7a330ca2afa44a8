"""What is in a results directory, told by the program: events and their fields, frames, tables."""

import ast
import inspect
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from mascope import records
from mascope.pipeline import reporting
from mascope.stats.audit import AUDITS
from mascope.store import codes, frames, journal
from mascope.store.fields import FAILURE, MESSAGE, PROBE, USAGE, Fields
from mascope.store.layout import Results
from mascope.study.measures import (
    CONVERGENCE,
    COUNTS,
    FROM_CODES,
    NETWORK,
    OF_OPTIONS,
    PROBE_MEASURES,
    TEXT,
)
from mascope.tables import Table


def cell(text: str) -> str:
    """Fit for a cell of a table: no bar ends it, and no `<` outside of code begins a tag."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if n % 2 else part.replace("<", "&lt;") for n, part in enumerate(parts))


TELLS: Mapping[str, tuple[str, Fields[Any]]] = {
    "run": ("Header", journal.HEADER), "message": ("Message", MESSAGE), "failure": ("Failure", FAILURE),
    "probe": ("ProbeAnswer", PROBE), "end": ("", journal.END),
}  # fmt: skip
"""Event → the record that it holds, and the fields that are checked as it is read."""


def events() -> str:
    """Every event of a journal, with its fields."""
    parts = []
    for event in journal.EVENTS:
        record, known = TELLS.get(event, ("", journal.NOTES.get(event)))
        parts.append(f"### {event}\n\n{EVENTS[event]}\n\n{_fields(record, known)}".strip())
    return "\n\n".join([*parts, f"### usage\n\nWithin a message or an answer.\n\n{_fields('Usage', USAGE)}"])


EVENTS: Mapping[str, str] = {
    "run": "First line of a journal: what this run is, and `at`, when it was written (ISO 8601).",
    "call": "An attempt is about to be sent: `round`, `agent`, `attempt`, `request` (its digest).",
    "message": "What an agent said.",
    "failure": "What came instead of a message.",
    "end": "How the discussion ended: `done`, `aborted`, `failed`.",
    "error": "An attempt failed: `round`, `agent`, `attempt`, `kind`, `detail`, and what it can have cost.",
    "empty": "An answer without text, which was asked for again or became a failure.",
    "probe": "A private answer; no prompt ever holds it.",
    "probe-call": "An attempt to get a private answer is about to be sent.",
    "probe-error": "Such an attempt failed.",
    "alias": "What an imported table called a message.",
}
"""Event → what it tells; for the reader of the page."""


def _fields(record: str, known: Fields[Any] | None) -> str:
    meanings = _meanings(record) if record else {}
    if known is None or not known.kinds:
        return ""
    rows = [f"| `{name}` | {words} | {_told(name, meanings)} |" for name, words in _sorted(known, meanings)]
    return "\n".join(["| field | holds | |", "|---|---|---|", *rows])


def _told(field: str, meanings: Mapping[str, str]) -> str:
    return cell(meanings.get(field) or FIELDS[field])


FIELDS: Mapping[str, str] = {
    "run": "Its id.", "series": "Its condition.", "replicate": "Number within the series, from 1.",
    "study": "The study's name.", "agents": "The seats: names, models, places.",
    "condition_digest": "Digest of the condition and of the models in it.",
    "simulated": "Whether a rehearsed model takes part.", "version": "Of mascope.",
    "at": "When it was journaled: ISO 8601, UTC.", "id": "Run, name and round.",
    "outcome": "Whether it could be read.", "origin": "Whether the study asked for it.",
    "agent": "The participant's key, the same in every series.", "name": "What the others call it.",
    "model": "The key of its model.", "served_model": "The model that answered, as the provider says.",
    "round": "From 0.", "position": "Place in the speaking order of the round, from 0.",
    "text": "What the others read.", "prompt_digest": "Digest of the exact prompt.",
    "seen": "Ids of what its prompt held.", "cut": "Ids of what its context window left out.",
    "reasoning": "What the model thought aloud, where the provider tells.",
    "finish_reason": "Why the model stopped; `length`: it was cut off.",
    "fingerprint": "Of the provider's system.", "usage": "Tokens, as the provider counts them.",
    "cost_usd": "In USD; null where the price is not known.", "latency_s": "Seconds to the answer.",
    "attempts": "Requests that were sent for it.", "seed": "Of its sampling, where the model takes one.",
    "layout": "How the transcript was laid out.", "probe": "The question's id.",
    "copied_from": "In a fork, the parent's.", "status": "`done`, or why not.", "reason": "In words.",
    "message": "The message's id.", "alias": "Its id in the imported table.", "prompt": "Tokens sent.",
    "completion": "Tokens answered.", "told": "What the others saw of it.", "detail": "For the researcher.",
}  # fmt: skip
"""Field → its meaning, where its record leaves that to the name."""


def _sorted(known: Fields[Any], meanings: Mapping[str, str]) -> list[tuple[str, str]]:
    """The fields in the order of their record."""
    order = list(meanings)
    return sorted(known.told().items(), key=lambda item: order.index(item[0]) if item[0] in order else 99)


def _meanings(record: str) -> dict[str, str]:
    """Field → the docstring under it, in the order of the record."""
    kind = getattr(records, record, None) or getattr(journal, record)
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {field.name: "" for field in fields(kind)}
    for one, after in zip(body.body, [*body.body[1:], ast.Pass()], strict=True):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            found[one.target.id] = " ".join(_docstring(after).split())
    return found


def verdicts() -> str:
    """Every line of a codes file."""
    head = f"### coder\n\nFirst line: who coded, and under what instructions.\n\n{_plain(codes.HEADER)}"
    parts = [
        f"### {event}\n\n{_of_verdict(event)}\n\n{_plain(known)}" for event, known in codes.VERDICTS.items()
    ]
    mark = f"### marks\n\nWithin a coding, for each flag.\n\n{_plain(codes.MARK)}"
    return "\n\n".join([head, *parts, mark])


def _of_verdict(verdict: str) -> str:
    return str(inspect.getdoc(getattr(records, verdict.capitalize())))


def _plain(known: Fields[Any]) -> str:
    rows = [f"| `{name}` | {words} |" for name, words in known.told().items()]
    return "\n".join(["| field | holds |", "|---|---|", *rows])


def columns_of_frames() -> str:
    """The frames that tables are computed from; also what `Results` of a notebook gives."""
    body = ast.parse(inspect.getsource(frames.Frames)).body[0]
    assert isinstance(body, ast.ClassDef)
    told: list[str] = []
    for one, after in zip(body.body, [*body.body[1:], ast.Pass()], strict=True):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            told.append(f"### Frame {one.target.id}\n\n{inspect.cleandoc(_docstring(after))}")
    return "\n\n".join(told)


def _docstring(node: ast.stmt) -> str:
    """The text that stands by itself, as a docstring does; empty for anything else."""
    told = node.value if isinstance(node, ast.Expr) else None
    return told.value if isinstance(told, ast.Constant) and isinstance(told.value, str) else ""


def audit() -> str:
    """Every item of the audit."""
    rows = [f"| `{name}` | {cell(item.definition)} | {item.material:g} |" for name, item in AUDITS.items()]
    return "\n".join(["| item | counts | a warning from |", "|---|---|---|", *rows])


def hypothesis_measures() -> str:
    """What a hypothesis may compare."""
    probes = {f"PROBE.{name}" for names in PROBE_MEASURES.values() for name in names}
    groups = {
        "codes": FROM_CODES,
        "counts": COUNTS,
        "who names whom": NETWORK,
        "texts": TEXT,
        "convergence": CONVERGENCE,
        "private answers": (*sorted(probes), *(f"PROBE.{when}=OPTION" for when in OF_OPTIONS)),
    }
    rows = [f"| {kind} | {', '.join(f'`{name}`' for name in names)} |" for kind, names in groups.items()]
    return "\n".join(["| from | |", "|---|---|", *rows])


def tables() -> str:
    """Every table with the definition of each column, as a report of the starter study gives it."""
    with tempfile.TemporaryDirectory() as temporary:
        return "\n\n".join(_table(table) for table in starter_tables(Path(temporary)))


def starter_tables(folder: Path) -> tuple[Table, ...]:
    """The tables of what `mascope init` writes, held and judged."""
    for arguments in (("init", "."), ("run", "study.yaml"), ("judge",)):
        command = [sys.executable, "-m", "mascope", *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    found = reporting.report(Results(folder / "results" / "starter"), reporting.Options(resamples=200))
    return found.tables


def _table(table: Table) -> str:
    rows = [f"| `{column.name}` | {cell(column.definition)} |" for column in table.columns]
    title = table.title.removeprefix("SIMULATED: ")
    return "\n".join([f"### {table.name}", "", f"{title}.", "", "| column | |", "|---|---|", *rows])
