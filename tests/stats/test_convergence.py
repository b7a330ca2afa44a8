from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from mascope.stats.convergence import (
    Turns,
    centroid_cosines,
    change,
    following,
    half_sums,
    halves,
    homogeneity,
    partners,
    pull_to,
    shuffled_rounds,
    stably,
    swapped_groups,
    turns,
)
from mascope.stats.lexicon import births, deaths, lexicon
from mascope.stats.resampling import Floats
from mascope.stats.style import CATEGORIES, function_words, style_matching
from mascope.stats.vectors import EMBEDDINGS, Vectors, lsa, rows, sums, tfidf
from mascope.stats.windows import window_similarity
from mascope.stats.words import WORD, words

TEXTS = ["the cat sat", "the dog sat down", "a cat and a dog", "the cat sat", "dogs bark", "cat cat dog", ""]


def rng() -> np.random.Generator:
    return np.random.default_rng(6)


def said(rows: list[tuple[str, int, str, str]]) -> tuple[pd.DataFrame, Turns]:
    """From (run, round, agent, text)."""
    frame = pd.DataFrame(rows, columns=["run", "round", "agent", "text"])
    return frame, turns(frame, tuple(pd.unique(frame["run"])))


def unit(rows: Floats) -> Floats:
    found: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def crowd(runs: int = 3, rounds: int = 4, agents: int = 5) -> tuple[Floats, Turns]:
    rows = [
        (f"r{run}", round_, f"a{agent}", f"{run} {round_} {agent}")
        for run in range(runs)
        for round_ in range(rounds - (run == 1))
        for agent in range(agents)
    ]
    _, found = said(rows)
    return unit(rng().random((len(rows), 6))), found


def test_words_are_cut_in_small_letters_at_apostrophes_and_underscores() -> None:
    found = words(["L'équipe A_B dit: 3 mots!", "", "équipe"])

    assert [found.vocabulary[place] for place in found.word] == [
        "l",
        "équipe",
        "a",
        "b",
        "dit",
        "3",
        "mots",
        "équipe",
    ]
    assert found.lengths.tolist() == [7, 0, 1]


def test_tfidf_is_that_of_scikit_learn() -> None:
    ours = tfidf(words(TEXTS)).toarray()
    theirs = (
        TfidfVectorizer(analyzer=lambda text: WORD.findall(text.lower()), min_df=2)
        .fit_transform(TEXTS)
        .toarray()
    )

    assert np.sort(ours @ ours.T, axis=None) == pytest.approx(
        np.sort(theirs @ theirs.T, axis=None), abs=1e-12
    )
    assert ours @ ours.T == pytest.approx(theirs @ theirs.T, abs=1e-12)


def test_counting_words_leaves_them_as_they_are() -> None:
    found = words(TEXTS)
    before = found.word.copy(), found.starts.copy()
    found.counts()

    assert (found.word == before[0]).all()
    assert (found.starts == before[1]).all()


def test_vectors_of_meaning_have_unit_length_or_none() -> None:
    lengths = np.linalg.norm(lsa(tfidf(words(TEXTS)), rng()), axis=1)

    assert np.isclose(lengths, 1).sum() + np.isclose(lengths, 0).sum() == len(TEXTS)
    assert lengths[-1] == 0


def test_texts_without_a_common_word_have_empty_vectors() -> None:
    for embed in EMBEDDINGS.values():
        vectors = embed(tfidf(words(["one", "two"])), rng())
        assert float(abs(vectors).sum()) == 0


@pytest.mark.parametrize("as_rows", [np.array, sparse.csr_array])
def test_sums_and_rows_leave_out_what_is_in_no_group(as_rows: Callable[[Floats], Vectors]) -> None:
    vectors = as_rows(np.array([[1.0, 0], [2, 5], [4, 0]]))

    assert dense(sums(vectors, np.array([1, -1, 1]), 3)).tolist() == [[0, 0], [5, 0], [0, 0]]
    assert dense(rows(vectors, np.array([2, -1, 1, 2]))).tolist() == [[4, 0], [0, 0], [2, 5], [4, 0]]


def dense(vectors: Vectors) -> Floats:
    return np.asarray(vectors if isinstance(vectors, np.ndarray) else vectors.toarray())


@pytest.mark.parametrize("most", [3, 300, 70_000])
def test_groups_are_put_in_order_each_in_its_own(most: int) -> None:
    group = rng().integers(0, most, 500)
    order = stably(group)

    assert order.tolist() == sorted(range(500), key=lambda place: (group[place], place))
    assert stably(group[:0]).tolist() == []


def test_homogeneity_is_the_mean_over_visited_pairs() -> None:
    vectors, found = crowd()
    expected = np.full((3, 4), np.nan)
    for run, round_ in np.argwhere(np.ones((3, 4))):
        part = vectors[(found.run == run) & (found.round == round_)]
        if len(part):
            expected[run, round_] = np.mean([a @ b for a, b in combinations(part, 2)])

    assert homogeneity(vectors, found) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_the_length_of_the_mean_vector_follows_from_homogeneity() -> None:
    vectors, found = crowd(runs=1)
    n = 5
    mean = sums(vectors, found.cell, 4) / n

    assert (mean**2).sum(axis=1) == pytest.approx(1 / n + (n - 1) / n * homogeneity(vectors, found)[0])


