from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from mascope.stats import attribution as module
from mascope.stats.attribution import affordable, attribution, held_out, shuffled_within
from mascope.stats.ngrams import trigrams
from mascope.stats.profiles import Ints


def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def test_trigrams_are_counted_within_texts_only() -> None:
    found = trigrams(["abcabc", "abc", "xab"], most=10)

    # abc 3 times, then bca, cab and xab once each; "abc" + "xab" has no trigram across its border.
    assert found.sum() == 6
    assert found[:, 0].tolist() == [2, 1, 0]
    assert found.shape == (3, 4)


def test_trigrams_are_those_that_a_counter_finds() -> None:
    texts = ["Être ou ne pas être 🙂", "to be or not to be", "être ou ne pas", "é"]
    expected = Counter(text[start : start + 3] for text in texts for start in range(len(text) - 2))

    assert np.sort(trigrams(texts, 1000).sum(axis=0)).tolist() == sorted(expected.values())
    assert trigrams(texts, 5).sum(axis=0).tolist() == [count for _, count in expected.most_common(5)]


def test_texts_too_short_for_a_trigram_have_none() -> None:
    assert trigrams(["", "ab"], 10).shape == (2, 0)
    assert trigrams([], 10).shape == (0, 0)


def test_held_out_labels_are_those_that_scikit_learn_predicts_fold_by_fold() -> None:
    generator = rng()
    x = generator.random((120, 10))
    labels = np.clip((3 * x[:, 0] + generator.normal(0, 0.4, 120)).astype(np.intp), 0, 3)
    fold = generator.integers(0, 4, 120)
    expected = np.empty(120, dtype=np.intp)
    for held in range(4):
        model = RidgeClassifier(alpha=0.7).fit(x[fold != held], labels[fold != held])
        expected[fold == held] = model.predict(x[fold == held])

    assert (held_out(x, labels[np.newaxis], fold, penalty=0.7)[0] == expected).all()


def test_several_labellings_are_held_out_as_each_alone() -> None:
    x, fold = rng().random((40, 5)), np.arange(40) % 3
    labels = rng().integers(0, 3, (4, 40))

    together = held_out(x, labels, fold)
    assert all(
        (held_out(x, one[np.newaxis], fold)[0] == row).all()
        for one, row in zip(labels, together, strict=True)
    )


def test_shuffling_stays_within_groups() -> None:
    values, group = np.arange(30), rng().integers(0, 4, 30)
    found = shuffled_within(values, group, rng(), 20)

    for shuffled in found:
        assert (group[shuffled] == group).all()
    assert (np.sort(found, axis=1) == values).all()
    assert len(np.unique(found, axis=0)) == 20


def study(styles: list[str], runs: int = 8, rounds: int = 6) -> tuple[list[str], Ints, Ints]:
    generator = rng()
    rows = [
        (" ".join(generator.choice(styles[author].split(), 12)), author, run)
        for run in range(runs)
        for _ in range(rounds)
        for author in range(len(styles))
    ]
    texts, author, run = zip(*rows, strict=True)
    return list(texts), np.array(author), np.array(run)


def test_authors_with_styles_of_their_own_are_recognised() -> None:
    found = attribution(
        *study(["one two three four", "alpha beta gamma delta", "rouge vert bleu noir"]), rng()
    )

    assert found is not None
    assert found.authors == 3
    assert found.accuracy.mean() > 0.95
    assert found.shuffled.mean() == pytest.approx(1 / 3, abs=0.05)


def test_authors_who_write_alike_are_guessed_at_chance() -> None:
    found = attribution(*study(["one two three four five six"] * 3, runs=20), rng())

    assert found is not None
    means = found.shuffled.mean(axis=1)
    assert means.min() - 0.02 <= found.accuracy.mean() <= means.max() + 0.02


def test_one_author_or_one_run_has_no_attribution() -> None:
    texts, author, run = study(["one two", "rouge vert"])

    assert attribution(texts, np.zeros_like(author), run, rng()) is None
    assert attribution(texts, author, np.zeros_like(run), rng()) is None
    assert attribution([], np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), rng()) is None


def test_all_messages_are_looked_at_while_they_are_few() -> None:
    generator = rng()

    assert affordable(np.arange(10) // 3, generator).tolist() == list(range(10))
    assert generator.random() == rng().random()  # nothing was drawn


def test_of_many_messages_whole_runs_are_drawn_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 30)
    run = np.repeat(np.arange(20), 10)
    chosen = affordable(run, rng())
    drawn = np.unique(run[chosen])

    assert len(chosen) == 30
    assert (np.bincount(run[chosen])[drawn] == 10).all()
    assert drawn.tolist() != [0, 1, 2]
    assert len(affordable(np.repeat([0, 1, 2], 40), rng())) == 80  # two runs, however long they are
