"""What was lost to failures that nobody asked for, and why runs ended early: so that it is said."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascope.records import Failure
from mascope.store import journal

ORGANIC = b'"organic"'
"""In every journal with such a failure, and hardly in another: most need not be read line by line."""


END = b'{"event":"end",'
"""How the last line of a journal begins when its discussion has ended."""
LAST_BYTES = 65_536
"""More than an end takes."""


@dataclass(frozen=True, slots=True)
class Loss:
    kind: str
    turns: int
    detail: str
    """The commonest, in the provider's words; for the researcher."""


def losses(journals: Iterable[Path]) -> tuple[Loss, ...]:
    """Organic failures by kind, the commonest first. A fork's copies of its parent's are not its own."""
    details: dict[str, Counter[str]] = defaultdict(Counter)
    for file in journals:
        for failure in _organic(file):
            details[failure.kind][failure.detail] += 1
    found = [Loss(kind, said.total(), said.most_common(1)[0][0]) for kind, said in details.items()]
    return tuple(sorted(found, key=lambda loss: (-loss.turns, loss.kind)))


def reasons(journals: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    """Why runs ended as they did, where their journals say: reason → runs."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in journals:
        if reason := _end(file).get("reason"):
            found[str(reason)].append(file.stem)
    return {reason: tuple(runs) for reason, runs in found.items()}


def _end(file: Path) -> Mapping[str, Any]:
    """The last event, if it is the end; read without the thousands before it."""
    if not file.exists():
        return {}
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - LAST_BYTES))
        last = stream.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        return dict(json.loads(last)) if last.startswith(END) else {}
    except ValueError:  # cut off by a crash
        return {}


def _organic(file: Path) -> list[Failure]:
    if not file.exists() or ORGANIC not in file.read_bytes():
        return []
    turns = journal.read(file).turns
    return [t for t in turns if isinstance(t, Failure) and t.origin == "organic" and t.copied_from is None]
