import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascope.stats import words as module
from mascope.stats.language import FUNCTION_WORDS, function_words, languages
from mascope.stats.words import WORD, words

ANY_TEXT = st.text(st.characters(), max_size=40)


def said(texts: list[str]) -> list[list[str]]:
    found = words(texts)
    spelled = [found.vocabulary[number] for number in found.word]
    return [spelled[first:end] for first, end in zip(found.starts[:-1], found.starts[1:], strict=True)]


@given(st.lists(ANY_TEXT, max_size=6))
def test_words_are_those_that_the_pattern_finds(texts: list[str]) -> None:
    assert said(texts) == [WORD.findall(text.lower()) for text in texts]


@pytest.mark.parametrize(
    "text",
    ["L'été — ça va?", "𝐀𝐁 𝐀", "İstanbul ΣΑΣ", "\ud800x y", "x_y ½ ²", "漢字 kana", "", "...", "a" * 5_000],
)
def test_all_scripts_and_signs_are_cut_alike(text: str) -> None:
    assert said(["before", text, "after"]) == [["before"], WORD.findall(text.lower()), ["after"]]


def test_the_vocabulary_is_in_the_order_of_first_use() -> None:
    assert words(["b a", "c b"]).vocabulary == ("b", "a", "c")


def test_many_texts_are_cut_by_portions_into_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"word{n % 7} und wort{n % 5}, é" for n in range(50)]
    at_once = words(texts)
    monkeypatch.setattr(module, "_AT_ONCE", 8)
    by_portions = words(pd.Series(texts))

    assert by_portions.vocabulary == at_once.vocabulary
    assert by_portions.word.tolist() == at_once.word.tolist()
    assert by_portions.starts.tolist() == at_once.starts.tolist()


def test_shares_count_the_words_of_each_category() -> None:
    found = words(["the the plan", "", "no word of it", "..."])
    shares = found.shares({"the": frozenset({"the"}), "small": frozenset({"no", "of", "it", "absent"})})

    assert shares.tolist() == [[2, 0], [0, 0], [0, 3], [0, 0]]


def test_without_any_word_all_shares_are_zero() -> None:
    assert words(["", "!"]).shares(FUNCTION_WORDS).tolist() == [[0] * len(FUNCTION_WORDS)] * 2
    assert np.array_equal(words([]).shares(FUNCTION_WORDS), np.zeros((0, len(FUNCTION_WORDS))))
    assert languages([]).tolist() == []


SOME_WORDS = st.sampled_from(sorted(frozenset[str]().union(*FUNCTION_WORDS.values())))
SPOKEN = st.one_of(
    SOME_WORDS, SOME_WORDS.map(str.upper), st.sampled_from(("İl", "Kİ", "ΟΣ", "abbiamoci")), ANY_TEXT
)


@given(st.lists(st.lists(SPOKEN, max_size=12).map(" ".join), max_size=6))
def test_function_words_are_counted_as_if_all_words_were(texts: list[str]) -> None:
    assert np.array_equal(function_words(texts), words(texts).shares(FUNCTION_WORDS))


def test_a_longer_word_is_not_the_function_word_it_begins_with() -> None:
    assert function_words(["abbiamo", "abbiamoci", "abbiamo_ci"])[:, 4].tolist() == [1, 0, 2]


def test_function_words_are_short_and_their_letters_few() -> None:
    for members in FUNCTION_WORDS.values():
        assert all(len(word) <= 7 and max(word) <= "ÿ" for word in members)


def test_but_for_one_character_the_small_form_is_one_too() -> None:
    assert [chr(code) for code in range(sys.maxunicode + 1) if len(chr(code).lower()) != 1] == ["İ"]
