"""Where names may begin in a text: found fast, and then looked at with a pattern of all their spellings."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from mascope.names import spelling


@dataclass(frozen=True, slots=True)
class Beginnings:
    """How the names of a run begin: no name stands where none is found, but not each that is found is one."""

    heads: frozenset[str]
    """One of these stands where a name begins, but for the case of ASCII letters."""
    words: tuple[bytes, ...]
    """Those of the heads that are words, in small letters: looked for as they stand."""
    others: re.Pattern[str] | None
    """Before any spelling of the names that begin with no such word; None where there is none."""

    @classmethod
    def of(cls, names: Collection[str]) -> "Beginnings":
        words = frozenset(map(spelling.first_word, names)) - {""}
        others = [name for name in names if not spelling.first_word(name)]
        characters = frozenset("".join(map(spelling.first_characters, others)))
        pattern = _before(characters, others) if others else None
        return cls(words | characters, tuple(word.encode("ascii") for word in sorted(words)), pattern)

    def find(self, text: str) -> list[int]:
        """Places in their order; one may come twice."""
        # A byte for each character, so that places are the same: in no word is a `?`.
        plain = text.encode("ascii", "replace").lower()
        found: list[int] = []
        for word in self.words:
            place = plain.find(word)
            while place >= 0:
                if not plain[place - 1 : place].isalnum():  # in front of the first character stands nothing
                    found.append(place)
                place = plain.find(word, place + 1)
        if self.others:
            found += (other.start() for other in self.others.finditer(text))
        return sorted(found)


def _before(characters: Collection[str], names: Collection[str]) -> re.Pattern[str]:
    # Looking for first characters only, and for them first, makes the search several times faster.
    begin = f"(?=[{re.escape(''.join(sorted(characters)))}])(?<!{spelling.LETTER})"
    return re.compile(f"{begin}(?={'|'.join(map(spelling.pattern, names))})")
