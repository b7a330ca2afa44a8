import numpy as np
import pytest

from mascope.stats.stances import (
    changed,
    counted,
    cube,
    deviation,
    disagreement,
    ends,
    first_and_last,
    flips,
    held_before,
    pressed,
    shift,
    sides,
    standardised,
    stated_by,
)

NO = -1
ASKED = np.array([
    [[0, 1], [0, 1], [1, 1], [NO, 0]],  # four agents, two askings; the last did not answer the first
    [[0, 0], [1, 2], [2, 0], [NO, NO]],
])  # fmt: skip


def test_a_cube_holds_the_last_of_several_answers() -> None:
    found = cube((np.array([0, 0]), np.array([1, 1]), np.array([0, 0])), np.array([2, 3]), (1, 2, 1))

    assert found.tolist() == [[[-1], [3]]]


def test_disagreement_is_the_share_of_pairs_that_differ() -> None:
    found = disagreement(counted(ASKED, 3))

    # 0, 0, 1: of three pairs two differ; 1, 1, 1, 0: of six pairs three; 0, 1, 2: all; 0, 2, 0: two of three.
    assert found == pytest.approx(np.array([[2 / 3, 1 / 2], [1, 2 / 3]]))


def test_disagreement_of_one_agent_is_undefined() -> None:
    assert np.isnan(disagreement(np.array([1.0, 0.0])))


def test_deviation_is_that_of_numpy() -> None:
    places = np.random.default_rng(1).normal(size=(3, 5, 2))
    places[0, 1:, 0] = np.nan  # one agent alone
    places[1, 2, 1] = np.nan

    found = deviation(places)

    assert np.isnan(found[0, 0])
    assert found[1, 1] == pytest.approx(np.nanstd(places[1, :, 1], ddof=1), abs=1e-9)
    assert found[2] == pytest.approx(places[2].std(axis=0, ddof=1), abs=1e-9)


def test_the_first_and_the_last_are_those_that_are_known() -> None:
    first, last = first_and_last(np.array([[np.nan, 2, 3, np.nan], [np.nan] * 4]))

    assert (first[0], last[0]) == (2, 3)
    assert np.isnan([first[1], last[1]]).all()


def test_the_sides_of_a_scale_part_in_its_middle() -> None:
    assert sides(np.array([1.0, 4.0, 4.5, np.nan]), 1, 7).tolist() == [0, 1, 2, -1]


def test_flips_count_those_who_answered_twice() -> None:
    assert flips(ASKED) == pytest.approx([2 / 3, 2 / 3])


def test_who_comes_back_to_the_first_answer_has_flipped_twice_and_not_changed() -> None:
    there_and_back = np.array([[[0, 1, 0], [1, 1, 1]]])

    assert flips(there_and_back) == pytest.approx([0.5])
    assert changed(there_and_back) == pytest.approx([0.0])


def test_one_asking_has_no_change() -> None:
    once = ASKED[..., :1]

    assert np.isnan(flips(once)).all()
    assert np.isnan(changed(once)).all()
    assert (ends(once)[0] == NO).all()
    assert np.isnan(shift(np.ones((2, 3, 1)))).all()


def test_no_asking_at_all_is_no_error() -> None:
    never = ASKED[..., :0]

    assert np.isnan(changed(never)).all()
    assert np.isnan(shift(np.ones((2, 3, 0)))).all()
    assert np.isnan(first_and_last(np.ones((2, 0)))[0]).all()


def test_a_shift_is_the_mean_change_of_those_asked_first_and_last() -> None:
    places = np.array([[[1, 9, 4], [2, np.nan, 2], [np.nan, 5, 7]]])

    assert shift(places) == pytest.approx([1.5])


def test_the_majority_is_of_the_others_and_more_than_half_of_them() -> None:
    before = np.array([[[0, 0], [1, 0], [1, 1], [2, 1]]])
    found = pressed(before, held_before(before), 3)

    # To the first the others hold 1, 1, 2: 1 leads. To the second and third they hold 0, 1, 2: nobody leads.
    assert found.majority[0, :, 0].tolist() == [1, NO, NO, 1]
    assert found.at_risk[0, :, 0].tolist() == [True, False, False, True]
    assert found.conformity() == pytest.approx([0.5])
    assert found.with_majority() == pytest.approx([0.5])


def test_one_other_is_no_majority() -> None:
    two = np.array([[[0, 1], [1, 1]]])

    assert (pressed(two, held_before(two), 2).majority == NO).all()


def test_who_stands_with_the_majority_already_cannot_move_to_it() -> None:
    agreed = np.array([[[1, 0], [1, 1], [1, 1]]])
    found = pressed(agreed, held_before(agreed), 2)

    assert not found.at_risk.any()
    assert np.isnan(found.conformity()).all()


def test_what_was_said_last_stands_until_something_else_is_said() -> None:
    stated = np.array([[[0, NO, 1, NO], [NO, NO, NO, 2]]])

    assert stated_by(stated, np.array([-1, 0, 1, 2, 3])).tolist() == [[[NO, 0, 0, 1, 1], [NO, NO, NO, NO, 2]]]
    assert (stated_by(stated[..., :0], np.array([-1, 3])) == NO).all()


def test_confederates_who_are_never_asked_make_a_majority_by_what_they_say() -> None:
    own = np.array([[[0, 1], [NO, NO], [NO, NO]]])
    said = np.array([[[NO, NO], [NO, 1], [NO, 1]]])
    found = pressed(own, said, 2)

    assert found.conformity() == pytest.approx([1.0])
    assert np.isnan(pressed(own, held_before(own), 2).conformity()).all()


def test_targets_are_what_majorities_stood_for() -> None:
    own = np.array([[[0, 1], [0, 0]], [[1, 0], [0, 2]]])
    said = np.array([[[NO, 2]] * 2 + [[NO, 2]] * 2, [[NO, 1]] * 2 + [[NO, 1]] * 2])
    own = np.concatenate([own, np.full((2, 2, 2), NO)], axis=1)
    found = pressed(own, said, 3)

    assert found.targets(np.array([True, False]), 3) == pytest.approx([0, 0, 1])
    # Of one run two agents at risk, of the other one: the run is the unit.
    assert found.targets(np.array([True, True]), 3) == pytest.approx([0, 1 / 2, 1 / 2])
    assert np.isnan(found.targets(np.array([False, False]), 3)).all()


def test_a_control_arm_is_asked_for_the_same_moves_as_often() -> None:
    moved, could = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[4.0, 5.0], [0.0, 0.0]])
    rates = standardised((moved, could), np.array([0.25, 0.75]))

    assert rates[0] == pytest.approx(0.25 * 1 / 4 + 0.75 * 2 / 5)
    assert np.isnan(rates[1])


def test_how_many_could_move_to_an_answer_does_not_weigh_how_readily_they_do() -> None:
    # Half of the majorities stood for the first answer, to which one agent in two moves wherever any can.
    many, few = np.array([[4.0, 1.0]]), np.array([[1.0, 1.0]])
    could_many, could_few = np.array([[8.0, 10.0]]), np.array([[2.0, 10.0]])
    half = np.array([0.5, 0.5])

    assert standardised((many, could_many), half) == pytest.approx([0.3])
    assert standardised((few, could_few), half) == pytest.approx([0.3])


def test_an_answer_that_nobody_could_move_to_leaves_its_weight_to_the_others() -> None:
    moves = np.array([[0.0, 1.0]]), np.array([[0.0, 4.0]])

    assert standardised(moves, np.array([0.9, 0.1])) == pytest.approx([0.25])
    assert np.isnan(standardised(moves, np.array([1.0, 0.0]))).all()
