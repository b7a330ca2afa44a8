"""What all workers together may have under way at one address, dealt out by the desk.

A worker that was given places keeps them while it needs them, so that most calls cost no message. Only where
calls a minute are limited is each start dealt out by itself, since a share of a rate would be no exact limit.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mascope.chat.limiter import SOON, Bucket, Limit

UNLIMITED = 1_000_000
ASK_AGAIN_S = 0.05
"""After so long, whoever waits for a place asks again."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker says of its share, since it last did."""

    held: int = 0
    """Places that it keeps."""
    want: int = 0
    """Calls that wait for one."""
    tokens: list[float] = field(default_factory=list)
    """What the first of these take, as reckoned; empty where tokens are not limited."""
    succeeded: int = 0
    """Calls that ended well while others waited."""
    used: float = 0.0
    """Tokens beyond those reckoned; less than none gives back."""
    turned_away: int | None = None
    """The era in which the server turned a call away."""
    pause_s: float | None = None
    """How long the server asks to be left alone."""
    expect: int | None = None
    """Calls under way that the study expects the address to stand."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the desk says to it."""

    places: int = 0
    """Given now, beside those kept."""
    most: int = UNLIMITED
    """How many the worker may keep, now that others want some."""
    era: int = 0
    pause_s: float = 0.0
    again_s: float | None = None
    """When it is worth asking again; None where it got all that it wanted."""


@dataclass(slots=True)
class Pool:
    """One limiter for all workers: it learns from what they report as a `Limiter` learns from calls."""

    limit: Limit
    clock: Callable[[], float]
    allowed: float = field(init=False)
    era: int = 0
    resume_at: float = -math.inf
    held: dict[str, int] = field(default_factory=dict)
    """Places by worker."""
    wanting: dict[str, int] = field(default_factory=dict)
    """Places wanted in vain, by worker: who waits longest comes first."""
    _requests: Bucket | None = None
    _tokens: Bucket | None = None

    def __post_init__(self) -> None:
        self.allowed = float(self.limit.start)
        rpm, tpm = self.limit.rpm, self.limit.tpm
        self._requests = Bucket(rpm, max(1.0, rpm / 60)) if rpm else None
        self._tokens = Bucket(tpm, tpm / 6) if tpm else None

    def settle(self, worker: str, report: Report) -> Grant:
        """Take in what a worker reports, and deal out what it may have."""
        now = self.clock()
        self._learn(report, now)
        self._note(self.held, worker, report.held)
        self._note(self.wanting, worker, report.want)
        most = self._most(worker)
        places, again_s = self._deal(worker, report, most, now)
        self._note(self.held, worker, report.held + places)
        if places:  # whoever was given some stands behind the others again
            self.wanting.pop(worker, None)
            self._note(self.wanting, worker, report.want - places)
        return Grant(places, most, self.era, max(0.0, self.resume_at - now), again_s)

    def lose(self, worker: str) -> None:
        """The worker is gone, and its calls with it."""
        self.held.pop(worker, None)
        self.wanting.pop(worker, None)

    @staticmethod
    def _note(book: dict[str, int], worker: str, number: int) -> None:
        if number > 0:
            book[worker] = number
        else:
            book.pop(worker, None)

    def _learn(self, report: Report, now: float) -> None:
        if self._tokens is not None and report.used:
            self._tokens.take(report.used, now)
        if not self.limit.adaptive:
            return
        if report.expect and self.era == 0:
            self.allowed = max(self.allowed, float(report.expect))
        if report.succeeded:
            step = 1.0 if self.era == 0 else 1.0 / self.allowed
            most = max(float(self.limit.maximum), self.allowed)
            self.allowed = min(self.allowed + step * report.succeeded, most)
        if report.turned_away == self.era:
            self.allowed = max(1.0, self.allowed / 2)
            self.era += 1
        if report.pause_s is not None:
            self.resume_at = max(self.resume_at, now + min(report.pause_s, self.limit.max_pause_s))

    def _most(self, worker: str) -> int:
        """How many places it may have, where there are not enough for all: as many as anybody else."""
        others_want = len(self.wanting) > (worker in self.wanting)
        if not others_want and sum(self.held.values()) <= math.floor(self.allowed):
            return UNLIMITED
        demands = [self.held.get(w, 0) + self.wanting.get(w, 0) for w in {*self.held, *self.wanting}]
        level = level_of(demands, math.floor(self.allowed))
        if level == 0:  # fewer places than workers: one each in turn, given back after each call
            first = list(self.wanting)[: math.floor(self.allowed)]
            return 1 if worker in first else 0
        return level

    def _deal(self, worker: str, report: Report, most: int, now: float) -> tuple[int, float | None]:
        """How many places are given now, and when to ask again where that is fewer than wanted."""
        if not report.want:
            return 0, None
        if now < self.resume_at:
            return 0, self.resume_at - now
        free = math.floor(self.allowed) - sum(self.held.values())
        places = max(0, min(report.want, free, most - report.held))
        if self._requests is None and self._tokens is None:
            if places == report.want:
                return places + self._ahead(free - places, most), None
            return places, ASK_AGAIN_S
        started, wait_s = self._start(report.tokens or [0.0] * places, places, now)
        return started, None if started == report.want else max(wait_s, SOON) if wait_s else ASK_AGAIN_S

    def _ahead(self, free: int, most: int) -> int:
        """Places given unasked, so that the next calls need not wait; none where others may want them."""
        return max(0, free) // (2 * (len(self.held) + 1)) if most == UNLIMITED else 0

    def _start(self, tokens: Iterable[float], most: int, now: float) -> tuple[int, float]:
        """Take from the buckets for as many calls as may start now; the wait until the next one may."""
        started = 0
        for cost in tokens:
            if started == most:
                return started, 0.0
            wait_s = max(
                0.0 if self._requests is None else self._requests.wait(1.0, now),
                0.0 if self._tokens is None else self._tokens.wait(cost, now),
            )
            if wait_s > SOON:
                return started, wait_s
            if self._requests is not None:
                self._requests.take(1.0, now)
            if self._tokens is not None:
                self._tokens.take(cost, now)
            started += 1
        return started, 0.0


def level_of(demands: Iterable[int], capacity: int) -> int:
    """The share that nobody's demand is filled beyond, so that `capacity` suffices (max-min fairness)."""
    left = capacity
    ordered = sorted(demands)
    for number, demand in enumerate(ordered):
        share = left // (len(ordered) - number)
        if demand > share:
            return share
        left -= demand
    return UNLIMITED


def read_report(fields: Mapping[str, Any]) -> Report:
    return Report(**fields)
