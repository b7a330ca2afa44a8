"""A worker process at work for a session: one event loop, on which many discussions wait for their models.

Dask's own loop only carries messages, and its threads only wait; so a worker holds as many runs at once as
the client asks for (`--jobs`), however few threads it was started with.
"""

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from distributed import Worker, get_worker, secede
from distributed.diagnostics.plugin import WorkerPlugin

from mascope import __version__
from mascope.chat.prices import PriceTable, load_prices
from mascope.cluster.claims import check_shared
from mascope.cluster.link import Link
from mascope.cluster.session import Outcome, Session, failed
from mascope.discussion.runs import open_at_once
from mascope.errors import MascopeError, MissingPrerequisite
from mascope.halt import Halt
from mascope.pipeline.collecting import rarely_collecting

STOPPED: Outcome = {"stopped": True}
"""What a task comes to on a worker that has stopped: another may take it."""
LOOK_S = 1.0
"""How often a thread that waits looks whether the loop is still there."""
GRACE_S = 10.0
"""How long a host may take to end."""


class Work(Protocol):
    """What a stage does on a worker."""

    async def do(self, task: str) -> Any:
        """Do one task; what it came to, as plain values."""
        ...

    async def close(self) -> None: ...


Opening = Callable[[Session, Link, PriceTable], Work]
"""Makes a stage ready on a worker: reads what it needs, checks keys and models. Not on an event loop."""


class Host:
    """Runs the loop, in a thread of its own, and the link to the desk on it."""

    def __init__(self, session: Session, worker: Worker, opening: Opening) -> None:
        self._worker = worker
        self._session = session
        self._loop = asyncio.new_event_loop()
        self._halt = Halt()
        self._link = Link(self._exchange, self._halt, session.budgeted)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._work = opening(session, self._link, _prices(session))
        self._thread = threading.Thread(target=self._run, name=session.name, daemon=True)
        self._thread.start()

    def do(self, task: str) -> Outcome:
        """Do one task of the session, from a thread of the worker's."""
        try:
            doing = asyncio.run_coroutine_threadsafe(self._do(task), self._loop)
        except RuntimeError:  # the loop is closed
            return STOPPED
        while not futures.wait([doing], LOOK_S).done:
            if not self._thread.is_alive():
                return STOPPED
        return STOPPED if doing.cancelled() else doing.result()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """End all that is under way; files stay as they are."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._link.end)
        self._thread.join(GRACE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            with rarely_collecting():
                self._loop.run_until_complete(self._live())
        finally:
            self._loop.close()

    async def _live(self) -> None:
        exchanging = asyncio.create_task(self._link.run())
        try:
            await exchanging
        finally:  # the session is over: nobody must go on writing
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await self._work.close()

    async def _do(self, task: str) -> Outcome:
        current = asyncio.current_task()
        if current is None or self._link.over.is_set():
            return STOPPED
        self._under_way.add(current)
        try:
            value = await self._work.do(task)
            await self._say()
            return {"value": value}
        except* MascopeError as group:
            outcome = failed(first_of(group), where(self._worker))
        finally:
            self._under_way.discard(current)
        return outcome

    async def _say(self) -> None:
        """Progress arrives before the outcome does."""
        with suppress(OSError, TimeoutError):
            await self._link.flush()

    async def _exchange(
        self,
        pools: Mapping[str, Any],
        account: Mapping[str, float] | None,
        news: list[list[Any]],
        halt: Mapping[str, Any] | None,
    ) -> Mapping[str, Any]:
        """Ask the desk, by the connection that belongs to the worker's own loop."""

        async def ask() -> Any:
            verb = getattr(self._worker.scheduler, f"{self._session.name}_exchange")
            return await verb(worker=self._worker.address, pools=pools, account=account, news=news, halt=halt)

        loop: asyncio.AbstractEventLoop = self._worker.loop.asyncio_loop  # type: ignore[attr-defined]
        asking = asyncio.run_coroutine_threadsafe(ask(), loop)
        reply: Mapping[str, Any] = await asyncio.wrap_future(asking)
        return reply


class HostPlugin(WorkerPlugin):
    """Brings a session to every worker, also to those that join later. Opened by the first task."""

    def __init__(self, session: Session, opening: Opening, *, ours: bool) -> None:
        self.name = session.name
        self._session, self._opening = session, opening
        self._ours = ours
        """Whether these workers were started by the command, so that Ctrl-C reaches them too."""

    def setup(self, worker: Worker) -> None:
        self._worker = worker
        self._opened: Host | None = None
        self._lock = threading.Lock()
        self._closed = False
        if self._ours and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def teardown(self, worker: Worker) -> None:
        self._closed = True
        if self._opened is not None:
            await asyncio.to_thread(self._opened.stop)

    def host(self) -> Host | None:
        """The session's host in this process; None where the worker is closing.

        `MissingPrerequisite` where something is missing here.
        """
        with self._lock:
            if self._closed:
                return None
            if self._opened is None or not self._opened.alive:
                check_version(self._session)
                if self._session.writes:
                    check_shared(Path(self._session.root))
                open_at_once(self._session.jobs)
                self._opened = Host(self._session, self._worker, self._opening)
            return self._opened


def opened(name: str) -> Outcome:
    """The task that makes a worker ready, and says what is missing there."""
    return _with_host(name, lambda host: {"value": os.getpid()})


def done(name: str, task: str) -> Outcome:
    """The task that does one piece of a session's work: a run, or a coder's codes of one."""

    def do(host: Host) -> Outcome:
        secede()  # type: ignore[no-untyped-call]  # it only waits: the thread is free for others
        return host.do(task)

    return _with_host(name, do)


def _with_host(name: str, work: Callable[[Host], Outcome]) -> Outcome:
    """What `work` comes to; what is missing here; or that the worker is about to go, or the session over."""
    worker = get_worker()
    plugin = worker.plugins.get(name)
    host: Host | None = None
    outcome: Outcome | None = None
    try:
        host = plugin.host() if isinstance(plugin, HostPlugin) else None
    except* MascopeError as group:
        outcome = failed(first_of(group), where(worker))
    if outcome is not None:
        return outcome
    return STOPPED if host is None else work(host)


def version() -> str:
    """Of mascope on a worker: fails to arrive where there is none."""
    return __version__


def where(worker: Worker) -> str:
    """How a person finds it."""
    return f"worker {worker.name} ({worker.address}, process {os.getpid()})"


def check_version(session: Session) -> None:
    if session.version != __version__:
        raise MissingPrerequisite(
            f"mascope {__version__} is installed here, and {session.version} where the command was given; "
            "install the same everywhere"
        )


def _prices(session: Session) -> PriceTable:
    if session.prices is None:
        return load_prices()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(session.prices)
        file.flush()
        return load_prices(Path(file.name))


def first_of(group: BaseExceptionGroup[MascopeError]) -> MascopeError:
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
