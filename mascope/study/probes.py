"""Private questions: what each kind asks for, and how its answer is read.

An answer that cannot be read with certainty is None, never a guess: two numbers, two options or two names
are no answer, and neither is one that is denied (`not Rome`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mascope.names import MentionFinder

BEFORE = -1
"""The moment before the first round; every other moment is the round that has just ended."""
LOW, HIGH = 1.0, 7.0
"""Ends of a scale that names none."""
PROBE_PLACEHOLDERS = frozenset({"low", "high", "options", "names"})

Answer = float | str


@dataclass(frozen=True, slots=True)
class Probe:
    """A private question put to each agent."""

    id: str
    ask: str
    kind: str
    """A key of `PROBE_KINDS`."""
    moments: tuple[int, ...]
    """Rounds after which it is asked, ascending; `BEFORE` for before the first."""
    instruct: str
    """Template that says how to answer; empty for none."""
    low: float = LOW
    high: float = HIGH
    options: tuple[str, ...] = ()
    max_tokens: int | None = None

    def question(self, names: Sequence[str]) -> str:
        """What an agent reads; `names` are those of all agents of the run, as it knows them."""
        said = self.instruct.format(
            low=f"{self.low:g}",
            high=f"{self.high:g}",
            options=", ".join(self.options),
            names=", ".join(names),
        )
        return f"{self.ask}\n\n{said}" if said else self.ask

    def parse(self, text: str, finder: MentionFinder) -> Answer | None:
        """What `text` answers; None where it cannot be told."""
        return PROBE_KINDS[self.kind].parse(text, self, finder)


@dataclass(frozen=True, slots=True)
class ProbeKind:
    instruct: str
    """How to answer, unless the study words it otherwise; placeholders as in `PROBE_PLACEHOLDERS`."""
    parse: Callable[[str, Probe, MentionFinder], Answer | None]
    problem: Callable[[float | None, float | None, Sequence[str]], str | None]
    """What is wrong with (low, high, options), if anything."""


_NUMBER = re.compile(r"(?<![\w.,])(?<![^\W\d_][-−–])[-−–]?\d+(?:[.,]\d+)?(?![\w]|[.,]\d)")
_BOUND = re.compile(r"[<>≤≥]\s*\d|\d\s*(?:%|\+(?!\s*\d))")
"""A bound or a share is no number on a scale."""
_DENIED = re.compile(
    r"(?:\b(?:not|never|neither|nor|cannot|without|except|nicht|kein\w*|pas|ni)|n['’]t)\b(?:[^\w.!?;:\n]+\w+){0,2}"
    r"[^\w.!?;:\n]*$",
    re.IGNORECASE,
)
"""What stands before an answer that is denied, up to two words before it: `it is not really Rome`."""
_GRAMMAR = frozenset({"a", "for", "i", "in", "no", "off", "on", "out", "pour"})
"""Options that are words of grammar too; before another word they may be that: `no doubt`, `for me`."""
_THE_SCALE = r"(?:\bon (?:a|the) )?(?:\bscale (?:of|from)?|\béchelle de|\bskala von)"
_OUT_OF = r"(?:/|out of|of|sur|von|de)"


def _scale(text: str, probe: Probe, finder: MentionFinder) -> float | None:
    """The one number in the answer, if it lies on the scale; `5/7` and `5 on a scale from 1 to 7` are 5."""
    end = re.escape(f"{probe.high:g}")
    low = re.escape(f"{probe.low:g}")
    for said in (rf"{_THE_SCALE}\s+{low}\s*(?:[-–]|to|à|bis)\s*{end}", rf"\s*{_OUT_OF}\s*{end}"):
        text = re.sub(rf"{said}(?![\d.,]*\d)", " ", text, flags=re.IGNORECASE)
    matches = list(_NUMBER.finditer(text))
    found = {float(re.sub("[−–]", "-", match[0]).replace(",", ".")) for match in matches}
    if len(found) != 1 or _BOUND.search(text) or any(_denied(text, match.start()) for match in matches):
        return None
    value = found.pop()
    return value if probe.low <= value <= probe.high else None


def _choice(text: str, probe: Probe, finder: MentionFinder) -> str | None:
    """The one option that the answer names, whole and in any case; longer options are looked for first."""
    options = {_plain(option): option for option in probe.options}
    whole = _plain(text.strip().strip("\"'`*_.!()[]«»“” \n"))
    if whole in options:
        return options[whole]
    longest_first = sorted(options, key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(option)}(?!\w)" for option in longest_first)
    said = _plain(text)
    matches = list(re.finditer(pattern, said))
    doubtful = any(_denied(said, match.start()) or _may_be_grammar(match) for match in matches)
    named = {match[0] for match in matches}
    return options[named.pop()] if len(named) == 1 and not doubtful else None


def _may_be_grammar(option: re.Match[str]) -> bool:
    return option[0] in _GRAMMAR and re.match(r"\s+\w", option.string[option.end() :]) is not None


def _denied(text: str, start: int) -> bool:
    """Whether what begins at `start` is said not to be the answer."""
    return _DENIED.search(text[:start]) is not None


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def _agent(text: str, probe: Probe, finder: MentionFinder) -> str | None:
    """The id of the one agent that the answer names, the one who answers included."""
    mentions = finder.find(text)
    named = {mention.agent for mention in mentions}
    denied = any(_denied(text, mention.start) for mention in mentions)
    return named.pop() if len(named) == 1 and not denied else None


def _text(text: str, probe: Probe, finder: MentionFinder) -> str | None:
    return text.strip() or None


def _no_scale(low: float | None, high: float | None, options: Sequence[str]) -> str | None:
    if options:
        return "`options` are a choice's; a scale has `low` and `high`"
    if (LOW if low is None else low) >= (HIGH if high is None else high):
        return f"`low` must be below `high` ({LOW:g} and {HIGH:g} where they are left out)"
    return None


def _no_choice(low: float | None, high: float | None, options: Sequence[str]) -> str | None:
    if len({_plain(option.strip()) for option in options}) < max(2, len(options)):
        return "a choice needs `options`: at least two, and no two alike"
    return _nothing_more(low, high, ())


def _nothing_more(low: float | None, high: float | None, options: Sequence[str]) -> str | None:
    if options:
        return "`options` are a choice's: set `kind: choice`"
    return None if low is None and high is None else "`low` and `high` are a scale's: set `kind: scale`"


PROBE_KINDS: Mapping[str, ProbeKind] = {
    "scale": ProbeKind(
        "Answer with one number from {low} to {high} and nothing else. Your answer stays private.",
        _scale,
        _no_scale,
    ),
    "choice": ProbeKind(
        "Answer with one of these and nothing else: {options}. Your answer stays private.",
        _choice,
        _no_choice,
    ),
    "agent": ProbeKind(
        "Answer with one name and nothing else: {names}. Your answer stays private.",
        _agent,
        _nothing_more,
    ),
    "text": ProbeKind("Your answer stays private.", _text, _nothing_more),
}
"""What a probe can ask for. To add one: how to answer, how to read it, and what makes it impossible."""
