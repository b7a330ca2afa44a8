import math

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from mascope.stats.reliability import (
    Tallied,
    ac1_terms,
    alpha_terms,
    fleiss_kappa,
    fleiss_terms,
    gwet_ac1,
    krippendorff_alpha,
    tally,
)
from mascope.stats.resampling import Floats

_ = math.nan

# Krippendorff 2011 (Computing Krippendorff's Alpha-Reliability), part C: four observers, twelve units, five
# values. The same data are the worked example of Gwet's Handbook of Inter-Rater Reliability for coders with
# missing codes.
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]

# The example of Fleiss 1971 as it is retold most often: 10 subjects, 14 raters, 5 categories, kappa .210.
SUBJECTS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def test_alpha_of_the_published_example_with_missing_codes() -> None:
    # 40 pairable values (the lone 3 of the last unit is not): n_c = 9, 13, 10, 5, 3. Off the diagonal: unit 2
    # has one of four apart, 2·3/3 = 2; unit 6 all four, 4·3/3 = 4; unit 8 one of four, 2: o = 8.
    # n² − Σ n_c² = 1600 − (81 + 169 + 100 + 25 + 9) = 1216, so α = 1 − 39·8/1216 = .743.
    alpha = krippendorff_alpha(FOUR_OBSERVERS)

    assert alpha == pytest.approx(1 - 39 * 8 / 1216, abs=1e-12)
    assert alpha == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_the_published_example_with_two_observers() -> None:
    # Krippendorff 2011, part B: a nominal variable, 12 articles; alpha .692.
    first = [1, 1, 2, 2, 4, 3, 3, 3, 5, 4, 4, 1]
    second = [2, 1, 2, 2, 2, 3, 3, 3, 5, 4, 4, 4]

    assert krippendorff_alpha([first, second]) == pytest.approx(0.692, abs=5e-4)


def test_ac1_of_the_published_example_with_missing_codes() -> None:
    # Agreement of the 11 units with two codes or more: 8 are whole, two have 1/2, one 0: p_a = 9/11.
    # Shares summed over the 12 units: value 1 is 1 + 1/4 + 3/4 + 1 = 3, value 2 is 3/4 + 1 + 1/4 + 1/4 + 1,
    # value 3 is 1/4 + 1 + 1 + 1/4 + 1, value 4 is 1/4 + 1, value 5 is 1.
    ac1 = gwet_ac1(FOUR_OBSERVERS)

    share = np.array([3.0, 3.25, 3.5, 1.25, 1.0]) / 12
    chance = (share * (1 - share)).sum() / 4
    assert ac1 == pytest.approx((9 / 11 - chance) / (1 - chance), abs=1e-12)
    assert ac1 == pytest.approx(0.775, abs=5e-4)


def test_fleiss_kappa_of_the_published_example() -> None:
    codes = np.array([np.repeat(np.arange(5.0), counts) for counts in SUBJECTS]).T

    assert fleiss_kappa(codes) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_is_that_of_statsmodels() -> None:
    codes = np.random.default_rng(1).integers(0, 2, (3, 200)).astype(float)
    counts, _values = aggregate_raters(codes.T)

    assert fleiss_kappa(codes) == pytest.approx(statsmodels_fleiss(counts), abs=1e-9)


def test_fleiss_kappa_leaves_out_what_a_coder_missed() -> None:
    codes = np.random.default_rng(2).integers(0, 2, (3, 50)).astype(float)
    with_gap = np.column_stack([codes, [1.0, 0.0, _]])

    assert fleiss_kappa(with_gap) == fleiss_kappa(codes)


def test_alpha_uses_what_a_coder_missed() -> None:
    codes = np.random.default_rng(2).integers(0, 2, (3, 50)).astype(float)
    with_gap = np.column_stack([codes, [1.0, 0.0, _]])

    assert krippendorff_alpha(with_gap) != krippendorff_alpha(codes)


def test_a_unit_with_one_code_cannot_be_paired() -> None:
    codes = np.array([[1, 0, 1, 0, 1.0], [1, 0, 0, 0, _]])

    assert krippendorff_alpha(codes) == krippendorff_alpha(codes[:, :4])


def test_many_codes_bring_alpha_and_fleiss_together() -> None:
    codes = np.random.default_rng(3).integers(0, 2, (3, 100_000)).astype(float)

    assert krippendorff_alpha(codes) == pytest.approx(fleiss_kappa(codes), abs=1e-5)


@pytest.mark.parametrize("codes", [np.zeros((3, 9)), np.ones((2, 1)), np.full((3, 4), _), np.empty((2, 0))])
def test_a_panel_that_never_varies_has_neither_alpha_nor_fleiss(codes: np.ndarray) -> None:
    assert krippendorff_alpha(codes) is None
    assert fleiss_kappa(codes) is None


def test_ac1_of_a_panel_that_never_varies_is_perfect() -> None:
    # No other answer was expected by chance: π = (0, 1), p_e = 0, p_a = 1.
    assert gwet_ac1(np.zeros((3, 9)), values=(1.0, 0.0)) == 1.0


def test_ac1_of_nothing_is_undefined() -> None:
    assert gwet_ac1(np.full((3, 4), _)) is None


def test_a_tally_counts_each_answer_and_no_gap() -> None:
    assert tally([[1, 0, _], [1, 1, _]]).tolist() == [[2, 0], [1, 1], [0, 0]]


def three_coders() -> Floats:
    """300 messages, a third of the codes missing."""
    generator = np.random.default_rng(4)
    return generator.choice([1.0, 0.0, _], size=(3, 300))


def each_by_itself(codes: Floats) -> Floats:
    """What every message adds to the coefficients (messages, 11), computed of each."""
    tallies = tally(codes)
    terms = (alpha_terms(tallies), fleiss_terms(tallies, len(codes)), ac1_terms(tallies))
    return np.concatenate(terms, axis=1)


def test_kinds_of_messages_add_what_the_messages_add() -> None:
    codes, index = three_coders(), np.arange(300) % 7

    totals = Tallied.of(codes).totals(index, 8)

    expected = [each_by_itself(codes)[index == run].sum(axis=0) for run in range(8)]
    assert totals == pytest.approx(np.array(expected))
    assert not totals[7].any()


def test_kinds_of_messages_are_weighted_as_their_messages_are() -> None:
    codes, index = three_coders(), np.arange(300) % 7
    weights = np.where(index == 3, _, np.random.default_rng(5).uniform(1, 9, 300))

    totals = Tallied.of(codes).totals(index, 7, weights)

    counted = ~np.isnan(weights) & ~np.isnan(codes).all(axis=0)
    scaled = np.where(counted, weights, 0.0) * counted.sum() / weights[counted].sum()
    weighed = each_by_itself(codes) * scaled[:, np.newaxis]
    assert totals == pytest.approx(np.array([weighed[index == run].sum(axis=0) for run in range(7)]))


def test_messages_are_counted_by_how_many_coders_came_to_them() -> None:
    codes = Tallied.of(np.array([[1, 1, _, _], [0, _, _, 1], [1, 0, _, _]]))

    assert [codes.messages(coders) for coders in range(4)] == [4, 3, 2, 1]
