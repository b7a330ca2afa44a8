"""What a field may hold is told in words: to readers of the reference, and of a damaged file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from mascope.records import Count, Usage
from mascope.store.fields import Fields


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    usage: Usage | None = None
    sizes: Mapping[str, Count] | None = None
    anything: Mapping[str, Any] | None = None
    names: tuple[str, ...] = ()
    answer: Literal["yes", "no"] = "no"


LINE = Fields.of(Line)


def test_what_each_field_may_hold_is_told() -> None:
    assert LINE.told() == {
        "text": "text",
        "usage": "an object or null",
        "sizes": "an object (values: a whole number from 0 on) or null",
        "anything": "an object or null",
        "names": "a list of texts",
        "answer": "'yes' or 'no'",
    }


def test_a_line_becomes_its_record_and_what_is_unknown_is_passed_over() -> None:
    read = LINE.read({"text": "x", "usage": {"prompt": 1, "completion": 2}, "names": ["a"], "new": 3})

    assert read == Line("x", Usage(1, 2), names=("a",))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({}, "it has no 'text'"),
        ({"text": 3}, "'text' is 3, not text"),
        ({"text": "x", "usage": {"prompt": -1, "completion": 2}}, "'usage.prompt' is -1, not a whole number"),
        ({"text": "x", "sizes": {"a": 1, "b": True}}, "'sizes.b' is True, not a whole number from 0 on"),
        ({"text": "x", "names": ["a", 2]}, r"'names\[1\]' is 2, not text"),
        ({"text": "x", "answer": "maybe"}, "'answer' is 'maybe', not 'yes' or 'no'"),
    ],
)
def test_the_field_that_is_wrong_is_named(line: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        LINE.read(line)
