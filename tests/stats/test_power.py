import numpy as np
import pytest

from mascope.stats.comparisons import Comparison
from mascope.stats.equivalence import equivalence, matched_equivalence
from mascope.stats.power import (
    Behaviour,
    Samples,
    curves,
    draw_counts,
    equivalence_p,
    matched_equivalence_p,
    observed,
    power,
    rank_sum_p,
    signed_rank_p,
)
from mascope.stats.ranks import mann_whitney, signed_rank


def comparison(name: str = "h", **more: object) -> Comparison:
    return Comparison(name, "m", "A", "B", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("direction", ["two-sided", "greater", "less"])
def test_many_rank_tests_at_once_are_those_one_by_one(direction: str) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 6, (30, 9)) / 7, rng.integers(0, 7, (30, 6)) / 7
    a[rng.random(a.shape) < 0.2] = np.nan

    found = rank_sum_p(a, b, direction)  # type: ignore[arg-type]

    one_by_one = [mann_whitney(x, y, rng, direction) for x, y in zip(a, b, strict=True)]  # type: ignore[arg-type]
    assert found == pytest.approx([one.p for one in one_by_one if one], abs=1e-9)


def test_what_cannot_be_tested_has_no_p_value() -> None:
    a, b = np.array([[1.0, 1.0], [np.nan, np.nan]]), np.ones((2, 3))

    assert np.isnan(rank_sum_p(a, b, "two-sided")).all()
    assert np.isnan(equivalence_p(a, b, 0.1)).all()


def test_many_equivalence_tests_at_once_are_those_one_by_one() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, (20, 9)), rng.normal(0.2, 2, (20, 12))
    a[3, :4] = np.nan

    one_by_one = [equivalence(x, y, 1.0) for x, y in zip(a, b, strict=True)]
    assert equivalence_p(a, b, 1.0) == pytest.approx([one.p for one in one_by_one if one], abs=1e-9)


@pytest.mark.parametrize("direction", ["two-sided", "greater", "less"])
def test_many_tests_of_matched_pairs_at_once_are_those_one_by_one(direction: str) -> None:
    rng = np.random.default_rng(12)
    differences = rng.integers(-3, 5, (30, 9)) / 7
    differences[rng.random(differences.shape) < 0.2] = np.nan

    found = signed_rank_p(differences, direction)  # type: ignore[arg-type]

    one_by_one = [signed_rank(row, rng, direction) for row in differences]  # type: ignore[arg-type]
    assert found == pytest.approx([one.p for one in one_by_one if one], abs=1e-9)


def test_many_equivalence_tests_of_matched_pairs_at_once_are_those_one_by_one() -> None:
    rng = np.random.default_rng(13)
    differences = rng.normal(0.1, 1, (20, 9))

    one_by_one = [matched_equivalence(row, 1.0) for row in differences]
    assert matched_equivalence_p(differences, 1.0) == pytest.approx([one.p for one in one_by_one if one])


def test_pairs_that_never_differ_have_no_p_value() -> None:
    assert np.isnan(signed_rank_p(np.zeros((2, 4)), "two-sided")).all()


def test_matching_runs_that_go_together_wins_power() -> None:
    rng = np.random.default_rng(14)
    shared = rng.normal(0, 2, (1000, 12))
    samples: Samples = {
        "h": (shared + rng.normal(1, 1, shared.shape), shared + rng.normal(0, 1, shared.shape))
    }

    apart = power([comparison()], samples, 12)[0]
    together = power([comparison(matched_by="replicate")], samples, 12)[0]

    assert together > apart + 0.2


def test_without_an_effect_the_power_is_the_level() -> None:
    rng = np.random.default_rng(3)
    samples = {"h": (rng.normal(size=(4000, 20)), rng.normal(size=(4000, 20)))}

    # 4000 studies: 0.05 ± 0.0034, three of these either way.
    assert power([comparison()], samples, 20)[0] == pytest.approx(0.05, abs=0.0105)


def test_the_power_of_a_known_effect_is_found() -> None:
    rng = np.random.default_rng(4)
    samples = {"h": (rng.normal(0.8, 1, (4000, 26)), rng.normal(0, 1, (4000, 26)))}

    # A t test of d = 0.8 with 26 in each group has a power of .807 (Cohen 1988, table 2.3.5); Mann-Whitney
    # needs π/3 as many runs, which makes its power about .79.
    assert power([comparison()], samples, 26)[0] == pytest.approx(0.79, abs=0.025)


def test_more_hypotheses_in_a_family_cost_power_and_in_another_family_do_not() -> None:
    rng = np.random.default_rng(5)
    a, b, c = rng.normal(0.8, 1, (500, 20)), rng.normal(0, 1, (500, 20)), rng.normal(0, 1, (500, 20))
    null = [Comparison(f"n{n}", "m", "B", "C") for n in range(4)]
    samples = {"h": (a, b)} | {question.hypothesis: (b, c) for question in null}

    alone = power([comparison()], samples, 20)[0]
    together = power([comparison(), *null], samples, 20)[0]
    apart = power([comparison(family="own"), *null], samples, 20)[0]

    assert together < alone
    assert apart == alone


def test_the_fewest_runs_that_are_enough_are_found_between_those_that_were_asked_for() -> None:
    rng = np.random.default_rng(6)
    samples = {"h": (rng.normal(1, 1, (1000, 40)), rng.normal(0, 1, (1000, 40)))}

    (curve,) = curves([comparison()], samples, [5, 40])

    assert [point.runs for point in curve.points] == [5, 40]
    assert curve.points[0].error == pytest.approx(
        np.sqrt(curve.points[0].power * (1 - curve.points[0].power) / 1000)
    )
    assert curve.needed is not None
    # d = 1 needs 17 for a t test, so 18 or so here
    assert 16 <= curve.needed <= 20
    assert power([comparison()], samples, curve.needed)[0] >= 0.8
    assert power([comparison()], samples, curve.needed - 1)[0] < 0.8


def test_what_the_largest_size_cannot_reach_is_not_promised() -> None:
    rng = np.random.default_rng(7)
    samples = {"h": (rng.normal(size=(300, 10)), rng.normal(size=(300, 10)))}

    assert curves([comparison()], samples, [5, 10])[0].needed is None


def test_labels_err_on_each_flag_at_its_rates() -> None:
    true = Behaviour(np.array([[True, False], [False, True], [False, False]]), np.array([0.2, 0.5, 0.3]))

    seen = observed(true, np.array([0.9, 0.8]), np.array([0.05, 0.1]))

    # 0.2 · 0.9 + 0.8 · 0.05 = 0.22, and 0.5 · 0.8 + 0.5 · 0.1 = 0.45
    assert seen.chances @ seen.patterns == pytest.approx([0.22, 0.45])
    assert seen.chances.sum() == pytest.approx(1)


def test_counts_are_drawn_at_the_chances_of_the_patterns() -> None:
    rng = np.random.default_rng(8)
    behaviour = Behaviour(np.array([[True, False], [True, True], [False, False]]), np.array([0.3, 0.2, 0.5]))

    yes, with_trait = draw_counts([(behaviour, 10), (behaviour, 5)], rng, (200, 100), [1])

    assert yes.mean(axis=(0, 1)) / 15 == pytest.approx([0.5, 0.2], abs=0.005)
    assert (with_trait == yes[..., 1]).all()
