import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mascope.stats import participation
from mascope.stats.participation import (
    SHUFFLES,
    Spoken,
    by_chance,
    message_gini,
    order_shuffled,
    speakers_drawn,
    spoken,
    turn_entropy,
    word_gini,
    words_shuffled,
)


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


# Nulls -----------------------------------------------------------------------------------------------------


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def two_runs() -> Spoken:
    words = {"x": 30, "y": 10, "z": 2}
    return spoken(pd.concat([said("r1", "xyzxyzxyzxyz", words), said("r2", "xyxyxxyy", words)]), ("r1", "r2"))


def test_a_fixed_order_of_speaking_lies_below_an_order_of_chance() -> None:
    found = two_runs()
    null = by_chance(turn_entropy, order_shuffled, found, rng(), 200)

    assert null.shape == (200, 2)
    assert (turn_entropy(found)[0] < null[:, 0]).all()
    assert null.max() <= 1


@pytest.mark.parametrize("name", SHUFFLES)
def test_shuffling_stays_within_runs_and_keeps_what_it_must(name: str) -> None:
    found, (_, shuffle) = two_runs(), SHUFFLES[name]
    mixed = shuffle(found, rng())

    for run in (0, 1):
        mine = found.run == run
        if shuffle is not speakers_drawn:
            assert sorted(mixed.seat[mine]) == sorted(found.seat[mine])
        assert sorted(mixed.words[mine]) == sorted(found.words[mine])
        assert set(mixed.seat[mine]) <= set(found.seat[mine])
    assert (mixed.run == found.run).all()


def test_messages_drawn_by_chance_are_as_unequal_as_dice() -> None:
    found = spoken(said("r", "xyxyxyxy"), ("r",))
    null = by_chance(message_gini, speakers_drawn, found, rng(), 4000)[:, 0]

    # By hand: of 8 turns k go to one of two; Gini |8 − 2k| / 16 over the binomial, and 0 where one has all.
    k = np.arange(1, 8)
    expected = (stats.binom.pmf(k, 8, 0.5) * np.abs(8 - 2 * k) / 16).sum()
    assert null.mean() == pytest.approx(expected, abs=0.006)


def test_many_shuffles_are_the_same_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = by_chance(word_gini, words_shuffled, two_runs(), rng(), 30)
    monkeypatch.setattr(participation, "_AT_ONCE", 1)
    alone = by_chance(word_gini, words_shuffled, two_runs(), rng(), 30)

    assert alone.shape == whole.shape == (30, 2)
    assert alone.mean() == pytest.approx(whole.mean(), abs=0.02)


def test_nothing_said_has_a_null_of_nothing() -> None:
    silent = spoken(said("r", ""), ("r",))

    for measure, shuffle in SHUFFLES.values():
        assert np.isnan(by_chance(measure, shuffle, silent, rng(), 3)).all()
