"""Asking again when an attempt failed in a way that may pass, and telling somebody of every attempt."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

from mascope.chat.pacing import Gate, Ungated
from mascope.chat.types import Chat, Reply, Request
from mascope.errors import CallFailed, FailureKind

Trust: TypeAlias = Literal["passing", "doubtful", "final"]

TRUST: Mapping[FailureKind, Trust] = {
    FailureKind.RATE_LIMIT: "passing",
    FailureKind.SERVER: "passing",
    FailureKind.CONNECT: "passing",
    FailureKind.TIMEOUT: "doubtful",
    FailureKind.DROPPED: "doubtful",
    FailureKind.BAD_BODY: "doubtful",
    FailureKind.QUOTA: "final",
    FailureKind.AUTHENTICATION: "final",
    FailureKind.NOT_FOUND: "final",
    FailureKind.CONTEXT: "final",
    FailureKind.CONTENT_FILTER: "final",
    FailureKind.REJECTED: "final",
}
"""Whether a failure passes; or may have been billed, so that fewer attempts are made; or never changes."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently."""

    attempts: int = 6
    """Attempts in all."""
    doubtful_attempts: int = 3
    """Attempts that may have been billed without an answer (timeouts, drops, unreadable bodies)."""
    first_wait_s: float = 1.0
    """Doubled after each attempt."""
    max_wait_s: float = 60.0
    """The longest wait, whatever the server asks for."""

    def wait(self, attempt: int, asked: float | None, rng: random.Random) -> float:
        """Seconds to wait after the given attempt (from 1) failed.

        Partly by chance, so that calls that failed together do not come back together. What the server asked
        for is never undercut, unless it is more than `max_wait_s`.
        """
        exponential = min(self.first_wait_s * 2.0 ** min(attempt - 1, 60), self.max_wait_s)
        if asked is None:
            return exponential * rng.uniform(0.5, 1.0)
        return min(asked + self.first_wait_s * rng.uniform(0.0, 0.5), self.max_wait_s)


class Watch(Protocol):
    """Who is told of every attempt: the journal, a progress display, a test."""

    def sending(self, request: Request, attempt: int) -> None:
        """The attempt (from 1) is about to be sent. When this returns, it is."""
        ...

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        """The attempt failed; the next follows in so many seconds, or never (None)."""
        ...


@dataclass(frozen=True, slots=True)
class Unwatched:
    def sending(self, request: Request, attempt: int) -> None:
        pass

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Retrying:
    """A chat that asks again. Light enough to be made for one call, with the watch of that call."""

    inner: Chat
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    watch: Watch = field(default_factory=Unwatched)
    gate: Gate = field(default_factory=Ungated)
    """Passed anew by every attempt, and left while waiting for the next."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)
    """Of the waits, and of nothing else: no result of a study depends on it."""

    async def complete(self, request: Request) -> Reply:
        """The reply, with the number of attempts; or the last CallFailed, with theirs."""
        failures: Counter[Trust] = Counter()
        while True:
            attempt = failures.total() + 1
            try:
                reply = await self._attempt(request, attempt)
                return reply if reply.attempts == attempt else replace(reply, attempts=attempt)
            except CallFailed as error:
                error.attempts = attempt
                failures[TRUST[error.kind]] += 1
                wait = self._wait(error, failures)
                self.watch.failed(request, attempt, error, wait)
                if wait is None:
                    raise
            await self.sleep(wait)

    async def _attempt(self, request: Request, attempt: int) -> Reply:
        async with self.gate.slot(request) as permit:
            self.watch.sending(request, attempt)
            reply = await self.inner.complete(request)
            permit.spent(reply.usage)
            return reply

    def _wait(self, error: CallFailed, failures: Counter[Trust]) -> float | None:
        given_up = (
            failures["final"] > 0
            or failures["doubtful"] >= self.policy.doubtful_attempts
            or failures.total() >= self.policy.attempts
        )
        return None if given_up else self.policy.wait(failures.total(), error.retry_after, self.rng)

    async def aclose(self) -> None:
        await self.inner.aclose()
