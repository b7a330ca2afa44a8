"""The methods in prose, ready for a paper: `report/methods.md`.

Every sentence is written from what this study is and what this report computed. A test that found nothing to
test, a coder that did not code, a null that could not be drawn is not mentioned.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from mascope.report.facts import Facts, Told
from mascope.report.methods_analysis import checked, computed, measured, tested
from mascope.report.methods_data import coded, held, models
from mascope.report.references import references
from mascope.report.summary import Labels, Methods
from mascope.tables import Table

PARTS: Sequence[Callable[[Told], Iterator[str]]] = (held, models, coded, measured, tested, checked, computed)
"""One paragraph each."""


def methods(facts: Facts, labels: Labels, tables: Iterable[Table]) -> Methods:
    """The paragraphs that hold of this study and these tables, and what they cite."""
    told = Told(facts, labels, {table.name: table for table in tables})
    paragraphs = tuple(text for part in PARTS if (text := " ".join(part(told))))
    return Methods(paragraphs, references(paragraphs))
