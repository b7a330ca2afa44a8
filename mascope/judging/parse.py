"""From what a judge wrote to marks. Nothing is guessed: what can be read in two ways cannot be read.

Accepted is one JSON object (bare, in a code fence, or with prose round it) that answers every flag with a
word that the codebook allows. An object that stands in the message itself is a quotation, not an answer.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from mascope.codebook import Flag
from mascope.judging.blinding import Question
from mascope.judging.prompt import ANSWERS, Form
from mascope.records import Answer, Mark

LONGEST = 100_000
"""Characters of an answer that is still looked at."""
MOST_STARTS = 200
"""Opening braces that are tried; an answer has one, or one an item."""

_WORDS: Mapping[str, Answer] = {
    **ANSWERS,
    "unsure": "unsure",
    "can't tell": "unsure",
    "cannot_tell": "unsure",
}
_NO_LEVEL = frozenset({"", "none", "null", "n/a", "-"})
_THOUGHT = re.compile(r"\s*<think(?:ing)?>")
_THOUGHT_END = re.compile(r"</think(?:ing)?>")


@dataclass(frozen=True, slots=True)
class Marked:
    """A readable answer."""

    marks: Mapping[str, Mark]
    dropped: tuple[str, ...] = ()
    """What stood beside an answer and was of no use: `LEAD.quote` (not in the message), `LEAD.confidence`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer cannot be read. `missing` where a batch has no answer for the item at all."""

    text: str
    missing: bool = False


Reading: TypeAlias = Marked | Problem


class _Unreadable(Exception):
    pass


class _Rich(BaseModel):
    """A flag's answer with what may stand beside it."""

    model_config = ConfigDict(strict=True, extra="ignore")

    answer: str
    level: str | None = None
    quote: object = None
    confidence: object = None


def read_answers(text: str, form: Form, questions: Sequence[Question]) -> tuple[Reading, ...]:
    """What `text` says about each of `questions`, in their order."""
    try:
        found = list(_own_answers(text, form, questions))
    except _Unreadable as error:
        return (Problem(str(error)),) * len(questions)
    if not form.batched:
        return tuple(_one(found, form, question) for question in questions)
    return tuple(
        _one([f for f in found if _item(f) == number], form, question, missing=True)
        for number, question in enumerate(questions, start=1)
    )


def _one(found: list[dict[str, Any]], form: Form, question: Question, *, missing: bool = False) -> Reading:
    if not found:
        return Problem("no JSON object that answers the flags", missing)
    if any(other != found[0] for other in found[1:]):
        return Problem("several answers that differ")
    try:
        return _marked(found[0], form, question)
    except _Unreadable as error:
        return Problem(str(error))


def _item(answer: Mapping[str, Any]) -> int | None:
    number = answer.get("item")
    if isinstance(number, str) and re.fullmatch(r"[0-9]{1,4}", number):
        return int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


# Finding the answers --------------------------------------------------------------------------------------


def _own_answers(text: str, form: Form, questions: Sequence[Question]) -> Iterator[dict[str, Any]]:
    """The objects that answer flags, without those that stand in what the judge was shown."""
    shown = _Shown(questions)
    for source, value in _objects(_after_thought(text)):
        for entry in _entries(value, form):
            if _answers_some(entry, form.flags) and not shown.holds(source, entry):
                yield _keyed(entry, form.flags)


def _entries(value: dict[str, Any], form: Form) -> list[dict[str, Any]]:
    items = value.get("items") if form.batched else None
    if not isinstance(items, list):
        return [value]
    if not all(isinstance(item, dict) for item in items):
        raise _Unreadable("an item that is not an object")
    return items


def _after_thought(text: str) -> str:
    if len(text) > LONGEST:
        raise _Unreadable(f"longer than {LONGEST:,} characters")
    if not _THOUGHT.match(text):
        return text
    ends = list(_THOUGHT_END.finditer(text))
    if not ends:
        raise _Unreadable("ended while thinking")
    return text[ends[-1].end() :]


