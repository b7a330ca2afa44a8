"""What does `mascope report` take at 14 thousand, 100 thousand and a million messages, and how does it grow?

    python -m bench.report [--messages 14000,100000,1000000]

Results directories of two coders and six flags are made (`bench.made`; the largest takes about 3 GB of disk),
and each is reported on twice by the command itself, with all tables and 10,000 resamples: first without
anything kept, then with the columns that the first kept. Memory is that of all its processes together, each
page counted once. Growth is the exponent from each size to the next: 1 is linear.
"""

import argparse
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.made import Shape, made
from bench.measuring import Cost, between, by_others, clock, say, since
from mascope.store.layout import Results

SAMPLED_S = 0.2
"""How long after one look at the memory the next is taken, at the least."""
REST = 20
"""How many times as long as a look took: to look at gigabytes takes a while."""


@dataclass(frozen=True)
class Taken:
    messages: int
    cost: Cost
    peak_mb: float


@dataclass
class Memory:
    """Looks at a process and those that it started until it is told that it is over."""

    process: int
    peak_kb: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        rest = SAMPLED_S
        while not self.over.wait(rest):
            begun = time.perf_counter()
            self.peak_kb = max(self.peak_kb, sum(map(proportional_kb, family(self.process))))
            rest = max(SAMPLED_S, REST * (time.perf_counter() - begun))


def family(process: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in _content(task).split():
            yield from family(int(child))


def proportional_kb(process: int) -> int:
    """Resident memory; a page that several processes share counts for a part in each."""
    lines = _content(Path(f"/proc/{process}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _content(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it has ended
        return ""


def reported(results: Path, messages: int) -> Taken:
    begun = by_others()
    command = [sys.executable, "-m", "mascope", "report", str(results)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    memory = Memory(process.pid)
    watching = threading.Thread(target=memory.watch)
    watching.start()
    try:
        _, said = process.communicate()
    finally:
        memory.over.set()
        watching.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {said}")
    return Taken(messages, between(begun, by_others()), memory.peak_kb / 1024)


def lines(sizes: Sequence[int], folder: Path) -> Iterator[str]:
    before: dict[str, Taken] = {}
    for size in sizes:
        results = folder / str(size)
        begun = clock()
        messages = made(Results(results), Shape(size))
        yield f"{messages:,} messages, made in {since(begun).wall_s:.0f} s"
        for state in ("read anew", "columns kept"):
            taken = reported(results, messages)
            yield f"  {state:12} {told(taken)}{growth(before.get(state), taken)}"
            before[state] = taken


def told(taken: Taken) -> str:
    cost = taken.cost
    return (
        f"{cost.wall_s:7.1f} s, {cost.cpu_s:7.1f} s CPU, {taken.peak_mb:7,.0f} MB at most, "
        f"{cost.wall_s / taken.messages * 1e6:6.1f} µs a message"
    )


def growth(smaller: Taken | None, larger: Taken) -> str:
    if smaller is None:
        return ""
    factor = math.log(larger.messages / smaller.messages)
    wall = math.log(larger.cost.wall_s / smaller.cost.wall_s) / factor
    cpu = math.log(larger.cost.cpu_s / smaller.cost.cpu_s) / factor
    return f"; growth: exponent {wall:.2f} (CPU {cpu:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", default="14000,100000,1000000", help="sizes, with commas between")
    sizes = [int(size) for size in parser.parse_args().messages.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        say(lines(sizes, Path(folder)))


if __name__ == "__main__":
    main()
