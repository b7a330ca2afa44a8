from pathlib import Path
from typing import Any

import pytest

from mascope.errors import InvalidFile
from mascope.study import load_study, stamped
from mascope.study.declared import declaration, first_declared, status_of

STUDY = """\
study: s
brief: b
models: {m: {model: rehearsal/plain}}
base: {participants: [m]}
series: {A: {}, B: {}}
hypotheses:
  - HYPOTHESIS
"""


def written(tmp_path: Path, *hypotheses: str) -> Path:
    file = tmp_path / "s.yaml"
    file.write_text(STUDY.replace("HYPOTHESIS", "\n  - ".join(hypotheses)))
    return file


def entry(**more: Any) -> dict[str, Any]:
    return {"id": "h", "measure": "LEAD", "compare": ["A", "B"], "direction": "less", "family": "f"} | more


def test_the_first_stamp_holds_the_hypotheses_and_a_later_one_keeps_them(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, "{id: h, compare: [A, B]}"))

    first = stamped(study, tmp_path)
    later = stamped(study, tmp_path, {"old": "digest"})

    assert first_declared(first) == declaration(study.resolved["hypotheses"])
    assert first_declared(later) == {"old": "digest"}


@pytest.mark.parametrize(
    "change",
    [
        {"measure": "META"},
        {"compare": ["B", "A"]},
        {"direction": "greater"},
        {"family": "g"},
        {"margin": 0.1},
    ],
)
def test_any_change_makes_a_hypothesis_exploratory(change: dict[str, Any]) -> None:
    declared = declaration([entry()])

    assert status_of(entry(), declared) == "declared"
    assert status_of(entry(**change), declared) == "exploratory"
    assert status_of(entry(id="other"), declared) == "exploratory"


def test_a_key_that_says_nothing_and_the_order_of_keys_change_nothing() -> None:
    declared = declaration([entry()])

    assert status_of(dict(reversed(entry(margin=None).items())), declared) == "declared"


@pytest.mark.parametrize("stamp", [{}, {"mascope": None}, {"mascope": {"version": "0"}}])
def test_a_study_without_a_record_declared_nothing(stamp: dict[str, Any]) -> None:
    assert first_declared(stamp) == {}


def test_margins_and_matching_are_read(tmp_path: Path) -> None:
    study = load_study(
        written(
            tmp_path,
            "{id: h, measure: any_trait, compare: [A, B], direction: equivalent, margin: 0.05}",
            "{id: g, compare: [A, A-fork3-control], matched_by: parent}",
        )
    )

    equivalent, matched = study.hypotheses
    assert (equivalent.direction, equivalent.margin, equivalent.matched_by) == ("equivalent", 0.05, None)
    assert (matched.series_b, matched.matched_by) == ("A-fork3-control", "parent")


@pytest.mark.parametrize(
    ("hypotheses", "said"),
    [
        (["{id: h, compare: [A, B], direction: equivalent}"], "needs a `margin`"),
        (["{id: h, compare: [A, B], margin: 0}"], "margin"),
        (["{id: h, compare: [A, B], matched_by: seed}"], "matched_by"),
        (["{id: h, compare: [A, C-fork3-control]}"], "unknown series"),
        (["{id: h, compare: [A, B]}", "{id: h, compare: [B, A]}"], "two hypotheses are called 'h'"),
    ],
)
def test_a_hypothesis_that_cannot_be_tested_is_an_error(
    tmp_path: Path, hypotheses: list[str], said: str
) -> None:
    with pytest.raises(InvalidFile, match=said):
        load_study(written(tmp_path, *hypotheses))
