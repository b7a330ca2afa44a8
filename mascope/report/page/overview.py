"""The head of the page: what was run, and what became of each hypothesis."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mascope.report.cells import cell, missing, visible
from mascope.report.summary import Report
from mascope.stats.sensitivity import ALPHA
from mascope.store.evidence import CoderInfo, Evidence
from mascope.tables import Column, Table

DIGEST = 12
"""Signs of a digest that are shown."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the journals and codes say of the whole study."""

    started: Sequence[str]
    versions: Sequence[str]
    served: Mapping[str, Sequence[str]]
    """Model as a reader knows it → the models that answered for it, as the providers named them."""
    seats: Mapping[str, Sequence[str]]
    """Model → the agents that it spoke for."""
    judged: float
    """USD of all coders' answers, as far as their price is known."""


def gathered(evidence: Evidence) -> Gathered:
    """The same of all runs."""
    runs = evidence.transcripts
    return Gathered(
        started=sorted(set(runs["started"].dropna())),
        versions=sorted(set(runs["version"])),
        served=_different(evidence.turns, "served"),
        seats=_different(evidence.turns, "agent"),
        judged=float(evidence.verdicts["cost_usd"].sum()),
    )


def _different(turns: pd.DataFrame, column: str) -> Mapping[str, Sequence[str]]:
    """Model → what its turns hold in a column, each once."""
    found: dict[str, list[str]] = {}
    pairs = turns[["label", column]].drop_duplicates()
    for label, value in zip(pairs["label"].astype(str), pairs[column].astype(str), strict=True):
        found.setdefault(label, []).append(value)
    return found


# What was run ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    values: tuple[str, ...]


def facts(
    report: Report, study: Mapping[str, Any], gathered: Gathered, coders: Sequence[CoderInfo]
) -> list[Fact]:
    """One by one, what a reader needs to know of the study; nothing that is not on record."""
    stamp = study.get("mascope") or {}
    runs = frame_of(report, "runs")
    found = [
        Fact("Runs", tuple(_runs(runs))),
        Fact("Models", tuple(_models(gathered))),
        Fact("Coders", tuple(_coder(coder) for coder in coders)),
        Fact("Labels", (report.labels.rule,) if report.labels and report.labels.coders else ()),
        Fact("Held", _dates(gathered.started)),
        Fact("Spent", tuple(_spend(runs, gathered))),
        Fact("Versions", tuple(f"mascope {version}" for version in gathered.versions)),
        Fact("Study digest", (str(stamp["digest"])[:DIGEST],) if stamp.get("digest") else ()),
    ]
    return [Fact(fact.name, tuple(map(visible, fact.values))) for fact in found if fact.values]


def frame_of(report: Report, name: str) -> pd.DataFrame:
    """The frame of one of the report's tables; an empty one where it has none of that name."""
    return next((table.frame for table in report.tables if table.name == name), pd.DataFrame())


def _runs(runs: pd.DataFrame) -> Iterator[str]:
    if not len(runs):
        return
    per_series = runs.groupby(runs["series"].astype(str), sort=False)
    for series, of_one in per_series:
        if len(of_one):
            yield f"{series}: {len(of_one)} runs, {int(of_one['messages'].sum()):,} messages"


def _models(gathered: Gathered) -> Iterator[str]:
    for label, served in gathered.served.items():
        others = sorted(set(served) - {label})
        yield f"{label} ({', '.join(others)})" if others else label


def _coder(coder: CoderInfo) -> str:
    what = f"{coder.kind}, {coder.model}" if coder.model else coder.kind
    return f"{coder.name} ({what}; digest {coder.digest[:DIGEST]})"


def _dates(started: Sequence[str]) -> tuple[str, ...]:
    days = sorted({moment[:10] for moment in started})
    if not days:
        return ()
    return (days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}",)


def _spend(runs: pd.DataFrame, gathered: Gathered) -> Iterator[str]:
    costs = runs["cost_usd"].dropna() if "cost_usd" in runs else pd.Series(dtype=float)
    if len(costs):
        unknown = f", {len(runs) - len(costs)} runs of unknown price" if len(costs) < len(runs) else ""
        yield f"discussions {_usd(float(costs.sum()))}{unknown}"
    if gathered.judged:
        yield f"coding {_usd(gathered.judged)}"


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount == 0 or amount >= 0.01 else f"${amount:.4f}"


# What became of each hypothesis ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One hypothesis, in words."""

    hypothesis: str
    verdict: str
    """`supported`, `not supported`, or `undecided` where nothing could be computed."""
    sentence: str
    remarks: tuple[str, ...]
    """Whether it holds however one looks at it, and what else the series differ in."""
    series: tuple[str, str]


