import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from mascope.stats.profiles import PROFILE_COLUMNS, any_trait, cells, places, profiles, tally, wilson

NAN = np.nan


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def labels(rows: list[tuple[str, str, str, float]], flag: str = "ARCH") -> pd.DataFrame:
    """From (series, run, agent, label)."""
    frame = pd.DataFrame(rows, columns=["series", "run", "agent", flag])
    return frame.assign(message=range(len(rows)), round=0, position=0).astype({flag: "float64"})


def simulated(runs: int, mood: float = 0.0) -> pd.DataFrame:
    """Two agents, 10 messages a run; `mood` is how far a run's rate strays from .5."""
    generator = rng()
    rows = []
    for run in range(runs):
        rate = 0.5 + mood * (1 if run % 2 else -1)
        for message in range(20):
            agent = "ab"[message % 2]
            rows.append(("A", f"A-run{run}", agent, float(generator.random() < rate)))
    return labels(rows)


@pytest.mark.parametrize("kind", ["category", "str", "object"])
def test_names_are_found_by_their_place_and_unknown_ones_nowhere(kind: str) -> None:
    column = pd.Series(["r2", "r9", "r1", None, "r2"], dtype=kind)

    assert places(column, ("r1", "r2", "r3")).tolist() == [1, -1, 0, -1, 1]
    assert places(column, ()).tolist() == [-1] * 5
    assert places(column[:0], ("r1",)).tolist() == []


def test_a_rate_leaves_out_what_is_undecided() -> None:
    frame = labels([("A", "r1", "x", 1), ("A", "r1", "x", 0), ("A", "r1", "x", NAN), ("A", "r2", "x", 0)])
    row = profiles(frame, ["ARCH"], rng()).iloc[0]

    assert row["rate"] == pytest.approx(1 / 3)
    assert (row["messages"], row["yes"], row["undecided"], row["runs"]) == (3, 1, 1, 2)


def test_wilson_intervals_equal_those_of_statsmodels() -> None:
    yes, n = np.array([0, 1, 7, 10, 300]), np.array([10, 3, 20, 10, 4000])
    low, high = wilson(yes, n)
    expected_low, expected_high = proportion_confint(yes, n, method="wilson")

    assert low == pytest.approx(expected_low, abs=1e-9)
    assert high == pytest.approx(expected_high, abs=1e-9)


def test_a_rate_of_nothing_has_no_interval() -> None:
    low, high = wilson(0, 0)

    assert np.isnan(low)
    assert np.isnan(high)


def test_the_interval_over_runs_widens_where_messages_of_a_run_resemble_each_other() -> None:
    alike = profiles(simulated(40, mood=0.4), ["ARCH"], rng(), resamples=2000).iloc[0]
    independent = profiles(simulated(40), ["ARCH"], rng(), resamples=2000).iloc[0]

    assert alike["run_high"] - alike["run_low"] > 1.5 * (alike["high"] - alike["low"])
    assert independent["run_high"] - independent["run_low"] == pytest.approx(
        independent["high"] - independent["low"], rel=0.35
    )


def test_the_interval_over_runs_is_that_of_a_bootstrap_expanded_for_their_number() -> None:
    frame = simulated(12, mood=0.2)
    mine = frame[frame["agent"] == "b"].groupby("run")["ARCH"].agg(["sum", "count"]).to_numpy()
    generator = np.random.default_rng(99)
    drawn = [mine[generator.integers(0, 12, 12)].sum(axis=0) for _ in range(4000)]
    # √(12/11) · 2.201, the t quantile of 11 degrees of freedom, is 2.299: the normal leaves 1.08% beyond it.
    low, high = np.quantile([yes / n for yes, n in drawn], [0.0108, 0.9892])
    row = profiles(frame, ["ARCH"], rng()).set_index("agent").loc["b"]

    assert row["run_low"] == pytest.approx(low, abs=0.02)
    assert row["run_high"] == pytest.approx(high, abs=0.02)


