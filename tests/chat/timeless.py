"""An event loop whose clock jumps to the next timer instead of waiting: minutes of pacing in no time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Skipping(selectors.DefaultSelector):
    """Never waits: the time that the loop would have slept is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.wakes = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the loop waits for something that no timer will bring")
        self.wakes += 1
        self.now += max(timeout, 0.0)
        return super().select(0)


class _Timeless(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.skipping = _Skipping()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.now


def timeless(main: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, on a clock that starts at 0 and costs nothing."""
    with asyncio.Runner(loop_factory=_Timeless) as runner:
        return runner.run(main)


def wakes() -> int:
    """How often that loop has run."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, _Timeless):
        raise TypeError("only the timeless loop counts")
    return loop.skipping.wakes


def now() -> float:
    """Seconds since the start, on that clock."""
    return asyncio.get_running_loop().time()
