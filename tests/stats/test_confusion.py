import math
from itertools import product

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.inter_rater import cohens_kappa

from mascope.stats import confusion as two
from mascope.stats.confusion import Confusion, as_counts, confusion, confusions, kappa_interval, mcnemar
from mascope.stats.resampling import Floats

# Feinstein & Cicchetti 1990 (J Clin Epidemiol 43, 543): two tables with the same agreement of .85.
BALANCED = Confusion(40, 9, 6, 45)
SKEWED = Confusion(80, 10, 5, 5)

TABLES = [
    BALANCED,
    SKEWED,
    Confusion(118, 5, 2, 0),
    Confusion(1, 0, 3, 241),
    Confusion(794, 86, 150, 570),
    Confusion(0, 7, 5, 0),
    Confusion(3, 0, 0, 900_000),
]


def value(coefficient: Floats) -> float:
    return float(coefficient)


def codes_of(table: Confusion) -> tuple[Floats, Floats]:
    pairs = [(1, 1)] * table.yy + [(1, 0)] * table.yn + [(0, 1)] * table.ny + [(0, 0)] * table.nn
    a, b = np.array(pairs, dtype=np.float64).T
    return a, b


def test_each_pair_of_answers_has_its_cell() -> None:
    table = confusion([1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0])

    assert table == Confusion(yy=2, yn=1, ny=1, nn=3)


def test_a_message_that_one_coder_left_undecided_is_not_compared() -> None:
    nan = math.nan
    table = confusion([1, nan, 0, nan, 0], [1, 1, nan, nan, 1])

    assert table == Confusion(yy=1, yn=0, ny=1, nn=0)
    assert table.n == 2


def test_runs_are_counted_apart() -> None:
    counts = confusions([1, 1, 0, 0], [1, 0, 1, 0], np.array([0, 2, 2, 2]), 3)

    assert counts.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]]


@pytest.mark.parametrize("table", TABLES)
def test_kappa_is_that_of_scikit_learn_and_statsmodels(table: Confusion) -> None:
    theirs = cohens_kappa([[table.yy, table.yn], [table.ny, table.nn]])

    kappa = value(two.kappa(as_counts(table)))

    assert kappa == pytest.approx(theirs.kappa, abs=1e-9)
    if table.n < 10_000:
        assert kappa == pytest.approx(cohen_kappa_score(*codes_of(table)), abs=1e-9)


@pytest.mark.parametrize("table", [table for table in TABLES if table.yn and table.yy])
def test_the_analytic_interval_is_that_of_statsmodels(table: Confusion) -> None:
    theirs = cohens_kappa([[table.yy, table.yn], [table.ny, table.nn]])

    interval = kappa_interval(table)

    assert interval is not None
    assert interval.low == pytest.approx(theirs.kappa_low, abs=1e-9)
    assert interval.high == pytest.approx(theirs.kappa_upp, abs=1e-9)


def test_kappa_of_the_published_paradox() -> None:
    # Balanced: p_o = .85, p_e = .49·.46 + .51·.54 = .5008, κ = .3492/.4992 = .70.
    # Skewed: p_o = .85, p_e = .90·.85 + .10·.15 = .78, κ = .07/.22 = .32.
    assert value(two.kappa(as_counts(BALANCED))) == pytest.approx(0.3492 / 0.4992, abs=1e-12)
    assert value(two.kappa(as_counts(SKEWED))) == pytest.approx(0.07 / 0.22, abs=1e-12)


def test_prevalence_robust_twins_do_not_fall_for_the_paradox() -> None:
    # PABAK = 2·.85 − 1 = .70 for both (Byrt, Bishop & Carlin 1993).
    # AC1, skewed: π = (.90 + .85)/2 = .875, chance 2·.875·.125 = .21875, (.85 − .21875)/.78125 = .808.
    assert value(two.pabak(as_counts(BALANCED))) == pytest.approx(0.70)
    assert value(two.pabak(as_counts(SKEWED))) == pytest.approx(0.70)
    assert value(two.ac1(as_counts(SKEWED))) == pytest.approx(0.808)


def test_ac1_of_the_published_example() -> None:
    # Gwet 2002 (Statistical Methods for Inter-Rater Reliability Assessment, no. 1): 125 subjects, 118 yes by
    # both, none no by both. π = (123 + 120)/250 = .972, chance 2·.972·.028 = .054432,
    # (.944 − .054432)/.945568 = .9408, where kappa is −.0234.
    counts = as_counts(Confusion(118, 5, 2, 0))

    assert value(two.ac1(counts)) == pytest.approx(0.9408, abs=5e-5)
    assert value(two.kappa(counts)) == pytest.approx(-0.0234, abs=5e-5)


