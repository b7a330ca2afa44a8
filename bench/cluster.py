"""What do more workers bring? Throughput and efficiency at 1, 2 and 4 worker processes, in one run.

    python -m bench.cluster [--workers 1 2 4] [--discussions 64] [--jobs 8] [--latency 0.2]

First against a loopback server that answers after `--latency` seconds, where a worker mostly waits: each
holds `--jobs` discussions at once, so the ideal is that twice the workers take half the time. Then with
rehearsed models that answer at once, where it is all work: there no more than the machine's cores can be
gained. Last, what the limits that hold over all workers cost by themselves: the same waiting, in one process,
without the calls. Starting the processes is not counted; all of the rest is. Efficiency is the time of one
worker / (workers × time).
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from distributed import Scheduler

from bench.lean_server import lean_server
from mascope.chat.types import ChatTurn, Model, Request
from mascope.cluster.connecting import connected
from mascope.cluster.desk import Desk
from mascope.cluster.link import Link
from mascope.cluster.running import there
from mascope.discussion.engine import Unobserved
from mascope.halt import Halt
from mascope.pipeline.running import Options, hold, prepare
from mascope.store import journal
from mascope.store.layout import Results

STUDY = """\
study: cluster
brief: Agree on a plan for the garden.
models: {{m: {{{model}}}}}
base: {{participants: {{clones_of: m, count: {agents}}}, rounds: {rounds}, runs: {runs}}}
series: {{X: {{}}}}
"""
AGENTS, ROUNDS = 7, 11


@dataclass(frozen=True)
class Size:
    discussions: int
    jobs: int
    latency: float

    def ideal_s(self, workers: int) -> float:
        """The waiting alone: so many discussions one after the other, each so many rounds long."""
        return -(-self.discussions // (self.jobs * workers)) * ROUNDS * self.latency


@dataclass(frozen=True)
class Measured:
    workers: int
    seconds: float
    calls: int


async def measured(file: Path, out: Path, size: Size, workers: int) -> Measured:
    """A whole study on that many workers, which were started before."""
    options = Options(jobs=size.jobs, elsewhere=True)
    async with connected(f"local:{workers}") as cluster:
        begun = time.perf_counter()
        summary = await hold(prepare(file, out, options), Unobserved(), there(cluster, options))
        seconds = time.perf_counter() - begun
    if set(summary.statuses.values()) != {"done"}:
        raise SystemExit(f"not all runs were held: {dict(summary.counts)}")
    calls = sum(journal.read(found).calls for found in Results(out).journals())
    return Measured(workers, seconds, calls)


def study(folder: Path, model: str, runs: int) -> Path:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(model=model, agents=AGENTS, rounds=ROUNDS, runs=runs))
    return file


def rows(file: Path, size: Size, numbers: list[int]) -> Iterator[Measured]:
    for workers in numbers:
        yield asyncio.run(measured(file, file.with_name(f"out-{workers}"), size, workers))


def told(one: Measured, first: Measured, ideal_s: float | None) -> str:
    efficiency = first.seconds * first.workers / (one.workers * one.seconds)
    beside = f", ideal {ideal_s:5.2f} s ({one.seconds / ideal_s:.2f} ×)" if ideal_s else ""
    return (
        f"{one.workers} workers: {one.seconds:6.2f} s{beside}, {one.calls / one.seconds:7,.0f} calls/s, "
        f"efficiency {efficiency:.2f}"
    )


def report(name: str, file: Path, size: Size, numbers: list[int]) -> None:
    first: Measured | None = None
    for one in rows(file, size, numbers):
        if first is None:
            first = one
            sys.stdout.write(f"{name} ({one.calls:,} calls):\n")
        sys.stdout.write(f"  {told(one, first, size.ideal_s(one.workers) or None)}\n")
        sys.stdout.flush()


# What dealing out costs ------------------------------------------------------------------------------------

WAY_S = 0.002
"""To the scheduler and back."""


def link_to(desk: Desk, worker: str, sent: list[str]) -> Link:
    async def exchange(
        pools: Mapping[str, Any], account: Mapping[str, float] | None, news: list[Any], halt: Any
    ) -> Mapping[str, Any]:
        sent.append(worker)
        await asyncio.sleep(WAY_S)
        return await desk.exchange(worker, pools, account, news, halt)

    return Link(exchange, Halt(), budgeted=False)


async def dealt(size: Size, workers: int) -> tuple[float, float]:
    """Seconds that the waiting took, and messages to the desk for a call."""
    desk, sent = Desk("bench", "client", None), list[str]()
    names = [f"worker-{number}" for number in range(workers)]
    await desk.start(cast(Scheduler, SimpleNamespace(handlers={}, workers=dict.fromkeys(names))))
    links = [link_to(desk, name, sent) for name in names]
    model = Model("m", "openai/m", "M", base_url="http://nowhere", concurrency=1000)
    request = Request(model, (ChatTurn("user", "hello"),))
    rounds = -(-size.discussions // (size.jobs * workers)) * ROUNDS

    async def call(link: Link) -> None:
        async with link.pacer.slot(request):
            await asyncio.sleep(size.latency)

    async def discussion(link: Link) -> None:
        for _ in range(rounds):
            await asyncio.gather(*(call(link) for _ in range(AGENTS)))

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        exchanging = [group.create_task(link.run()) for link in links]
        await asyncio.gather(*(discussion(link) for link in links for _ in range(size.jobs)))
        seconds = time.perf_counter() - begun
        for link in links:
            link.end()
        await asyncio.gather(*exchanging)
    return seconds, len(sent) / (rounds * AGENTS * size.jobs * workers)


def dealing(size: Size, numbers: list[int]) -> None:
    sys.stdout.write("the limits alone:\n")
    for workers in numbers:
        seconds, messages = asyncio.run(dealt(size, workers))
        ratio = seconds / size.ideal_s(workers)
        sys.stdout.write(f"  {workers} workers: {ratio:.2f} × ideal, {messages:.3f} messages a call\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--discussions", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=8, help="discussions at once in each worker")
    parser.add_argument("--latency", type=float, default=0.2, help="of the server, in seconds")
    given = parser.parse_args()
    os.environ.setdefault("BENCH_KEY", "none")
    size = Size(given.discussions, given.jobs, given.latency)
    with tempfile.TemporaryDirectory() as folder, lean_server(size.latency) as url:
        model = f'model: openai/m, base_url: "{url}", key_env: BENCH_KEY, concurrency: 1000'
        file = study(Path(folder), model, size.discussions)
        report(f"a server {size.latency * 1000:.0f} ms away", file, size, given.workers)
    with tempfile.TemporaryDirectory() as folder:
        file = study(Path(folder), "model: rehearsal/plain, parameters: {latency: 0}", size.discussions)
        report("rehearsed models", file, Size(size.discussions, size.jobs, 0.0), given.workers)
    dealing(size, given.workers)


if __name__ == "__main__":
    main()
