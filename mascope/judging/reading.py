"""A message as the rule-based coder reads it: one form of every hyphen, apostrophe and blank, and its names.

Folding keeps every character in its place, so that what is found can be quoted from the original.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from mascope.cues import folded
from mascope.names import Mention, MentionFinder, words_begin

_ITEM = re.compile(r"[ \t]*(?:[-*+•|>◦▪✅☐☑➡→]|\d+[.)]|\*\*)")
_BETWEEN_BLANKS = re.compile(r"\S+")
_SAYS_SOMETHING = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[^\W\d_]+")
_BARE = re.compile(r"[\W\d_]*")
_LEAST_SAID = 10
"""Characters beside names that make a line more than a list of those present."""
_REMARK = re.compile(r"[\W_]*\([^()\n]*\)[\W_]*")


@dataclass(frozen=True, slots=True)
class Item:
    """A list item or table row that names an agent as its subject or owner."""

    start: int
    end: int


class Reading:
    """What is read of one message, from its start to `opening`."""

    def __init__(self, text: str, speaker: str, finder: MentionFinder, opening: int | None) -> None:
        self.text = text[:opening]
        self.speaker = speaker
        self._finder = finder

    @cached_property
    def plain(self) -> str:
        return folded(self.text)

    @cached_property
    def small(self) -> str:
        small = self.plain.lower()
        if len(small) == len(self.plain):
            return small
        return "".join(c.lower() if len(c.lower()) == 1 else c for c in self.plain)

    def has_words(self, number: int) -> bool:
        """Whether there are that many words, the introduction of the speaker (`[Agent-B]: `) left out."""
        # In two steps: one pattern for both takes a time that is quadratic in a row of dashes.
        pieces = _BETWEEN_BLANKS.finditer(self.text, self._words_begin)
        words = (piece for piece in pieces if _SAYS_SOMETHING.search(piece[0]))
        return sum(1 for _ in islice(words, number)) == number

    def words_outside(self, spans: Iterable[tuple[int, int]]) -> int:
        """How many words begin in none of these stretches; numbers and single signs are no words."""
        taken = sorted(spans)
        return sum(
            not any(start <= word.start() < end for start, end in taken)
            for word in _LETTERS.finditer(self.plain)
        )

    @cached_property
    def _words_begin(self) -> int:
        return words_begin(self.text, self._finder)

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        return self._finder.find(self.text)

    @cached_property
    def others(self) -> tuple[Mention, ...]:
        """Mentions of other agents, but not those that introduce a speaker (`[Agent-B]: I agree`)."""
        return tuple(m for m in self.mentions if m.agent != self.speaker and not self._introduces(m))

    def _introduces(self, mention: Mention) -> bool:
        before = self.plain[max(0, mention.start - 2) : mention.start]
        after = self.plain[mention.end : mention.end + 3]
        return before.endswith(("[", "[@")) and after.startswith(("]:", "] :"))

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Lines of lists and tables that begin or end (or have a cell) with a name, and say more."""
        by_line: dict[int, list[Mention]] = {}
        for mention in self.mentions:
            start = self.plain.rfind("\n", 0, mention.start) + 1
            if _ITEM.match(self.plain, start) and not (start == 0 and self.plain.startswith("**")):
                by_line.setdefault(start, []).append(mention)
        lines = ((start, self._line_end(start), named) for start, named in by_line.items())
        return tuple(Item(start, end) for start, end, named in lines if self._is_item(start, end, named))

    def _is_item(self, start: int, end: int, named: list[Mention]) -> bool:
        rest = end - start - sum(mention.end - mention.start for mention in named)
        said = rest - 3 * len(named)  # `, @` between names is nothing said
        return said > _LEAST_SAID and any(self._at_edge(mention, start, end) for mention in named)

    def _line_end(self, position: int) -> int:
        end = self.plain.find("\n", position)
        return len(self.plain) if end < 0 else end

    def _at_edge(self, mention: Mention, start: int, end: int) -> bool:
        before = self.plain[start : mention.start].rpartition("|")[2]
        after = self.plain[mention.end : end].partition("|")[0]
        return bool(_BARE.fullmatch(before) or _BARE.fullmatch(after) or _REMARK.fullmatch(after))
