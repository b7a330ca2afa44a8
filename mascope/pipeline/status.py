"""How far a study is: from its plan and its journals, without the weight of pandas."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from mascope.pipeline.opening import spent_in
from mascope.pipeline.redoing import ABORTED, FAILED
from mascope.records import Failure, Message
from mascope.store import journal
from mascope.store.journal import Journal
from mascope.store.layout import Results


@dataclass(frozen=True, slots=True)
class SeriesStatus:
    series: str
    planned: int
    done: int
    partial: int
    failed: int
    """Ended, but aborted or with an agent that never answered."""
    to_do: int
    messages: int
    failures_injected: int
    failures_organic: int
    tokens: int
    cost_usd: float | None
    """What agents cost, attempts that were set aside too; None where some message's price is unknown."""


@dataclass(frozen=True, slots=True)
class Status:
    study: str
    simulated: bool
    series: tuple[SeriesStatus, ...]
    coders: dict[str, int]
    """Runs that each coder has begun."""
    spent_usd: float
    """By agents and judges, set aside or not, where it is known: what a budget counts as spent."""


def status_of(results: Results) -> Status:
    stored = results.study()
    journals: dict[str, list[Journal]] = {name: [] for name in stored.get("series", {})}
    for file in results.journals():
        found = journal.read(file)
        if found.header is not None:
            journals.setdefault(found.header.series, []).append(found)
    planned = {name: int(series.get("runs", 0)) for name, series in stored.get("series", {}).items()}
    return Status(
        study=str(stored.get("study")),
        simulated=bool(stored.get("mascope", {}).get("simulated")),
        series=tuple(
            _series(name, planned.get(name, 0), found, _aside(results, name))
            for name, found in journals.items()
        ),
        coders={coder: len(results.codes_of(coder)) for coder in results.coders()},
        spent_usd=spent_in(results),
    )


def _aside(results: Results, series: str) -> list[Journal]:
    """Attempts of a series that were aborted, or held anew."""
    folder = results.root / "runs" / series
    return [
        journal.read(file) for kept in (ABORTED, FAILED) for file in sorted((folder / kept).glob("*.jsonl"))
    ]


def _series(name: str, planned: int, journals: list[Journal], aside: list[Journal]) -> SeriesStatus:
    states = Counter(found.status for found in journals)
    turns = [turn for found in journals for turn in found.turns if turn.copied_from is None]
    messages = [turn for turn in turns if isinstance(turn, Message)]
    origins = Counter(turn.origin for turn in turns if isinstance(turn, Failure))
    usages = [message.usage for message in messages if message.usage is not None]
    return SeriesStatus(
        series=name,
        planned=max(planned, len(journals)),
        done=states["done"],
        partial=states["partial"],
        failed=states["failed"] + states["aborted"],
        to_do=max(0, planned - len(journals)),
        messages=len(messages),
        failures_injected=origins["injected"],
        failures_organic=origins["organic"],
        tokens=sum(usage.prompt + usage.completion for usage in usages),
        cost_usd=_cost([*journals, *aside]),
    )


def _cost(journals: list[Journal]) -> float | None:
    costs = [turn.cost_usd for found in journals for turn in found.turns if isinstance(turn, Message)]
    # Empty answers, private questions and attempts that may have been billed cost money too.
    besides = sum(float(line.get("cost_usd") or 0.0) for found in journals for line in found.extra)
    known = [cost for cost in costs if cost is not None]
    return sum(known) + besides if len(known) == len(costs) else None


def as_json(status: Status) -> dict[str, Any]:
    return asdict(status)
