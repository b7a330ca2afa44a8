import numpy as np
import pytest
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from mascope.stats.equivalence import equivalence, matched_equivalence

A = np.array([0.10, 0.15, 0.02, 0.08, 0.20, 0.11])
B = np.array([0.05, 0.01, 0.12, 0.07])


@pytest.mark.parametrize("margin", [0.01, 0.06, 0.2])
def test_two_one_sided_tests_equal_statsmodels(margin: float) -> None:
    found = equivalence(A, B, margin)

    assert found is not None
    assert found.p == pytest.approx(ttost_ind(A, B, -margin, margin, usevar="unequal")[0], abs=1e-9)


def test_matched_two_one_sided_tests_equal_statsmodels() -> None:
    found = matched_equivalence(A[:4] - B, 0.1)

    assert found is not None
    assert found.p == pytest.approx(ttost_paired(A[:4], B, -0.1, 0.1)[0], abs=1e-9)


def test_the_interval_lies_within_the_margin_just_where_the_test_says_equivalent() -> None:
    found = equivalence(A, B, 0.1)
    assert found is not None
    bound = max(-found.low, found.high)
    just, barely_not = equivalence(A, B, bound * 1.0001), equivalence(A, B, bound * 0.9999)

    assert just is not None
    assert barely_not is not None
    assert just.p < 0.05 < barely_not.p


def test_missing_values_are_left_out() -> None:
    assert equivalence([*A, np.nan], B, 0.1) == equivalence(A, B, 0.1)


def test_too_few_values_cannot_be_equivalent() -> None:
    assert equivalence([0.1], B, 0.1) is None
    assert matched_equivalence([0.1], 0.1) is None
    assert equivalence([], [], 0.1) is None


def test_values_that_never_vary_cannot_be_tested() -> None:
    assert equivalence([0.0, 0.0], [0.0, 0.0], 0.1) is None
    assert matched_equivalence([0.25, 0.25], 0.1) is None


def test_one_sample_without_variation_can_be_held_against_one_with() -> None:
    found = equivalence([0.0, 0.0, 0.0], B, 0.2)

    assert found is not None
    assert found.df == pytest.approx(len(B) - 1)


def test_a_margin_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        equivalence(A, B, 0.0)
