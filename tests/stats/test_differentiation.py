import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from mascope.stats.differentiation import (
    DIFFERENTIATION_COLUMNS,
    chi_square_p,
    differentiation,
    intraclass_correlation,
    kruskal_wallis,
)
from mascope.stats.multiplicity import bonferroni, holm

FLAGS = ["ARCH", "LEAD"]
PUBLISHED_H = (46.60, 44.52, 28.97, 24.47, 18.13)


def labels(rates: dict[str, tuple[float, float]], runs: int = 12, messages: int = 10) -> pd.DataFrame:
    generator = np.random.default_rng(4)
    rows = [
        ("A", f"r{run}", agent, *(generator.random(2) < rate).astype(float))
        for run in range(runs) for agent, rate in rates.items() for _ in range(messages)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["series", "run", "agent", *FLAGS])
    return frame.assign(message=range(len(rows)), round=0, position=0).astype(dict.fromkeys(FLAGS, float))


@pytest.mark.parametrize("decimals", [1, 2, 6])
def test_kruskal_wallis_equals_scipy(decimals: int) -> None:
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(7), [21, 20, 3, 1, 21, 8, 15])
    values = np.round(generator.random(len(groups)) + groups / 20, decimals)
    found = kruskal_wallis(values, groups)
    expected = stats.kruskal(*(values[groups == group] for group in range(7)))

    assert found is not None
    assert (found.H, found.p) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)
    assert found.df == 6


def test_kruskal_wallis_by_hand() -> None:
    # Rank sums 3 and 7: H = 12/(4·5) · (9/2 + 49/2) − 3·5 = 2.4; ε² = 2.4 · 5/15 = .8.
    found = kruskal_wallis([1, 2, 3, 4], ["a", "a", "b", "b"])

    assert found is not None
    assert (found.H, found.df, found.epsilon_squared, found.n) == pytest.approx((2.4, 1, 0.8, 4))


def test_published_p_values_follow_from_the_published_statistics() -> None:
    # The published study: df 6, Bonferroni over 5 flags; .002 for H = 24.47 and .030 for H = 18.13.
    p = [chi_square_p(h, 6) for h in PUBLISHED_H]

    assert p[3] == pytest.approx(0.00043, abs=5e-6)
    assert bonferroni(p)[3:].round(3).tolist() == [0.002, 0.030]


def test_equal_values_cannot_be_ranked() -> None:
    assert kruskal_wallis([1, 1, 1, 1], [0, 0, 1, 1]) is None
    assert intraclass_correlation([1, 1, 1, 1], [0, 0, 1, 1]) is None


def test_one_group_cannot_be_compared() -> None:
    assert kruskal_wallis([1, 2, 3], [0, 0, 0]) is None
    assert intraclass_correlation([1, 2, 3], [0, 0, 0]) is None


def test_missing_values_are_left_out() -> None:
    with_gap = kruskal_wallis([1, 2, np.nan, 3, 4, np.nan], [0, 0, 0, 1, 1, 2])

    assert with_gap == kruskal_wallis([1, 2, 3, 4], [0, 0, 1, 1])


def test_nothing_has_no_statistics() -> None:
    assert kruskal_wallis([], []) is None
    assert intraclass_correlation([np.nan], [0]) is None


def test_icc_of_the_example_of_shrout_and_fleiss() -> None:
    # Shrout & Fleiss 1979, tables 1 to 4: BMS 11.24, WMS 6.26, ICC(1, 1) = .17; the interval as the R package
    # psych gives it.
    targets = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = intraclass_correlation(np.ravel(targets), np.repeat(np.arange(6), 4))

    assert found is not None
    assert (found.value, found.F) == pytest.approx((0.166, 11.24 / 6.26), abs=0.002)
    assert (found.low, found.high) == pytest.approx((-0.13, 0.72), abs=0.005)


def test_icc_of_unequal_groups_by_hand() -> None:
    # Means 1.5, 5, 8; grand mean 4.2. MSB = (2·2.7² + 2·0.8² + 1·3.8²)/2 = 15.15; MSW = (.5 + 2)/2 = 1.25;
    # n₀ = (5 − 9/5)/2 = 1.6; ICC = (15.15 − 1.25)/(15.15 + .6·1.25) = 13.9/15.9.
    found = intraclass_correlation([1, 2, 4, 6, 8], [0, 0, 1, 1, 2])

    assert found is not None
    assert (found.value, found.F) == pytest.approx((13.9 / 15.9, 12.12))


