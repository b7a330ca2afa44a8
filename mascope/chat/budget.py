"""One purse for agents and judges. A call is made only if it could not exceed what is left."""

import asyncio
from dataclasses import dataclass

from mascope.chat.prices import PriceTable
from mascope.chat.tokens import MOST_PER_TURN, at_most
from mascope.chat.types import Chat, Reply, Request
from mascope.errors import BudgetReached, CallFailed, InvalidInput


class Purse:
    """What has been spent, and what calls under way could still cost, in USD. Of one event loop."""

    def __init__(self, limit_usd: float, spent_usd: float = 0.0) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self._under_way: dict[object, float] = {}
        self._waiting: list[asyncio.Future[None]] = []

    async def reserve(self, usd: float) -> object:
        """Set `usd` aside, once that fits beside what calls under way could cost; returns what to settle.

        `BudgetReached` where it would not fit even if those calls cost nothing.
        """
        while self.spent_usd + sum(self._under_way.values()) + usd > self.limit_usd:
            if self.spent_usd + usd > self.limit_usd or not self._under_way:
                raise BudgetReached(reached(self.spent_usd, self.limit_usd, usd))
            settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            await settled
        reserved = object()
        self._under_way[reserved] = usd
        return reserved

    def settle(self, reserved: object, spent_usd: float) -> None:
        """The call that `reserved` stands for is over and cost `spent_usd`."""
        del self._under_way[reserved]
        self.spent_usd += spent_usd
        waiting, self._waiting = self._waiting, []
        for settled in waiting:
            if not settled.done():
                settled.set_result(None)


def reached(spent_usd: float, limit_usd: float, next_usd: float) -> str:
    return (
        f"budget reached: ${spent_usd:.4f} of ${limit_usd:.4f} is spent and the next "
        f"call could cost ${next_usd:.4f}. Everything so far is recorded; a higher --budget goes on"
    )


@dataclass(frozen=True, slots=True)
class Budgeted:
    """Draws on a purse shared with other chats."""

    inner: Chat
    purse: Purse
    prices: PriceTable

    async def complete(self, request: Request) -> Reply:
        """The answer, `CallFailed`, or `BudgetReached` before anything is sent."""
        most = worst_cost(request, self.prices)
        reserved = await self.purse.reserve(most)
        spent = most  # what stands if the call is broken off: it may be billed
        try:
            reply = await self.inner.complete(request)
            spent = most if reply.cost_usd is None else reply.cost_usd
        except CallFailed as error:
            spent = error.cost_usd = most if error.kind.may_be_billed else 0.0
            raise
        finally:
            self.purse.settle(reserved, spent)
        return reply

    async def aclose(self) -> None:
        await self.inner.aclose()


def worst_cost(request: Request, prices: PriceTable) -> float:
    """The most that `request` can cost in USD; `InvalidInput` where its price is unknown."""
    rate = prices.rate(request.model)
    if rate is None:
        raise InvalidInput(
            f"the price of {request.model.served_by} is unknown ({prices.source}), so --budget cannot hold; "
            "give its price in a file by --prices"
        )
    prompt = sum(at_most(turn.text) + MOST_PER_TURN for turn in request.turns)
    return prompt * rate.input + request.sampling.max_tokens * rate.output
