"""One purse for agents and judges. A call is made only if it could not exceed what is left."""

from dataclasses import dataclass

from mascope.chat.prices import PriceTable
from mascope.chat.types import Chat, Reply, Request
from mascope.errors import BudgetReached, CallFailed, InvalidInput

CHARACTERS_PER_TOKEN = 2.5
"""Fewer than any usual tokenizer needs for English or French: the estimate of a prompt errs upwards."""
TOKENS_PER_TURN = 8
"""What chat templates add around each turn."""


class Purse:
    """What has been spent, and what calls under way could still cost, in USD."""

    def __init__(self, limit_usd: float, spent_usd: float = 0.0) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self._reserved_usd = 0.0

    def reserve(self, usd: float) -> None:
        """Set `usd` aside, or `BudgetReached`."""
        if self.spent_usd + self._reserved_usd + usd > self.limit_usd:
            raise BudgetReached(
                f"budget reached: ${self.spent_usd:.4f} of ${self.limit_usd:.4f} is spent and the next call "
                f"could cost ${usd:.4f}. Everything so far is recorded; give a higher --budget to go on"
            )
        self._reserved_usd += usd

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """A call that had `reserved_usd` set aside is over and cost `spent_usd`."""
        self._reserved_usd -= reserved_usd
        self.spent_usd += spent_usd


@dataclass(frozen=True, slots=True)
class Budgeted:
    """Draws on a purse shared with other chats."""

    inner: Chat
    purse: Purse
    prices: PriceTable

    async def complete(self, request: Request) -> Reply:
        """The answer, `CallFailed`, or `BudgetReached` before anything is sent."""
        most = worst_cost(request, self.prices)
        self.purse.reserve(most)
        spent = most  # what stands if the call is broken off: it may be billed
        try:
            reply = await self.inner.complete(request)
            spent = most if reply.cost_usd is None else reply.cost_usd
        except CallFailed as error:
            spent = most if error.kind.may_be_billed else 0.0
            raise
        finally:
            self.purse.settle(most, spent)
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
    prompt = sum(len(turn.text) / CHARACTERS_PER_TOKEN + TOKENS_PER_TURN for turn in request.turns)
    return prompt * rate.input + request.sampling.max_tokens * rate.output
