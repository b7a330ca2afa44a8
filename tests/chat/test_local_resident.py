import threading

import pytest

from mascope.chat.local_engine import BLOCK, common_blocks
from mascope.chat.local_resident import Cores

WAIT_S = 30


class Worker(threading.Thread):
    """Borrows cores and holds them until it is let go."""

    def __init__(self, cores: Cores, wanted: int) -> None:
        super().__init__(daemon=True)
        self.has, self.let_go = threading.Event(), threading.Event()
        self._cores, self._wanted = cores, wanted
        self.start()

    def run(self) -> None:
        with self._cores.lent(self._wanted):
            self.has.set()
            self.let_go.wait(WAIT_S)


def test_no_more_cores_are_lent_than_there_are() -> None:
    cores = Cores(2)
    first, second = Worker(cores, 1), Worker(cores, 1)
    assert first.has.wait(WAIT_S)
    assert second.has.wait(WAIT_S)

    third = Worker(cores, 1)

    assert not third.has.wait(0.05)
    second.let_go.set()
    assert third.has.wait(WAIT_S)
    for worker in (first, third):
        worker.let_go.set()


def test_who_wants_many_cores_is_not_passed_by_those_who_want_few() -> None:
    cores = Cores(2)
    holder = Worker(cores, 1)
    assert holder.has.wait(WAIT_S)
    many = Worker(cores, 2)
    assert not many.has.wait(0.05)

    few = Worker(cores, 1)

    assert not few.has.wait(0.05)
    holder.let_go.set()
    assert many.has.wait(WAIT_S)
    many.let_go.set()
    assert few.has.wait(WAIT_S)
    few.let_go.set()


def test_who_wants_more_cores_than_there_are_gets_them_all() -> None:
    cores = Cores(2)

    with cores.lent(64):
        waiting = Worker(cores, 1)
        assert not waiting.has.wait(0.05)

    assert waiting.has.wait(WAIT_S)
    waiting.let_go.set()


def test_cores_come_back_when_the_work_fails() -> None:
    cores = Cores(1)
    with pytest.raises(ZeroDivisionError), cores.lent(1):
        raise ZeroDivisionError

    after = Worker(cores, 1)

    assert after.has.wait(WAIT_S)
    after.let_go.set()


@pytest.mark.parametrize(
    ("kept", "prompt", "blocks"),
    [
        ([], [1] * 200, 0),
        ([1] * 200, [1] * 200, 3),
        ([1] * 200, [1] * 199 + [2], 3),
        ([1] * (2 * BLOCK), [1] * (2 * BLOCK), 1),  # one token at least is left to be computed
        ([1] * (2 * BLOCK + 1), [1] * (2 * BLOCK + 1), 2),
        ([1] * (2 * BLOCK + 1), [1] * 500, 2),
        ([1] * 500, [1] * (BLOCK - 1), 0),
        ([1] * 100 + [2] + [1] * 99, [1] * 200, 1),
        ([2] + [1] * 199, [1] * 200, 0),
    ],
)
def test_only_whole_blocks_are_taken_over(kept: list[int], prompt: list[int], blocks: int) -> None:
    assert common_blocks(kept, prompt) == blocks * BLOCK
    assert common_blocks(prompt, kept) == blocks * BLOCK
