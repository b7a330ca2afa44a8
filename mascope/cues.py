"""What the rule-based coder looks for, as a codebook writes it: the `cues:` of a flag → Cues, Rule.

Here cues are read and checked; `judging/rules.py` applies them.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from mascope.yamlfile import Document, Place, Strict, nearest

_LIST = re.compile(r"\{([a-z_]\w*)\}")

Naming: TypeAlias = Literal["near", "anywhere"]
"""How a message must name another agent: beside the words found, or anywhere in what is read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to show a flag. All its conditions must hold; a flag is shown where any of its rules holds."""

    name: str
    """What a reader is told fired."""
    phrases: tuple[str, ...] = ()
    """Words, in any case. `*` ends a word in any way; a leading `=` asks for the capitals as written."""
    patterns: tuple[str, ...] = ()
    """Regular expressions, on the text in small letters with plain hyphens, apostrophes and blanks. In a file
    `{name}` stands for any word of a list under the panel's `terms`."""
    at_least: int = 1
    """Different phrases or patterns that must be found."""
    naming: Naming | None = None
    within: int = 60
    """Characters between the words found and the name, on one line, for `near`."""
    items: int = 0
    """Items of lists and rows of tables that must name an agent as their subject or owner."""
    most_names: int | None = None
    """Others named at most; a message that names more lists its addressees."""
    absent: bool = False
    """The agent named has fallen silent; without `naming`, some agent has."""
    least_words: int | None = None
    most_words: int | None = None
    most_else: int | None = None
    """Words at most beside the ones found, the names of agents and the small words of `aside`."""
    aside: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Phrases that must not occur; in an item, such a phrase takes the item out of the count."""
    unless: tuple[str, ...] = ()
    """Flags by whose presence this rule is void."""
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Cues:
    rules: tuple[Rule, ...] = ()
    opening: int | None = None
    """Characters of the message that are read; None for all of them."""


class RuleFile(Strict):
    """One way to show a flag, for the rule-based coder. All its conditions must hold."""

    rule: str = Field(min_length=1, description="Its name, as a reader is told what fired")
    phrases: tuple[str, ...] = Field(default=(), description="Words; `*` ends one anyhow, `=` as written")
    terms: tuple[str, ...] = Field(default=(), description="Lists under `terms:` whose words are phrases too")
    patterns: tuple[str, ...] = Field(default=(), description="Regular expressions; {list} is any of a list")
    at_least: int = Field(default=1, ge=1, description="Different phrases or patterns that must be found")
    naming: Naming | None = Field(
        default=None, description="Names another agent: near the words, or anywhere"
    )
    within: int = Field(default=60, ge=0, le=2000, description="Characters from words to name, for `near`")
    items: int = Field(default=0, ge=0, description="List items or table rows that must name an agent")
    most_names: int | None = Field(default=None, ge=0, description="Other agents named, at most")
    absent: bool = Field(default=False, description="The agent named (or some agent) has fallen silent")
    least_words: int | None = Field(default=None, ge=0, description="Words of the message, at least")
    most_words: int | None = Field(default=None, ge=0, description="Words of the message, at most")
    most_else: int | None = Field(
        default=None, ge=0, description="Words beside those found and names, at most"
    )
    aside_terms: tuple[str, ...] = Field(
        default=(), description="Lists of words that `most_else` does not count"
    )
    without: tuple[str, ...] = Field(default=(), description="Phrases that must not occur")
    without_terms: tuple[str, ...] = Field(default=(), description="Lists of which no word may occur")
    unless: tuple[str, ...] = Field(default=(), description="Flags whose presence voids this rule")
    level: str | None = Field(default=None, description="The flag's level where this rule holds")

    @field_validator("phrases", "without")
    @classmethod
    def _words(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        for phrase in phrases:
            if not re.search(r"[^\s=*]", phrase):
                raise ValueError(f"{phrase!r} has no words")
        return phrases

    @field_validator("patterns")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                found_nothing = re.compile(pattern).match("") is None
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
            if not found_nothing:
                raise ValueError(f"{pattern!r} matches nothing at all, so it would always hold")
        return patterns

    @model_validator(mode="after")
    def _says_something(self) -> "RuleFile":
        looks = self.phrases or self.terms or self.patterns
        if not (looks or self.items or self.naming or self.most_words is not None):
            raise ValueError("looks for nothing; give phrases, terms, patterns, items, naming or most_words")
        if self.naming == "near" and not looks:
            raise ValueError("`naming: near` needs phrases, terms or patterns to be near to")
        return self

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists of terms that this rule names, in its patterns too."""
        in_patterns = [name for pattern in self.patterns for name in _LIST.findall(pattern)]
        return (*self.terms, *self.aside_terms, *self.without_terms, *in_patterns)