def test_a_text_said_twice_in_a_round_counts_once() -> None:
    rows = [("r", 0, "x", "same"), ("r", 0, "y", "same"), ("r", 0, "z", "other"), ("r", 1, "x", "same")]
    _, found = said(rows)
    vectors = unit(np.array([[1.0, 0], [1, 0], [1, 1], [1, 0]]))

    assert found.unique.tolist() == [True, False, True, True]
    assert homogeneity(vectors, found)[0, 0] == pytest.approx(2**-0.5)
    assert np.isnan(homogeneity(vectors, found)[0, 1])


def test_centroids_of_rounds_are_compared_within_runs() -> None:
    vectors, found = crowd()
    cosines = centroid_cosines(vectors, found)
    first, second = (vectors[(found.run == 2) & (found.round == round_)].sum(axis=0) for round_ in (0, 1))

    assert cosines[2, 0, 1] == pytest.approx(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
    assert np.isnan(cosines[1, 2, 3])
    assert following(cosines, np.tile(np.arange(4), (3, 1)))[2, 0] == pytest.approx(cosines[2, 0, 1])


def test_sparse_and_dense_vectors_give_the_same() -> None:
    frame, found = said([("r", n % 3, f"a{n % 2}", text) for n, text in enumerate(TEXTS)])
    sparse_ = tfidf(words(list(frame["text"])))
    dense = sparse_.toarray()

    for measure in (homogeneity, centroid_cosines):
        assert measure(sparse_, found) == pytest.approx(measure(dense, found), abs=1e-12, nan_ok=True)
    a, b = (change(vectors, found, halves(found)) for vectors in (sparse_, dense))
    assert a.drift == pytest.approx(b.drift, nan_ok=True)
    assert a.pull == pytest.approx(b.pull, nan_ok=True)


def test_an_agent_that_takes_up_what_the_others_say_drifts_and_is_pulled() -> None:
    rows = [("r", round_, agent, f"{agent}{round_}") for round_ in range(4) for agent in "xy"]
    _, found = said(rows)
    own, others = np.array([1.0, 0]), np.array([0.0, 1])
    vectors = np.array([own if a == "x" and r < 2 else others for _, r, a, _ in rows])
    moved = change(vectors, found, halves(found))

    # x: early (1, 0), late (0, 1): drift 1, and from cos 0 to cos 1 with y's texts. y stays: drift 0, and its
    # cosine with x's texts, (2, 2), is the same before and after.
    assert moved.drift == pytest.approx([0.5])
    assert moved.pull == pytest.approx([0.5])


def test_rounds_are_shuffled_within_those_that_a_run_has() -> None:
    _, found = crowd()
    order = np.stack([shuffled_rounds(found, rng()) for _ in range(3)])

    assert (np.sort(order, axis=-1) == np.arange(4)).all()
    assert (order[:, 1, 3] == 3).all()
    assert halves(found, np.tile(np.arange(4), (3, 1))).tolist() == halves(found).tolist()


def test_births_and_deaths_by_hand() -> None:
    frame, found = said(
        [("r", 0, "x", "a b c"), ("r", 1, "x", "a d"), ("r", 1, "y", "e"), ("r", 2, "x", "b d")]
    )
    lexical = lexicon(words(list(frame["text"])), found)

    # Round 1: of a, d, e two are new; of a, b, c two are gone. Round 2: none new; of a, d, e two are gone.
    assert births(lexical)[0] == pytest.approx([np.nan, 2 / 3, 0], nan_ok=True)
    assert deaths(lexical)[0] == pytest.approx([np.nan, 2 / 3, 2 / 3], nan_ok=True)


def test_the_first_round_of_a_fork_gives_birth_to_no_words() -> None:
    frame, found = said([("r", 2, "x", "a b"), ("r", 3, "x", "a c"), ("r", 3, "y", "d")])
    lexical = lexicon(words(list(frame["text"])), found)

    assert births(lexical)[0] == pytest.approx([np.nan, np.nan, np.nan, 2 / 3], nan_ok=True)
    assert deaths(lexical)[0] == pytest.approx([np.nan, np.nan, np.nan, 1 / 2], nan_ok=True)


def test_births_depend_on_which_round_comes_first() -> None:
    frame, found = said([("r", 0, "x", "a b c"), ("r", 1, "x", "a d"), ("r", 2, "x", "b d")])
    lexical = lexicon(words(list(frame["text"])), found)

    # b d, then a b c: a and c are new; then a d: none.
    assert births(lexical, np.array([[2, 0, 1]]))[0] == pytest.approx([np.nan, 2 / 3, 0], nan_ok=True)


def test_a_runs_words_are_not_known_to_another() -> None:
    frame, found = said([("r1", 0, "x", "a"), ("r1", 1, "x", "b"), ("r2", 0, "x", "b"), ("r2", 1, "x", "b")])
    lexical = lexicon(words(list(frame["text"])), found)

    assert births(lexical)[:, 1].tolist() == [1, 0]
    assert deaths(lexical)[:, 1].tolist() == [1, 0]


def test_style_matching_by_hand() -> None:
    frame, found = said([("r", 0, "x", "the cat is not here"), ("r", 0, "y", "the dog sat on it")])
    matching = []
    for members in CATEGORIES.values():
        p, q = (np.mean([word in members for word in text.split()]) for text in frame["text"])
        matching.append(1 - abs(p - q) / (p + q + 0.0001))

    assert style_matching(function_words(words(list(frame["text"]))), found)[0, 0] == pytest.approx(
        np.mean(matching)
    )


def test_the_same_text_matches_its_own_style_and_a_lone_one_none() -> None:
    frame, found = said(
        [("r", 0, "x", "we are the team"), ("r", 0, "y", "we are the team"), ("r", 1, "x", "so")]
    )
    matching = style_matching(function_words(words(list(frame["text"]))), found)

    assert matching[0, 0] == pytest.approx(1)
    assert np.isnan(matching[0, 1])


def test_profiles_are_compared_in_thirds_of_a_run() -> None:
    rows = [
        ("r", round_, agent, float(agent == "x" or round_ > 3), 1.0) for round_ in range(6) for agent in "xy"
    ]
    labelled = pd.DataFrame(rows, columns=["run", "round", "agent", "LEAD", "META"]).assign(series="A")
    found = window_similarity(labelled, ["LEAD", "META"], ("r",))

    # (1, 1) and (0, 1) until round 3, then both (1, 1).
    assert found[0] == pytest.approx([2**-0.5, 2**-0.5, 1])
    assert np.isnan(window_similarity(labelled, [], ("r",))).all()


# Swapped groups --------------------------------------------------------------------------------------------


def test_swapped_groups_keep_who_spoke_in_which_round() -> None:
    _, found = crowd()
    swapped = swapped_groups(found, np.array([0, 0, 1]), rng())
    lone = found.run == 2

    def seats(one: Turns, runs: list[int]) -> list[tuple[int, int, int]]:
        mine = np.isin(one.run, runs)
        return sorted(zip(one.run[mine], one.agent[mine], one.round[mine], strict=True))

    assert seats(swapped, [0, 1]) == seats(found, [0, 1])
    assert (swapped.run[lone] == 2).all()  # a series of one run has nobody to swap with
    assert (swapped.run != found.run).any()


def test_agents_that_agree_within_runs_are_more_alike_than_in_swapped_groups() -> None:
    rows = [(f"r{run}", round_, f"a{agent}", f"{run} {round_} {agent}")
            for run in range(4) for round_ in range(3) for agent in range(4)]  # fmt: skip
    _, found = said(rows)
    vectors = np.eye(4)[found.run]  # each run speaks of a thing of its own

    assert homogeneity(vectors, found) == pytest.approx(np.ones((4, 3)))
    assert np.nanmean(homogeneity(vectors, swapped_groups(found, np.zeros(4, dtype=np.intp), rng()))) < 0.6


def test_partners_are_of_the_same_series() -> None:
    series = np.array([0, 1, 0, 1, 0, 2])
    found = partners(series, rng())

    assert sorted(found) == list(range(6))
    assert (series[found] == series).all()


def test_the_pull_to_ones_own_run_is_societal_pull() -> None:
    vectors, found = crowd()
    late = halves(found)

    assert pull_to(half_sums(vectors, found, late), found, np.arange(3)) == pytest.approx(
        change(vectors, found, late).pull
    )


def test_who_comes_to_speak_as_its_own_group_is_not_pulled_to_another() -> None:
    rows = [(run, round_, agent, f"{run} {round_} {agent}")
            for run in ("r0", "r1") for round_ in range(2) for agent in "ab"]  # fmt: skip
    _, found = said(rows)
    # In the late half both agents of run 0 speak of the first thing, those of run 1 of the second.
    vectors = np.where((found.round == 1)[:, np.newaxis], np.eye(4)[found.run], np.eye(4)[2 + found.agent])

    own = pull_to(half_sums(vectors, found, halves(found)), found, np.array([0, 1]))
    other = pull_to(half_sums(vectors, found, halves(found)), found, np.array([1, 0]))
    assert (own > 0.5).all()
    assert (other < own).all()


def test_an_agent_without_a_counterpart_is_pulled_to_all_of_the_other_group() -> None:
    _, found = said([("r0", 0, "a", "x"), ("r0", 1, "a", "y"), ("r1", 0, "b", "z"), ("r1", 1, "c", "w")])
    vectors = np.eye(4)[[0, 1, 0, 1]]

    # Early 1st thing, late 2nd; the group of r1 is both alike: cos(late) − cos(early) = 0.
    assert pull_to(half_sums(vectors, found, halves(found)), found, np.array([1, 0]))[0] == pytest.approx(0)