def test_the_f_ratio_of_the_icc_is_that_of_an_analysis_of_variance() -> None:
    generator = np.random.default_rng(2)
    frame = pd.DataFrame({"group": np.repeat(list("abcd"), [3, 8, 5, 2]), "value": generator.normal(size=18)})
    expected = anova_lm(ols("value ~ C(group)", frame).fit()).iloc[0]
    found = intraclass_correlation(frame["value"], frame["group"])

    assert found is not None
    assert (found.F, found.p) == pytest.approx((expected["F"], expected["PR(>F)"]), abs=1e-9)


def test_groups_that_do_not_vary_within_have_all_variance_between() -> None:
    found = intraclass_correlation([1, 1, 2, 2], [0, 0, 1, 1])

    assert found is not None
    assert (found.value, found.p) == (1, 0)
    assert np.isnan([found.low, found.high]).all()  # two values alike do not make it certain


def test_agents_of_different_characters_are_found_different() -> None:
    rates = {"a": (0.9, 0.3), "b": (0.1, 0.3), "c": (0.5, 0.3)}
    found = differentiation(labels(rates), FLAGS).set_index("flag")

    assert found["p_adjusted"]["ARCH"] < 0.001
    assert found["icc"]["ARCH"] > 0.6
    assert found["p"]["LEAD"] > 0.05
    assert abs(found["icc"]["LEAD"]) < 0.2


def test_observations_are_the_rates_of_agents_in_runs() -> None:
    frame = labels({"a": (0.6, 0.3), "b": (0.3, 0.3)})
    rates = frame.groupby(["agent", "run"])["ARCH"].mean()
    expected = stats.kruskal(rates["a"], rates["b"])
    row = differentiation(frame, ["ARCH"]).iloc[0]

    assert tuple(row.index) == DIFFERENTIATION_COLUMNS
    assert (row["n"], row["agents"], row["df"]) == (24, 2, 1)
    assert (row["H"], row["p"]) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)
    assert row["epsilon_squared"] == pytest.approx(expected.statistic * 25 / (24**2 - 1))


def test_p_values_are_adjusted_over_the_flags_of_a_series() -> None:
    both = pd.concat([labels({"a": (0.6, 0.3), "b": (0.3, 0.4)}), labels({"a": (0.5, 0.3), "b": (0.3, 0.1)})])
    both["series"] = np.repeat(["A", "B"], len(both) // 2)
    for _, part in differentiation(both, FLAGS).groupby("series"):
        assert part["p_adjusted"].to_numpy() == pytest.approx(bonferroni(part["p"]))
        assert part["p_holm"].to_numpy() == pytest.approx(holm(part["p"]))


def test_a_flag_that_never_occurs_is_no_member_of_the_family() -> None:
    found = differentiation(labels({"a": (0.6, 0), "b": (0.3, 0)}), FLAGS).set_index("flag")

    assert found["note"]["LEAD"] == "all rates are equal"
    assert np.isnan(found["H"]["LEAD"])
    assert found["p_adjusted"]["ARCH"] == found["p"]["ARCH"]


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (labels({"a": (0.6, 0.5), "b": (0.3, 0.5)}, runs=1), "one run: no variation within agents"),
        (labels({"a": (0.6, 0.5)}), "one agent: nothing to compare"),
        (labels({"a": (0.6, 0.5), "b": (0.3, 0.5)}).assign(ARCH=np.nan), "no decided labels"),
    ],
)
def test_what_cannot_be_tested_has_a_row_that_says_why(frame: pd.DataFrame, note: str) -> None:
    row = differentiation(frame, ["ARCH"]).iloc[0]

    assert row["note"] == note
    assert row[["H", "df", "p", "p_adjusted", "epsilon_squared", "icc"]].isna().all()


def test_few_runs_are_said_to_make_the_p_value_rough() -> None:
    row = differentiation(labels({"a": (0.6, 0.5), "b": (0.3, 0.5)}, runs=3), ["ARCH"]).iloc[0]

    assert row["p"] > 0
    assert row["note"] == "fewer than 5 runs an agent: the chi-square p-value is rough"


def test_no_messages_have_no_differentiation() -> None:
    empty = labels({"a": (1, 0)}).iloc[:0]

    assert tuple(differentiation(empty, FLAGS).columns) == DIFFERENTIATION_COLUMNS
    assert differentiation(empty, FLAGS, ["A"])["note"].tolist() == ["no decided labels"] * 2
