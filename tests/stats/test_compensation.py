from typing import Any

import numpy as np
import pandas as pd
import pytest

from mascope.stats.compensation import (
    COMPENSATION_COLUMNS,
    compensation,
    event_levels,
    median_level,
    observed,
)

NAN = np.nan
NO_LEVELS = pd.Series(dtype=object)


def rng() -> np.random.Generator:
    return np.random.default_rng(9)


def runs(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"run": names, "series": [name.partition("-")[0] for name in names]})


def said(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    """From (run, agent, round, COMP); a message's id is its run, agent and round."""
    frame = pd.DataFrame(rows, columns=["run", "agent", "round", "COMP"])
    return frame.assign(message=[f"{run}|{agent}|R{round_}" for run, agent, round_, _ in rows])


def failed(*rows: tuple[str, str, int, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["run", "agent", "round", "told"])


def row(
    messages: pd.DataFrame, cast: pd.DataFrame, failures: pd.DataFrame, series: str = "A", **more: Any
) -> dict[str, Any]:
    broadcast = pd.Series(more.get("broadcast", [False] * len(messages)), dtype=bool)
    data = observed(messages, broadcast, more.get("levels", NO_LEVELS), "COMP", cast, failures)
    [found] = compensation(data, [series], rng(), 500).to_dict("records")
    return {str(name): value for name, value in found.items()}


TWO_RUNS = said(
    ("A-1", "x", 0, 0), ("A-1", "y", 0, 0), ("A-1", "x", 1, 0), ("A-1", "y", 1, 1), ("A-1", "x", 2, 1),
    ("A-2", "x", 0, 0), ("A-2", "y", 0, 0), ("A-2", "x", 1, 0), ("A-2", "y", 1, NAN),
)  # fmt: skip
Z_FAILS = failed(("A-1", "z", 0, True), ("A-2", "z", 0, True), ("A-2", "z", 1, False))


def test_events_are_counted_per_run_per_notice_and_per_exposed_message() -> None:
    found = row(TWO_RUNS, runs("A-1", "A-2"), Z_FAILS)

    assert tuple(found) == COMPENSATION_COLUMNS
    assert [found[name] for name in ("runs", "runs_with", "events", "per_run")] == [2, 1, 2, 1.0]
    # Exposed and decided: x and y in round 1 and x in round 2 of the first run, x in round 1 of the second.
    assert [found[name] for name in ("exposed_messages", "exposed_events")] == [4, 2]
    assert found["per_exposed_message"] == pytest.approx(2 / 4)
    assert [found["notices"], found["per_notice"], found["undecided"]] == [2, 1.0, 1]


def test_who_compensates_and_how_soon() -> None:
    found = row(TWO_RUNS, runs("A-1", "A-2"), Z_FAILS)

    assert sorted(str(found["who"]).split(", ")) == ["x 1", "y 1"]
    assert found["compensators"] == 2
    assert found["delay_rounds"] == 1.0


def test_an_agents_own_failure_does_not_expose_it() -> None:
    messages = said(("A-1", "x", 1, 0), ("A-1", "y", 1, 0))

    assert row(messages, runs("A-1"), failed(("A-1", "x", 0, True)))["exposed_messages"] == 1
    both = failed(("A-1", "x", 0, True), ("A-1", "y", 0, True))
    assert row(messages, runs("A-1"), both)["exposed_messages"] == 2


def test_events_in_broadcasts_are_counted_apart_too() -> None:
    messages = said(("A-1", "x", 1, 1), ("A-1", "y", 1, 1))
    found = row(messages, runs("A-1"), failed(("A-1", "z", 0, True)), broadcast=[True, False])

    assert [found["events"], found["broadcast_events"], found["broadcasts"]] == [2, 1, 1]


def test_levels_are_counted_of_events_only() -> None:
    levels = pd.Series({"A-1|y|R1": "L3", "A-1|x|R1": "L2"}, dtype=object)
    found = row(TWO_RUNS, runs("A-1", "A-2"), Z_FAILS, levels=levels)

    assert [found[name] for name in ("L1", "L2", "L3", "no_level")] == [0, 0, 1, 1]


def test_coders_who_differ_on_a_level_are_reconciled_as_labels_are() -> None:
    given = pd.DataFrame({"message": ["m", "m", "m", "n"], "level": ["L3", "L1", "L2", None]})

    assert event_levels(given, "intersection").to_dict() == {"m": "L1"}
    assert event_levels(given, "union").to_dict() == {"m": "L3"}
    assert event_levels(given, "majority").to_dict() == {"m": "L2"}
    assert median_level(["L3", "L1"]) == "L1"


def test_each_event_has_the_level_of_its_own_coders() -> None:
    rows = [
        ("b", "L3"),
        ("a", "L2"),
        ("b", "L1"),
        ("c", None),
        ("a", "L2"),
        ("d", "L1"),
        ("b", "L2"),
        ("e", "L3"),
    ]
    given = pd.DataFrame(rows, columns=["message", "level"])

    assert event_levels(given, "union").to_dict() == {"a": "L2", "b": "L3", "d": "L1", "e": "L3"}
    assert event_levels(given, "intersection").to_dict() == {"a": "L2", "b": "L1", "d": "L1", "e": "L3"}
    assert event_levels(given.iloc[3:4], "union").to_dict() == {}


def test_without_labels_nothing_is_counted() -> None:
    found = row(said(("A-1", "x", 0, NAN)), runs("A-1"), Z_FAILS)

    assert found["note"] == "no decided label"
    assert found["events"] is None or np.isnan(found["events"])


def test_a_group_in_which_nobody_failed_is_exposed_to_nothing() -> None:
    found = row(said(("A-1", "x", 0, 0), ("A-1", "x", 1, 1)), runs("A-1"), failed())

    assert found["note"] == "one run: no interval; no message was exposed to a failure"
    assert np.isnan(found["per_exposed_message"])
    assert found["events"] == 1


def test_a_series_without_runs_says_so() -> None:
    found = row(TWO_RUNS, runs("A-1", "A-2"), Z_FAILS, series="B")

    assert [found["runs"], found["note"]] == [0, "no decided label"]


def study(after: float, before: float, onset: int, count: int = 12) -> dict[str, Any]:
    """Runs of A fail at `onset`, those of B never; x shows COMP after it at a rate of `after` in A."""
    generator = rng()
    names = [f"{series}-{n}" for series in "AB" for n in range(count)]
    rates = {("A", True): after, ("A", False): before, ("B", True): 0.1, ("B", False): before}
    rows = [
        (name, agent, round_, float(generator.random() < rates[name[0], round_ > onset]))
        for name in names
        for round_ in range(10)
        for agent in "xy"
    ]
    losses = failed(*((name, "z", onset, True) for name in names if name[0] == "A"))
    return row(said(*rows), runs(*names), losses)


def test_compensation_beyond_placebo_is_found() -> None:
    found = study(after=0.6, before=0.1, onset=4)

    assert found["did_low"] < 0.5 < found["did_high"]
    assert found["did_p"] < 0.001
    assert [found["failed_runs"], found["placebo_runs"]] == [12, 12]


def test_a_failure_in_round_0_has_no_before_but_is_still_compared() -> None:
    assert study(after=0.6, before=0.1, onset=0)["did_low"] < 0.5 < study(0.6, 0.1, 0)["did_high"]


def test_no_more_than_placebo_is_nothing() -> None:
    found = study(after=0.1, before=0.1, onset=4)

    assert found["did_low"] < 0 < found["did_high"]
    assert found["did_p"] > 0.05


def test_without_runs_that_nobody_failed_in_there_is_no_placebo() -> None:
    found = row(TWO_RUNS, runs("A-1", "A-2"), Z_FAILS)

    assert np.isnan(found["did"])
    assert found["placebo_runs"] == 0
