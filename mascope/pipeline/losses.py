"""What was lost to failures that nobody asked for: so that it is said, and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mascope.records import Failure
from mascope.store import journal

ORGANIC = b'"organic"'
"""In every journal with such a failure, and hardly in another: most need not be read line by line."""


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


def _organic(file: Path) -> list[Failure]:
    if not file.exists() or ORGANIC not in file.read_bytes():
        return []
    turns = journal.read(file).turns
    return [t for t in turns if isinstance(t, Failure) and t.origin == "organic" and t.copied_from is None]