def test_positive_and_negative_agreement_of_the_published_example() -> None:
    # Cicchetti & Feinstein 1990 (J Clin Epidemiol 43, 551) on the skewed table: 2·80/(90 + 85) = .914,
    # 2·5/(10 + 15) = .40.
    counts = as_counts(SKEWED)

    assert value(two.positive_agreement(counts)) == pytest.approx(160 / 175)
    assert value(two.negative_agreement(counts)) == pytest.approx(0.40)


def test_alpha_of_the_published_binary_example() -> None:
    # Krippendorff 2011, part A: o = 2·4 disagreeing coincidences, 6 yeses, 14 noes, n = 20:
    # α = 1 − 19·8/(2·6·14) = .095.
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]

    assert value(two.alpha(as_counts(confusion(first, second)))) == pytest.approx(0.0952, abs=5e-5)


def test_bias_says_who_says_yes_more_often() -> None:
    # (10 − 5) / 100, and .90 − .85.
    assert value(two.bias(as_counts(SKEWED))) == pytest.approx(0.05)


def test_two_coders_that_never_vary_have_no_kappa() -> None:
    for table in (Confusion(9, 0, 0, 0), Confusion(0, 0, 0, 9), Confusion(0, 0, 0, 0)):
        assert math.isnan(value(two.kappa(as_counts(table))))
        assert math.isnan(value(two.alpha(as_counts(table))))
        assert kappa_interval(table) is None


def test_a_coder_that_never_varies_agrees_as_chance_has_it() -> None:
    # b never says yes: p_o = p_e = 7/10, so kappa is exactly 0, and its interval would say nothing.
    table = Confusion(0, 3, 0, 7)

    assert value(two.kappa(as_counts(table))) == 0.0
    assert kappa_interval(table) is None


def test_coders_that_always_contradict_each_other_are_below_chance() -> None:
    assert value(two.kappa(as_counts(Confusion(0, 5, 0, 0)))) == 0.0
    assert value(two.kappa(as_counts(Confusion(0, 5, 5, 0)))) == -1.0


def test_perfect_agreement_has_no_analytic_interval() -> None:
    table = Confusion(2, 0, 0, 243)

    assert value(two.kappa(as_counts(table))) == 1.0
    assert kappa_interval(table) is None


def test_without_messages_nothing_is_defined() -> None:
    nothing = as_counts(Confusion(0, 0, 0, 0))

    for formula in (
        two.observed_agreement,
        two.prevalence_a,
        two.ac1,
        two.pabak,
        two.positive_agreement,
        two.bias,
    ):
        assert math.isnan(value(formula(nothing)))


def test_formulas_take_many_tables_at_once() -> None:
    counts = np.array([[as_counts(BALANCED)], [as_counts(SKEWED)]])

    assert two.kappa(counts).shape == (2, 1)
    assert two.kappa(counts)[1, 0] == value(two.kappa(as_counts(SKEWED)))


@pytest.mark.parametrize(("yn", "ny"), [(0, 0), (0, 5), (7, 3), (12, 12), (3, 21)])
def test_mcnemar_is_exact_where_few_messages_are_discordant(yn: int, ny: int) -> None:
    theirs = statsmodels_mcnemar([[40, yn], [ny, 45]], exact=True)

    test = mcnemar(Confusion(40, yn, ny, 45))

    assert test is not None
    assert test.statistic is None
    assert test.p == pytest.approx(theirs.pvalue, abs=1e-9)


@pytest.mark.parametrize(("yn", "ny"), [(86, 150), (13, 13), (25, 0), (12, 13)])
def test_mcnemar_is_a_corrected_chi_square_where_many_are(yn: int, ny: int) -> None:
    # Of 86 + 150: (|86 − 150| − 1)²/236 = 63²/236 = 16.82.
    test = mcnemar(Confusion(794, yn, ny, 570))

    assert test is not None
    assert test.statistic == pytest.approx(max(0, abs(yn - ny) - 1) ** 2 / (yn + ny))
    if yn != ny:  # statsmodels corrects a difference of 0 too, to (0 − 1)²
        theirs = statsmodels_mcnemar([[794, yn], [ny, 570]], exact=False)
        assert test.statistic == pytest.approx(theirs.statistic, abs=1e-9)
        assert test.p == pytest.approx(theirs.pvalue, abs=1e-9)


def test_mcnemar_of_nothing_is_undefined() -> None:
    assert mcnemar(Confusion(0, 0, 0, 0)) is None


def test_swapping_the_coders_changes_no_symmetric_coefficient() -> None:
    for yy, yn, ny, nn in product((0, 3), repeat=4):
        one, other = as_counts(Confusion(yy, yn, ny, nn)), as_counts(Confusion(yy, ny, yn, nn))
        for formula in (two.kappa, two.ac1, two.pabak, two.alpha, two.positive_agreement, two.kappa_variance):
            assert value(formula(one)) == pytest.approx(value(formula(other)), nan_ok=True)