def _objects(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each outermost JSON object in `text`, with its source."""
    position, broken = 0, None
    for _ in range(MOST_STARTS):
        start = text.find("{", position)
        if start < 0:
            return
        try:
            value, position = _DECODER.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError):
            broken = start if broken is None else broken
            position = start + 1
        except ValueError as error:  # an integer with thousands of digits
            raise _Unreadable("holds a number that cannot be read") from error
        else:
            if broken is not None and text.count("{", broken, start) > text.count("}", broken, start):
                raise _Unreadable("an object that is not closed")  # what stands in it may be a draft
            yield text[start:position], value
    raise _Unreadable("too many braces to find an answer among them")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Unreadable("a key is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise _Unreadable(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant, strict=False)
"""Raw line feeds inside strings are let pass: they leave no doubt."""


def _answers_some(entry: Mapping[str, Any], flags: Iterable[Flag]) -> bool:
    names = {flag.name.casefold() for flag in flags}
    return any(key.strip().casefold() in names for key in entry)


def _keyed(entry: Mapping[str, Any], flags: Iterable[Flag]) -> dict[str, Any]:
    """`entry` with the flags' own names as keys, in whatever case the judge wrote them."""
    names = {flag.name.casefold(): flag.name for flag in flags}
    keys = [names.get(key.strip().casefold(), key) for key in entry]
    return _no_duplicates(list(zip(keys, entry.values(), strict=True)))


class _Shown:
    """What a judge was shown, to tell its answer from its quotations."""

    def __init__(self, questions: Iterable[Question]) -> None:
        quoted = [text for q in questions for text in (q.target.text, *(said.text for said in q.context))]
        self._squeezed = [_squeezed(text) for text in quoted if "{" in text]

    def holds(self, source: str, entry: Mapping[str, Any]) -> bool:
        """Whether an object stands there, on its own or as a part of a larger one."""
        if not self._squeezed:
            return False
        forms = (_squeezed(source), _squeezed(json.dumps(entry, ensure_ascii=False)))
        return any(form in text for form in forms for text in self._squeezed)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# Reading one answer ---------------------------------------------------------------------------------------


def _marked(entry: Mapping[str, Any], form: Form, question: Question) -> Marked:
    missing = [flag.name for flag in form.flags if flag.name not in entry]
    if missing:
        raise _Unreadable(f"no answer for {', '.join(missing)}")
    marks: dict[str, Mark] = {}
    dropped: list[str] = []
    for flag in form.flags:
        marks[flag.name], unused = _mark(flag, entry[flag.name], form, question)
        dropped += (f"{flag.name}.{part}" for part in unused)
    return Marked(marks, tuple(dropped))


def _mark(flag: Flag, value: Any, form: Form, question: Question) -> tuple[Mark, list[str]]:
    rich = _rich(flag, value)
    answer, level = _answer(flag, rich)
    quote = _quote(rich.quote, question) if form.ask.quote and answer == "yes" else None
    confidence = _confidence(rich.confidence) if form.ask.confidence else None
    unused = []
    if form.ask.quote and answer == "yes" and quote is None and rich.quote not in (None, ""):
        unused.append("quote")
    if form.ask.confidence and confidence is None and rich.confidence is not None:
        unused.append("confidence")
    return Mark(answer, level, quote, confidence), unused


def _rich(flag: Flag, value: Any) -> _Rich:
    try:
        return _Rich.model_validate({"answer": value} if isinstance(value, str) else value)
    except ValidationError as error:
        raise _Unreadable(f"{flag.name} is answered by {_kind(value)}") from error


def _kind(value: Any) -> str:
    named = {
        bool: "true or false",
        type(None): "null",
        dict: "an object without a readable answer",
        list: "a list",
    }
    return named.get(type(value), "a number")


def _answer(flag: Flag, rich: _Rich) -> tuple[Answer, str | None]:
    levels = {level.casefold(): level for level in flag.levels}
    word = rich.answer.strip().casefold()
    level = _level(rich, levels)
    if word in levels and level in (None, word):
        return "yes", levels[word]
    if word not in _WORDS:
        raise _Unreadable(f"{flag.name} is answered by an unknown word")
    if level is None or not levels:
        return _WORDS[word], None
    if word != "yes" or level not in levels:
        raise _Unreadable(f"{flag.name} has a level that does not fit its answer")
    return "yes", levels[level]


def _level(rich: _Rich, levels: Mapping[str, str]) -> str | None:
    word = (rich.level or "").strip().casefold()
    return word if word in levels or word not in _NO_LEVEL else None


def _quote(quote: object, question: Question) -> str | None:
    """The quoted words, if they occur in the message as it was shown."""
    if not isinstance(quote, str) or not (folded := _folded(quote)):
        return None
    return quote.strip() if folded in _folded(question.target.text) else None


def _folded(text: str) -> str:
    """What copies of a text have in common, however a model writes quotes, dashes, blanks and case."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = text.translate(_TYPOGRAPHY)
    return re.sub(r"\s+", " ", text).strip(" \"'.…")


_TYPOGRAPHY = str.maketrans(
    {**dict.fromkeys("’‘ʼ`´", "'"), **dict.fromkeys("“”«»„", '"'), **dict.fromkeys("‐‑‒–—−", "-")}
)


def _confidence(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None
