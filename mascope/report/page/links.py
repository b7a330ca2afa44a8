"""From a number in a table to the messages behind it: the filter of the transcripts that a row stands for.

A filter is what stands after `#/transcripts?` in the page's address: `series`, `run`, `round`, `agent`,
`kind` (of a turn), `mark`, `flag`, `code` (who says what of the flag), `level`. `code` is one of

    label=yes|no|undecided|decided      by the labels that the tables count
    coder:NAME=yes|no|undecided|decided by one coder
    pair:A:B=both|differ|yy|yn|ny|nn    two coders: both decided, and what each said

All that is given must hold; a field that is given several times must be one of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from mascope.report.cells import missing
from mascope.tables import Table

Row: TypeAlias = Mapping[str, Any]
Filter: TypeAlias = Mapping[str, str | Sequence[str]]
Targets: TypeAlias = Mapping[str, Filter]
"""Column → its filter; under "" that of every number in the row which has none of its own."""

ROW = ""
LABEL_YES: Filter = {"code": "label=yes"}
DECIDED: Filter = {"code": "label=decided"}
PLACES = ("series", "run", "round", "agent")
LEVELS = ("L1", "L2", "L3")


@dataclass(frozen=True, slots=True)
class Known:
    """What the words in a row can mean."""

    flags: frozenset[str]
    series: Mapping[str, Sequence[str]]
    """Hypothesis → the two series that it compares."""
    measures: Mapping[str, str]
    """Hypothesis → what it compares them on."""
    rule: str = ""
    """By which the messages are labelled: what `label=` goes by."""
    coders: frozenset[str] = frozenset()
    seats: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Model, as a reader knows it → the agents that it spoke for."""

    @classmethod
    def of(
        cls,
        flags: Sequence[str],
        tables: Sequence[Table],
        rule: str = "",
        coders: Iterable[str] = (),
        seats: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> "Known":
        contrasts = next((table.frame for table in tables if table.name == "contrasts"), None)
        rows = [] if contrasts is None else contrasts.to_dict("records")
        pairs = {str(row["hypothesis"]): (str(row["series_a"]), str(row["series_b"])) for row in rows}
        measures = {str(row["hypothesis"]): str(row["measure"]) for row in rows}
        agents = {label: sorted(of_one) for label, of_one in seats.items()}
        return cls(frozenset(flags), pairs, measures, rule, frozenset(coders), agents)


Linker: TypeAlias = Callable[[Row, Known], Targets]


def targets(table: str, row: Row, known: Known) -> Targets:
    """Where the numbers of this row lead; nothing where they stand for no set of messages."""
    found = LINKS.get(table, _somewhere)(row, known)
    return {column: filter_ for column, filter_ in found.items() if filter_}


def _somewhere(row: Row, known: Known) -> Targets:
    """By the columns that any table may have."""
    if not missing(row.get("message")):
        return _messages(row, known)
    place: dict[str, str | Sequence[str]] = {
        name: str(row[name]) for name in PLACES if not missing(row.get(name)) and row[name] != ""
    }
    flag = str(row.get("flag", ""))
    if flag not in known.flags:
        return {ROW: place}
    whose = _whose(row.get("labels"), known)
    if whose is None:
        return {ROW: place}
    coded = {column: {**place, "flag": flag, "code": f"{whose}={said}"} for column, said in _SAID.items()}
    return {column: filter_ for column, filter_ in coded.items() if column == ROW or column in row}


_SAID: Mapping[str, str] = {ROW: "yes", "messages": "decided", "undecided": "undecided"}
"""Column → the answer to a flag that it counts."""


def _whose(labels: Any, known: Known) -> str | None:
    """Whose answers a row counts, as a filter says it; None where a page cannot filter by them."""
    if missing(labels) or labels == "" or labels == known.rule:
        return "label"
    return f"coder:{labels}" if labels in known.coders else None


def _runs(row: Row, known: Known) -> Targets:
    run = {"run": str(row["run"])}
    kinds = {
        "messages": "message", "empty": "empty", "failures_injected": "fault", "failures_organic": "failure",
    }  # fmt: skip
    return {ROW: run, **{column: {**run, "kind": kind} for column, kind in kinds.items()}}


def _messages(row: Row, known: Known) -> Targets:
    return {ROW: {"message": str(row["message"])}}


def _agreement(row: Row, known: Known) -> Targets:
    pair = f"pair:{row['coder_a']}:{row['coder_b']}"
    flag = {"flag": str(row["flag"])} if row["flag"] in known.flags else {}
    sides = {"yes_yes": "yy", "yes_no": "yn", "no_yes": "ny", "no_no": "nn", "n": "both"} if flag else {}
    exact = {column: {**flag, "code": f"{pair}={both}"} for column, both in sides.items()}
    prevalence = {
        f"prevalence_{side}": {**flag, "code": f"coder:{row[f'coder_{side}']}=yes"}
        for side in ("a", "b")
        if flag and f"prevalence_{side}" in row
    }
    return {ROW: {**flag, "code": f"{pair}=differ"}, **exact, **prevalence}


def _agreement_by(row: Row, known: Known) -> Targets:
    stratum = _stratum(row, known)
    return {column: {**stratum, **filter_} for column, filter_ in _agreement(row, known).items()}


def _panel_agreement_by(row: Row, known: Known) -> Targets:
    return {ROW: {**_stratum(row, known), "flag": str(row["flag"]), **LABEL_YES}}


def _stratum(row: Row, known: Known) -> Filter:
    """The series of that name, or the agents of that model."""
    name = str(row["stratum"])
    if row["by"] in PLACES:
        return {str(row["by"]): name}
    return {"agent": known.seats[name]} if row["by"] == "model" and name in known.seats else {}


def _addresses(row: Row, known: Known) -> Targets:
    return {ROW: {"series": str(row["series"]), "agent": str(row["source"]), "kind": "message"}}


def _profiles(row: Row, known: Known) -> Targets:
    whose = {name: str(row[name]) for name in ("series", "agent", "flag")}
    return {
        ROW: {**whose, **LABEL_YES},
        "messages": {**whose, **DECIDED},
        "undecided": {**whose, "code": "label=undecided"},
        "runs": {name: whose[name] for name in ("series", "agent")},
    }


def _series(row: Row, known: Known) -> Targets:
    series = {"series": str(row["series"])}
    return {ROW: series, "messages": {**series, "kind": "message"}}


def _compensation(row: Row, known: Known) -> Targets:
    series, flag = {"series": str(row["series"])}, {"flag": str(row["flag"])}
    event = {**series, **flag, **LABEL_YES}
    levels = {level: {**event, "level": level} for level in LEVELS}
    return {
        ROW: event,
        **levels,
        "no_level": {**event, "level": "none"},
        "broadcast_events": {**event, "mark": "broadcast"},
        "broadcasts": {**series, "mark": "broadcast"},
        "undecided": {**series, **flag, "code": "label=undecided"},
        "notices": {**series, "mark": "told"},
        "runs": series,
        "exposed_messages": {},
    }


def _contrasts(row: Row, known: Known) -> Targets:
    return _compared(str(row["hypothesis"]), "label", known)


def _sensitivity(row: Row, known: Known) -> Targets:
    """Under other labels, the messages that show the flag are others."""
    relabelled = row.get("kind") in ("labels", "coder")
    whose = _whose(row.get("variant"), known) if relabelled else "label"
    return _compared(str(row["hypothesis"]), whose, known)


def _compared(hypothesis: str, whose: str | None, known: Known) -> Targets:
    series, measure = known.series.get(hypothesis, ()), known.measures.get(hypothesis, "")
    flag: Filter = {"flag": measure, "code": f"{whose}=yes"} if whose and measure in known.flags else {}
    sides = dict(zip("ab", series, strict=False))
    of_one = {
        f"{name}_{side}": {"series": of, **flag} for side, of in sides.items() for name in ("n", "mean")
    }
    return {ROW: {"series": list(series), **flag} if series else {}, **of_one}


_AUDITED: Mapping[str, Filter] = {
    "failures_injected": {"kind": "fault"}, "failures_organic": {"kind": "failure"},
    "empty": {"kind": "empty"}, "lost_turns": {"kind": ["fault", "failure", "empty"]},
    "truncated": {"mark": "truncated"}, "cleaned": {"mark": "cleaned"}, "retried": {"mark": "retried"},
    "notices": {"mark": "told"},
}  # fmt: skip


def _audit(row: Row, known: Known) -> Targets:
    what = _AUDITED.get(str(row["measure"]), {})
    detail = "" if missing(row.get("detail")) else str(row["detail"])
    agent = {"agent": detail} if row["measure"] == "lost_turns" and detail else {}
    return {ROW: {"series": str(row["series"]), **what, **agent}}


LINKS: Mapping[str, Linker] = {
    "runs": _runs,
    "messages": _messages,
    "agreement": _agreement,
    "agreement_by": _agreement_by,
    "panel_agreement_by": _panel_agreement_by,
    "addresses": _addresses,
    "profiles": _profiles,
    "series": _series,
    "compensation": _compensation,
    "contrasts": _contrasts,
    "sensitivity": _sensitivity,
    "audit": _audit,
}
"""The tables whose numbers stand for something more exact than their series, run, agent and flag."""
