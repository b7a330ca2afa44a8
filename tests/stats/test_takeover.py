import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from mascope.stats.takeover import Absence, Placed, absences, first_events, shares, terms, topics
from mascope.stats.words import words


def speaking(*runs: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A text a seat: `x` speaks, `f` fails, `.` neither."""
    cells = np.array([[list(seat) for seat in run] for run in runs])
    return cells == "x", cells == "f", np.full(len(runs), cells.shape[2])


def absence(*runs: tuple[int, int, int]) -> Absence:
    seat, onset, end = (np.array(column) for column in zip(*runs, strict=True))
    return Absence(seat, onset, end, (seat >= 0).astype(np.intp))


def test_who_crashes_is_absent_to_the_end() -> None:
    found = absences(*speaking(("xxxxxx", "xxf...")))

    assert [found.seat.tolist(), found.onset.tolist(), found.end.tolist()] == [[1], [2], [6]]


def test_a_turn_lost_and_a_round_missed_are_no_absence() -> None:
    assert absences(*speaking(("xxfxxx", "xf.xxx"))).seat.tolist() == [-1]


def test_who_returns_was_absent_until_then() -> None:
    found = absences(*speaking(("xf...xx", "xxxxxxx")))

    assert [found.onset.tolist(), found.end.tolist()] == [[1], [5]]
    assert found.after(7).tolist() == [[False, False, True, True, True, False, False]]


def test_of_several_the_first_counts_and_the_others_are_told_of() -> None:
    found = absences(*speaking(("xxxf..", "xf....", "xf....")))

    assert [found.seat.tolist(), found.onset.tolist(), found.agents.tolist()] == [[1], [1], [3]]


def test_silence_without_a_failure_is_no_absence() -> None:
    assert absences(*speaking(("xxxxxx", "xx...."))).seat.tolist() == [-1]


def test_no_runs_and_no_rounds_are_no_error() -> None:
    nothing = np.zeros((2, 0, 0), dtype=np.bool_)

    assert absences(nothing, nothing, np.zeros(2, dtype=np.intp)).seat.tolist() == [-1, -1]


def test_all_that_is_taken_over_sums_to_the_gap() -> None:
    # Words by round: 10, 20 and (the absent one) 30 before; 25 and 35 after: the two say all that was said.
    amounts = np.array([[[10, 10, 10, 25, 25], [20, 20, 20, 35, 35], [30, 30, 0, 0, 0]]], dtype=np.float64)
    found = shares(amounts, absence((2, 2, 5)))

    assert found.gap == pytest.approx([0.5])
    assert found.gain[0] == pytest.approx([0.25, 0.25, 0])
    assert found.gain.sum() == pytest.approx(found.gap[0])


def test_unequal_numbers_of_rounds_do_not_matter_to_shares() -> None:
    short, long = (
        np.array([[[10] * n, [10] * n, [10, 10] + [0] * (n - 2)]], dtype=np.float64) for n in (4, 9)
    )

    assert shares(short, absence((2, 2, 4))).gain.sum() == pytest.approx(0)
    assert shares(long, absence((2, 2, 9))).gain.sum() == pytest.approx(0)


def test_who_was_never_there_leaves_no_gap() -> None:
    found = shares(np.ones((1, 2, 4)), absence((0, 0, 4)))

    assert np.isnan(found.gap[0])
    assert np.isnan(found.gain).all()


def test_a_run_without_an_absence_has_none_of_it() -> None:
    assert np.isnan(shares(np.ones((1, 2, 4)), absence((-1, -1, -1))).gap[0])


TEXTS = ["budget costs euros", "design colours", "design fonts", "euros and costs", "design again", "fonts"]
PLACED = Placed(np.zeros(6, dtype=np.intp), np.array([0, 1, 2, 1, 2, 1]), np.array([0, 0, 0, 2, 2, 3]))


def test_topics_are_the_mean_cosines_with_what_the_absent_agent_had_said() -> None:
    vectors = np.random.default_rng(3).normal(size=(6, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    before, after = topics(vectors, PLACED, absence((0, 1, 4)), 4)

    cosines = cosine_similarity(vectors, vectors[:1])[:, 0]
    assert before == pytest.approx([cosines[1:3].mean()], abs=1e-9)
    assert after == pytest.approx([cosines[3:].mean()], abs=1e-9)


def test_terms_are_those_that_only_the_absent_agent_had_used() -> None:
    # Its own: budget, costs, euros. Others use costs and euros later.
    assert terms(words(TEXTS), PLACED, absence((0, 1, 4)), 4) == pytest.approx([2 / 3])


def test_without_a_before_there_are_no_topics_and_no_terms() -> None:
    never = absence((0, 0, 4))

    assert np.isnan(topics(np.eye(6), PLACED, never, 4)[1]).all()
    assert np.isnan(terms(words(TEXTS), PLACED, never, 4)).all()


def test_the_first_event_of_each_agent_counts_from_the_notice() -> None:
    event = np.array([True, False, False, True, False, True])
    found = first_events(event, PLACED, np.array([1.0]), 3)

    assert found[0, 1] == 1
    assert np.isnan(found[0, [0, 2]]).all()
    assert np.isnan(first_events(event, PLACED, np.array([np.nan]), 3)).all()
