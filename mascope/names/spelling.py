"""How a name may be written: names → patterns.

Three kinds of name are told apart, because each is confused with other words in its own way:

* a *member* of a family, a stem and a short suffix (`Agent-B`, `Team 12`): after a blank, or glued to the
  stem, its letter must be a capital: in "chaque agent a" it is a French verb, in "agents" a plural;
* a *word* or words without digits (`Alpha`, `Project Manager`): found with the first capital only, or after
  `@`, since "une version alpha" and "the project manager" name nobody;
* anything else (`LLaMA 3.3 70B`, `DeepSeek`): found in any case, its parts glued or split.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Writing systems without blanks between words: there a name ends where it ends, whatever letter follows.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
LETTER = f"[^\\W_{_UNSPACED}]"
"""A letter or digit that, next to a name, makes it part of a longer word. `_` is left out: it is markdown."""
HYPHEN = "\\-_\u00ad\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d"
BLANK = " \t\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
GAP = f"[{HYPHEN}{BLANK}.]"
_APOSTROPHE = "'\u2019\u02bc"

# fmt: off
_GENERIC = frozenset({
    "agent", "assistant", "base", "chat", "coder", "flash", "human", "instant", "instruct", "large", "light",
    "lite", "medium", "member", "mini", "model", "nano", "participant", "person", "player", "preview",
    "speaker", "small", "team", "thinking", "turbo", "user", "versatile", "vision",
})
# fmt: on
"""Parts of model and role names that do not say which one is meant."""

_ORDINARY = {
    "alpha": (
        r"(?<!version )(?<!phase )",
        r"(?!(?:\s+|-)(?:build|release|version|test|phase|interne|externe|ferm))",
    ),
    "bravo": ("", r"(?!\s+(?:à\s+(?:tou|vous|l)|pour\s+[cl]))"),
}
"""Where a NATO name is the ordinary word even with a capital: "Alpha build", "Bravo à tous"."""


@dataclass(frozen=True, slots=True)
class Member:
    """A name taken apart into what its family shares and what is its own."""

    stem: tuple[str, ...]
    suffix: str


def key(name: str) -> str:
    """What all spellings of a name have in common: no case, no gaps."""
    return re.sub(GAP, "", unicodedata.normalize("NFKC", name).casefold())


def parts(name: str) -> list[str]:
    """`LLaMA 3.3 70B` → LLaMA 3 3 70 B: runs of letters, runs of digits, single other signs."""
    return re.findall(rf"[^\W\d_]+|\d+|[^\w{HYPHEN}{BLANK}.]", unicodedata.normalize("NFC", name))


def member(name: str) -> Member | None:
    """`Agent-B` → (Agent; B): a stem that ends in a word, and one or two letters, or a number."""
    *stem, last = parts(name) or [""]
    if not stem or not stem[-1].isalpha() or len(stem[-1]) < 2:
        return None
    return Member(tuple(stem), last) if last.isdigit() or (last.isalpha() and len(last) <= 2) else None


def short_forms(name: str) -> Iterator[str]:
    """`LLaMA 3.3 70B` → LLaMA, LLaMA 3.3; `Kimi K2` → Kimi. Callers keep what fits one agent only."""
    found = parts(name)
    if not any(part.isdigit() for part in found) or "/" in found or member(name):
        return
    yield from (p for p in found if p.isalpha() and len(p) >= 4 and p.casefold() not in _GENERIC)
    version = re.match(r"[^\W\d_]{3,}[- ]?\d+(?:\.\d+)*(?=[- ])", name)
    if version:
        yield version[0]


def pattern(name: str) -> str:
    """A regular expression for every spelling of `name`, to be tried where no letter stands before.

    Its one group, if any, holds the `s` of a plural stem.
    """
    found = parts(name)
    if not any(part[0].isalnum() for part in found):
        return re.escape(name.strip())
    taken = member(name)
    if taken:
        return _bounded(_member(taken), taken.suffix)
    if len("".join(found)) == 1:
        return f"(?<=[@\\[*]){_bounded(re.escape(found[0]), found[0])}"
    if _is_word(found):
        return _bounded(_capitalised(found), found[-1])
    return _bounded(_any_case(found), found[-1])


def first_characters(name: str) -> str:
    """Every character that a spelling of `name` may begin with."""
    first = unicodedata.normalize("NFC", name.strip())[:1]
    forms = {first, first.lower()[:1], first.upper()[:1]}
    return "".join(forms | {unicodedata.normalize("NFD", form)[:1] for form in forms})


def first_word(name: str) -> str:
    """The ASCII letters and digits that every spelling of `name` begins with, in small letters.

    Empty where they are fewer than two: a single one stands in any text.
    """
    found = re.match("[A-Za-z0-9]{2,}", (parts(name) or [""])[0])
    return found[0].lower() if found else ""


def more_members(suffixes: Iterable[str], *, plural: bool) -> re.Pattern[str]:
    """What may follow a member in a list that names the stem once: `, C et D`, `/E`; group 1 is the suffix.

    After a singular stem ("Agent-B, C et D") a suffix counts only where the list goes on or ends: in
    "Agent-F, I need" the letter is a pronoun.
    """
    either = "|".join(re.escape(s) for s in sorted(suffixes, key=len, reverse=True))
    blank, tail = f"[{BLANK}]*", f"(?!{LETTER}|[{_APOSTROPHE}](?!s)|[{HYPHEN}]{LETTER}{{2}}|[+#])"
    words = "et|and|ou|or|à|to" if plural else "et|and|ou|or"
    signs = f",/&+{HYPHEN}" if plural else ",/&+"
    link = f"{blank}(?:[{signs}]{blank}(?:(?:{words}|&){blank})?|(?:{words})[{BLANK}]+)@?"
    goes_on = "" if plural else f"(?={blank}(?:[,/&|)\\];:.*\\n]|(?:et|and|ou|or)[{BLANK}]|$))"
    return re.compile(f"{link}({either}){tail}{goes_on}")


def _bounded(body: str, last: str) -> str:
    tail = f"(?!{LETTER})"
    if last.isdigit():  # not GPT-4 in GPT-4.1 or gpt-4-1, but in gpt-4-0613: that is a date
        tail += f"(?!\\.\\d|[{HYPHEN}]\\d{{1,2}}(?!\\d))"
    if last.isalpha() and len(last) == 1:  # "Agent D'accord" names nobody, "Agent D's plan" does
        tail += f"(?![{_APOSTROPHE}](?!s(?!{LETTER}))\\w)"
    return f"(?:{body}){tail}"


def _member(name: Member) -> str:
    stem, exact, loose = _any_case(name.stem), re.escape(name.suffix), _letters(name.suffix)
    after_blank = loose if name.suffix.isdigit() else exact
    return (
        f"{stem}([sS])?(?:[{BLANK}]?[{HYPHEN}.][{BLANK}]?{loose}|[{BLANK}]{{1,2}}\\(?{after_blank}"
        f"|(?<=[a-z]){after_blank})"
    )


def _is_word(found: list[str]) -> bool:
    inside = "".join(found)[1:]
    mixed = len(found) == 1 and not inside.islower() and not inside.isupper()
    return all(part.isalpha() for part in found) and not mixed and inside.lower() != inside.upper()


def _capitalised(found: list[str]) -> str:
    first, rest = found[0][0], found[0][1:]
    if len(found) > 1:
        return f"(?:(?={_exactly({first, first.upper()})})|(?<=@)){_any_case(found)}"
    before, after = _ORDINARY.get(found[0].lower(), ("", ""))
    cased = _exactly({found[0], first.upper() + rest, found[0].upper()})
    return f"(?:(?<=@){_letters(found[0])}|{before}{cased}{after})(?!-\\d)"


def _exactly(texts: Iterable[str]) -> str:
    """These texts and no others, accents composed or apart."""
    forms = {unicodedata.normalize(form, text) for text in texts for form in ("NFC", "NFD")}
    return f"(?:{'|'.join(re.escape(text) for text in sorted(forms))})"


def _any_case(found: Iterable[str]) -> str:
    """Parts in any case, glued or with a gap; between two numbers there must be one."""
    whole, before = "", ""
    for part in found:
        if before:
            whole += GAP + ("{1,2}" if before.isdigit() and part.isdigit() else "{0,2}")
        whole, before = whole + _letters(part), part
    return whole


def _letters(text: str) -> str:
    return "".join(_letter(character) for character in text)


def _letter(character: str) -> str:
    """One character in both cases, its accent composed or apart."""
    if character in _APOSTROPHE:
        return f"[{_APOSTROPHE}]"
    cases = {form for form in (character, character.lower(), character.upper()) if len(form) == 1}
    composed = f"[{''.join(sorted(cases))}]" if len(cases) > 1 else re.escape(character)
    apart = sorted({unicodedata.normalize("NFD", form) for form in cases} - cases)
    return f"(?:{'|'.join([composed, *apart])})" if apart else composed
