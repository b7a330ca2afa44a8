"""A queue that lets so many calls be under way at once, and so many start a minute."""

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from mascope.errors import CallFailed, FailureKind
from mascope.records import Usage

SOON = 1e-6
"""Seconds that are not worth a timer; also keeps rounding from making one."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a limiter allows."""

    start: int = 64
    """Calls under way at once, to begin with."""
    maximum: int = 1024
    """The most that may become, while nothing is turned away."""
    adaptive: bool = True
    """Whether `start` is only a beginning; else it stays."""
    rpm: float | None = None
    """Requests a minute."""
    tpm: float | None = None
    """Tokens a minute, of prompts and answers."""
    max_pause_s: float = 120.0
    """The longest pause that a server's Retry-After can impose."""


@dataclass(slots=True)
class Permit:
    """A call's right to be under way."""

    tokens: float = 0.0
    """What it will take, as reckoned before."""
    used: Usage | None = None
    """What it took."""
    era: int = 0
    """In which era of its limiter it began."""

    def spent(self, usage: Usage | None) -> None:
        self.used = usage


@dataclass(slots=True)
class Bucket:
    """Fills evenly with `per_minute` units a minute, up to `depth`; a start takes some out.

    It may go below zero when a call turns out dearer than reckoned: the next one waits for it.
    """

    per_minute: float
    depth: float
    level: float = math.inf
    at: float = -math.inf
    """When `level` was true, in seconds of the loop's clock."""

    def wait(self, cost: float, now: float) -> float:
        """Seconds until `cost` can be taken. What never fits may go when the bucket is full."""
        self._fill(now)
        return max(min(cost, self.depth) - self.level, 0.0) * 60 / self.per_minute

    def take(self, cost: float, now: float) -> None:
        """Takes at once; a negative cost gives back."""
        self._fill(now)
        self.level = min(self.level - cost, self.depth)

    def _fill(self, now: float) -> None:
        self.level = min(self.level + max(now - self.at, 0.0) * self.per_minute / 60, self.depth)
        self.at = now


