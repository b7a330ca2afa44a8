"""What all workers of a session share: a plug-in of the scheduler, which they ask in one small message each.

It gives back what a dead worker held as soon as the scheduler knows of the death, and ends the session when
the client is gone, so that nobody goes on writing for it.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from distributed import Scheduler
from distributed.diagnostics.plugin import SchedulerPlugin

from mascope import __version__
from mascope.chat.limiter import Limit
from mascope.cluster.pools import Pool, read_report
from mascope.cluster.treasury import Treasury, read_account

NEWS = 200_000
"""Pieces of news that are kept for a client that does not fetch them; older ones are forgotten."""
TICK_S = 0.25
"""Between two exchanges of a worker that wants nothing, where there are few workers."""
SOON_S = 0.02
"""Between two exchanges of one that does."""
EXCHANGES_PER_S = 500
"""Of all workers together, at most: what one scheduler takes beside its other work."""
FORGET_S = 600.0
"""After the end of a session, how long late workers are still told that it is over."""


class Desk(SchedulerPlugin):
    """One session's, on the scheduler. Its methods are called by name, from workers and from the client."""

    def __init__(self, name: str, client: str, budget_usd: tuple[float, float] | None) -> None:
        self.name = name
        self._client = client
        self._budget_usd = budget_usd
        """Limit, and what was spent before."""

    async def start(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._pools: dict[str, Pool] = {}
        self._treasury = Treasury(*self._budget_usd) if self._budget_usd else None
        self._news: deque[list[Any]] = deque(maxlen=NEWS)
        self._halt: dict[str, Any] | None = None
        self._over = False
        scheduler.handlers[f"{self.name}_exchange"] = self.exchange
        scheduler.handlers[f"{self.name}_watch"] = self.watch

    async def exchange(
        self,
        worker: str,
        pools: Mapping[str, Mapping[str, Any]],
        account: Mapping[str, float] | None,
        news: list[list[Any]],
        halt: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """A worker reports, and is told what it may have."""
        self._news.extend(news)
        self._halt = self._halt or (dict(halt) if halt else None)
        known = worker in self._scheduler.workers
        if self._over or not known:
            return {"over": True}
        granted = {name: self._settled(worker, name, said) for name, said in pools.items()}
        advance = self._treasury.settle(worker, read_account(account)) if self._treasury and account else None
        workers = len(self._scheduler.workers)
        waits = [grant["again_s"] for grant in granted.values()] + [advance.again_s if advance else None]
        return {
            "pools": granted,
            "advance": asdict(advance) if advance else None,
            "halt": self._halt,
            "tick_s": max(TICK_S, workers / EXCHANGES_PER_S),
            "soon_s": max(SOON_S, workers / (4 * EXCHANGES_PER_S)),
            "again_s": min((wait for wait in waits if wait is not None), default=None),
        }

    def _settled(self, worker: str, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
        pool = self._pools.get(name)
        if pool is None:
            # A worker tells a limit once; this desk may be younger than that only if it is another session's.
            pool = self._pools[name] = Pool(Limit(**said["limit"]), asyncio.get_running_loop().time)
        return asdict(pool.settle(worker, read_report(said["report"])))

    async def watch(self, halt: Mapping[str, Any] | None, over: bool) -> dict[str, Any]:
        """The client says whether to halt or end, and is told what is new."""
        self._halt = self._halt or (dict(halt) if halt else None)
        if over:
            self._end()
        news = list(self._news)
        self._news.clear()
        return {
            "version": __version__,
            "workers": {address: state.host for address, state in self._scheduler.workers.items()},
            "news": news,
            "halt": self._halt,
        }

    def remove_worker(self, scheduler: Scheduler, worker: str, **about: Any) -> None:
        for pool in self._pools.values():
            pool.lose(worker)
        if self._treasury is not None:
            self._treasury.lose(worker)

    def remove_client(self, scheduler: Scheduler, client: str) -> None:
        if client == self._client:
            self._end()

    def _end(self) -> None:
        """Workers hear of it at their next exchange."""
        if not self._over:
            self._over = True
            loop = asyncio.get_running_loop()
            loop.call_later(FORGET_S, lambda: loop.create_task(self._forget()))

    async def _forget(self) -> None:
        """What a client left behind that was killed, and the verbs that late workers were answered by."""
        with suppress(ValueError):
            self._scheduler.remove_plugin(self.name)
        if self.name in self._scheduler.worker_plugins:
            await self._scheduler.unregister_worker_plugin(comm=None, name=self.name)
        for verb in ("exchange", "watch"):
            self._scheduler.handlers.pop(f"{self.name}_{verb}", None)
