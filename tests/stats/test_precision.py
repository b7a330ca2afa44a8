import numpy as np
import pytest
from scipy import stats

from mascope.stats.precision import Precision, expanded_interval

A = np.array([1.0, 4.0, 2.0, 7.0])
B = np.array([3.0, 9.0, 5.0])


def test_the_precision_of_a_difference_is_that_of_welchs_test() -> None:
    expected = stats.ttest_ind(A, B, equal_var=False)
    found = Precision.of(A, B)

    assert found is not None
    assert found.df == pytest.approx(expected.df)
    assert (A.mean() - B.mean()) / found.se == pytest.approx(expected.statistic)


def test_the_bootstrap_of_a_mean_takes_its_variance_by_n() -> None:
    found = Precision.of(A)

    assert found is not None
    assert (found.df, found.shrinkage) == pytest.approx((3, (3 / 4) ** 0.5))
    assert found.se * found.shrinkage == pytest.approx(A.std(ddof=0) / 2)


def test_the_expanded_interval_of_normal_draws_is_students() -> None:
    precision = Precision.of(A)
    assert precision is not None
    boot = stats.norm(A.mean(), precision.se * precision.shrinkage)
    found = expanded_interval(boot.ppf((np.arange(1_000_000) + 0.5) / 1_000_000), precision)
    expected = stats.ttest_1samp(A, 0).confidence_interval()

    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.005)
    assert found.level == 0.95


@pytest.mark.parametrize(
    "samples", [(A[:1],), (A, B[:1]), (np.ones(5),), (np.ones(3), np.zeros(3)), (A[:0],)]
)
def test_what_does_not_vary_has_no_precision(
    samples: tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...],
) -> None:
    assert Precision.of(*samples) is None
    assert expanded_interval(np.arange(100.0), Precision.of(*samples)) is None


def test_draws_that_are_all_the_same_have_no_interval() -> None:
    assert expanded_interval(np.ones(100), Precision.of(A)) is None
