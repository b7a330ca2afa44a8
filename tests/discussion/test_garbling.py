"""Garbled and truncated texts keep their lines, and every character that a reader sees as one."""

import random
import unicodedata
from collections import Counter

import pytest

from mascope.discussion.clusters import clusters
from mascope.discussion.faults import ALTERATIONS

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
FLAGS = "\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea"
ACCENTED = "e\u0301"


def garbled(text: str, seed: int = 1) -> str:
    return ALTERATIONS["garble"](text, random.Random(seed))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("tea", ["t", "e", "a"]),
        (f"a{ACCENTED}b", ["a", ACCENTED, "b"]),
        (f"{FAMILY}x", [FAMILY, "x"]),
        (f"{THUMB}{THUMB}", [THUMB, THUMB]),
        (FLAGS, [FLAGS[:2], FLAGS[2:]]),
        ("\u2764\ufe0fa", ["\u2764\ufe0f", "a"]),
        ("1\ufe0f\u20e3", ["1\ufe0f\u20e3"]),
        ("\ud83d\ude00a", ["\ud83d\ude00", "a"]),
        ("न\u093f", ["न\u093f"]),
        ("\u1112\u1161\u11ab\u1100", ["\u1112\u1161\u11ab", "\u1100"]),
        ("\r\nx", ["\r\n", "x"]),
        ("\u0301a", ["\u0301", "a"]),
        ("", []),
    ],
)
def test_a_text_is_cut_between_characters_as_they_are_seen(text: str, seen: list[str]) -> None:
    assert list(clusters(text)) == seen


def test_garbling_leaves_lines_and_blanks_where_they_were() -> None:
    text = "First line,\nsecond\tline.\n\n  - a point\u00a0here\r\nlast\n"

    changed = garbled(text)

    assert changed != text
    assert [(n, c) for n, c in enumerate(changed) if c.isspace()] == [
        (n, c) for n, c in enumerate(text) if c.isspace()
    ]
    assert [Counter(word) for word in changed.split()] == [Counter(word) for word in text.split()]


def test_garbling_keeps_what_belongs_together() -> None:
    text = f"caf{ACCENTED}{FAMILY}{THUMB}{FLAGS}ab"

    for seed in range(20):
        changed = garbled(text, seed)
        assert Counter(clusters(changed)) == Counter(clusters(text))
        assert unicodedata.normalize("NFC", changed).count("é") == 1


def test_truncation_ends_after_a_whole_character() -> None:
    text = FAMILY * 10

    for seed in range(20):
        cut = ALTERATIONS["truncate"](text, random.Random(seed))
        assert cut
        assert len(cut) < len(text)
        assert cut == FAMILY * (len(cut) // len(FAMILY))


def test_the_shortest_text_is_not_cut_to_nothing() -> None:
    assert ALTERATIONS["truncate"]("a", random.Random(1)) == "a"
    assert garbled("") == ""