def test_one_run_has_no_interval_over_runs() -> None:
    row = profiles(simulated(1), ["ARCH"], rng()).iloc[0]

    assert np.isnan(row["run_low"])
    assert row["low"] < row["rate"] < row["high"]


def test_a_flag_that_never_occurs_has_a_wilson_interval_only() -> None:
    frame = labels([("A", f"r{run}", "x", 0) for run in range(9)])
    row = profiles(frame, ["ARCH"], rng()).iloc[0]

    assert row["rate"] == 0
    # Wilson's upper bound at 0 of n is z²/(n + z²) = 3.841459/12.841459.
    assert (row["low"], row["high"]) == pytest.approx((0, 0.299145), abs=1e-6)
    assert np.isnan(row["run_high"])


def test_profiles_have_a_row_for_each_series_agent_and_flag() -> None:
    frame = labels([("B", "r1", "x", 1), ("A", "r2", "y", 0), ("B", "r1", "z", 1)]).assign(META=0.0)
    found = profiles(frame, ["ARCH", "META"], rng(), resamples=10)

    assert tuple(found.columns) == PROFILE_COLUMNS
    assert found[["series", "agent", "flag"]].to_numpy().tolist() == [
        ["B", "x", "ARCH"], ["B", "x", "META"], ["B", "z", "ARCH"], ["B", "z", "META"],
        ["A", "y", "ARCH"], ["A", "y", "META"],
    ]  # fmt: skip


def test_an_agent_without_decided_labels_has_a_row_without_a_rate() -> None:
    row = profiles(labels([("A", "r1", "x", NAN), ("A", "r2", "x", NAN)]), ["ARCH"], rng()).iloc[0]

    assert np.isnan(row["rate"])
    assert (row["messages"], row["undecided"], row["runs"]) == (0, 2, 0)


@pytest.mark.parametrize("series", [None, ["A"], []])
def test_no_messages_give_no_profiles(series: list[str] | None) -> None:
    found = profiles(labels([]), ["ARCH"], rng(), series)

    assert tuple(found.columns) == PROFILE_COLUMNS
    assert len(found) == 0


def test_series_can_be_chosen_and_ordered() -> None:
    frame = labels([("A", "r1", "x", 1), ("B", "r2", "x", 0), ("C", "r3", "x", 0)])

    assert profiles(frame, ["ARCH"], rng(), ["C", "A"], resamples=10)["series"].tolist() == ["C", "A"]


def test_a_tally_does_not_depend_on_the_order_of_messages() -> None:
    frame = simulated(5)
    shuffled = frame.sample(frac=1, random_state=1)
    counts, other = (tally(one, ["ARCH"]) for one in (frame, shuffled))
    keys, other_keys = (
        {(one.cells.runs[run], one.cells.agents[agent]): yes for run, agent, yes in zip(
            one.cells.run, one.cells.agent, one.yes[:, 0], strict=True)}
        for one in (counts, other)
    )  # fmt: skip

    assert keys == other_keys


def test_runs_of_the_same_name_in_two_series_are_two_runs() -> None:
    found = cells(labels([("A", "1", "x", 1), ("B", "1", "x", 0), ("A", "2", "x", 0)]))

    assert found.runs == ("1", "2", "1")
    assert found.series_of_run.tolist() == [0, 0, 1]


def test_a_message_with_an_undecided_trait_has_no_say_in_any_trait() -> None:
    traits = np.array([[1, 0, 0, 1, NAN], [0, 0, NAN, NAN, NAN]], dtype=np.float64)

    assert any_trait(traits) == pytest.approx([1, 0, NAN, NAN, NAN], nan_ok=True)


def test_labels_may_be_booleans_or_nullable() -> None:
    frame = labels([("A", "r1", "x", 1), ("A", "r2", "x", 0), ("A", "r2", "x", NAN)])
    nullable = frame.assign(ARCH=pd.array([True, False, None], dtype="boolean"))

    assert tally(nullable, ["ARCH"]).yes.tolist() == tally(frame, ["ARCH"]).yes.tolist()
    assert tally(nullable, ["ARCH"]).decided.tolist() == [[1], [1]]
