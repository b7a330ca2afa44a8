from pathlib import Path

import pytest

from mascope.imports.codes import import_codes
from mascope.pipeline.reporting import Options, analyse
from mascope.store.layout import Results
from mascope.tables.compensation import compensation_table
from tests.tables.conftest import AGENTS, Say, failure, message

CODES = """id,lead,comp,comp_level
A-run01|Agent-A|R0,0,0,
A-run01|Agent-B|R0,1,0,
A-run01|Agent-A|R1,0,1,{level}
A-run01|Agent-B|R1,0,{agreed},L2
A-run02|Agent-A|R0,0,0,
A-run02|Agent-A|R1,1,0,
"""


@pytest.fixture
def coded(results: Results, put: Say, tmp_path: Path) -> Results:
    """Agent-C falls silent in both runs of A; Agent-A makes up for it in one, Agent-B by one coder's word."""
    for run, replicate in (("A-run01", 1), ("A-run02", 2)):
        said = [message(run, agent, r, "Agent-C does not answer") for r in range(2) for agent in AGENTS[:2]]
        put("A", replicate, [*said, failure(run, AGENTS[2], 0, told="Agent-C has left.")])
    for coder, agreed, level in (("first", 1, "L3"), ("second", 0, "L1")):
        file = tmp_path / f"{coder}.csv"
        file.write_text(CODES.format(agreed=agreed, level=level))
        import_codes(file, results, coder)
    return results


def test_what_both_coders_saw_counts_at_the_level_that_both_gave(coded: Results) -> None:
    row = compensation_table(analyse(coded, Options(labels="intersection", resamples=50))).frame.iloc[0]

    assert [row["series"], row["labels"], row["flag"]] == ["A", "intersection", "COMP"]
    assert [row[name] for name in ("runs", "runs_with", "events", "L1", "L2", "L3")] == [2, 1, 1, 1, 0, 0]
    assert [row["notices"], row["who"], row["delay_rounds"]] == [2, "llama 1", 1.0]
    # Exposed and decided: both messages of round 1 of the first run, one of the second.
    assert row["per_exposed_message"] == pytest.approx(1 / 3)


def test_what_any_coder_saw_counts_at_the_highest_level(coded: Results) -> None:
    row = compensation_table(analyse(coded, Options(labels="union", resamples=50))).frame.iloc[0]

    assert [row[name] for name in ("events", "L1", "L2", "L3")] == [2, 0, 1, 1]


def test_one_coder_is_taken_at_its_word(coded: Results) -> None:
    row = compensation_table(analyse(coded, Options(labels="second", resamples=50))).frame.iloc[0]

    assert [row[name] for name in ("events", "L1", "no_level")] == [1, 1, 0]


def test_a_series_without_runs_has_a_row_that_says_so(coded: Results) -> None:
    frame = compensation_table(analyse(coded, Options(resamples=50))).frame.set_index("series")

    assert frame.loc["B", "note"] == "no decided label"
    assert frame.loc["B", "runs"] == 0
