"""Who speaks when, and who sees what. One entry a rule; all are pure functions of the plan."""

import random
from collections.abc import Callable, Mapping
from typing import TypeAlias

from mascope.seeds import derive
from mascope.study import Run

Order: TypeAlias = Callable[[Run, int], tuple[int, ...]]
"""(run, round) → seats in speaking order."""
Visibility: TypeAlias = Callable[[tuple[int, int], tuple[int, int]], bool]
"""((round, position) of a turn, (round, position) of the speaker) → whether the speaker sees the turn."""


def _fixed(run: Run, round_: int) -> tuple[int, ...]:
    return tuple(range(len(run.agents)))


def _reversed(run: Run, round_: int) -> tuple[int, ...]:
    return _fixed(run, round_)[::-1]


def _shuffled(run: Run, round_: int) -> tuple[int, ...]:
    return _shuffle(run, "order")


def _shuffled_rounds(run: Run, round_: int) -> tuple[int, ...]:
    return _shuffle(run, "order", round_)


def _shuffle(run: Run, *what: str | int) -> tuple[int, ...]:
    seats = list(range(len(run.agents)))
    random.Random(derive(run.seed, *what)).shuffle(seats)  # noqa: S311 - an experiment's draw, not a secret
    return tuple(seats)


def _latin(run: Run, round_: int) -> tuple[int, ...]:
    """Row `replicate` of a Williams square (Williams 1949).

    Over n runs each seat takes each position once; for even n each also follows each other one equally often.
    """
    n = len(run.agents)
    zigzag = [(step + 1) // 2 if step % 2 else (n - step // 2) % n for step in range(n)]
    return tuple((seat + run.replicate - 1) % n for seat in zigzag)


ORDERS: Mapping[str, Order] = {
    "fixed": _fixed,
    "reversed": _reversed,
    "shuffled": _shuffled,
    "shuffled_rounds": _shuffled_rounds,
    "latin": _latin,
}


def _earlier_rounds(turn: tuple[int, int], speaker: tuple[int, int]) -> bool:
    return turn[0] < speaker[0]


def _earlier_turns(turn: tuple[int, int], speaker: tuple[int, int]) -> bool:
    return turn < speaker


def _whatever_arrived(turn: tuple[int, int], speaker: tuple[int, int]) -> bool:
    return True


VISIBILITIES: Mapping[str, Visibility] = {
    "simultaneous": _earlier_rounds,
    "sequential": _earlier_turns,
    "staggered": _whatever_arrived,
}
"""Only under `staggered` does what is seen depend on how fast the others answered."""
