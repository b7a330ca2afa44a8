"""Where the numbers of a table lead."""

from typing import Any

import pytest

from mascope.report.page.links import ROW, Known, targets

KNOWN = Known(
    flags=frozenset(("META", "COMP")),
    series={"q": ("A", "B"), "m": ("A", "C")},
    measures={"q": "similarity", "m": "META"},
)


def test_a_rate_leads_to_the_messages_of_that_agent_with_that_flag() -> None:
    row = {"series": "A", "agent": "kimi", "flag": "META", "rate": 0.2}
    found = targets("profiles", row, KNOWN)
    whose = {"series": "A", "agent": "kimi", "flag": "META"}

    assert found[ROW] == {**whose, "code": "label=yes"}
    assert found["messages"] == {**whose, "code": "label=decided"}


def test_an_agreement_leads_to_where_the_two_differ_and_each_count_to_its_own() -> None:
    found = targets("agreement", {"flag": "META", "coder_a": "x", "coder_b": "y"}, KNOWN)

    assert found[ROW] == {"flag": "META", "code": "pair:x:y=differ"}
    assert found["yes_no"] == {"flag": "META", "code": "pair:x:y=yn"}
    assert found["n"] == {"flag": "META", "code": "pair:x:y=both"}


def test_a_mean_over_flags_leads_to_any_difference_of_the_two() -> None:
    found = targets("agreement", {"flag": "mean", "coder_a": "x", "coder_b": "y"}, KNOWN)

    assert found == {ROW: {"code": "pair:x:y=differ"}}


def test_a_level_of_compensation_leads_to_its_events() -> None:
    found = targets("compensation", {"series": "A", "flag": "COMP"}, KNOWN)

    assert found["L2"] == {"series": "A", "flag": "COMP", "code": "label=yes", "level": "L2"}
    assert found["notices"] == {"series": "A", "mark": "told"}
    assert "exposed_messages" not in found


def test_a_hypothesis_leads_to_both_series_and_a_mean_to_its_own() -> None:
    assert targets("contrasts", {"hypothesis": "q"}, KNOWN)[ROW] == {"series": ["A", "B"]}
    found = targets("sensitivity", {"hypothesis": "m"}, KNOWN)
    assert found[ROW] == {"series": ["A", "C"], "flag": "META", "code": "label=yes"}
    assert found["mean_b"] == {"series": "C", "flag": "META", "code": "label=yes"}


@pytest.mark.parametrize(
    ("measure", "detail", "expected"),
    [
        ("truncated", "", {"mark": "truncated"}),
        ("lost_turns", "kimi", {"kind": ["fault", "failure", "empty"], "agent": "kimi"}),
        ("failures_organic", "timeout", {"kind": "failure"}),
        ("rounds", None, {}),
    ],
)
def test_what_the_audit_counts_can_be_seen(measure: str, detail: Any, expected: dict[str, Any]) -> None:
    found = targets("audit", {"series": "A", "measure": measure, "detail": detail}, KNOWN)

    assert found[ROW] == {"series": "A", **expected}


def test_a_table_that_nobody_foresaw_leads_by_its_columns() -> None:
    row = {"series": "A", "round": 3, "agent": None, "value": 0.1}

    assert targets("new", row, KNOWN) == {ROW: {"series": "A", "round": "3"}}
    assert targets("new", {"value": 1}, KNOWN) == {}
    assert targets("new", {"message": "A-run01|x|R0", "series": "A"}, KNOWN)[ROW] == {
        "message": "A-run01|x|R0"
    }
