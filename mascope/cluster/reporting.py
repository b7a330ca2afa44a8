"""`report` on a cluster: each worker reads the study once, and makes the tables that it is given."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mascope.chat.prices import PriceTable
from mascope.cluster.connecting import connected
from mascope.cluster.dispatch import Dispatch, in_session
from mascope.cluster.link import Link
from mascope.cluster.session import Session
from mascope.errors import InvalidInput
from mascope.halt import Halt
from mascope.pipeline import reporting
from mascope.pipeline.reporting import Options
from mascope.report import Report
from mascope.spread import alone
from mascope.store.layout import Results
from mascope.tables import Table
from mascope.tables.catalog import TABLES, wanted
from mascope.tables.together import COPIED, groups_of

Told = Callable[[str], None]
"""Hears the name of each table once it is there."""
AND = ","
"""Between the names of tables that share something, in a task's name."""


class Reading:
    """Makes tables on a worker, from what it has read of the results directory."""

    def __init__(self, session: Session, link: Link, prices: PriceTable) -> None:
        results = Results(Path(session.root))
        _check_runs(results, session.about["runs"])
        with alone():
            self._analysis = reporting.analyse(results, session.about["options"])

    async def do(self, task: str) -> list[Table]:
        """The tables that `task` names, in a thread: the loop has the scheduler to answer."""
        return await asyncio.to_thread(self._made, task.split(AND))

    async def close(self) -> None:
        pass

    def _made(self, names: list[str]) -> list[Table]:
        # One thread for linear algebra: the same last bits on every machine.
        with alone(), threadpool_limits(1, user_api="blas"):
            return [TABLES[name](self._analysis) for name in names]


async def report(results: Results, options: Options, address: str, told: Told = lambda step: None) -> Report:
    """Everything that can be said of what is in `results` now; `told` hears of each table."""
    names = wanted(options.only)
    async with connected(address) as cluster:
        session = _session(results, options)

        def heard(made: list[Table]) -> None:
            for table in made:
                told(table.name)

        dispatch = Dispatch(cluster, session, Halt(), replay=lambda news: None, heard=heard)
        async with in_session(cluster, session, Reading), asyncio.TaskGroup() as group:
            asked = group.create_task(dispatch.all(_tasks(names)))
            analysis = await asyncio.to_thread(reporting.analyse, results, options)
    tables = {table.name: table for made in asked.result().values() for table in made}
    found = [tables[name] if name in tables else TABLES[name](analysis) for name in names]
    return reporting.report_of(results, analysis, found, whole=options.only is None)


def _tasks(names: tuple[str, ...]) -> list[str]:
    """Tables that share something are one task: `series,similarity`."""
    return [AND.join(group) for group in groups_of([name for name in names if name not in COPIED])]


def _session(results: Results, options: Options) -> Session:
    there = replace(options, panel=options.panel.resolve() if options.panel else None)
    about = {"runs": len(results.journals()), "options": there}
    return Session("report", str(results.root.resolve()), about=about)


def _check_runs(results: Results, runs: int) -> None:
    there = len(results.journals())
    if there != runs:
        raise InvalidInput(
            f"{results.root} holds {there} runs here, and {runs} where the command was given; it must be the "
            "same directory, and a network file system may show what is new late: give the command again"
        )
