import numpy as np
import pandas as pd
import pytest

from mascope.stats.participation import message_gini, spoken, turn_entropy, word_gini


def said(run: str, turns: str, words: dict[str, int] | None = None) -> pd.DataFrame:
    """One message a letter, three a round."""
    rows = [
        (run, speaker, place // 3, place % 3, (words or {}).get(speaker, 10))
        for place, speaker in enumerate(turns)
    ]
    return pd.DataFrame(rows, columns=["run", "agent", "round", "position", "words"])


def test_who_always_follows_the_same_leaves_nothing_open() -> None:
    assert turn_entropy(spoken(said("r", "xyzxyzxyz"), ("r",))) == pytest.approx([0.0])


def test_turn_entropy_by_hand() -> None:
    # x is followed by y and by z equally often, y and z always by x: of 8 moves 4 leave x, at 1 bit each.
    # 4/8 · 1 bit over log₂ 3.
    assert turn_entropy(spoken(said("r", "xyxzxyxzx"), ("r",))) == pytest.approx([0.5 / np.log2(3)])


def test_turns_are_read_in_the_order_of_rounds_and_positions() -> None:
    shuffled = said("r", "xyzxyzxyz").sample(frac=1, random_state=4)

    assert turn_entropy(spoken(shuffled, ("r",))) == pytest.approx([0.0])


def test_a_run_does_not_go_on_in_the_next() -> None:
    both = pd.concat([said("r1", "xyxyxy"), said("r2", "yxyxyx")])

    assert turn_entropy(spoken(both, ("r1", "r2"))) == pytest.approx([0.0, 0.0])


def test_words_and_messages_are_shared_among_those_who_spoke() -> None:
    # Words 30 and 10: Σ(2i − 3)x = −10 + 30 = 20 of n Σx = 2 · 40. Messages 3 and 1 in the second run.
    words = spoken(said("r", "xy", {"x": 30, "y": 10}), ("r",))
    turns = spoken(said("r", "xxxy"), ("r",))

    assert word_gini(words) == pytest.approx([0.25])
    assert message_gini(turns) == pytest.approx([0.25])


def test_a_silent_run_and_a_lone_speaker_have_no_turns_to_take() -> None:
    found = spoken(said("r1", "xxx"), ("r1", "r2"))

    assert np.isnan(turn_entropy(found)).all()
    assert word_gini(found)[0] == pytest.approx(0.0)
    assert np.isnan(word_gini(found)[1])
