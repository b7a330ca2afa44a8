"""`judge` on a cluster: the same stage, with the codes made and written by workers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mascope.chat.types import Reply, Request
from mascope.cluster.coding import Judging, block_size, tasks_of
from mascope.cluster.connecting import Cluster, connected
from mascope.cluster.dispatch import Dispatch, in_session
from mascope.cluster.relay import replay_judging
from mascope.cluster.session import Session
from mascope.codebook import Panel
from mascope.errors import BudgetReached
from mascope.halt import Halt
from mascope.judging.at_work import AtWork
from mascope.judging.llm import Calling
from mascope.judging.panel import coders_of
from mascope.judging.setting import Observer, Setting
from mascope.judging.stream import Stream
from mascope.judging.summary import CoderSummary, JudgingSummary
from mascope.pipeline import judging
from mascope.pipeline.judging import Prepared


class Elsewhere:
    """Stands for a model that only workers ask."""

    async def complete(self, request: Request) -> Reply:
        raise RuntimeError("models are asked by the workers of the cluster, not here")

    async def aclose(self) -> None:
        pass


@dataclass(slots=True)
class Sums:
    """What the coders came to, over all tasks so far."""

    observer: Observer
    coders: dict[str, CoderSummary]

    def add(self, summary: Mapping[str, Any]) -> CoderSummary:
        one = CoderSummary(**{**summary, "kin": tuple(summary["kin"])})
        total = self.coders[one.coder] = joined(self.coders[one.coder], one)
        return total


async def code(prepared: Prepared, prices: Path | None, observer: Observer, address: str) -> JudgingSummary:
    """Code what is not coded yet, on the cluster at `address`. Ends, and resumes, as on one machine."""
    async with connected(address) as cluster:
        return await judging.code(prepared, observer, partial(_there, cluster, prices))


async def _there(
    cluster: Cluster, prices: Path | None, prepared: Prepared, observer: Observer, halt: Halt
) -> JudgingSummary:
    stream = Stream(prepared.results, prepared.panel, block_size(prepared.panel))
    at_work = _prepared(prepared, stream, halt)
    sums = Sums(observer, {name: one.summary() for name, one in at_work.items()})
    session = _session(prepared, prices, stream, at_work.values())
    dispatch = Dispatch(cluster, session, halt, partial(replay_judging, observer))

    def heard(value: Mapping[str, Any] | None) -> None:
        if value is not None and sums.add(value).stopped is not None:
            dispatch.drop(lambda task: task.rpartition("|")[0] == value["coder"])

    dispatch.heard = heard
    for name in at_work:
        observer.started(name, stream.runs)
    purse = prepared.purse
    async with in_session(cluster, session, Judging, (purse.limit_usd, purse.spent_usd) if purse else None):
        await dispatch.all(tasks_of(prepared.panel, stream, list(at_work)))
    for name in at_work:
        observer.ended(name, sums.coders[name].stopped)
    if isinstance(halt.reason, BudgetReached):
        raise halt.reason
    return JudgingSummary(tuple(sums.coders.values()), None if halt.reason is None else str(halt.reason))


def _prepared(prepared: Prepared, stream: Stream, halt: Halt) -> dict[str, AtWork]:
    """The coders, once codes of another digest were looked for, and set aside if that is asked for."""
    panel, setting = prepared.panel, Setting(halt=halt, again=prepared.again)
    nobody = dict.fromkeys((judge.name for judge in panel.judges), Elsewhere())
    coders = coders_of(panel, nobody, Calling())
    at_work = [AtWork(coder, prepared.results, panel, stream, setting) for coder in coders]
    for one in at_work:
        one.prepare()
    return {one.name: one for one in at_work}


def _session(prepared: Prepared, prices: Path | None, stream: Stream, at_work: Iterable[AtWork]) -> Session:
    panel: Panel = prepared.panel
    return Session(
        stage="judge",
        root=str(prepared.results.root.resolve()),
        jobs=TASKS,
        budgeted=prepared.purse is not None,
        prices=prices.read_text(encoding="utf-8") if prices else None,
        about={
            "panel": str(panel.file.resolve()),
            "digests": {one.name: one.coder.header.digest for one in at_work},
            "runs": stream.runs,
            "unreadable": prepared.again.unreadable,
        },
    )


TASKS = 8
"""Coder × run in hand at once in each worker: several hundred messages, so that no pace is left unused."""


def joined(one: CoderSummary, other: CoderSummary) -> CoderSummary:
    """Two parts of what one coder did, as one."""
    kinds = {*one.failures, *other.failures}
    costs = (one.cost_usd, other.cost_usd)
    return replace(
        one,
        **{name: getattr(one, name) + getattr(other, name) for name in COUNTS},
        failures={kind: one.failures.get(kind, 0) + other.failures.get(kind, 0) for kind in sorted(kinds)},
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        kin=tuple(sorted({*one.kin, *other.kin})),
        stopped=one.stopped or other.stopped,
    )


COUNTS = (
    *("messages", "settled", "coded", "unreadable", "abstained", "unanswered", "repeated"),
    *("prompt_tokens", "completion_tokens"),
)
