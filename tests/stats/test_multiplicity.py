import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from mascope.stats.multiplicity import ADJUSTMENTS, bonferroni, holm, within_families


@pytest.mark.parametrize("name", ["holm", "bonferroni"])
def test_adjusted_p_values_equal_those_of_statsmodels(name: str) -> None:
    rng = np.random.default_rng(3)
    for size in (1, 2, 5, 40):
        p = rng.random(size) ** 3

        assert ADJUSTMENTS[name](p) == pytest.approx(multipletests(p, method=name)[1], abs=1e-12)


def test_holm_by_hand() -> None:
    # .01·3 = .03; .03·2 = .06; .04·1 = .04, but not below its predecessor: .06.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


def test_an_undefined_p_value_stays_undefined_and_is_no_member_of_the_family() -> None:
    p = [0.01, np.nan, 0.02]

    assert bonferroni(p) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert holm(p) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)


def test_an_adjusted_p_value_is_at_most_1() -> None:
    assert bonferroni([0.5, 0.9]).tolist() == [1, 1]
    assert holm([0.6, 0.9]).tolist() == [1, 1]


def test_no_tests_have_no_p_values() -> None:
    assert bonferroni([]).shape == (0,)
    assert holm([]).shape == (0,)
    assert within_families([], []).shape == (0,)


def test_families_are_adjusted_apart() -> None:
    adjusted = within_families([0.01, 0.02, 0.03], ["primary", "other", "primary"])

    assert adjusted == pytest.approx([0.02, 0.02, 0.03])
