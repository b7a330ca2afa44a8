import numpy as np
import pandas as pd
import pytest

from mascope.stats.estimates import ESTIMATE_COLUMNS, series_means, shuffled_slopes, slopes

NAN = np.nan


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def runs(values: list[float], series: str = "A") -> pd.DataFrame:
    return pd.DataFrame({"run": [f"r{n}" for n in range(len(values))], "series": series, "measure": values})


def only(frame: pd.DataFrame) -> dict[str, object]:
    [row] = frame.to_dict("records")
    return {str(key): value for key, value in row.items()}


def test_a_series_has_the_mean_of_its_runs_with_an_interval_round_it() -> None:
    row = only(series_means(runs([1.0, 2.0, 3.0, NAN, 6.0]), ["A"], rng()))

    assert tuple(row) == ESTIMATE_COLUMNS
    assert (row["value"], row["runs"], row["note"]) == (3.0, 4, "1 of 5 runs do not have it")
    assert row["low"] < 3.0 < row["high"]  # type: ignore[operator]


def test_one_run_has_no_interval_and_no_run_no_value() -> None:
    assert only(series_means(runs([2.0]), ["A"], rng()))["note"] == "one run has it: no interval"
    assert only(series_means(runs([NAN, NAN]), ["A"], rng()))["note"] == "no run has it"
    assert only(series_means(runs([2.0]), ["B"], rng()))["note"] == "no messages"


def test_runs_that_never_vary_have_no_interval() -> None:
    frame = series_means(runs([2.0, 2.0, 2.0]), ["A"], rng())

    assert frame["low"].isna().all()
    assert only(frame)["note"] == "the same in every run: no interval"


def test_a_mean_beyond_all_permutations_has_the_smallest_p() -> None:
    null = np.zeros((99, 3))
    row = only(series_means(runs([2.0, 2.5, 3.0]), ["A"], rng(), nulls={"measure": null}))

    # 1 of 100 arrangements is as far out, counted on two sides.
    assert row["p"] == pytest.approx(2 / 100)
    assert row["null"] == 0.0


def test_slopes_are_those_of_least_squares() -> None:
    values = np.array([[1.0, NAN, 2.0, 5.0], [4.0, 3.0, 2.0, 1.0], [NAN, 7.0, NAN, NAN]])
    found = slopes(values, np.arange(4.0))

    assert found[0] == pytest.approx(np.polyfit([0, 2, 3], [1, 2, 5], 1)[0])
    assert found[1] == pytest.approx(-1.0)
    assert np.isnan(found[2])


def test_shuffled_slopes_are_slopes_of_the_same_values_in_another_order() -> None:
    values = np.array([[1.0, NAN, 2.0, 5.0]])
    found = np.unique(np.round(shuffled_slopes(values, rng(), 500)[:, 0], 9))
    orders = [(1, 2, 5), (1, 5, 2), (2, 1, 5), (2, 5, 1), (5, 1, 2), (5, 2, 1)]

    assert found == pytest.approx(sorted(np.polyfit([0, 2, 3], order, 1)[0] for order in orders), abs=1e-8)
