"""pydantic's problems in the words of somebody who writes YAML."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

LONGEST_WORD = 60
"""Characters of a value that are compared with the words expected."""

_A_LIST, _WHOLE, _NUMBER, _SWITCH = (
    "must be a list",
    "must be a whole number",
    "must be a number",
    "must be true or false",
)
PLAIN = {
    "missing": "is missing; this key is needed",
    "model_type": "must be a mapping (`key: value` lines)",
    "dict_type": "must be a mapping (`key: value` lines)",
    "list_type": _A_LIST,
    "tuple_type": _A_LIST,
    "string_type": "must be text (put it in quotes)",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "has not the form that is needed here",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "is too large a number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {entries}",
    "too_long": "takes at most {entries}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}
"""Type of problem → what to say, with the limits that pydantic gives with it."""

_ADDED = re.compile(r"\[key\]$|(literal|tuple|list|dict|function[\w-]*|constrained-\w+)\[")
_KINDS = ("bool", "constrained-float", "constrained-int", "constrained-str", "float", "int", "str")
"""What pydantic adds to the place of a value that may be of several kinds: anywhere, and at its end."""


def explain(error: Mapping[str, Any]) -> tuple[tuple[str | int, ...], str]:
    """Where one of pydantic's errors is, and what is wrong there."""
    context = error.get("ctx") or {}
    where: tuple[str | int, ...] = tuple(part for part in error["loc"] if not _ADDED.match(str(part)))
    if where and where[-1] in _KINDS and error["type"] not in ("missing", "model_type", "dict_type"):
        where = where[:-1]
    if error["type"] == "unknown_key":
        return (*where, context["key"]), context["problem"]
    plain = PLAIN.get(error["type"])
    if plain is None:
        return where, str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    count = context.get("min_length") or context.get("max_length")
    entries = "one entry" if count == 1 else f"{count} entries"
    hint = _meant(error, str(context.get("expected", "")))
    return where, plain.format(**_numbers(context), entries=entries) + hint


def _meant(error: Mapping[str, Any], expected: str) -> str:
    """The nearest of the words that are expected, where one is near."""
    given = str(error["input"])[:LONGEST_WORD].lower()
    near = difflib.get_close_matches(given, re.findall(r"'([^']*)'", expected), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _numbers(context: Mapping[str, Any]) -> dict[str, Any]:
    """Limits as a person writes them: 100,000 and 0.5."""
    return {
        key: f"{value:,.10g}" if isinstance(value, int | float) else value for key, value in context.items()
    }
