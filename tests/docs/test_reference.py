"""The reference pages are the program's, and every measure has its entry."""

import re
from pathlib import Path

import pytest

from mascope.discussion.faults import ALTERATIONS
from mascope.stats.agreement import COEFFICIENTS
from mascope.stats.audit import AUDITS
from mascope.study.measures import OF_OPTIONS, PROBE_MEASURES, RUN_MEASURES
from mascope.tables import Table
from tests.docs.reference import DOCS, PARTS, rendered
from tests.docs.reference_results import starter_tables

PAGES = sorted(page for page in DOCS.glob("*.md") if ": begin -->" in page.read_text(encoding="utf-8"))
MEASURES = (DOCS / "measures.md").read_text(encoding="utf-8")
ENTRIES = {
    name
    for heading in re.findall(r"^### (.+)$", MEASURES, re.MULTILINE)
    for name in re.findall(r"`([^`]+)`", heading)
}
STATISTICS = (
    "kappa", "ac1", "pabak", "alpha", "fleiss", "positive", "negative", "mcnemar_p", "sensitivity",
    "specificity", "rogan_gladen", "prediction_powered", "rate", "H", "epsilon_squared", "icc", "U",
    "W", "z", "p", "r", "p_adjusted", "p_permutation", "cliffs_delta", "rank_biserial",
    "difference", "p_equivalence", "gee_log_odds", "silhouette", "stability", "per_run",
    "per_exposed_message", "per_notice", "delay_rounds", "did",
)  # fmt: skip
"""Columns that are measures by themselves."""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    return {table.name: table for table in starter_tables(tmp_path_factory.mktemp("starter"))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_reference_page_is_as_the_program_makes_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text == rendered(text), "`make docs` writes it anew"


def test_everything_that_can_be_made_stands_on_a_page() -> None:
    whole = "".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [name for name in PARTS if f"<!-- {name}: begin -->" not in whole] == []


def test_every_measure_that_a_hypothesis_may_name_has_an_entry() -> None:
    asked = {name for names in PROBE_MEASURES.values() for name in names}
    options = {f"{when}=…" for when in OF_OPTIONS}

    assert [name for name in RUN_MEASURES if not described(name)] == []
    assert asked | options <= ENTRIES


def test_every_fault_that_changes_texts_has_an_example() -> None:
    page = (DOCS / "treatments.md").read_text(encoding="utf-8")

    assert [kind for kind in ALTERATIONS if f"kind: {kind}" not in page] == []


def test_every_coefficient_of_agreement_has_an_entry() -> None:
    assert [name for name in COEFFICIENTS if name != "bias" and not described(name)] == []


def test_every_item_of_the_audit_is_told() -> None:
    assert [name for name in AUDITS if f"| `{name}` |" not in MEASURES] == []


def test_every_measure_that_a_table_gives_has_an_entry(tables: dict[str, Table]) -> None:
    named = {
        str(measure)
        for table in tables.values()
        if table.name not in ("audit", "contrasts") and "measure" in table.frame
        for measure in table.frame["measure"]
    }

    assert len(named) > 30
    assert sorted(name for name in named if not described(name)) == []


def test_every_statistic_has_an_entry_and_a_column(tables: dict[str, Table]) -> None:
    columns = {column.name for table in tables.values() for column in table.columns}

    assert [name for name in STATISTICS if name not in ENTRIES] == []
    assert [name for name in STATISTICS if name not in columns] == []


def test_every_entry_says_when_not_to_use_it_or_where_it_is_from() -> None:
    entries = re.split(r"^### ", MEASURES, flags=re.MULTILINE)[1:]
    told = re.compile(r"\*Source:\*|\*Not\*|\*Not |\bSource\b")
    plain = {"`difference`", "`messages`", "Sensitivity", "`words`"}
    untold = {entry.splitlines()[0] for entry in entries if not told.search(entry)}

    assert untold - plain == set()


def described(name: str) -> bool:
    """An entry for the measure, for its slope's, or for all that begin like it (`language_…`)."""
    stem = name.removesuffix("_slope")
    return bool({name, stem} & ENTRIES) or any(
        entry.endswith("…") and stem.startswith(entry[:-1]) for entry in ENTRIES
    )
