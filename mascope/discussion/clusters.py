"""Texts cut only where a reader would: between characters as they are seen, not between code points."""

import unicodedata
from collections.abc import Iterator

ZERO_WIDTH_JOINER = "\u200d"


def clusters(text: str) -> Iterator[str]:
    """The characters as a reader counts them: accents, joined emoji, flags and surrogate pairs stay whole.

    The rules of Unicode (UAX #29) that matter to what models write, and no table beyond Python's own.
    """
    start = 0
    for place in range(1, len(text)):
        if not _belongs(text, start, place):
            yield text[start:place]
            start = place
    if text:
        yield text[start:]


def _belongs(text: str, start: int, place: int) -> bool:
    """Whether what stands at `place` goes on with the cluster that began at `start`."""
    before, here = text[place - 1], text[place]
    if here.isascii():
        return before == "\r" and here == "\n"
    if _extends(here) or (before == ZERO_WIDTH_JOINER and not here.isspace()):
        return True
    if "\ud800" <= before <= "\udbff" and "\udc00" <= here <= "\udfff":
        return True
    return _flag(here) and _flag(before) and (place - start) % 2 == 1


def _extends(character: str) -> bool:
    """Whether it changes the character before it: accents, vowel signs, skin tones, tags, later jamo."""
    marks = unicodedata.category(character) in ("Mn", "Me", "Mc") or character == ZERO_WIDTH_JOINER
    return marks or any(low <= character <= high for low, high in _EXTENDING)


_EXTENDING = (("\u1160", "\u11ff"), ("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f"))


def _flag(character: str) -> bool:
    """Half of a flag: two of these make one."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"
