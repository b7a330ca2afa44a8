"""What differed between series beside what was meant to: to be read before any test."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mascope.stats.audit import AUDIT_COLUMNS, AUDITS, NAMES, audit, concerns
from mascope.stats.audit_counts import Journaled, tallies
from mascope.study.condition import SCRIPT
from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

COLUMNS = (
    Column("series", "The series."),
    Column("measure", "What was counted."),
    Column("detail", "The agent or the kind of failure that was counted alone; empty for all together."),
    Column("count", "How many; of `unequal_messages` the sum over runs.", 0),
    Column("of", "Out of how many.", 0),
    Column("rate", "`count` / `of`.", 3),
    Column("low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("high", "Upper end of the same.", 3),
    Column("runs", "Runs of the series."),
    Column("meaning", "How it is counted.", detail=True),
    Column("note", "What could not be computed, and why."),
)
NO_TEXTS = "Texts were not loaded, so nothing that needs them was counted."


def audit_table(analysis: Analysis) -> Table:
    """One row a series, measure and detail; for each series the row `names` first."""
    rows = audited(analysis)
    meaning = rows["measure"].map({name: about.definition for name, about in AUDITS.items()})
    shown = rows.assign(meaning=meaning.fillna("What the agents are called."))
    frame = shown[[column.name for column in COLUMNS]]
    return Table(
        "audit", "Audit: what differed between series", COLUMNS, frame, tuple(_notes(rows, analysis))
    )


def audited(analysis: Analysis) -> pd.DataFrame:
    """The audit with the columns `AUDIT_COLUMNS`, series by series: what `stats.audit.confounds` takes."""
    return analysis.once("audit", lambda: _audited(analysis))


def _audited(analysis: Analysis) -> pd.DataFrame:
    frames = analysis.frames
    traces, languages = (analysis.traces(), analysis.languages()) if analysis.has_texts else (None, None)
    data = Journaled(
        runs=frames.runs,
        agents=frames.agents,
        messages=frames.messages,
        failures=frames.failures,
        traces=traces,
        languages=languages,
        asked=(frames.agents["served_by"].astype(str) != SCRIPT).to_numpy(dtype=np.bool_),
        scripted=frames.scripted,
    )
    member = list(frames.runs["series"].astype(str))
    found = audit(list(tallies(data)), member, analysis.series, analysis.rng("audit"), analysis.resamples)
    names = _names(frames.agents, analysis.series)
    rows = pd.concat([names, found], ignore_index=True) if len(names) else found
    place = {name: number for number, name in enumerate(analysis.series)}
    return rows.sort_values("series", key=lambda names: names.map(place), kind="stable", ignore_index=True)


def _notes(found: pd.DataFrame, analysis: Analysis) -> Iterator[str]:
    if not analysis.has_texts:
        yield NO_TEXTS
    for name in analysis.series:
        if said := concerns(found, name):
            yield f"{name}: {'; '.join(said)}."


def _names(agents: pd.DataFrame, series: tuple[str, ...]) -> pd.DataFrame:
    """What the agents of each series are called."""
    rows = []
    for name in series:
        called = sorted(agents.loc[agents["series"] == name, "name"].astype(str).unique())
        if called:
            rows.append({
                "series": name, "measure": NAMES, "detail": _shown(called), "count": float(len(called)),
                "runs": int(agents.loc[agents["series"] == name, "run"].nunique()), "note": "",
            })  # fmt: skip
    return pd.DataFrame(rows, columns=list(AUDIT_COLUMNS))


def _shown(names: list[str]) -> str:
    """The first, and how it goes on: `Agent-A, Agent-B … Agent-H`."""
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} … {names[-1]}"
