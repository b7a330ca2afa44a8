"""A worker's share of what all workers may have under way: many calls wait here for one exchange."""

import asyncio
import hashlib
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mascope.chat.limiter import Limit, Permit, Slot
from mascope.chat.pacing import declared_limit, endpoint_of, reckoned_tokens
from mascope.chat.types import Model, Request
from mascope.cluster.pools import UNLIMITED, Grant, Report
from mascope.errors import CallFailed, FailureKind

FIRST = 64
"""Calls whose tokens are told to the desk: more are not started by one answer."""


@dataclass(slots=True)
class Share:
    """The part of a pool that this worker has. First come, first served, as in a `Limiter`."""

    limit: Limit
    """Of all workers together."""
    urge: Callable[[], None]
    """Called where an exchange should come soon."""
    places: int = 0
    under_way: int = 0
    most: int = UNLIMITED
    peak: int = 0
    """The most calls under way since the last report."""
    era: int = 0
    resume_at: float = -math.inf
    expect: int | None = None
    _waiting: deque[tuple[asyncio.Future[None], Permit]] = field(default_factory=deque)
    _refused: bool = False
    """Whether the desk has said when it is worth asking again."""
    _succeeded: int = 0
    _used: float = 0.0
    _turned_away: int | None = None
    _pause_s: float | None = None
    _told: bool = False
    """Whether the desk knows that something is held or wanted here."""

    @property
    def metered(self) -> bool:
        """Whether each start is dealt out by itself."""
        return self.limit.rpm is not None or self.limit.tpm is not None

    async def enter(self, permit: Permit) -> None:
        """Returns when it is the permit's turn."""
        if not self._waiting and self._open():
            self._take_place(permit)
            return
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ready, permit))
        self._ask()
        try:
            await ready
        except asyncio.CancelledError:
            if ready.done() and not ready.cancelled():  # its turn had just come: nothing was sent
                self.under_way -= 1
                self._start_waiting()
            raise

    def leave(self, permit: Permit, error: BaseException | None) -> None:
        """Gives the place back. A call that was broken off teaches nothing."""
        if error is None:
            self._learn_success(permit)
        elif isinstance(error, CallFailed):
            self._learn_failure(permit, error)
        self.under_way -= 1
        if self.metered or self.places > self.most:
            self.places -= 1
            self._ask()
        self._start_waiting()

    def report(self) -> Report | None:
        """What the desk should know now; None where that is nothing. Places that were not needed go back."""
        self.places = max(min(self.places, self.peak, self.most), self.under_way)
        self.peak = self.under_way
        self._drop_cancelled()
        report = Report(
            held=self.places,
            want=max(0, len(self._waiting) - (self.places - self.under_way)),
            tokens=[permit.tokens for _, permit in list(self._waiting)[:FIRST]] if self.metered else [],
            succeeded=self._succeeded,
            used=self._used,
            turned_away=self._turned_away,
            pause_s=self._pause_s,
            expect=self.expect,
        )
        self._succeeded, self._used, self._turned_away, self._pause_s = 0, 0.0, None, None
        told, self._told = self._told, bool(report.held or report.want)
        learned = report.succeeded or report.used or report.turned_away is not None or report.pause_s
        return report if told or self._told or learned else None

    def grant(self, grant: Grant) -> None:
        self.places += grant.places
        self.peak = max(self.peak, self.under_way + grant.places)
        self.most, self.era = grant.most, grant.era
        self._refused = grant.again_s is not None
        if grant.pause_s > 0:
            self._pause(grant.pause_s)
        self._start_waiting()
        if self.places > max(self.most, self.under_way):
            self.urge()  # others wait for what is not needed here

    def _open(self) -> bool:
        if self.resume_at != -math.inf and _now() < self.resume_at:
            return False
        return self.under_way < (self.places if self.metered else min(self.places, max(self.most, 1)))

    def _take_place(self, permit: Permit) -> None:
        permit.era = self.era
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)

    def _start_waiting(self) -> None:
        while self._waiting and self._open():
            ready, permit = self._waiting.popleft()
            if not ready.done():  # else it was cancelled while it waited
                self._take_place(permit)
                ready.set_result(None)
        if self._waiting:
            self._ask()

    def _ask(self) -> None:
        if not self._refused:
            self.urge()

    def _drop_cancelled(self) -> None:
        if any(ready.done() for ready, _ in self._waiting):
            self._waiting = deque(one for one in self._waiting if not one[0].done())

    def _learn_success(self, permit: Permit) -> None:
        if permit.used is not None and self.limit.tpm:
            self._used += permit.used.prompt + permit.used.completion - permit.tokens
        if self._waiting:
            self._succeeded += 1

    def _learn_failure(self, permit: Permit, failure: CallFailed) -> None:
        if self.limit.tpm and not failure.kind.may_be_billed:
            self._used -= permit.tokens
        if not self.limit.adaptive:
            return
        if failure.kind is FailureKind.RATE_LIMIT and permit.era == self.era:
            self._turned_away = self.era
            self.urge()
        if failure.retry_after is not None:
            pause_s = min(failure.retry_after, self.limit.max_pause_s)
            self._pause_s = max(self._pause_s or 0.0, pause_s)
            self._pause(pause_s)
            self.urge()

    def _pause(self, seconds: float) -> None:
        resume_at = _now() + seconds
        if resume_at > self.resume_at:
            self.resume_at = resume_at
            asyncio.get_running_loop().call_later(seconds + 0.001, self._start_waiting)


