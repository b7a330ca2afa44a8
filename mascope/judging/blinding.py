"""What coders are not told: who speaks. Names become neutral ones, in the texts too, in every spelling.

Each run has its own assignment of names, drawn from the panel's seed, so that nothing can be learnt about a
speaker from one run for another. No series, model, run or round is ever named.
"""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mascope.judging.fencing import CONTEXT_LIMIT, TARGET_LIMIT, cut, disarmed, mark, plain
from mascope.judging.units import Absence, Unit
from mascope.names import MentionFinder
from mascope.records import Agent, Message
from mascope.seeds import derive

NOUNS = ("Speaker", "Member", "Voice", "Person", "Seat")
"""What agents may be called; the first that no name in the run holds."""
LETTERS = "".join(letter for letter in string.ascii_uppercase if letter not in "IO")
"""Of neutral names. I is also a word, and O looks like a zero."""
SHARED = "one of us"
"""Stands for a name that several agents share: the label of their common model."""
RUNS_KEPT = 256
"""Runs whose blinded texts are kept at once."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Somebody's words as a coder is shown them."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """One unit as a coder is shown it."""

    message: str
    """Id of the coded message; never shown."""
    mark: str
    target: Quoted
    context: tuple[Quoted, ...]
    silent: tuple[str, ...]
    """Who had fallen silent and since when, in words."""
    words: int
    """Of the target as it was written; models count badly, and some flags depend on it."""
    left_out: int
    """Characters of the target that were cut out of its middle."""


class Blinding:
    """The neutral names of one run. A text is blinded once, however many questions show it."""

    def __init__(self, run: str, agents: Sequence[Agent], seed: int, *, blind: bool = True) -> None:
        self._seed, self._blind = seed, blind
        self.names = neutral_names(run, agents, seed) if blind else _real_names(agents)
        self._finder = MentionFinder({agent.id: aliases(agent) for agent in agents})
        self._texts: dict[str, str] = {}

    def text(self, message: Message) -> str:
        """The whole text with neutral names, and with nothing in it that could pose as structure."""
        known = self._texts.get(message.id)
        if known is None:
            known = plain(message.text)
            if self._blind:
                known = self._finder.replace(known, self.names, shared=SHARED)
            self._texts[message.id] = known = disarmed(known)
        return known

    def question(self, unit: Unit, *, tell_absences: bool) -> Question:
        whole = self.text(unit.message)
        context = tuple(self._quoted(message, CONTEXT_LIMIT) for message in unit.context)
        target = self._quoted(unit.message, TARGET_LIMIT)
        return Question(
            message=unit.message.id,
            mark=mark(self._seed, unit.message.id, [target.text, *(quoted.text for quoted in context)]),
            target=target,
            context=context,
            silent=tuple(map(self._in_words, unit.absent)) if tell_absences else (),
            words=len(unit.message.text.split()),
            left_out=max(0, len(whole) - TARGET_LIMIT),
        )

    def _quoted(self, message: Message, limit: int) -> Quoted:
        return Quoted(self.names[message.agent], cut(self.text(message), limit))

    def _in_words(self, absence: Absence) -> str:
        name = self.names[absence.agent]
        if absence.messages is None:
            return f"{name} (has not spoken so far)"
        return (
            f"{name} (for the last {absence.messages} messages)" if absence.messages else f"{name} (just now)"
        )


class Blindings:
    """The blindings of the runs in hand, shared by all judges of a panel."""

    def __init__(self, seed: int, *, blind: bool) -> None:
        self._seed, self._blind = seed, blind
        self._of_run = lru_cache(maxsize=RUNS_KEPT)(self._make)

    def of(self, unit: Unit) -> Blinding:
        return self._of_run(unit.run, unit.agents)

    def _make(self, run: str, agents: tuple[Agent, ...]) -> Blinding:
        return Blinding(run, agents, self._seed, blind=self._blind)


def neutral_names(run: str, agents: Sequence[Agent], seed: int) -> Mapping[str, str]:
    """Agent → `Speaker K`: other names in each run, and none whose letter or number an agent's name holds."""
    tokens = _tokens(name for agent in agents for name in (agent.name, agent.own_name, agent.label) if name)
    noun = next((noun for noun in NOUNS if noun.casefold() not in tokens), NOUNS[0])
    labels = [letter for letter in LETTERS if letter.casefold() not in tokens]
    if len(labels) < len(agents):
        numbers = (str(number) for number in range(1, len(agents) + len(tokens) + 1))
        labels = [number for number in numbers if number not in tokens][: len(agents)]
    drawn = sorted(labels, key=lambda label: derive("blinding", seed, run, label))
    return {agent.id: f"{noun} {label}" for agent, label in zip(agents, drawn, strict=False)}


def _tokens(names: Iterable[str]) -> set[str]:
    return {token.casefold() for name in names for token in re.findall(r"[^\W_]+", name)}


def _real_names(agents: Sequence[Agent]) -> Mapping[str, str]:
    return {agent.id: re.sub(r'["<>\s]+', " ", plain(agent.name)).strip() for agent in agents}


def aliases(agent: Agent) -> tuple[str, ...]:
    """All that a text may call an agent: first what it is called in the chat, then those of its model."""
    found = [agent.name, agent.own_name, *_model_names(agent)]
    return tuple(dict.fromkeys(name for name in found if name))


def _model_names(agent: Agent) -> list[str]:
    route, _, served = agent.served_by.partition("/")
    if route == "rehearsal":  # a persona (`plain`) is an ordinary word, and there is no model to hide
        return []
    vendor, _, last = served.rpartition("/")
    # Without a digit it may be an ordinary word, and the label says the same.
    with_vendor = [f"{vendor.rpartition('/')[2]}/{last}"] if vendor else []
    return [agent.label, *_family(agent.label), *with_vendor, *([last] if re.search(r"\d", last) else [])]


def _family(label: str) -> list[str]:
    """`GPT-OSS 120B` → GPT-OSS, which may mean another model of the family, and tells of it all the same."""
    words = re.match(r"[^\W\d_]+(?:[- ][^\W\d_]+)+(?=[- ]\d)", label)
    # In small letters it is found in any case; a name of words is looked for with its capital else.
    return [words[0].lower()] if words else []
