import numpy as np
import pytest
from scipy import stats

from mascope.stats.consensus import agreement_with, by_chance, entropy, named, self_share, top_share

NAMES = np.array([[2, 2, 0, -1], [1, 1, 1, -1], [-1, -1, -1, -1]])
SIZE = np.array([4, 3, 4])


def test_who_is_named_is_counted_by_run() -> None:
    assert named(NAMES).tolist() == [[1, 0, 2, 0], [0, 3, 0, 0], [0, 0, 0, 0]]


def test_entropy_is_that_of_scipy_over_its_largest() -> None:
    found = entropy(NAMES, SIZE)

    assert found[0] == pytest.approx(stats.entropy([1, 2], base=2) / 2, abs=1e-9)
    assert found[1] == 0
    assert np.isnan(found[2])


def test_the_top_share_and_the_share_for_oneself() -> None:
    assert top_share(NAMES, SIZE)[:2] == pytest.approx([2 / 3, 1])
    assert self_share(NAMES, SIZE)[:2] == pytest.approx([0, 1 / 3])
    assert np.isnan(top_share(NAMES, SIZE)[2])
    assert np.isnan(self_share(NAMES, SIZE)[2])


def test_agreement_needs_a_leader() -> None:
    found = agreement_with(NAMES, np.array([2, -1, 0]))

    assert found[0] == pytest.approx(2 / 3)
    assert np.isnan(found[1:]).all()


def test_by_chance_any_agent_of_the_run_is_named() -> None:
    drawn = by_chance(NAMES, SIZE, np.random.default_rng(3), 4000)

    assert drawn.shape == (4000, 3, 4)
    assert (drawn[:, 2] == -1).all()
    assert drawn[:, 1, :3].max() == 2
    # By hand: three answers among four agents name any one of them with chance 1/4.
    assert agreement_with(drawn, np.array([2, 0, 0]))[:, 0].mean() == pytest.approx(0.25, abs=0.01)


def test_an_agent_alone_has_no_entropy_of_names() -> None:
    assert np.isnan(entropy(np.array([[0]]), np.array([1]))[0])
