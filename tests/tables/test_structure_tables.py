"""Who names whom, flags by round, events of compensation and conditions, counted by hand."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mascope.errors import InvalidInput
from mascope.results import Results
from mascope.stats.rounds import round_rates
from mascope.tables.addresses import addresses_table
from mascope.tables.analysis import Analysis
from mascope.tables.catalog import TABLES
from mascope.tables.conditions import differs
from mascope.tables.power import table_of
from tests.tables.conftest import AGENTS, message

Put = Callable[..., None]
Look = Callable[..., Analysis]
LLAMA, KIMI, QWEN = AGENTS


def test_mentions_are_counted_by_who_names_and_who_is_named(put: Put, results: Any) -> None:
    put("A", 1, [
        message("A-run01", LLAMA, 0, "Agent-B, please begin."),
        message("A-run01", LLAMA, 1, "Thank you, Agent-B. And Agent-C?"),
        message("A-run01", KIMI, 0, "I begin."),
    ])  # fmt: skip

    frame = addresses_table(Results(results.root)._analysis).frame

    rows: list[Any] = list(frame.itertuples())
    counted = {(row.source, row.target): (row.mentions, row.messages) for row in rows if row.mentions}
    assert counted == {("llama", "kimi"): (2, 2), ("llama", "qwen"): (1, 2)}
    assert len(frame) == 6
    assert frame["rate"].isna().sum() == 2  # qwen never spoke


def _labels(rows: Iterable[tuple[str, int, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["run", "round", "LEAD"])
    return frame.assign(series="A")


def test_the_rate_of_a_round_is_over_its_decided_messages() -> None:
    labels = _labels([("r1", 0, 1), ("r1", 0, 0), ("r2", 0, 0), ("r2", 0, np.nan), ("r2", 2, 1)])

    found = round_rates(labels, ["LEAD"], ["A"], np.random.default_rng(1), 200)

    rows: list[Any] = list(found.itertuples())
    assert [(row.round, row.rate, row.messages, row.runs) for row in rows] == [
        (0, pytest.approx(1 / 3), 3, 2),
        (2, 1.0, 1, 1),
    ]


def test_rounds_in_which_nothing_varies_have_no_interval_and_one_run_has_none() -> None:
    same = _labels([(f"r{run}", 0, 1) for run in range(5)])
    alone = _labels([("r1", 0, 1), ("r1", 0, 0)])

    for labels in (same, alone):
        found = round_rates(labels, ["LEAD"], ["A"], np.random.default_rng(1), 200)
        assert found[["low", "high"]].isna().all(axis=None)


def test_the_interval_of_a_round_holds_its_rate_and_resamples_runs_as_wholes() -> None:
    labels = _labels([(f"r{run}", 0, float(run % 2)) for run in range(20) for _ in range(10)])

    found = round_rates(labels, ["LEAD"], ["A"], np.random.default_rng(1), 4000)
    (row,) = list[Any](found.itertuples())

    assert row.low < row.rate < row.high
    # Ten messages that always agree are one: the width is that of 20 coins, ±2.09·√(.25/20)·√(20/19).
    assert row.high - row.low == pytest.approx(2 * 2.09 * np.sqrt(0.25 / 20) * np.sqrt(20 / 19), rel=0.15)


def test_every_event_is_a_message_with_the_flag(rehearsed: Path) -> None:
    results = Results(rehearsed)

    events = results.events
    labelled = results.labelled
    assert set(events["message"]) == set(labelled.loc[labelled["COMP"] == 1, "message"])
    assert events.loc[events["series"] == "clones", "since"].isna().all()  # nobody fails there
    exposed = events.dropna(subset=["since"])
    assert (exposed["since"] == exposed["round"] - 1).all()  # who fails does so in round 1


def test_the_conditions_stand_side_by_side_with_what_differs_from_the_first(rehearsed: Path) -> None:
    found = Results(rehearsed).conditions.set_index("series")

    assert found["differs"].to_dict() == {
        "mixed": "", "real": "names.own, names.peers", "clones": "participants, faults",
        "alone": "rounds, scaffold.peers, schedule.interaction, turns.cue, faults",
    }  # fmt: skip
    assert found["agents"].to_dict() == dict.fromkeys(["mixed", "real", "clones", "alone"], 3)
    assert found.loc["mixed", "faults"] == "cy round 1 crash (notice)"
    assert found.loc["alone", "interaction"] == "isolation"


def test_the_number_of_runs_is_no_difference_of_condition() -> None:
    assert (
        differs({"runs": 3, "names": {"own": "a"}}, {"runs": 4, "names": {"own": "b"}, "x": 1})
        == "names.own, x"
    )


CURVE: Mapping[str, Any] = {
    "source": "rates", "simulations": 200, "notes": ["h2: matched."],
    "hypotheses": [{
        "hypothesis": "h", "measure": "similarity", "compare": ["A", "B"], "needed": None,
        "curve": [{"runs": 5, "power": 0.99, "error": 0.02}],
    }],
}  # fmt: skip


def test_kept_power_becomes_a_table_with_its_source() -> None:
    table = table_of(CURVE)

    (row,) = list[Any](table.frame.itertuples())
    assert (row.series_a, row.series_b, row.runs, row.power, row.high) == ("A", "B", 5, 0.99, 1.0)
    assert row.low == pytest.approx(0.95)
    assert table.notes == ("Made up from rates.", "h2: matched.")


@pytest.mark.parametrize("broken", [{}, {"hypotheses": [{}]}, {**CURVE, "hypotheses": 3}])
def test_a_power_file_of_something_else_is_told_of(broken: Mapping[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"power\.json"):
        table_of(broken)


def test_every_table_goes_by_the_name_it_is_asked_for(rehearsed: Path) -> None:
    found = Results(rehearsed).tables

    assert [found[name].name for name in TABLES] == list(TABLES)
