"""In whose voice a message speaks: its own name at the start, and lines spoken for others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mascope.names.mentions import MentionFinder

_LEAD = re.compile(r"\s*(?P<marks>[ \t>#*_`]*)(?P<bracket>[\[(]?)@?")
_CLOSE = re.compile(
    r"(?P<bracket>[\])]?)(?P<marks>[*_`]*)[^\S\n]*(?:(?P<colon>[:：])|(?=\n|$)|[-\u2013\u2014][^\S\n])"
    r"(?P<late_marks>[*_`]*)\s*"
)
_NO_EMPHASIS = re.compile(r"[^*_`]+")
_FIRST_PERSON = re.compile(
    r"\W{0,8}(?:@|(?:je|j['’]|moi|nous|merci|bonjour|bonsoir|salut|d['’]accord|oui|parfait|excellent|super"
    r"|i|i['’]\w+|we|thanks|thank you|hi|hello|hey|yes|ok|okay|agreed|great|perfect|sure)\b)",
    re.IGNORECASE,
)
_LINE = re.compile(r"^(?![ \t]*[*+-][ \t])[^\n]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PeerLine:
    """A line of a message that begins as if another agent were speaking: `[Agent-B]: I agree`."""

    agent: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Introduction:
    agent: str
    end: int
    bracketed: bool
    colon: bool


def own_prefix(text: str, names: Sequence[str]) -> int:
    """Length of what introduces the speaker itself at the start of `text`; 0 where nothing does.

    `[Golf]: `, `**Agent-E** – `, `@Agent-A : `, the name alone on a line, and several of these in a row. Not
    a title that goes on after the name (`**Agent-C – Plan**`): for these see `opens_with_name`.
    """
    return words_begin(text, MentionFinder({"": names}, parts=False))


def words_begin(text: str, finder: MentionFinder) -> int:
    """Where the words of `text` begin after whatever introduces a speaker, itself or (wrongly) another."""
    length = 0
    while found := _introduction(finder, text, length):
        length = found.end
    return length


def opens_with_name(text: str, finder: MentionFinder) -> bool:
    """Whether `text` begins with a name that `finder` knows, whatever follows."""
    lead = _LEAD.match(text)
    return bool(lead and finder.at(text, lead.end()))


def peer_lines(text: str, finder: MentionFinder, speaker: str) -> tuple[PeerLine, ...]:
    """The lines that begin in the voice of an agent other than `speaker`.

    A bracketed name and a colon, the form of transcripts, always count. A bare name and a colon count where
    the line goes on in the first person or with a greeting: "Agent-B : maquettes" is a task. List items and
    `@Agent-B : …` speak to an agent, not as one.
    """
    lines = []
    for line in _LINE.finditer(text):
        found = _introduction(finder, text, line.start())
        if found and found.agent != speaker and found.colon and _speaks(text, line.start(), found):
            lines.append(PeerLine(found.agent, line.start(), line.end()))
    return tuple(lines)


def _speaks(text: str, start: int, found: _Introduction) -> bool:
    addressed = "@" in text[start : found.end]
    return found.bracketed or (not addressed and bool(_FIRST_PERSON.match(text, found.end)))


def _introduction(finder: MentionFinder, text: str, position: int) -> _Introduction | None:
    """Who is named at `position`, where something closes the name off."""
    lead = _LEAD.match(text, position)
    named = finder.at(text, lead.end()) if lead else None
    close = _CLOSE.match(text, named.end) if named else None
    if not lead or not named or not close or bool(close["bracket"]) != bool(lead["bracket"]):
        return None
    # `**Agent-C – Plan**` opens bold that its name does not close: a title, not an introduction.
    opened = _NO_EMPHASIS.sub("", lead["marks"])
    if opened not in (close["marks"], close["marks"] + close["late_marks"]):
        return None
    end = close.end() if opened == close["marks"] + close["late_marks"] else close.start("late_marks")
    return _Introduction(named.agent, end, bool(lead["bracket"]), bool(close["colon"]))
