"""How much memory do thousands of discussions at once take? Each waits for its models most of the time.

    python -m bench.crowd [--discussions 2000] [--agents 7] [--rounds 11] [--latency 2.0]

Every discussion is held whole, to its journal on disk, by models that answer after a while with about 80
words. Printed are the calls made, the peak of calls under way, and the peak resident memory of the process.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.lean_server import WORDS
from bench.measuring import peak_mb
from mascope.chat.types import Reply, Request
from mascope.discussion.channel import Models
from mascope.discussion.engine import Setting, Unobserved
from mascope.discussion.runs import hold_runs
from mascope.records import Usage
from mascope.store.layout import Results
from mascope.study import load_study, plan

STUDY = """\
study: crowd
brief: Agree on a plan for the garden.
models: {{m: {{model: rehearsal/plain}}}}
base: {{participants: {{clones_of: m, count: {agents}}}, rounds: {rounds}, runs: {discussions}}}
series: {{X: {{}}}}
"""


@dataclass
class Slow:
    """A model of its own words, `latency` seconds away."""

    latency_s: float
    calls: int = 0
    under_way: int = 0
    peak: int = 0

    async def complete(self, request: Request) -> Reply:
        self.calls += 1
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        await asyncio.sleep(self.latency_s)
        self.under_way -= 1
        return Reply(f"{self.calls}: {WORDS}", "stop", Usage(100, 100), served_model="m")

    async def aclose(self) -> None:
        pass


def crowd(given: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "study.yaml")
        file.write_text(STUDY.format(**vars(given)))
        study = load_study(file)
        runs, slow, before = plan(study), Slow(given.latency), peak_mb()
        setting = Setting(Models({"m": slow}), Unobserved())
        begun, cpu = time.perf_counter(), time.process_time()
        statuses = asyncio.run(
            hold_runs(study, runs, Results(Path(folder, "out")), setting, given.discussions)
        )
    done = sum(status == "done" for status in statuses.values())
    return (
        f"{done} discussions at once: {slow.calls} calls, {slow.peak} under way at most; peak memory "
        f"{peak_mb():.0f} MB ({before:.0f} MB before); {time.perf_counter() - begun:.0f} s, CPU "
        f"{(time.process_time() - cpu) / slow.calls * 1000:.2f} ms a call"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--discussions", type=int, default=2000)
    parser.add_argument("--agents", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds")
    sys.stdout.write(crowd(parser.parse_args()) + "\n")


if __name__ == "__main__":
    main()