@dataclass(slots=True)
class Limiter:
    """First come, first served. Belongs to the loop it is first used in; waiting calls cost no time.

    Where adaptive, the number allowed at once grows by one with each success while others wait, is halved
    when the server turns a call away, and from then on grows by one for each full round of successes (slow
    start, then additive increase and multiplicative decrease, as in TCP: Jacobson 1988).
    """

    limit: Limit
    allowed: float = field(init=False)
    under_way: int = 0
    resume_at: float = -math.inf
    """No call starts before, in seconds of the loop's clock."""
    era: int = 0
    """How often `allowed` was halved. Calls that began in one era halve it once, however many fail."""
    _waiting: deque[tuple[asyncio.Future[None], Permit]] = field(default_factory=deque)
    _requests: Bucket | None = None
    _tokens: Bucket | None = None
    _timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self.allowed = float(self.limit.start)
        rpm, tpm = self.limit.rpm, self.limit.tpm
        # Shallow, since servers check their limits within the minute too.
        self._requests = Bucket(rpm, max(1.0, rpm / 60)) if rpm else None
        self._tokens = Bucket(tpm, tpm / 6) if tpm else None

    def slot(self, permit: Permit) -> "Slot":
        """Waits for its turn, then holds a place while the body runs, and learns from how it ends."""
        return Slot((self,), permit)

    def expect(self, concurrency: int) -> None:
        """Allows so many from the start, unless the server has shown that it stands less."""
        if self.era == 0:
            self.allowed = max(self.allowed, float(concurrency))

    async def enter(self, permit: Permit) -> None:
        """Returns when it is the permit's turn: at once where nobody waits and nothing is lacking."""
        free = not self._waiting and self.under_way < math.floor(self.allowed)
        if free and self._wait(permit.tokens) <= SOON:
            self._take_place(permit)
            return
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ready, permit))
        self._start_waiting()
        try:
            await ready
        except asyncio.CancelledError:
            if ready.done() and not ready.cancelled():  # its turn had just come: nothing was sent
                self._take(-1.0, -permit.tokens)
                self._leave()
            raise

    def leave(self, permit: Permit, error: BaseException | None) -> None:
        """Gives the place back. A call that was broken off teaches nothing."""
        try:
            if error is None:
                self._succeeded(permit)
            elif isinstance(error, CallFailed):
                self._failed(permit, error)
        finally:
            self._leave()

    def _leave(self) -> None:
        self.under_way -= 1
        self._start_waiting()

    def _succeeded(self, permit: Permit) -> None:
        if permit.used is not None:
            self._take(0.0, permit.used.prompt + permit.used.completion - permit.tokens)
        if self.limit.adaptive and self._waiting:
            step = 1.0 if self.era == 0 else 1.0 / self.allowed
            most = max(float(self.limit.maximum), self.allowed)
            self.allowed = min(self.allowed + step, most)

    def _failed(self, permit: Permit, failure: CallFailed) -> None:
        if not failure.kind.may_be_billed:
            self._take(0.0, -permit.tokens)
        if not self.limit.adaptive:
            return
        if failure.kind is FailureKind.RATE_LIMIT and permit.era == self.era:
            self.allowed = max(1.0, self.allowed / 2)
            self.era += 1
        if failure.retry_after is not None:
            pause = min(failure.retry_after, self.limit.max_pause_s)
            self.resume_at = max(self.resume_at, _now() + pause)

    def _start_waiting(self) -> None:
        """Starts as many of those waiting as may start now; sets a timer where only time is lacking."""
        while self._waiting:
            ready, permit = self._waiting[0]
            if ready.done():  # cancelled while it waited
                self._waiting.popleft()
                continue
            if self.under_way >= math.floor(self.allowed):
                return  # whoever leaves comes back here
            wait = self._wait(permit.tokens)
            if wait > SOON:
                self._come_back_in(wait)
                return
            self._waiting.popleft()
            self._take_place(permit)
            ready.set_result(None)

    def _take_place(self, permit: Permit) -> None:
        self._take(1.0, permit.tokens)
        permit.era = self.era
        self.under_way += 1

    def _wait(self, tokens: float) -> float:
        if self._requests is None and self._tokens is None and self.resume_at == -math.inf:
            return 0.0
        now = _now()
        waits = [self.resume_at - now]
        if self._requests is not None:
            waits.append(self._requests.wait(1.0, now))
        if self._tokens is not None:
            waits.append(self._tokens.wait(tokens, now))
        return max(waits)

    def _take(self, requests: float, tokens: float) -> None:
        if self._requests is None and self._tokens is None:
            return
        now = _now()
        if self._requests is not None:
            self._requests.take(requests, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)

    def _come_back_in(self, seconds: float) -> None:
        """One timer for the whole queue, however long it is."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._come_back)

    def _come_back(self) -> None:
        self._timer = None
        self._start_waiting()


class Queue(Protocol):
    """Where calls wait for their turn: a limiter, or a share of one."""

    async def enter(self, permit: Permit) -> None: ...
    def leave(self, permit: Permit, error: BaseException | None) -> None: ...


@dataclass(slots=True)
class Slot:
    """A call's place in several limiters at once, taken in their order. A class, since every call has one."""

    limiters: tuple[Queue, ...]
    permit: Permit
    _entered: int = 0

    async def __aenter__(self) -> Permit:
        try:
            for limiter in self.limiters:
                await limiter.enter(self.permit)
                self._entered += 1
        except BaseException as error:
            self._leave(error)
            raise
        return self.permit

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(error)

    def _leave(self, error: BaseException | None) -> None:
        for limiter in reversed(self.limiters[: self._entered]):
            limiter.leave(self.permit, error)


def _now() -> float:
    return asyncio.get_running_loop().time()