_EXPECTED: Mapping[str, tuple[str, str]] = {
    "less": ("is lower in {a} than in {b}", "is not shown to be lower in {a} than in {b}"),
    "greater": ("is higher in {a} than in {b}", "is not shown to be higher in {a} than in {b}"),
    "equivalent": (
        "is the same in {a} and {b} within ±{margin}",
        "is not shown to be the same in {a} and {b} within ±{margin}",
    ),
}
_EITHER = ("differs between {a} and {b}", "is not shown to differ between {a} and {b}")


def findings(report: Report) -> list[Finding]:
    """Each hypothesis of the study, in its order."""
    table = next((table for table in report.tables if table.name == "contrasts"), None)
    if table is None or not len(table.frame):
        return []
    rows = table.frame.to_dict("records")
    known = [str(row["hypothesis"]) for row in rows]
    return [_finding(_Row(table, {str(name): row[name] for name in row}), known) for row in rows]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a table, its cells as a reader sees them."""

    table: Table
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> str:
        return cell(self.values.get(name), self._column(name))

    def has(self, *names: str) -> bool:
        return all(not missing(self.values.get(name)) for name in names)

    def _column(self, name: str) -> Column:
        return next((column for column in self.table.columns if column.name == name), Column(name, ""))


def _finding(row: _Row, known: Sequence[str]) -> Finding:
    a, b, hypothesis = row["series_a"], row["series_b"], row["hypothesis"]
    p = row.values.get("p_adjusted")
    verdict = "undecided" if missing(p) else "supported" if float(p or 0) < ALPHA else "not supported"
    return Finding(
        hypothesis,
        verdict,
        _typeset(
            _undecided(row) if verdict == "undecided" else _sentence(row, supported=verdict == "supported")
        ),
        tuple(_remarks(row, known, verdict)),
        (a, b),
    )


def _remarks(row: _Row, known: Sequence[str], verdict: str) -> Iterator[str]:
    """What the table notes on a hypothesis beside its verdict, and what the coding allows."""
    if (answer := str(row.values.get("interpret") or "")) in _GATED:
        yield _GATED[answer]
    for note in _notes_on(str(row.values["hypothesis"]), row.table.notes, known):
        if note.lower().rstrip(".") != verdict:
            yield _typeset(visible(note))


_GATED: Mapping[str, str] = {
    "no": "May not be interpreted: the coders agree too little on what it rests on.",
    "cannot say": "Whether it may be interpreted cannot be said: no kappa is defined for what it rests on.",
    "with care": "To be interpreted with care: the coders do not agree well on what it rests on.",
}
"""Answer of the reliability gate → what is said of a hypothesis that does not simply pass."""


def _typeset(sentence: str) -> str:
    """With a capital, and with minus signs before numbers."""
    return re.sub(r"(?<![\w.–-])-(?=\.?\d)", "−", sentence[:1].upper() + sentence[1:])


def _undecided(row: _Row) -> str:
    why = f": {row['note']}" if row.has("note") and row.values["note"] else ""
    both = f"{row['series_a']} and {row['series_b']}"
    return f"Whether {_measure(row)} differs between {both} cannot be said{why}."


def _sentence(row: _Row, *, supported: bool) -> str:
    yes, no = _EXPECTED.get(str(row.values["direction"]), _EITHER)
    claim = (yes if supported else no).format(a=row["series_a"], b=row["series_b"], margin=row["margin"])
    means = f": {row['mean_a']} against {row['mean_b']}" if row.has("mean_a", "mean_b") else ""
    return f"{_measure(row)} {claim}{means} ({'; '.join(_numbers(row))})."


def _measure(row: _Row) -> str:
    """A flag's measure is its rate."""
    name = row["measure"]
    return f"the rate of {name}" if name.isupper() else name.replace("_", " ")


def _numbers(row: _Row) -> Iterator[str]:
    if row.has("difference"):
        interval = (
            f", 95% interval {row['difference_low']} to {row['difference_high']}"
            if row.has("difference_low", "difference_high")
            else ""
        )
        yield f"difference {row['difference']}{interval}"
    if row.has("cliffs_delta"):
        yield f"Cliff's delta {row['cliffs_delta']}"
    if row.has("r"):
        yield f"r {row['r']}"
    p = row["p_adjusted"]
    yield f"p {p if p[0] in '<>' else f'= {p}'} after Holm, {row['test']}" if row.has("test") else f"p = {p}"
    yield f"{row['n_a']} and {row['n_b']} runs"
    if row.values.get("status") == "exploratory":
        yield "exploratory: not on record as declared before the first run"


def _notes_on(hypothesis: str, notes: Iterable[str], known: Sequence[str]) -> list[str]:
    """The table's notes that begin with this hypothesis' id, without it; none that belong to a longer id."""
    longer = [id_ for id_ in known if id_.startswith(hypothesis) and id_ != hypothesis]
    mine = [note for note in notes if note.startswith(f"{hypothesis}: ")]
    mine = [note for note in mine if not any(note.startswith(f"{id_}: ") for id_ in longer)]
    return [note.removeprefix(f"{hypothesis}: ") for note in mine]
