"""How many calls are under way at once, and how fast they follow each other, over all discussions.

    Pacer            of one process; finds the limiters of a request
    ├── endpoint     one for each address and key: learns what the server stands, and pauses when it says so
    └── model        one for each: what it declares (`concurrency`; `rpm` and `tpm` among its parameters)

A call that cannot start now waits. It never goes to another model instead.
"""

import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from mascope.chat.limiter import Limit, Limiter, Permit, Slot
from mascope.chat.types import Chat, Model, Reply, Request
from mascope.errors import InvalidInput

UNLIMITED = 1_000_000


class Gate(Protocol):
    """What an attempt passes before it is sent."""

    def slot(self, request: Request) -> AbstractAsyncContextManager[Permit]:
        """Entered when the attempt may be sent, left when it is over."""
        ...


@dataclass(frozen=True, slots=True)
class Ungated:
    """Lets everything through at once."""

    @asynccontextmanager
    async def slot(self, request: Request) -> AsyncIterator[Permit]:
        yield Permit()


@dataclass(slots=True)
class Pacer:
    """The limiters of one process, made by whoever opens the chats. For one event loop."""

    limit: Limit = field(default_factory=Limit)
    """Of each endpoint."""
    _endpoints: dict[tuple[str, str | None], Limiter] = field(default_factory=dict)
    _models: dict[tuple[str, str], Limiter] = field(default_factory=dict)

    def slot(self, request: Request) -> Slot:
        """The right to send one attempt. The body tells the permit what was used, or raises CallFailed."""
        model = self.model(request.model)
        permit = Permit(reckoned_tokens(request) if model.limit.tpm else 0.0)
        return Slot((model, self.endpoint(request.model)), permit)

    def endpoint(self, model: Model) -> Limiter:
        """The limiter of the model's address and key, shared by all models there."""
        key = endpoint_of(model)
        limiter = self._endpoints.get(key)
        if limiter is None:
            limiter = self._endpoints[key] = Limiter(self.limit)
        if model.concurrency:
            limiter.expect(model.concurrency)
        return limiter

    def model(self, model: Model) -> Limiter:
        """The limiter of what the model declares."""
        key = (model.key, model.served_by)
        limiter = self._models.get(key)
        if limiter is None:
            limiter = self._models[key] = Limiter(declared_limit(model))
        return limiter


def endpoint_of(model: Model) -> tuple[str, str | None]:
    """The address that a model is asked at, and the variable that holds its key."""
    return (model.base_url or model.route).rstrip("/"), model.key_env


def declared_limit(model: Model) -> Limit:
    """What the model itself declares, which does not adapt. Raises InvalidInput for a rate that is none."""
    most = model.concurrency or UNLIMITED
    return Limit(most, most, adaptive=False, rpm=_rate(model, "rpm"), tpm=_rate(model, "tpm"))


def _rate(model: Model, name: str) -> float | None:
    value = model.parameters.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InvalidInput(f"model {model.key}: `{name}` must be a positive number, not {value!r}")
    return float(value)


def reckoned_tokens(request: Request) -> float:
    """About what the prompt takes; its usage sets it right, and adds the answer."""
    return sum(turn.tokens for turn in request.turns)


@dataclass(frozen=True, slots=True)
class Paced:
    """A chat whose calls wait for their turn.

    A chat that is retried takes the pacer as the `gate` of Retrying instead: then an attempt is announced
    when it is sent, not when it begins to wait.
    """

    inner: Chat
    pacer: Gate

    async def complete(self, request: Request) -> Reply:
        async with self.pacer.slot(request) as permit:
            reply = await self.inner.complete(request)
            permit.spent(reply.usage)
            return reply

    async def aclose(self) -> None:
        await self.inner.aclose()
