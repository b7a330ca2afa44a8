"""All tables by name: the one place to add one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from mascope.errors import InvalidInput
from mascope.tables import contrasts, data, differentiation, humans, strata
from mascope.tables.agreement import agreement_table
from mascope.tables.analysis import Analysis
from mascope.tables.audit import audit_table
from mascope.tables.compensation import compensation_table
from mascope.tables.convergence import convergence_table, temporal_table
from mascope.tables.roles import roles_table
from mascope.tables.sensitivity import sensitivity_table
from mascope.tables.structure import network_table
from mascope.tables.table import Table
from mascope.tables.text import text_table
from mascope.yamlfile import nearest

Builder: TypeAlias = Callable[[Analysis], Table]

TABLES: Mapping[str, Builder] = {
    "runs": data.runs_table,
    "messages": data.messages_table,
    "agreement": agreement_table,
    "panel_agreement": strata.panel_agreement_table,
    "agreement_by": strata.agreement_by_table,
    "accuracy": humans.accuracy_table,
    "corrected": humans.corrected_table,
    "profiles": differentiation.profiles_table,
    "similarity": differentiation.similarity_table,
    "series": differentiation.series_table,
    "differentiation": differentiation.differentiation_table,
    "roles": roles_table,
    "contrasts": contrasts.contrasts_table,
    "sensitivity": sensitivity_table,
    "compensation": compensation_table,
    "convergence": convergence_table,
    "temporal": temporal_table,
    "network": network_table,
    "text": text_table,
    "audit": audit_table,
}

PRINTED = frozenset(
    ("runs", "messages", "agreement", "profiles", "similarity", "series", "differentiation", "contrasts")
)
"""What a report in a terminal begins with; the others are printed when asked for by name."""


def build(analysis: Analysis, only: Iterable[str] | None = None) -> Iterator[Table]:
    """The tables (or `only` those named), in the order of `TABLES`."""
    wanted = set(TABLES) if only is None else set(only)
    for name in wanted - set(TABLES):
        raise InvalidInput(f"--only: no table {name!r}{nearest(name, TABLES)}")
    return (builder(analysis) for name, builder in TABLES.items() if name in wanted)
