"""Which turns a model was to speak in: lost are only those."""

from itertools import takewhile

import numpy as np
import pandas as pd

from mascope.stats.audit_counts import Journaled, tallies


def journaled() -> Journaled:
    """Two runs of three rounds: `ann` speaks, once by a given line; `planted` has only lines."""
    runs = pd.DataFrame(
        {"run": ["A-run01", "A-run02"], "rounds": 3, "agents": 2, "messages": [2, 3], "empty": 0}
    )
    agents = pd.DataFrame({
        "run": ["A-run01", "A-run01", "A-run02", "A-run02"], "agent": ["ann", "planted"] * 2,
        "messages": [2, 0, 3, 0],
    })  # fmt: skip
    scripted = pd.DataFrame(
        {"run": ["A-run01", "A-run01", "A-run02"], "agent": ["ann", "planted", "planted"]}
    )
    asked = np.array([True, False, True, False])
    return Journaled(runs, agents, pd.DataFrame(), pd.DataFrame(), asked=asked, scripted=scripted)


def test_no_turn_is_due_from_a_confederate_or_where_the_line_is_given() -> None:
    data = journaled()

    assert data.due().tolist() == [2, 3]
    assert data.due("ann").tolist() == [2, 3]
    assert data.due("planted").tolist() == [0, 0]


def test_without_given_lines_each_agent_is_due_in_each_round() -> None:
    data = journaled()

    assert Journaled(data.runs, data.agents, data.messages, data.failures).due().tolist() == [6, 6]


def test_a_confederate_neither_loses_turns_nor_falls_silent() -> None:
    turns = takewhile(lambda tallied: tallied.measure != "empty", tallies(journaled()))
    counts = {(one.measure, one.detail): float(one.count.sum()) for one in turns}

    assert counts["lost_turns", ""] == counts["lost_turns", "ann"] == counts["silent_agents", ""] == 0
    assert ("lost_turns", "planted") not in counts
