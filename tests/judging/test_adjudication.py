import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascope.codebook import ADJUDICATION_RULES
from mascope.errors import InvalidInput
from mascope.judging.adjudication import ADJUDICATIONS, adjudicate

NAN = math.nan
STATES = (1.0, 0.0, NAN)
RULES = ("intersection", "union", "majority")


def label(how: str, *answers: float) -> float:
    """The label of one message, from the answers of coders a, b, c …"""
    codes = {coder: [answer] for coder, answer in zip("abcdefgh", answers, strict=False)}
    return float(adjudicate(codes, how)[0])


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@pytest.mark.parametrize(
    ("answers", "intersection", "union", "majority"),
    [
        ((1, 1), 1, 1, 1),
        ((1, 0), 0, 1, NAN),
        ((0, 0), 0, 0, 0),
        ((1, NAN), NAN, 1, NAN),
        ((0, NAN), 0, NAN, NAN),
        ((NAN, NAN), NAN, NAN, NAN),
        ((1, 1, 0), 0, 1, 1),
        ((1, 0, 0), 0, 1, 0),
        ((1, 1, NAN), NAN, 1, 1),
        ((1, 0, NAN), 0, 1, NAN),
        ((0, 0, NAN), 0, NAN, 0),
        ((1, NAN, NAN), NAN, 1, NAN),
        ((1, 1, 0, 0), 0, 1, NAN),
        ((1, 1, 1, 0), 0, 1, 1),
        ((1, 1, 0, NAN), 0, 1, NAN),
        ((1,), 1, 1, 1),
        ((NAN,), NAN, NAN, NAN),
    ],
)
def test_three_states_give_three_states(
    answers: tuple[float, ...], intersection: float, union: float, majority: float
) -> None:
    for how, expected in zip(RULES, (intersection, union, majority), strict=True):
        assert same(label(how, *answers), expected), how


def test_an_unreadable_judgement_is_not_a_no() -> None:
    assert math.isnan(label("intersection", 1, NAN))
    assert math.isnan(label("union", 0, NAN))


@pytest.mark.parametrize("how", RULES)
def test_a_missing_judgement_that_arrives_never_overturns_a_label(how: str) -> None:
    for answers in product(STATES, repeat=4):
        before = label(how, *answers)
        for place in (k for k, answer in enumerate(answers) if math.isnan(answer)):
            for arrived in (0.0, 1.0):
                after = label(how, *answers[:place], arrived, *answers[place + 1 :])
                assert math.isnan(before) or after == before


@pytest.mark.parametrize("how", RULES)
def test_a_label_is_withheld_only_where_a_missing_judgement_or_a_tie_matters(how: str) -> None:
    for answers in product((0.0, 1.0), repeat=3):
        assert not math.isnan(label(how, *answers))


@given(st.lists(st.tuples(*[st.sampled_from(STATES)] * 3), min_size=1, max_size=30))
def test_an_intersection_is_never_yes_where_a_union_is_not(
    messages: list[tuple[float, float, float]],
) -> None:
    codes = dict(zip("abc", np.array(messages).T, strict=True))

    both, majority, either = (adjudicate(codes, how) for how in ("intersection", "majority", "union"))

    assert not ((both == 1) & (majority != 1)).any()
    assert not ((majority == 1) & (either != 1)).any()
    assert not ((either == 0) & (majority != 0)).any()


@pytest.mark.parametrize("how", ADJUDICATIONS)
@given(messages=st.lists(st.tuples(*[st.sampled_from(STATES)] * 3), max_size=30))
def test_no_rule_depends_on_the_order_of_the_coders(
    how: str, messages: list[tuple[float, float, float]]
) -> None:
    a, b, c = np.array(messages, dtype=np.float64).reshape(-1, 3).T

    forth, back = adjudicate({"a": a, "b": b, "c": c}, how), adjudicate({"c": c, "b": b, "a": a}, how)

    assert np.array_equal(forth, back, equal_nan=True)
    assert forth.shape == (len(messages),)


def test_a_coders_name_stands_for_its_own_codes() -> None:
    codes = {"gemini": np.array([1, 0, NAN]), "sonnet": np.array([0.0, 0, 1])}

    labels = adjudicate(codes, "gemini")

    assert np.array_equal(labels, [1, 0, NAN], equal_nan=True)
    labels[0] = 0
    assert codes["gemini"][0] == 1


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InvalidInput, match=r"'intersektion'; did you mean 'intersection'\?.*gemini"):
        adjudicate({"gemini": [1.0]}, "intersektion")


def test_without_coders_there_is_nothing_to_label() -> None:
    with pytest.raises(InvalidInput, match="mascope judge"):
        adjudicate({}, "union")


def test_a_code_that_is_neither_yes_nor_no_nor_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="a code of gemini"):
        adjudicate({"gemini": [2.0]}, "union")


def test_panel_files_know_just_these_rules() -> None:
    assert set(ADJUDICATION_RULES) == set(ADJUDICATIONS)


def test_every_rule_says_what_it_does() -> None:
    assert all(rule.definition for rule in ADJUDICATIONS.values())


def test_dawid_skene_of_two_coders_is_what_they_agree_on() -> None:
    first, second = np.array(list(product(STATES, repeat=2)) * 20).T

    labels = adjudicate({"a": first, "b": second}, "dawid_skene")

    assert np.array_equal(labels, np.where(first == second, first, NAN), equal_nan=True)


def test_dawid_skene_of_one_coder_is_its_codes() -> None:
    codes = np.array([1.0, 0, 0, 0, NAN, 0])
    silent = np.full(6, NAN)

    labels = adjudicate({"a": codes, "b": silent, "c": silent}, "dawid_skene")

    assert np.array_equal(labels, codes, equal_nan=True)
