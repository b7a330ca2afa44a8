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


def test_an_empty_cell_asks_for_nobody() -> None:
    assert targets("takeover", {"series": "A", "agent": "", "gap": 0.1}, KNOWN) == {ROW: {"series": "A"}}


LABELLED = Known(
    flags=frozenset(("META",)),
    series={"m": ("A", "C")},
    measures={"m": "META"},
    rule="intersection",
    coders=frozenset(("x",)),
    seats={"Kimi K2": ("kimi", "kimi-2")},
)


@pytest.mark.parametrize("table", ["agreement_by", "panel_agreement_by"])
def test_the_agreement_on_one_model_leads_to_the_agents_that_it_spoke_for(table: str) -> None:
    row = {"by": "model", "stratum": "Kimi K2", "flag": "META", "coder_a": "x", "coder_b": "y"}
    found = targets(table, row, LABELLED)[ROW]

    assert found["agent"] == ("kimi", "kimi-2")
    assert found["flag"] == "META"


def test_the_agreement_of_the_panel_on_one_series_leads_there() -> None:
    found = targets("panel_agreement_by", {"by": "series", "stratum": "A", "flag": "META"}, LABELLED)

    assert found == {ROW: {"series": "A", "flag": "META", "code": "label=yes"}}


@pytest.mark.parametrize(
    ("labels", "code"),
    [("intersection", "label=yes"), ("x", "coder:x=yes"), ("union", None)],
)
def test_a_rate_by_other_labels_leads_to_what_those_say(labels: str, code: str | None) -> None:
    row = {"series": "A", "flag": "META", "labels": labels, "naive": 0.2, "messages": 40}
    found = targets("corrected", row, LABELLED)

    assert found[ROW].get("code") == code
    assert found.get("messages", {}).get("code") == (code and code.replace("yes", "decided"))


@pytest.mark.parametrize(
    ("kind", "variant", "code"),
    [
        ("main", "intersection", "label=yes"),
        ("coder", "x", "coder:x=yes"),
        ("labels", "union", None),
        ("leave one agent out", "x", "label=yes"),
    ],
)
def test_a_variant_leads_to_the_messages_that_it_counts(kind: str, variant: str, code: str | None) -> None:
    found = targets("sensitivity", {"hypothesis": "m", "kind": kind, "variant": variant}, LABELLED)

    assert found[ROW].get("code") == code


def test_who_names_whom_leads_to_what_the_first_said() -> None:
    found = targets("addresses", {"series": "A", "source": "kimi", "target": "qwen"}, LABELLED)

    assert found[ROW] == {"series": "A", "agent": "kimi", "kind": "message"}