class CuesFile(Strict):
    """What the rule-based coder looks for; without rules it cannot code the flag."""

    opening: int | None = Field(default=None, ge=1, description="Characters read from the start; none: all")
    rules: tuple[RuleFile, ...] = Field(default=(), description="The flag holds where any of them holds")


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules of a flag may name."""

    levels: Collection[str]
    terms: Collection[str]
    flags: Collection[str]


def check(raw: CuesFile, known: Known, document: Document, place: Place) -> None:
    """`InvalidFile` where a rule of the cues at `place` names a level, list or flag that there is not."""
    for number, rule in enumerate(raw.rules):
        there = (*place, "rules", number)
        check_known("level", [rule.level] if rule.level else [], known.levels, document, there)
        check_known("list of terms", rule.lists, known.terms, document, there)
        check_known("flag", rule.unless, known.flags, document, there)


def check_known(
    what: str, words: Iterable[str], known: Collection[str], document: Document, place: Place
) -> None:
    for word in words:
        if word not in known:
            raise document.error(place, f"no {what} {word!r}{nearest(word, known)}")


def cues(raw: CuesFile, terms: Mapping[str, Collection[str]]) -> Cues:
    """The cues with the words of the lists they name put in."""
    return Cues(tuple(_rule(rule, terms) for rule in raw.rules), raw.opening)


def _rule(raw: RuleFile, terms: Mapping[str, Collection[str]]) -> Rule:
    rule = Rule(raw.rule, **raw.model_dump(exclude={"rule", "terms", "aside_terms", "without_terms"}))
    return replace(
        rule,
        phrases=(*rule.phrases, *(word for name in raw.terms for word in terms[name])),
        patterns=tuple(_LIST.sub(lambda name: any_of(terms[name[1]]), pattern) for pattern in rule.patterns),
        aside=tuple(word for name in raw.aside_terms for word in terms[name]),
        without=(*rule.without, *(word for name in raw.without_terms for word in terms[name])),
    )


# Words as patterns --------------------------------------------------------------------------------------

GAP = r"[\s*_-]+"
"""Stands for a blank or hyphen of a phrase: markdown may come between, and "Google-Maps" is Google Maps."""


def any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of these phrases: a tree of what they share, much faster to search than a list."""
    tree: dict[str, Any] = {}
    for phrase in phrases:
        branch = tree
        for atom in _atoms(folded(phrase).lower().removeprefix("=").strip()):
            branch = branch.setdefault(atom, {})
        branch[""] = {}
    return _branches(tree)


def _atoms(phrase: str) -> Iterator[str]:
    for part in re.findall(r"[\s-]+|\*|.", phrase):
        if part == "*":
            yield r"\w*"
        else:
            yield re.escape(part) if part.strip("- ") else GAP


def _branches(tree: dict[str, Any]) -> str:
    several = [atom + _branches(rest) for atom, rest in sorted(tree.items()) if atom]
    if not several:
        return ""
    if len(several) == 1 and "" not in tree:
        return several[0]
    return f"(?:{'|'.join(several)}){'?' if '' in tree else ''}"


_ODD = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad",
    "'": "\u2018\u2019\u02bc",
    " ": "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000",
    "I": "\u0130",  # its small form would be two characters
}
_FOLDED = [(odd, plain) for plain, several in _ODD.items() for odd in several]


def folded(text: str) -> str:
    """`text` with plain hyphens, apostrophes and blanks, each in the place of the one it stands for."""
    if text.isascii():
        return text
    for odd, plain in _FOLDED:  # few of them occur: several times faster than `translate`
        if odd in text:
            text = text.replace(odd, plain)
    return text
