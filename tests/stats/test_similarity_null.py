import numpy as np
import pandas as pd
import pytest

from mascope.stats import similarity_null as module
from mascope.stats.resampling import Floats, percentile_interval
from mascope.stats.similarity import mean_cosines
from mascope.stats.similarity_null import (
    RUN_NULL_COLUMNS,
    SERIES_NULL_COLUMNS,
    affordable,
    shuffled_cosines,
    similarity_null,
)

TRAITS = ["PHATIC", "ARCH"]


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def labels(rates: dict[str, tuple[float, float]], runs: int = 6, messages: int = 8) -> pd.DataFrame:
    """Agents that show the two traits at these rates."""
    generator = rng()
    rows = [
        ("A", f"r{run}", agent, *(generator.random(2) < rate).astype(float))
        for run in range(runs) for agent, rate in rates.items() for _ in range(messages)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["series", "run", "agent", *TRAITS])
    return frame.assign(message=range(len(rows)), round=0, position=0).astype(dict.fromkeys(TRAITS, float))


def shuffled_one_by_one(values: Floats, sizes: list[int], times: int) -> Floats:
    """Cosines of one run whose agents sent `sizes` messages, by permuting columns of (traits, messages)."""
    bounds = np.cumsum(sizes)[:-1]
    found = []
    generator = rng(77)
    for _ in range(times):
        parts = np.split(generator.permutation(values, axis=1), bounds, axis=1)
        yes = np.array([(part == 1).sum(axis=1) for part in parts])
        decided = np.array([(~np.isnan(part)).sum(axis=1) for part in parts])
        rates = np.where(decided > 0, yes / np.maximum(decided, 1), np.nan)
        found.append(mean_cosines(rates, np.array([0])).mean[0])
    return np.array(found)


@pytest.mark.parametrize("traits", [2, 5, 40])
def test_the_null_is_that_of_labels_permuted_one_by_one(traits: int) -> None:
    sizes = [3, 9, 1, 6]
    values = (rng(2).random((traits, sum(sizes))) < 0.3).astype(np.float64)
    values[rng(3).random(values.shape) < 0.05] = np.nan
    expected = shuffled_one_by_one(values, sizes, 3000)
    found = shuffled_cosines(values, np.repeat(np.arange(4), sizes), np.zeros(4, np.intp), rng(), 3000)[:, 0]

    assert np.nanmean(found) == pytest.approx(np.nanmean(expected), abs=0.01)
    assert np.nanstd(found) == pytest.approx(np.nanstd(expected), abs=0.01)
    assert np.isnan(found).mean() == pytest.approx(np.isnan(expected).mean(), abs=0.04)


def test_rates_are_those_of_labels_in_the_order_drawn_wherever_some_are_undecided() -> None:
    values = (rng(2).random((3, 12)) < 0.4).astype(np.float64)
    values[2, ::3] = np.nan
    cell = np.repeat(np.arange(3), 4)
    found = np.concatenate(list(module._shuffled_rates(values, cell, np.zeros(12, np.intp), rng(), 50)))
    orders = np.argsort(rng().random((50, 12), dtype=np.float32), axis=1)
    parts = values[:, orders].reshape(3, 50, 3, 4)
    decided = (~np.isnan(parts)).sum(axis=-1)

    assert (decided == 0).any()
    expected = np.where(decided > 0, np.nansum(parts, axis=-1) / np.maximum(1, decided), np.nan)
    assert found == pytest.approx(np.moveaxis(expected, 0, -1), nan_ok=True)


@pytest.mark.parametrize("undefined", [0.0, 0.03, 0.2, 1.0])
def test_the_central_permutations_of_a_run_are_those_of_its_percentile_interval(undefined: float) -> None:
    null = rng(8).random((100, 30))
    null[rng(9).random(null.shape) < undefined] = np.nan
    low, high = module._bands(null)
    expected = [percentile_interval(column) for column in null.T]

    assert [None if np.isnan(bound) else bound for bound in low] == [one and one.low for one in expected]
    assert [None if np.isnan(bound) else bound for bound in high] == [one and one.high for one in expected]


def test_without_traits_no_run_has_a_null() -> None:
    found = similarity_null(labels({"a": (0.5, 0.3), "b": (0.5, 0.3)}), [], rng(), permutations=20)

    assert found.runs["null_mean"].isna().all()
    assert found.runs["null_low"].isna().all()


def test_runs_are_shuffled_apart() -> None:
    # In r0 all messages are alike, so that any shuffle leaves cosine 1; r1 is longer and mixed.
    values = np.array([[1, 1, 1, 1, 1, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 1, 0, 1, 1, 0]], dtype=np.float64)
    cell = np.array([0, 0, 1, 1, 2, 2, 2, 3, 3, 3])
    null = shuffled_cosines(values, cell, np.array([0, 0, 1, 1]), rng(), 200)

    assert null[:, 0] == pytest.approx(np.ones(200))
    assert null[:, 1].std() > 0.05


def test_agents_of_one_character_are_as_alike_as_their_null() -> None:
    row = similarity_null(labels(dict.fromkeys("abcd", (0.5, 0.3))), TRAITS, rng()).series.iloc[0]

    assert row["null_low"] < row["cosine"] < row["null_high"]
    assert row["null_p"] > 0.05
    assert row["null_mean"] < 0.99


def test_agents_of_different_characters_are_less_alike_than_their_null() -> None:
    rates = {"a": (0.9, 0.05), "b": (0.05, 0.9), "c": (0.9, 0.1), "d": (0.1, 0.9)}
    found = similarity_null(labels(rates), TRAITS, rng(), permutations=400)
    row = found.series.iloc[0]

    assert row["null_p"] == pytest.approx(1 / 401)
    assert row["excess"] == pytest.approx(row["cosine"] - row["null_mean"])
    assert row["excess"] < -0.1
    assert (found.runs["null_p"] < 0.05).all()


def test_a_run_whose_messages_are_all_alike_is_what_every_shuffle_is() -> None:
    found = similarity_null(labels({"a": (1, 0), "b": (1, 0)}, runs=2), TRAITS, rng(), permutations=50)

    assert found.runs["null_p"].tolist() == [1, 1]
    assert found.runs["null_sd"].tolist() == pytest.approx([0, 0])


def test_runs_without_any_trait_have_no_null() -> None:
    found = similarity_null(labels({"a": (0, 0), "b": (0, 0)}), TRAITS, rng(), permutations=50)

    assert found.runs[["null_mean", "null_sd", "null_p"]].isna().all(axis=None)
    assert found.series[["cosine", "null_mean", "null_p"]].isna().all(axis=None)


def test_no_messages_have_no_null() -> None:
    found = similarity_null(labels({"a": (1, 0)}).iloc[:0], TRAITS, rng())

    assert tuple(found.runs.columns) == RUN_NULL_COLUMNS
    assert tuple(found.series.columns) == SERIES_NULL_COLUMNS
    assert len(found.runs) == len(found.series) == 0


def test_the_null_does_not_depend_on_how_much_is_shuffled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = labels({"a": (0.5, 0.3), "b": (0.2, 0.3)})
    whole = similarity_null(frame, TRAITS, rng(), permutations=60)
    monkeypatch.setattr(module, "_AT_ONCE", 200)

    pd.testing.assert_frame_equal(similarity_null(frame, TRAITS, rng(), permutations=60).runs, whole.runs)


def test_huge_data_are_shuffled_less_often() -> None:
    assert affordable(14_000) == 1000
    assert affordable(1_000_000) == 200
    assert affordable(10**9) == 99
    assert affordable(0) == 1000
