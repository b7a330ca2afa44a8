"""What a rehearsed agent says, and what is true of what it said.

An agent reads from its prompt who is there and whether somebody fell silent, draws which flags its message
shows, and says a sentence for each. `truth` reads the flags back from the sentences.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from mascope.chat.draws import Draws
from mascope.chat.phrases import STORES, TECH, Bank, marks
from mascope.chat.types import ChatTurn

FLAGS = ("PHATIC", "META", "LEAD", "ARCH", "AGREE", "COMP")

SHORTEST = 21
"""Words aimed at by the shortest message that is not PHATIC, so that none has under 15: a codebook may call
shorter ones small talk."""
SPREAD = 0.45
"""Standard deviation of the logarithm of a message's length in words."""
TYPICAL_FILLER = 12
"""Words of a sentence of filler, about: where less than half of them are missing, none is added."""


@dataclass(frozen=True, slots=True)
class Persona:
    """How an agent behaves: its true rates."""

    rates: Mapping[str, float]
    """Flag → share of its messages that show it, all messages counted. PHATIC stands alone, so every other
    rate is at most 1 − PHATIC. COMP is the rate among messages after a notice that somebody failed."""
    words: float = 80.0
    """Mean words of a message that is not PHATIC."""
    levels: Mapping[str, float] = field(default_factory=lambda: {"L1": 0.6, "L2": 0.15, "L3": 0.25})
    """Level → share of the COMP messages."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a prompt tells about the group."""

    peers: tuple[str, ...] = ()
    """Who can be named: those that the system prompt lists, else those who spoke lately."""
    failed: bool = False
    """Whether a notice says that an agent failed."""
    absent: str | None = None
    """The name of that agent, where the notice gives it; the latest of several, of those still silent."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The true codes of a rehearsed message."""

    flags: Mapping[str, bool]
    levels: Mapping[str, str]
    """Flag → level, for the flags it shows that have levels."""


# Reading the prompt ----------------------------------------------------------------------------------------

