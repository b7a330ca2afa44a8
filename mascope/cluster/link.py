"""A worker's line to the desk: whatever happened since the last exchange goes in one message."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mascope.cluster.advance import SharedPurse
from mascope.cluster.shares import SharedPacer
from mascope.errors import BudgetReached
from mascope.halt import INTERRUPTED, Halt

LOST_S = 30.0
"""After so long without the scheduler a worker stops: others may have been given its runs."""
FIRST_TICK_S = 0.05

Exchange = Callable[..., Awaitable[Mapping[str, Any]]]
"""Calls the desk; `OSError` where it does not answer."""


@dataclass(slots=True)
class Link:
    """Exchanges with the desk until the session is over. Belongs to one event loop."""

    exchange: Exchange
    halt: Halt
    budgeted: bool
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the session has ended, or the scheduler is lost."""
    pacer: SharedPacer = field(init=False)
    purse: SharedPurse | None = field(init=False)
    _news: list[list[Any]] = field(default_factory=list)
    """Progress that the client is to be told."""
    _urgent: asyncio.Event = field(default_factory=asyncio.Event)
    _tick_s: float = FIRST_TICK_S
    _soon_s: float = 0.0
    _again_s: float | None = None
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.pacer = SharedPacer(self._urgent.set)
        self.purse = SharedPurse(self._urgent.set) if self.budgeted else None

    def tell(self, news: list[Any]) -> None:
        """With the next exchange."""
        self._news.append(news)

    async def run(self) -> None:
        """Exchange, now and then or when it is urgent, until the session is over."""
        heard = _now()
        while not self.over.is_set():
            try:
                await self.flush()
                heard = _now()
            except (OSError, TimeoutError):
                if _now() - heard > LOST_S:
                    self.end()
            await self._pause()

    async def flush(self) -> None:
        """One exchange, now."""
        async with self._busy:  # one at a time: what is reported next takes in what was granted before
            self._urgent.clear()
            news, self._news = self._news, []
            account = self.purse.account() if self.purse else None
            try:
                async with asyncio.timeout(LOST_S):
                    reply = await self.exchange(self.pacer.reports(), account, news, _told(self.halt))
            except (OSError, TimeoutError):
                self._news[:0] = news
                self.pacer.unheard()
                raise
            self._heed(reply)

    def end(self) -> None:
        """No more calls, and no more waiting."""
        self.halt.ask(INTERRUPTED)
        self.over.set()
        self._urgent.set()

    def _heed(self, reply: Mapping[str, Any]) -> None:
        if reply.get("over"):
            self.end()
            return
        self._tick_s, self._soon_s, self._again_s = reply["tick_s"], reply["soon_s"], reply["again_s"]
        self.pacer.grants(reply["pools"])
        if self.purse is not None and reply["advance"] is not None:
            self.purse.advance(reply["advance"])
        if reply["halt"] is not None:
            self.halt.ask(reason_of(reply["halt"]))

    async def _pause(self) -> None:
        longest = self._tick_s if self._again_s is None else min(self._tick_s, self._again_s)
        await asyncio.sleep(min(self._soon_s, longest))
        try:
            async with asyncio.timeout(max(0.0, longest - self._soon_s)):
                await self._urgent.wait()
        except TimeoutError:
            pass


def _told(halt: Halt) -> dict[str, Any] | None:
    """Why calls end, so that others may stop too; a worker's own end is nobody else's."""
    return {"budget": str(halt.reason)} if isinstance(halt.reason, BudgetReached) else None


def reason_of(told: Mapping[str, Any]) -> BaseException | str:
    return BudgetReached(told["budget"]) if "budget" in told else str(told["reason"])


def _now() -> float:
    return asyncio.get_running_loop().time()
