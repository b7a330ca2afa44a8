import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascope.stats import words as module
from mascope.stats.language import FUNCTION_WORDS, languages
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