_LISTED = re.compile(
    r"^(?:(?:the |les )?(?:others?|autres)(?: \w+)?|participants) ?:[ \t]*(.+)$", re.IGNORECASE | re.MULTILINE
)
_OWN = re.compile(r"^(?:You are|Vous êtes|Tu es) (.+?)(?: (?:in|dans) .*|\.)?$", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(
    r"(.+?)(?:'s)? (?:has|have|is|was|did|does|will|can|left|a|n'a|ne|est|n'est|s'est)\b", re.IGNORECASE
)
_LONGEST_NAME = 80
TURNS_KEPT = 20_000
"""Turns whose reading is remembered: a transcript is sent again with every call, one turn longer."""
_RECENT = 12
"""Messages whose speakers are taken for present, from the latest back: more than a usual group has agents."""


def scene(turns: Sequence[ChatTurn]) -> Scene:
    """Who is there, from the `[Name]: ` of the transcript and the peers line of the system prompt."""
    system = "\n".join(turn.text for turn in turns if turn.role == "system")
    own = found[1] if (found := _OWN.search(system)) else None
    listed = _names(found[1]) if (found := _LISTED.search(system)) else ()
    heard = [entry for turn in turns if turn.role == "user" for entry in _entries(turn.text)]
    present = listed or _speakers(heard)
    silent, noticed = _silent(heard, {*present})
    peers = tuple(name for name in present if name != own and name not in silent)
    about_others = [name for name in (*noticed, *silent) if name is None or name != own]
    return Scene(peers, bool(about_others), about_others[-1] if about_others else None)


def _names(line: str) -> tuple[str, ...]:
    return tuple(name for part in line.split(",") if (name := part.strip(" .")))


def _speakers(heard: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The latest speakers, each once."""
    return tuple(dict.fromkeys(name for name, _ in reversed(heard[-_RECENT:]) if not _is_system(name)))


def _silent(heard: Sequence[tuple[str, str]], known: set[str]) -> tuple[list[str | None], list[str | None]]:
    """Who failed and has not spoken since; and whom there was a notice about. None where it names nobody."""
    noticed = [_absent(text, known) for name, text in heard if _is_system(name)]
    if not noticed:
        return [], []
    silent: dict[str | None, None] = {}
    for name, text in heard:
        if _is_system(name):
            silent[_absent(text, known)] = None
        else:
            silent.pop(name, None)
    return list(silent), noticed


def _is_system(name: str) -> bool:
    return name.casefold() == "system"


@lru_cache(maxsize=TURNS_KEPT)
def _entries(text: str) -> tuple[tuple[str, str], ...]:
    """(name, first line) of each message in a turn: `[Name]: ` at its start or after an empty line."""
    said = text.find(" says: ", 0, _LONGEST_NAME)
    found = [(text[:said], _line(text, said + 7))] if said > 0 else []
    start = 0 if text.startswith("[") else _next(text, 0)
    while start >= 0:
        close = text.find("]", start, start + _LONGEST_NAME)
        name = text[start + 1 : close] if close > 0 else ""
        if _is_system(name) or (text.startswith(":", close + 1) and _is_name(name)):
            found.append((name, _line(text, close + 1)))
        start = _next(text, start)
    return tuple(found)


def _is_name(label: str) -> bool:
    """Not the number of a footnote."""
    return any(character.isalpha() for character in label)


def _next(text: str, after: int) -> int:
    found = text.find("\n\n[", after)
    return found + 2 if found >= 0 else -1


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : end if end >= 0 else None].lstrip(": ")


def _absent(notice: str, known: set[str]) -> str | None:
    named = [name for name in known if name in notice]
    if named:
        return max(named, key=lambda name: (len(name), name))
    found = _SUBJECT.match(notice)
    return found[1] if found else None


# Speaking --------------------------------------------------------------------------------------------------


def possible(rates: Mapping[str, float], *, peers: bool, failed: bool) -> dict[str, float]:
    """The true rates where there are peers to name or not, and a failure to speak of or not."""
    impossible = {*(() if peers else ("LEAD", "AGREE")), *(() if failed else ("COMP",))}
    return {flag: 0.0 if flag in impossible else rates[flag] for flag in FLAGS}


def speech(persona: Persona, bank: Bank, scene: Scene, draws: Draws) -> str:
    """A message that shows each flag with its rate.

    PHATIC is drawn first and leaves room for nothing else; the others are then drawn independently, each with
    rate / (1 − PHATIC), which makes the share among all messages the rate itself.
    """
    rates = possible(persona.rates, peers=bool(scene.peers), failed=scene.failed)
    small_talk = rates["PHATIC"]
    if draws.chance("PHATIC", small_talk):
        return _small_talk(bank, draws)
    shown = [flag for flag in _ORDER if draws.chance(flag, rates[flag] / (1 - small_talk))]
    said = [_sentence(flag, persona, bank, scene, draws) for flag in shown]
    wanted = max(draws.lognormal("words", persona.words, SPREAD), SHORTEST)
    return " ".join([*said, *_filler(bank, draws, wanted - sum(map(_words, said)))])


# The sentences that carry the truth come first, so that a cut at max_tokens rarely takes one away.
_ORDER = ("AGREE", "COMP", "ARCH", "LEAD", "META")


def _small_talk(bank: Bank, draws: Draws) -> str:
    opening, closing = draws.choice("opening", bank.flags["PHATIC"]), draws.choice("closing", bank.closers)
    return f"{opening} {closing}".strip()


def _sentence(flag: str, persona: Persona, bank: Bank, scene: Scene, draws: Draws) -> str:
    if flag == "COMP":
        level = draws.weighted("level", persona.levels) or next(iter(persona.levels))
        sentences = bank.levels[level]
    else:
        sentences = bank.flags[flag]
    return draws.choice(f"{flag} sentence", sentences).format(
        peer=draws.choice(f"{flag} peer", scene.peers) if scene.peers else "",
        absent=scene.absent or bank.nobody,
        task=draws.choice("task", bank.tasks),
        topic=draws.choice("topic", bank.topics),
        tech=draws.choice("tech", TECH),
        store=draws.choice("store", STORES),
    )


def _filler(bank: Bank, draws: Draws, missing: float) -> list[str]:
    """Sentences of about `missing` words; the same one comes back after all others only."""
    said: list[str] = []
    at = draws.choice("filler", range(len(bank.filler)))
    step = draws.choice("stride", range(1, len(bank.filler)))
    number = draws.choice("number", range(80))
    while missing > TYPICAL_FILLER / 2:
        sentence = bank.filler[at % len(bank.filler)].format(n=5 + (7 * at + number) % 80)
        said.append(sentence)
        at, missing = at + step, missing - _words(sentence)
    return said


def _words(sentence: str) -> int:
    return sentence.count(" ") + 1


# The truth -------------------------------------------------------------------------------------------------

_FRAGMENTS: tuple[tuple[str, str | None, str], ...] = tuple(marks())


def truth(text: str) -> Truth:
    """The flags that a rehearsed message shows, by the fixed parts of its sentences.

    Holds after names were replaced; where a message was cut off, for what is left of it.
    """
    found = [(flag, level) for flag, level, fragment in _FRAGMENTS if fragment in text]
    shown = {flag for flag, _ in found}
    levels = {flag: level for flag, level in found if level is not None}
    return Truth({flag: flag in shown for flag in FLAGS}, levels)
