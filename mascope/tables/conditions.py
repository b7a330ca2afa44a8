"""What each series fixes about its discussions, side by side: the design of the study as a table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

COLUMNS = (
    Column("series", "The series."),
    Column("differs", "The settings in which it differs from the first series; empty where in none."),
    Column("runs", "Runs that were planned."),
    Column("agents", "Agents in a run."),
    Column("rounds", "Rounds of a run."),
    Column("interaction", "`group`; `isolation`: the brief alone; `solo`: the brief and one's own turns."),
    Column("visibility", "What of a round its speakers see.", detail=True),
    Column("order", "The order of speaking.", detail=True),
    Column("own_name", "How agents are called in their own prompts; empty where they are told no name."),
    Column("peer_names", "How the others are called."),
    Column("identity", "Whether the system prompt tells an agent who it is.", detail=True),
    Column("peer_list", "Whether it lists the other agents.", detail=True),
    Column("temperature", "Of the models' sampling; empty where left to the provider.", 2, detail=True),
    Column("max_tokens", "The longest answer, in tokens.", detail=True),
    Column("faults", "Failures that the study asks for."),
    Column("told", "What the others see of failures that nobody asked for.", detail=True),
)
SILENT = ("runs",)
"""Keys whose difference is no difference of the condition."""


def conditions_table(analysis: Analysis) -> Table:
    """One row a series of the study file."""
    series = analysis.study.get("series") or {}
    entries = {str(name): entry for name, entry in series.items() if isinstance(entry, Mapping)}
    first = next(iter(entries.values()), {})
    rows = [
        {"series": name, "differs": differs(first, entry), **_row(entry)} for name, entry in entries.items()
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    notes = () if entries else ("study.yaml says nothing of its series.",)
    return Table("conditions", "Conditions", COLUMNS, frame.astype({"temperature": "float64"}), notes)


def differs(first: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """Dotted names of the settings that are not as in the first series."""
    flat, other = _flat(first), _flat(entry)
    keys = [key for key in dict.fromkeys([*flat, *other]) if flat.get(key) != other.get(key)]
    return ", ".join(key for key in keys if key not in SILENT)


def _flat(entry: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _row(entry: Mapping[str, Any]) -> dict[str, object]:
    names, schedule, scaffold = (_part(entry, key) for key in ("names", "schedule", "scaffold"))
    sampling = _part(entry, "sampling")
    return {
        "runs": entry.get("runs"),
        "agents": sum(int(one.get("count") or 1) for one in entry.get("participants") or ()),
        "rounds": entry.get("rounds"),
        "interaction": schedule.get("interaction"),
        "visibility": schedule.get("visibility"),
        "order": schedule.get("order"),
        "own_name": _named(names.get("own")),
        "peer_names": _named(names.get("peers")),
        "identity": bool(scaffold.get("identity")),
        "peer_list": bool(scaffold.get("peers")),
        "temperature": sampling.get("temperature"),
        "max_tokens": sampling.get("max_tokens"),
        "faults": "; ".join(_fault(fault) for fault in entry.get("faults") or ()),
        "told": _part(entry, "on_failure").get("peers_see"),
    }


def _part(entry: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = entry.get(key)
    return part if isinstance(part, Mapping) else {}


def _named(names: object) -> str | None:
    if names is None:
        return None
    return names if isinstance(names, str) else "given"


def _fault(fault: Mapping[str, Any]) -> str:
    """`deepseek round 0 crash (notice)`."""
    return f"{fault.get('agent')} round {fault.get('round')} {fault.get('kind')} ({fault.get('peers_see')})"
