import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mascope.errors import InvalidInput
from mascope.spread import cores, spread, threads_of


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(spread(lambda n: n * n, range(20), 2)) == [n * n for n in range(20)]


def test_nothing_to_do_gives_nothing() -> None:
    assert list(spread(str, [], 4)) == []


def test_work_and_items_need_not_be_sent_to_the_processes() -> None:
    def outer(place: int) -> int:  # neither this nor a generator can be pickled
        return sum(generators[place])

    generators = [(n for n in range(3)), (n for n in range(4))]

    assert list(spread(outer, [0, 1], 2)) == [3, 6]


def test_it_is_other_processes_that_work() -> None:
    processes = set(spread(lambda _: os.getpid(), range(8), 2))

    assert os.getpid() not in processes
    assert len(processes) <= 2


def test_one_worker_is_this_process() -> None:
    assert set(spread(lambda _: os.getpid(), range(3), 1)) == {os.getpid()}


def test_a_process_that_works_for_another_spreads_nothing_further() -> None:
    assert list(spread(lambda _: cores(), [0, 1], 2)) == [1, 1]
    assert cores() == len(os.sched_getaffinity(0))


def test_an_error_comes_back_as_it_is() -> None:
    def fail(number: int) -> int:
        raise InvalidInput(f"not {number}")

    with pytest.raises(InvalidInput, match="not 0"):
        list(spread(fail, [0, 1], 2))


def test_what_a_killed_process_would_have_done_is_done_here(tmp_path: Path) -> None:
    here, killed = os.getpid(), tmp_path / "killed"

    def work(number: int) -> int:
        if os.getpid() != here and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert list(spread(work, range(4), 2)) == [0, 1, 2, 3]
    assert killed.exists()


def test_a_system_that_does_not_name_its_cores_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")

    assert cores() == 1
    assert list(spread(lambda _: os.getpid(), [0, 1])) == [os.getpid()] * 2


def test_threads_of_a_library_are_known_by_their_name() -> None:
    code = """if True:
        import vl_convert
        from mascope.spread import threads_of
        before = threads_of("V8")
        vl_convert.vegalite_to_svg({"data": {"values": []}, "mark": "point"})
        print(before, threads_of("V8"))
    """
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert found.stdout.split() == ["False", "True"]
    assert not threads_of("no such")
