"""All tables by name: the one place to add one."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from mascope.errors import InvalidInput
from mascope.tables import contrasts, data, differentiation, humans, recoding, strata
from mascope.tables.addresses import addresses_table
from mascope.tables.adoption import adoption_table
from mascope.tables.agreement import agreement_table
from mascope.tables.analysis import Analysis
from mascope.tables.audit import audit_table
from mascope.tables.batches import batches_table
from mascope.tables.compensation import compensation_table
from mascope.tables.conditions import conditions_table
from mascope.tables.convergence import convergence_table, temporal_table
from mascope.tables.events import events_table
from mascope.tables.gate import gated
from mascope.tables.power import power_table
from mascope.tables.roles import roles_table
from mascope.tables.rounds import rounds_table
from mascope.tables.sensitivity import sensitivity_table
from mascope.tables.stances import stances_table
from mascope.tables.structure import network_table
from mascope.tables.table import Table
from mascope.tables.takeover import takeover_table
from mascope.tables.text import text_table
from mascope.tables.together import Builder, built
from mascope.yamlfile import nearest

BUILDERS: Mapping[str, Builder] = {
    "conditions": conditions_table,
    "runs": data.runs_table,
    "messages": data.messages_table,
    "agreement": agreement_table,
    "panel_agreement": strata.panel_agreement_table,
    "agreement_by": strata.agreement_by_table,
    "panel_agreement_by": strata.panel_agreement_by_table,
    "self_agreement": recoding.self_agreement_table,
    "anchors": recoding.anchors_table,
    "drift": recoding.drift_table,
    "batches": batches_table,
    "accuracy": humans.accuracy_table,
    "corrected": humans.corrected_table,
    "profiles": differentiation.profiles_table,
    "similarity": differentiation.similarity_table,
    "series": differentiation.series_table,
    "rounds": rounds_table,
    "differentiation": differentiation.differentiation_table,
    "roles": roles_table,
    "contrasts": contrasts.contrasts_table,
    "sensitivity": sensitivity_table,
    "compensation": compensation_table,
    "events": events_table,
    "takeover": takeover_table,
    "convergence": convergence_table,
    "temporal": temporal_table,
    "stances": stances_table,
    "network": network_table,
    "addresses": addresses_table,
    "adoption": adoption_table,
    "text": text_table,
    "audit": audit_table,
    "power": power_table,
}

TABLES: Mapping[str, Builder] = {name: partial(gated, builder) for name, builder in BUILDERS.items()}
"""The same with the answer beside each result whether it may be interpreted (see `gate`)."""

PRINTED = frozenset(
    ("runs", "messages", "agreement", "profiles", "similarity", "series", "differentiation", "contrasts")
)
"""What a report in a terminal begins with; the others are printed when asked for by name."""


def wanted(only: Iterable[str] | None = None) -> tuple[str, ...]:
    """The names of all tables (or of `only` those named), in the order of `TABLES`."""
    names = set(TABLES) if only is None else set(only)
    for name in sorted(names - set(TABLES)):
        raise InvalidInput(f"--only: no table {name!r}{nearest(name, TABLES)}")
    return tuple(name for name in TABLES if name in names)


def build(analysis: Analysis, only: Iterable[str] | None = None) -> Iterator[Table]:
    """The tables (or `only` those named), in the order of `TABLES`."""
    return built({name: TABLES[name] for name in wanted(only)}, analysis)
