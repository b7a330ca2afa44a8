"""Stopping cleanly: no new calls, and those under way are awaited and recorded."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GRACE_S = 5.0
"""How long answers under way are awaited after the first Ctrl-C."""
INTERRUPTED = "interrupted"


@dataclass(slots=True)
class Halt:
    """Once a reason is there, no new call is made. The first reason stays."""

    reason: BaseException | str | None = None

    def ask(self, reason: BaseException | str) -> None:
        self.reason = self.reason or reason


@contextlib.contextmanager
def interruptible(halt: Halt, work: "asyncio.Task[Any]") -> Iterator[None]:
    """The first Ctrl-C asks for a halt and gives `work` a while to end; the second cancels it."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if halt.reason is None:
            halt.ask(INTERRUPTED)
            loop.call_later(GRACE_S, work.cancel)
        else:
            work.cancel()

    for which in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(which, interrupt)
    try:
        yield
    finally:
        for which in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(which)
