"""A worker's part of the budget: money drawn from the desk for many calls at once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from mascope.chat.budget import Purse
from mascope.cluster.treasury import Account, Advance
from mascope.errors import BudgetReached

CENT_OF_A_CENT = 1e-9
"""USD that rounding may add up to; no call waits for it."""


class SharedPurse(Purse):
    """A purse whose limit is what was drawn so far. Where that is too little, calls wait for more."""

    def __init__(self, urge: Callable[[], None]) -> None:
        super().__init__(0.0)
        self._urge = urge
        self._queue: list[tuple[float, asyncio.Future[None]]] = []
        self._reserved: dict[object, float] = {}
        self._refused: str | None = None

    async def reserve(self, usd: float) -> object:
        """Set `usd` aside, once the desk has given enough; `BudgetReached` where there will be no more."""
        while self._queue or usd > self._at_hand + CENT_OF_A_CENT:
            if self._refused is not None:
                raise BudgetReached(self._refused)
            await self._wait_for(usd)
            if usd <= self._at_hand + CENT_OF_A_CENT:
                break
        reserved = object()
        self._reserved[reserved] = usd
        return reserved

    def settle(self, reserved: object, spent_usd: float) -> None:
        """The call that `reserved` stands for is over and cost `spent_usd`."""
        del self._reserved[reserved]
        self.spent_usd += spent_usd
        self._wake()

    def account(self) -> dict[str, float]:
        """What the desk should know."""
        waiting = [usd for usd, ready in self._queue if not ready.done()]
        under_way, hand = sum(self._reserved.values()), self._spare
        account = Account(
            spent=self.spent_usd,
            held=self.limit_usd - self.spent_usd,
            lacking=max(0.0, sum(waiting) - hand),
            first=max(0.0, waiting[0] - hand) if waiting else 0.0,
            dearest=max(waiting, default=0.0),
            ahead=max(0.0, under_way + sum(waiting) - hand),
        )
        return asdict(account)

    def advance(self, given: Mapping[str, Any]) -> None:
        advance = Advance(**given)
        self.limit_usd += advance.given
        if advance.refused is not None:
            self._refused = advance.refused
            for _, ready in self._queue:
                if not ready.done():
                    ready.set_result(None)
        self._wake()
        if advance.back and self._spare > 0:  # too little for any call here, and somebody waits for it
            self.limit_usd -= self._spare
            self._urge()

    @property
    def _spare(self) -> float:
        """What is at hand beside what calls have been promised that are about to begin."""
        return self._at_hand - sum(
            usd for usd, ready in self._queue if ready.done() and not ready.cancelled()
        )

    @property
    def _at_hand(self) -> float:
        return self.limit_usd - self.spent_usd - sum(self._reserved.values())

    async def _wait_for(self, usd: float) -> None:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (usd, ready)
        self._queue.append(entry)
        self._urge()
        try:
            await ready
        finally:
            self._queue.remove(entry)
            self._wake()

    def _wake(self) -> None:
        """Those whose turn it is, as far as what is at hand goes."""
        hand = self._at_hand + CENT_OF_A_CENT
        for usd, ready in self._queue:
            if ready.done():
                hand -= usd
                continue
            if usd > hand:
                return
            hand -= usd
            ready.set_result(None)
