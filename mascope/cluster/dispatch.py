"""Which worker does what: each has so many tasks in hand, and what a dead one had goes to another."""

import asyncio
import math
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import CancelledError as FutureCancelled
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from distributed import KilledWorker
from distributed.client import FutureCancelledError

from mascope import __version__
from mascope.cluster.connecting import Cluster
from mascope.cluster.desk import Desk
from mascope.cluster.host import STOPPED, HostPlugin, Opening, done, opened, version
from mascope.cluster.link import reason_of
from mascope.cluster.session import Outcome, Session, value_of
from mascope.errors import MascopeError, MissingPrerequisite
from mascope.halt import Halt

LOOK_S = 0.2
"""Between two looks at the desk."""
WORKERS_S = 60.0
"""How long at least one worker is waited for."""
DEATHS = 5
"""So many workers may die while they hold a task; then it is not given to another."""
GONE = (FutureCancelledError, FutureCancelled, KilledWorker)
"""What becomes of a task whose worker, or whose scheduler, is gone."""


@dataclass(slots=True)
class Crew:
    """What one worker has in hand."""

    work: asyncio.Task[None]
    hand: int = 0
    look: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it may be given more."""


@dataclass(slots=True)
class Dispatch:
    """Gives tasks to workers until all are done, or the session is halted."""

    cluster: Cluster
    session: Session
    halt: Halt
    replay: Callable[[list[Any]], None]
    """Takes one piece of news."""
    heard: Callable[[Any], None] = lambda value: None
    """Told of each value as it comes."""
    values: dict[str, Any] = field(default_factory=dict)
    _waiting: deque[str] = field(default_factory=deque)
    _left: int = 0
    _crews: dict[str, Crew] = field(default_factory=dict)
    _deaths: Counter[str] = field(default_factory=Counter)
    _number: int = 0
    """Of what was asked so far: Dask wants a key for each."""

    async def all(self, tasks: Iterable[str]) -> Mapping[str, Any]:
        """What each task came to, by its name; those that were never begun are left out.

        Raises what ended a task on a worker; `MissingPrerequisite` where scheduler or workers are lost.
        """
        self._waiting.extend(tasks)
        self._left = len(self._waiting)
        async with asyncio.TaskGroup() as group:
            alone_since = asyncio.get_running_loop().time()
            while not self._ended:
                present = await self._look()
                for address in present - self._crews.keys():
                    self._crews[address] = Crew(group.create_task(self._crew(address)))
                for address in [one for one, crew in self._crews.items() if crew.work.done()]:
                    self._crews.pop(address)  # Dask took it for dead; if it is there, it is opened again
                for address in self._crews.keys() - present:
                    self._crews.pop(address).work.cancel()
                alone_since = self._check_workers(present, alone_since)
                for crew in self._crews.values():
                    crew.look.set()
                await asyncio.sleep(LOOK_S)
            for crew in self._crews.values():
                crew.work.cancel()
        await self._look()  # the last news
        return self.values

    def drop(self, unwanted: Callable[[str], bool]) -> None:
        """Tasks that are not to be begun any more."""
        kept = [task for task in self._waiting if not unwanted(task)]
        self._left -= len(self._waiting) - len(kept)
        self._waiting = deque(kept)

    @property
    def _ended(self) -> bool:
        busy = any(crew.hand for crew in self._crews.values())
        return self._left == 0 or (self.halt.reason is not None and not busy)

    async def _look(self) -> set[str]:
        """Ask the desk what is new; the workers that are there."""
        told = await ask(self.cluster, self.session, self.halt)
        for news in told["news"]:
            self.replay(news)
        if told["halt"] is not None:
            self.halt.ask(reason_of(told["halt"]))
        return set(told["workers"])

    def _check_workers(self, present: set[str], alone_since: float) -> float:
        now = asyncio.get_running_loop().time()
        if present:
            return now
        if now - alone_since > WORKERS_S:
            raise MissingPrerequisite(
                f"--cluster: no worker at {self.cluster.address} for {WORKERS_S:.0f} s; start some, and give "
                "the same command again: it goes on where it was"
            )
        return alone_since

    async def _crew(self, address: str) -> None:
        """All that one worker does, from its opening to the end."""
        crew = self._crews[address]
        outcome = await self._asked(address, opened, self.session.name)
        if outcome == STOPPED:  # it is about to go; if it stays, the next look has it opened again
            return
        value_of(outcome)
        async with asyncio.TaskGroup() as group:
            while True:
                while self._waiting and self.halt.reason is None and crew.hand < self._most:
                    crew.hand += 1
                    group.create_task(self._one(address, crew, self._waiting.popleft()))
                crew.look.clear()
                await crew.look.wait()

    @property
    def _most(self) -> int:
        """Tasks for one worker: what is left is shared, so that none holds all while others are idle."""
        return min(self.session.jobs, math.ceil(self._left / len(self._crews)))

    async def _one(self, address: str, crew: Crew, task: str) -> None:
        try:
            outcome = await self._asked(address, done, self.session.name, task)
            if outcome == STOPPED:  # the worker is about to go
                await asyncio.sleep(LOOK_S)
        except asyncio.CancelledError:  # the worker is gone
            self._deaths[task] += 1
            self._waiting.append(task)
            self._check_deaths(task)
            raise
        finally:
            crew.hand -= 1
            crew.look.set()
        if outcome == STOPPED:
            self._waiting.append(task)
            return
        self.values[task] = value_of(outcome)
        self._left -= 1
        self.heard(self.values[task])

    def _check_deaths(self, task: str) -> None:
        if self._deaths[task] >= DEATHS:
            raise MascopeError(
                f"--cluster: {DEATHS} workers died while they held {task}; look at their memory and logs. "
                "What was recorded is kept, and the same command goes on"
            )

    async def _asked(self, address: str, function: Callable[..., Outcome], *arguments: str) -> Outcome:
        """Have a worker do something. Cancelled where it dies, by Dask or because the desk tells of it."""
        self._number += 1
        future = self.cluster.client.submit(
            function,
            *arguments,
            workers=[address],
            allow_other_workers=False,
            key=f"{self.session.name}-{self._number}-{'-'.join(arguments[1:]) or 'open'}",
            pure=False,
            retries=0,
        )
        try:
            outcome: Outcome = await future
        except GONE as error:
            raise asyncio.CancelledError(str(error)) from error
        finally:
            future.release()  # type: ignore[no-untyped-call]
        return outcome


async def ask(cluster: Cluster, session: Session, halt: Halt, *, over: bool = False) -> dict[str, Any]:
    """One question to the desk. `MissingPrerequisite` where the scheduler is lost."""
    reason = None if halt.reason is None else {"reason": str(halt.reason)}
    client = cluster.client
    try:
        if client.status != "running":
            raise ConnectionError(f"the client is {client.status}")
        told: dict[str, Any] = await getattr(client.scheduler, f"{session.name}_watch")(
            halt=reason, over=over
        )
    except (OSError, TimeoutError) as error:
        raise lost(cluster) from error
    return told


def lost(cluster: Cluster) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"--cluster: the scheduler at {cluster.address} does not answer any more. What was recorded is kept; "
        "start it again, with workers, and give the same command again to go on"
    )


@asynccontextmanager
async def in_session(
    cluster: Cluster, session: Session, opening: Opening, budget_usd: tuple[float, float] | None = None
) -> AsyncIterator[None]:
    """A desk on the scheduler and a host for every worker, for as long as the body runs."""
    client = cluster.client
    try:
        await client.register_plugin(Desk(session.name, client.id, budget_usd))
    except ImportError as error:
        raise MissingPrerequisite(
            f"--cluster: mascope cannot be imported by the scheduler at {cluster.address}; install "
            f"mascope[cluster] {__version__} there too ({error})"
        ) from error
    except OSError as error:
        raise lost(cluster) from error
    try:
        told = await ask(cluster, session, Halt())
        if told["version"] != __version__:
            raise MissingPrerequisite(
                f"--cluster: the scheduler at {cluster.address} has mascope {told['version']}, this is "
                f"{__version__}; install the same everywhere"
            )
        await _bring(cluster, session, HostPlugin(session, opening, ours=cluster.ours))
        yield
    finally:
        await _leave(cluster, session)


async def _bring(cluster: Cluster, session: Session, plugin: HostPlugin) -> None:
    """A host for every worker; again where one of them dies at that moment."""
    for left in reversed(range(DEATHS)):
        try:
            await _check_versions(cluster)
            await cluster.client.register_plugin(plugin)
        except OSError as error:
            await ask(cluster, session, Halt())  # which says so if it is the scheduler that is lost
            if not left:
                raise MissingPrerequisite(
                    f"--cluster: workers at {cluster.address} do not answer ({error}); look at their logs"
                ) from error
            await asyncio.sleep(LOOK_S)
        else:
            return


async def _check_versions(cluster: Cluster) -> None:
    """`MissingPrerequisite` that names the workers which have no mascope, or another than the client."""
    found: Mapping[str, Any] = await cluster.client.run(version, on_error="return")
    # What comes in place of a version: the connection of a worker that just died, or why it has none.
    told = {where: one for where, one in found.items() if not isinstance(one, OSError) and one != __version__}
    if told:
        raise MissingPrerequisite(
            f"--cluster: every worker needs mascope[cluster] {__version__}, as here; install it for\n  "
            + "\n  ".join(f"{where} ({one})" for where, one in sorted(told.items()))
        )


async def _leave(cluster: Cluster, session: Session) -> None:
    """End the session, as far as anybody is left to hear of it."""
    client = cluster.client
    with suppress(MissingPrerequisite):
        await ask(cluster, session, Halt(), over=True)
        for unregister in (client.unregister_worker_plugin, client.unregister_scheduler_plugin):
            with suppress(OSError, TimeoutError, KeyError, ValueError):  # lost by now, or it never came there
                await unregister(session.name)
