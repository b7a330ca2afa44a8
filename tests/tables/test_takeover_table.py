"""The table of what an absent agent leaves, on discussions in which it is known who takes what over."""

from pathlib import Path
from typing import Any

import pytest

from mascope.imports.codes import import_codes
from mascope.pipeline.reporting import Options, analyse
from mascope.records import Turn
from mascope.store.layout import Results, run_id
from mascope.tables.takeover import takeover_table
from tests.tables.conftest import AGENTS, Say, failure, message

ROUNDS, ONSET, RUNS = 8, 3, 6
MONEY = ["costs", "budget", "euros", "loan", "price"]
PLANS = ["plan", "weeks", "design", "launch", "tests"]


def discuss(run: str, absent: bool, taken: int) -> list[Turn]:
    """Ten words a turn; once the third agent is gone, the first says `taken` words more."""
    turns: list[Turn] = []
    for round_ in range(ROUNDS):
        gone = absent and round_ >= ONSET
        for agent in AGENTS:
            extra = taken if gone and agent is AGENTS[0] and round_ > ONSET else 0
            about = MONEY if agent is AGENTS[2] or extra else PLANS
            said = " ".join((about * 10)[round_ : round_ + 10 + extra])
            if agent is AGENTS[2] and gone:
                if round_ == ONSET:
                    turns.append(failure(run, agent, round_, told="Agent-C has left."))
            else:
                turns.append(message(run, agent, round_, said))
    return turns


@pytest.fixture
def left(results: Results, put: Say) -> Results:
    """A: the third agent leaves, and the first takes its words and its one term over. B: nobody leaves."""
    for replicate in range(1, RUNS + 1):
        put("A", replicate, discuss(run_id("A", replicate), True, 10 + replicate % 2))
        put("B", replicate, discuss(run_id("B", replicate), False, 0))
    return results


def rows(results: Results) -> dict[tuple[str, str], dict[Any, Any]]:
    frame = takeover_table(analyse(results, Options(resamples=300))).frame
    return {(row["measure"], row["agent"]): row for row in frame.to_dict("records")}


def test_words_that_one_agent_takes_over_are_the_gap(left: Results) -> None:
    found = rows(left)
    whole, first, second = found["words", ""], found["words", "llama"], found["words", "kimi"]

    assert whole["gap"] == pytest.approx(1 / 3)
    assert whole["change"] == pytest.approx(10.5 / 30)  # 10 and 11 in turn
    assert whole["taken"] == pytest.approx(1.05)
    assert whole["placebo"] == pytest.approx(0)
    assert whole["did"] == pytest.approx(whole["change"])
    assert whole["p"] < 0.01
    assert (first["change"], second["change"]) == pytest.approx((10.5 / 30, 0))
    assert ("words", "qwen") not in found


def test_the_absent_agents_term_and_topic_are_taken_up(left: Results) -> None:
    found = rows(left)

    assert found["terms", ""]["after"] == 1
    assert found["terms", ""]["placebo"] == 0
    assert found["topics", ""]["did"] > 0.2


def test_who_makes_up_for_it_and_how_soon(left: Results, tmp_path: Path) -> None:
    lines = ["id,comp"]
    for replicate in range(1, RUNS + 1):
        for round_ in range(ROUNDS):
            lines += [f"A-run0{replicate}|{agent.name}|R{round_},{int(agent is AGENTS[1] and round_ == 5)}"
                      for agent in AGENTS[:2]]  # fmt: skip
    file = tmp_path / "codes.csv"
    file.write_text("\n".join(lines))
    import_codes(file, left, "judge")
    found = rows(left)

    assert found["events", "kimi"]["after"] == 1
    assert found["delay_rounds", "kimi"]["after"] == 2
    assert ("events", "llama") not in found


def test_a_study_in_which_nobody_leaves_says_so(results: Results, put: Say) -> None:
    put("B", 1, discuss("B-run01", False, 0))
    table = takeover_table(analyse(results, Options(resamples=50)))

    assert table.frame.empty
    assert "No agent fell silent" in table.notes[0]


def test_without_a_run_to_compare_with_there_is_a_change_and_no_difference(
    results: Results, put: Say
) -> None:
    put("A", 1, discuss("A-run01", True, 10))
    row = rows(results)["words", ""]

    assert row["change"] == pytest.approx(1 / 3)
    assert row["did"] != row["did"]
    assert row["note"] == "no run to compare with"


def test_who_never_spoke_leaves_nothing(results: Results, put: Say) -> None:
    said = [message("A-run01", agent, r, "Some words") for r in range(4) for agent in AGENTS[:2]]
    put("A", 1, [*said, failure("A-run01", AGENTS[2], 0, told="Agent-C has left.")])
    row = rows(results)["words", ""]

    assert row["runs"] == 0
    assert row["note"] == "nothing was said before the failure, or nothing after"