@dataclass(slots=True)
class SharedPacer:
    """The gate of one worker: as a `Pacer`, of limiters that all workers have together."""

    urge: Callable[[], None]
    _shares: dict[str, Share] = field(default_factory=dict)
    """By the name of the pool, which is the same on all workers and tells no address."""
    _names: dict[tuple[str | None, ...], str] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    """Pools whose limits the desk knows."""

    def slot(self, request: Request) -> Slot:
        endpoint, model = self._of_endpoint(request.model), self._of_model(request.model)
        if model is None:
            return Slot((endpoint,), Permit())
        return Slot((model, endpoint), Permit(reckoned_tokens(request) if model.limit.tpm else 0.0))

    def reports(self) -> dict[str, dict[str, Any]]:
        """By pool: its report, and its limit when it is first told of."""
        told: dict[str, dict[str, Any]] = {}
        for name, share in self._shares.items():
            report = share.report()
            if report is not None:
                limit = {} if name in self._told else {"limit": asdict(share.limit)}
                told[name] = {"report": asdict(report), **limit}
                self._told.add(name)
        return told

    def unheard(self) -> None:
        """The last reports may not have arrived."""
        self._told.clear()

    def grants(self, granted: Mapping[str, Mapping[str, Any]]) -> None:
        for name, grant in granted.items():
            self._shares[name].grant(Grant(**grant))

    def _of_model(self, model: Model) -> Share | None:
        """None where the model declares no limit."""
        key = ("model", model.key, model.served_by)
        if key not in self._names:
            limit = declared_limit(model)
            unlimited = limit == declared_limit(replace(model, concurrency=None, parameters={}))
            self._names[key] = "" if unlimited else self._made(key, limit)
        return self._shares.get(self._names[key])

    def _of_endpoint(self, model: Model) -> Share:
        key = ("endpoint", *endpoint_of(model))
        if key not in self._names:
            self._names[key] = self._made(key, Limit())
        share = self._shares[self._names[key]]
        if model.concurrency:
            share.expect = max(share.expect or 0, model.concurrency)
        return share

    def _made(self, key: tuple[str | None, ...], limit: Limit) -> str:
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        self._shares[name] = Share(limit, self.urge)
        return name


def _now() -> float:
    return asyncio.get_running_loop().time()
