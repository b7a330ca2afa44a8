from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import ttost_ind

from mascope.stats.comparisons import CONTRAST_COLUMNS, Comparison, contrasts
from mascope.stats.contrasts import contrast
from mascope.stats.multiplicity import bonferroni, holm


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def runs(n: int = 10) -> pd.DataFrame:
    """Three series: A and B alike in `any_trait`, B above A in `similarity`, C without a similarity."""
    generator = np.random.default_rng(3)
    frame = pd.DataFrame({
        "series": np.repeat(["A", "B", "C"], n),
        "replicate": np.tile(np.arange(n), 3),
        "similarity": np.concatenate([generator.beta(5, 5, n), generator.beta(9, 3, n), np.full(n, np.nan)]),
        "any_trait": generator.normal(0.6, 0.05, 3 * n),
    })  # fmt: skip
    return frame.assign(run=frame["series"] + "-run" + frame["replicate"].astype(str))


def test_few_runs_are_said_to_make_the_p_value_rough() -> None:
    few, many = (contrasts([Comparison("h", "any_trait", "A", "B")], runs(n), rng(), 50) for n in (4, 5))

    assert few["note"][0] == "fewer than 5 runs: p and p_adjusted are rough, trust p_permutation"
    assert many["note"][0] == ""


def test_a_comparison_is_the_contrast_of_its_series() -> None:
    frame = runs()
    row = contrasts([Comparison("H1", "similarity", "A", "B", "less")], frame, rng()).iloc[0]
    a, b = (frame.loc[frame["series"] == name, "similarity"] for name in "AB")
    found = contrast(a, b, rng(), "less")

    assert tuple(row.index) == CONTRAST_COLUMNS
    assert (row["hypothesis"], row["series_a"], row["direction"], row["test"]) == (
        "H1",
        "A",
        "less",
        "Mann-Whitney",
    )
    assert found.test is not None
    assert (row["z"], row["p"], row["r_low"], row["effect_high"]) == (
        found.test.z, found.test.p, found.r.low, found.effect.high,
    )  # fmt: skip
    assert row["mean_a"] < row["mean_b"]
    assert row["r"] < 0
    assert row["note"] == ""


def test_p_values_are_adjusted_within_their_family() -> None:
    questions = [
        Comparison("H1", "similarity", "A", "B"), Comparison("H2", "any_trait", "A", "B"),
        Comparison("X1", "any_trait", "A", "C", family="exploratory"),
    ]  # fmt: skip
    found = contrasts(questions, runs(), rng(), resamples=50)

    assert found["p_adjusted"].to_numpy() == pytest.approx([*holm(found["p"][:2]), found["p"][2]])
    other = contrasts(questions, runs(), rng(), resamples=50, adjust=bonferroni)
    assert other["p_adjusted"].to_numpy() == pytest.approx([*bonferroni(found["p"][:2]), found["p"][2]])


def test_equivalence_is_tested_against_its_margin() -> None:
    frame = runs()
    question = Comparison("H1", "any_trait", "A", "B", "equivalent", margin=0.1)
    found = contrasts([question, Comparison("H2", "similarity", "A", "B")], frame, rng())
    row = found.iloc[0]
    a, b = (frame.loc[frame["series"] == name, "any_trait"] for name in "AB")

    assert row["p_equivalence"] == pytest.approx(ttost_ind(a, b, -0.1, 0.1, usevar="unequal")[0], abs=1e-9)
    assert row["within_margin"]
    # It is a member of its family by the p-value of equivalence, not by that of a difference.
    assert found["p_adjusted"].to_numpy() == pytest.approx(holm([row["p_equivalence"], found["p"][1]]))
    assert row["p_adjusted"] < 0.05 < row["p"]


def test_a_difference_larger_than_the_margin_is_not_equivalent() -> None:
    row = contrasts(
        [Comparison("H", "similarity", "A", "B", margin=0.01)], runs(), rng(), resamples=500
    ).iloc[0]

    assert row["p_equivalence"] > 0.5
    assert not row["within_margin"]


def test_matched_runs_are_paired_by_their_column_whatever_their_order() -> None:
    frame = runs().sample(frac=1, random_state=4)
    row = contrasts([Comparison("H", "any_trait", "A", "B", matched_by="replicate")], frame, rng()).iloc[0]
    wide = frame.pivot(index="replicate", columns="series", values="any_trait")

    assert row["test"] == "signed rank"
    assert (row["n_a"], row["n_b"]) == (10, 10)
    assert row["difference"] == pytest.approx((wide["A"] - wide["B"]).mean())
    assert np.isnan(row["U"])
    assert np.isnan(row["cliffs_delta"])
    assert -1 <= row["rank_biserial"] <= 1


def test_several_runs_of_one_pair_count_once() -> None:
    frame = runs()
    twice = pd.concat([frame, frame.assign(any_trait=frame["any_trait"] + 0.02)])
    question = Comparison("H", "any_trait", "A", "B", matched_by="replicate")
    row = contrasts([question], twice, rng(), resamples=50).iloc[0]

    assert row["n_a"] == 10
    assert row["mean_a"] == pytest.approx(frame.loc[frame["series"] == "A", "any_trait"].mean() + 0.01)


@pytest.mark.parametrize(
    ("question", "note"),
    [
        (Comparison("H", "similarity", "A", "C"), "no run of C has a value"),
        (Comparison("H", "similarity", "A", "Z"), "no run of Z has a value"),
        (Comparison("H", "charm", "A", "B"), "charm is not among the measures of these runs"),
        (Comparison("H", "similarity", "A", "C", matched_by="replicate"), "no matched pair has a value"),
        (Comparison("H", "any_trait", "A", "B", "equivalent"), "equivalence needs a margin"),
    ],
)
def test_what_cannot_be_compared_has_a_row_that_says_why(question: Comparison, note: str) -> None:
    row = contrasts([question], runs(), rng(), resamples=50).iloc[0]

    assert row["note"] == note
    assert np.isnan(row["p_adjusted"])


def test_one_run_a_series_is_said_to_have_no_intervals() -> None:
    row = contrasts([Comparison("H", "any_trait", "A", "B")], runs(1), rng()).iloc[0]

    assert row["note"] == "one run of A: no intervals; one run of B: no intervals"
    assert np.isnan(row["r_low"])
    assert row["p_permutation"] == 1


def test_equal_values_are_said_to_be_equal() -> None:
    row = contrasts([Comparison("H", "any_trait", "A", "B")], runs().assign(any_trait=0.5), rng()).iloc[0]

    assert row["note"] == "all values are equal"
    assert np.isnan(row["p"])
    assert row["difference"] == 0


def test_no_comparisons_give_an_empty_table() -> None:
    found = contrasts([], runs(), rng())

    assert tuple(found.columns) == CONTRAST_COLUMNS
    assert len(found) == 0


def test_the_table_can_be_written_and_read_again(tmp_path: Path) -> None:
    questions = [
        Comparison("H1", "similarity", "A", "B", margin=0.1),
        Comparison("H2", "similarity", "A", "C"),
    ]
    found = contrasts(questions, runs(), rng(), resamples=50)
    file = tmp_path / "contrasts.parquet"
    found.to_parquet(file)

    assert pd.read_parquet(file)["within_margin"].isna().tolist() == [False, True]
