"""`report` on a cluster: each worker reads the study once, and makes the tables that it is given."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from distributed import KilledWorker, Worker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mascope.cluster.connecting import Cluster, connected
from mascope.cluster.host import check_version, first_of, where
from mascope.cluster.session import Outcome, Session, failed, value_of
from mascope.errors import InvalidInput, MascopeError
from mascope.pipeline import reporting
from mascope.pipeline.reporting import Options
from mascope.report import Report
from mascope.spread import alone
from mascope.store.layout import Results
from mascope.tables import Table
from mascope.tables.analysis import Analysis
from mascope.tables.catalog import TABLES, wanted
from mascope.tables.together import COPIED, groups_of

Told = Callable[[str], None]
"""Hears the name of each table once it is there."""


class Reading(WorkerPlugin):
    """What all tables of one report are made from, read by the first task in each worker."""

    def __init__(self, session: Session, options: Options) -> None:
        self.name = session.name
        self._session, self._options = session, options

    def setup(self, worker: Worker) -> None:
        self._lock = threading.Lock()
        self._analysis: Analysis | None = None

    def teardown(self, worker: Worker) -> None:
        self._analysis = None  # which may be gigabytes

    def tables(self, names: Sequence[str]) -> list[Table]:
        """One group at a time: a worker has the memory for that."""
        # One thread for linear algebra: the same last bits on every machine.
        with self._lock, alone(), threadpool_limits(1, user_api="blas"):
            if self._analysis is None:
                check_version(self._session)
                results = Results(Path(self._session.root))
                _check_runs(results, self._session.about["runs"])
                self._analysis = reporting.analyse(results, self._options)
            return [TABLES[name](self._analysis) for name in names]


def made(session: str, names: Sequence[str]) -> Outcome:
    """The task that makes tables which share something."""
    worker = get_worker()
    plugin: Any = worker.plugins[session]
    try:
        outcome: Outcome = {"value": plugin.tables(names)}
    except* MascopeError as group:
        outcome = failed(first_of(group), where(worker))
    return outcome


async def report(results: Results, options: Options, address: str, told: Told = lambda step: None) -> Report:
    """Everything that can be said of what is in `results` now; `told` hears of each table."""
    names = wanted(options.only)
    async with connected(address) as cluster:
        session = Session("report", str(results.root.resolve()), about={"runs": len(results.journals())})
        there = replace(options, panel=options.panel.resolve() if options.panel else None)
        await cluster.client.register_plugin(Reading(session, there))
        try:
            asking = asyncio.create_task(_asked(cluster, session, options, told))
            analysis = await asyncio.to_thread(reporting.analyse, results, options)
            tables = await asking
        finally:
            with suppress(OSError, TimeoutError, ValueError):
                await cluster.client.unregister_worker_plugin(session.name)  # type: ignore[no-untyped-call]
    found = [tables[name] if name in tables else TABLES[name](analysis) for name in names]
    return reporting.report_of(results, analysis, found, whole=options.only is None)


async def _asked(cluster: Cluster, session: Session, options: Options, told: Told) -> dict[str, Table]:
    """The tables by name, each group of them made by whichever worker is free."""
    names = [name for name in wanted(options.only) if name not in COPIED]
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_made(cluster, session, one, told)) for one in groups_of(names)]
    return {table.name: table for task in asked for table in task.result()}


async def _made(cluster: Cluster, session: Session, names: Sequence[str], told: Told) -> list[Table]:
    """Some tables; where the worker dies, by another."""
    future: Any = cluster.client.submit(
        made, session.name, list(names), key=f"{session.name}-{names[0]}", pure=False
    )
    try:
        found: list[Table] = value_of(await future)
    except KilledWorker as error:
        raise MascopeError(
            f"--cluster: several workers died over the tables {', '.join(names)}; each needs the memory that "
            "`mascope report` takes on one machine"
        ) from error
    for name in names:
        told(name)
    return found


def _check_runs(results: Results, runs: int) -> None:
    there = len(results.journals())
    if there != runs:
        raise InvalidInput(
            f"{results.root} holds {there} runs here, and {runs} where the command was given; it must be the "
            "same directory, and a network file system may show what is new late: give the command again"
        )
