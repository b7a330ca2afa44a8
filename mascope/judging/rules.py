"""The rule-based coder: flags from the cues of the codebook, the same answer every time, each yes explained.

It is the floor that a judge should beat, and the second coder where there is no key. What it looks for is in
the panel file (`cues.py` says how that is written); nothing here knows a flag by name.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mascope.codebook import RULES, Codebook, Flag
from mascope.cues import Cues, Rule
from mascope.judging.coders import CallLog, Judged
from mascope.judging.phrases import Found, Phrases, different
from mascope.judging.reading import Reading
from mascope.judging.units import Unit
from mascope.names import Mention, MentionFinder
from mascope.records import Coding, Mark
from mascope.store.codes import CoderHeader

_Span: TypeAlias = tuple[int, int]
"""Start and end in the text that was read."""

VERSION = 1
"""Of how cues are applied; goes up with every change that can change a code."""
LONGEST_QUOTE = 160
"""Characters of a message quoted as evidence, at most."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a flag holds."""

    rule: str
    quote: str
    """Words of the message, as they stand in it."""
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """Who speaks, among whom, and who had fallen silent before."""

    speaker: str
    finder: MentionFinder
    absent: frozenset[str] = frozenset()


def rules_digest(codebook: Codebook) -> str:
    """SHA-256 of all that can change a rule-based code: the cues and levels, and how cues are applied."""
    parts = [VERSION, [(flag.name, list(flag.levels), flag.cues) for flag in codebook.flags]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class Rules:
    """A codebook's cues, ready to be applied."""

    def __init__(self, codebook: Codebook) -> None:
        self._flags = {flag.name: _FlagRules(flag) for flag in codebook.flags}

    def code(self, text: str, seat: Seat) -> dict[str, Mark]:
        """An answer for each flag: "unsure" for one without cues, which no rule can deny."""
        return self.marks(self.explain(text, seat))

    def marks(self, evidence: Mapping[str, Evidence]) -> dict[str, Mark]:
        """The answers that the evidence for the flags that hold amounts to."""
        return {name: _mark(flag, evidence.get(name)) for name, flag in self._flags.items()}

    def explain(self, text: str, seat: Seat) -> dict[str, Evidence]:
        """The flags that hold, and why."""
        message = _Message(text, seat)
        found = {name: self._decide(name, message) for name in self._flags}
        return {name: evidence for name, evidence in found.items() if evidence}

    def _decide(self, name: str, message: "_Message") -> Evidence | None:
        """The strongest evidence for a flag; flags that may void a rule of it are decided on the way."""
        if name not in message.decided:
            flag = self._flags[name]
            strongest = None
            for applied in flag.rules:
                void = applied.rule.unless
                if void and any(self._decide(other, message) for other in void):
                    continue
                found = applied.evidence(message.reading(flag.opening), message.seat)
                if found and (strongest is None or flag.strength(found) > flag.strength(strongest)):
                    strongest = found
                if strongest and not flag.has_levels:
                    break
            message.decided[name] = strongest
        return message.decided[name]


class _Message:
    """One message on its way through the rules: what has been read and decided of it."""

    def __init__(self, text: str, seat: Seat) -> None:
        self.seat = seat
        self.decided: dict[str, Evidence | None] = {}
        self._text = text
        self._readings: dict[int | None, Reading] = {}

    def reading(self, opening: int | None) -> Reading:
        """The text up to `opening`, read once for all flags that share it."""
        if opening not in self._readings:
            self._readings[opening] = Reading(self._text, self.seat.speaker, self.seat.finder, opening)
        return self._readings[opening]


class _FlagRules:
    """The rules of one flag."""

    def __init__(self, flag: Flag) -> None:
        cues = _cues(flag.cues)
        self.rules = tuple(_Applied(rule) for rule in cues.rules)
        self.opening = cues.opening
        self._levels = list(flag.levels)

    @property
    def has_levels(self) -> bool:
        return bool(self._levels)

    def strength(self, evidence: Evidence) -> int:
        return self._levels.index(evidence.level) if evidence.level in self._levels else -1


def _cues(plain: Mapping[str, Any]) -> Cues:
    rules = tuple(Rule(**rule) for rule in plain.get("rules", ()))
    return Cues(rules, plain.get("opening"))


def _mark(flag: _FlagRules, evidence: Evidence | None) -> Mark:
    if evidence is None:
        return Mark("no" if flag.rules else "unsure")
    return Mark("yes", level=evidence.level, quote=evidence.quote)


class _Applied:
    """One rule and its compiled phrases."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._wanted = Phrases(rule.phrases, rule.patterns)
        self._aside = Phrases(rule.aside)
        self._barred = Phrases(rule.without)

    def evidence(self, reading: Reading, seat: Seat) -> Evidence | None:
        """Why the rule holds, or None. Searching comes last: it takes the most time."""
        if not (self._length_fits(reading) and self._names_fit(reading, seat)):
            return None
        found = self._wanted.find(reading)
        if (self._wanted and not self._enough(found)) or not self._says_no_more(reading, found):
            return None
        span = self._span(reading, seat, found)
        if span is None or self._is_barred(reading):
            return None
        return Evidence(self.rule.name, _quote(reading, span), self.rule.level)

    def _enough(self, found: Sequence[Found]) -> bool:
        return bool(found) and (self.rule.at_least == 1 or different(found) >= self.rule.at_least)

    def _says_no_more(self, reading: Reading, found: Sequence[Found]) -> bool:
        """Whether few words are left beside the ones found, names, and the ones that are not counted."""
        most = self.rule.most_else
        if most is None:
            return True
        taken = [(one.start, one.end) for one in (*found, *self._aside.find(reading))]
        taken += [(mention.start, mention.end) for mention in reading.mentions]
        return reading.words_outside(taken) <= most

    def _length_fits(self, reading: Reading) -> bool:
        least, most = self.rule.least_words, self.rule.most_words
        return (least is None or reading.has_words(least)) and (
            most is None or not reading.has_words(most + 1)
        )

    def _names_fit(self, reading: Reading, seat: Seat) -> bool:
        rule = self.rule
        if (rule.absent and not seat.absent) or (rule.items and len(reading.items) < rule.items):
            return False
        if rule.most_names is not None and len({m.agent for m in reading.others}) > rule.most_names:
            return False
        return rule.naming is None or bool(self._named(reading, seat))

    def _named(self, reading: Reading, seat: Seat) -> list[Mention]:
        return [m for m in reading.others if not self.rule.absent or m.agent in seat.absent]

    def _is_barred(self, reading: Reading) -> bool:
        return not self.rule.items and bool(self._barred and self._barred.find(reading))

    def _span(self, reading: Reading, seat: Seat, found: Sequence[Found]) -> _Span | None:
        """Where the rule's words and names stand; None where they do not stand as it asks."""
        rule = self.rule
        if rule.items:
            return self._items(reading)
        if rule.naming == "near":
            return self._near(reading, found, self._named(reading, seat))
        if found:
            last = found[0] if rule.at_least == 1 else found[-1]
            return found[0].start, last.end
        named = self._named(reading, seat) if rule.naming else []
        return (named[0].start, named[0].end) if named else (0, len(reading.text))

    def _items(self, reading: Reading) -> _Span | None:
        barred = sorted(one.start for one in self._barred.find(reading)) if self._barred else []
        items = [i for i in reading.items if bisect_left(barred, i.start) == bisect_left(barred, i.end)]
        return (items[0].start, items[-1].end) if len(items) >= self.rule.items else None

    def _near(self, reading: Reading, found: Sequence[Found], named: Sequence[Mention]) -> _Span | None:
        """The first words found that have a name beside them; only the next names on both sides can be it."""
        starts = [mention.start for mention in named]
        for one in found:
            place = bisect_left(starts, one.start)
            for mention in named[max(0, place - 1) : place + 1]:
                between = reading.text[min(one.end, mention.end) : max(one.start, mention.start)]
                if len(between) <= self.rule.within and "\n" not in between:
                    return min(one.start, mention.start), max(one.end, mention.end)
        return None


def _quote(reading: Reading, span: _Span) -> str:
    start, end = span
    return reading.text[start : min(end, start + LONGEST_QUOTE)].strip()


# On a panel ---------------------------------------------------------------------------------------------


class RuleCoder:
    """The coder `rules` of a panel."""

    batch = 50
    concurrency = 1

    def __init__(self, codebook: Codebook) -> None:
        self.header = CoderHeader(RULES, "rules", rules_digest(codebook), codebook.names)
        self._rules = Rules(codebook)
        self._finders: dict[str, MentionFinder] = {}

    async def code(self, units: Sequence[Unit], log: CallLog) -> AsyncGenerator[Judged, None]:
        """One verdict for each unit. It makes no calls, so there is nothing to log."""
        for unit in units:
            evidence = self._rules.explain(unit.message.text, self.seat(unit))
            held = {flag: found.rule for flag, found in evidence.items()}
            yield Judged(
                Coding(unit.message.id, self._rules.marks(evidence)), {"rules": held} if held else {}
            )

    def seat(self, unit: Unit) -> Seat:
        """What the rules need to know about a unit beside its text."""
        if unit.run not in self._finders:
            self._finders[unit.run] = MentionFinder.of_agents(unit.agents)
        absent = frozenset(absence.agent for absence in unit.absent)
        return Seat(unit.message.agent, self._finders[unit.run], absent)
