"""Looking for many phrases and patterns in one pass."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from mascope.cues import GAP, any_of, folded
from mascope.judging.reading import Reading

_REFERS_TO_GROUPS = re.compile(r"\\[1-9]|\(\?P|\(\?\(")


@dataclass(frozen=True, slots=True)
class Found:
    """Where something was found, and the words as they stand there."""

    start: int
    end: int
    words: str


class Phrases:
    """Phrases (`=` before one asks for a capital) and regular expressions, together as few patterns."""

    def __init__(self, phrases: Collection[str], patterns: Collection[str] = ()) -> None:
        self._patterns = tuple(_joined(phrases, patterns))
        self._capital = frozenset(_counted(phrase[1:]) for phrase in phrases if phrase.startswith("="))

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def find(self, reading: Reading) -> list[Found]:
        """All that is found, in the order of the text."""
        small, plain = reading.small, reading.plain
        found = [
            Found(match.start(), match.end(), match[0])
            for pattern in self._patterns
            for match in pattern.finditer(small)
            if plain[match.start()].isupper() or not self._capital or _counted(match[0]) not in self._capital
        ]
        return found if len(self._patterns) == 1 else sorted(found, key=lambda one: one.start)


def different(found: Iterable[Found]) -> int:
    """How many different things were found; "Stripe Connect" is no other than "Stripe"."""
    words = {_counted(one.words) for one in found}
    return sum(not any(word.startswith(f"{other} ") for other in words) for word in words)


def _counted(words: str) -> str:
    return re.sub(GAP, " ", folded(words)).casefold()


def _joined(phrases: Collection[str], patterns: Collection[str]) -> Iterator[re.Pattern[str]]:
    """One pattern for all that begins where a word begins, and one for each of the others."""
    parts = [f"{any_of(phrases)}(?!\\w)"] if phrases else []
    begin = r"(?=\w)\b" if all(phrase.removeprefix("=")[0].isalnum() for phrase in phrases) else r"(?<!\w)"
    for pattern in patterns:
        if pattern.startswith(r"\b") and not _REFERS_TO_GROUPS.search(pattern):
            parts.append(f"(?:{pattern[2:]})")
        else:
            yield re.compile(pattern)
    if parts:
        yield re.compile(f"{begin}(?:{'|'.join(parts)})")
