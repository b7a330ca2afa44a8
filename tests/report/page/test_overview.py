"""The sentences at the head of the page."""

from typing import Any

import pandas as pd
import pytest

from mascope.report import Report, Summary
from mascope.report.page.overview import findings
from mascope.tables import Column, Table

ROW: dict[str, Any] = {
    "hypothesis": "q", "status": "declared", "measure": "similarity", "series_a": "A", "series_b": "B",
    "direction": "less", "test": "Mann-Whitney", "n_a": 21, "n_b": 21, "mean_a": 0.56, "mean_b": 0.85,
    "difference": -0.29, "difference_low": -0.4, "difference_high": -0.2, "p_adjusted": 0.0004, "r": -0.7,
    "cliffs_delta": -0.9, "margin": None, "interpret": "yes", "note": "",
}  # fmt: skip


def report_with(*changes: dict[str, Any], notes: tuple[str, ...] = ()) -> Report:
    frame = pd.DataFrame([{**ROW, **change} for change in changes], dtype=object)
    digits = {
        "mean_a": 2,
        "mean_b": 2,
        "difference": 2,
        "difference_low": 2,
        "difference_high": 2,
        "margin": 2,
    }
    columns = tuple(
        Column(name, "", digits.get(name, 3), kind="p" if name == "p_adjusted" else "auto") for name in ROW
    )
    return Report(
        Summary("study", simulated=False), (Table("contrasts", "Hypotheses", columns, frame, notes),)
    )


def test_a_hypothesis_is_answered_in_one_sentence() -> None:
    finding = findings(report_with({}))[0]

    assert finding.verdict == "supported"
    assert finding.sentence == (
        "Similarity is lower in A than in B: 0.56 against 0.85 (difference −0.29, 95% interval −0.40 to "
        "−0.20; Cliff's delta −0.900; r −0.700; p < .001 after Holm, Mann-Whitney; 21 and 21 runs)."
    )


@pytest.mark.parametrize(
    ("change", "verdict", "begins"),
    [
        ({"p_adjusted": 0.2}, "not supported", "Similarity is not shown to be lower in A than in B"),
        ({"direction": "greater", "p_adjusted": 0.05}, "not supported", "Similarity is not shown"),
        ({"direction": "two-sided"}, "supported", "Similarity differs between A and B"),
        ({"direction": "equivalent", "margin": 0.1}, "supported", "Similarity is the same in A and B within"),
        ({"measure": "META"}, "supported", "The rate of META is lower in A than in B"),
        ({"measure": "any_trait"}, "supported", "Any trait is lower in A than in B"),
        ({"p_adjusted": None, "note": "no run"}, "undecided", "Whether similarity differs"),
    ],
)  # fmt: skip
def test_it_says_no_more_than_was_shown(change: dict[str, Any], verdict: str, begins: str) -> None:
    finding = findings(report_with(change))[0]

    assert finding.verdict == verdict
    assert finding.sentence.startswith(begins)


def test_each_hypothesis_has_its_own_remarks() -> None:
    notes = ("q: robust: it holds in all of 61 variants.", "q: more: not this one.", "other: fragile.")
    report = report_with({}, {"hypothesis": "q: more"}, {"hypothesis": "other"}, notes=notes)

    assert [finding.remarks for finding in findings(report)] == [
        ("Robust: it holds in all of 61 variants.",),
        ("Not this one.",),
        ("Fragile.",),
    ]


def test_an_exploratory_result_says_that_it_is_one() -> None:
    assert "exploratory" in findings(report_with({"status": "exploratory"}))[0].sentence


@pytest.mark.parametrize(
    ("answer", "begins"),
    [
        ("no", "May not be interpreted"),
        ("with care", "To be interpreted with care"),
        ("cannot say", "Whether it may be interpreted cannot be said"),
    ],
)
def test_a_finding_that_the_coding_does_not_carry_says_so_first(answer: str, begins: str) -> None:
    finding = findings(report_with({"interpret": answer}, notes=("q: robust.",)))[0]

    assert finding.remarks[0].startswith(begins)
    assert finding.remarks[1:] == ("Robust.",)


def test_a_finding_whose_coding_is_reliable_needs_no_remark_on_it() -> None:
    assert findings(report_with({}))[0].remarks == ()
