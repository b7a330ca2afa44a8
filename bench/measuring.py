"""What the benches share: a study of some size, time and memory taken, and lines said as they come."""

import argparse
import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mascope.study import Study, load_study

STUDY = """\
study: bench
brief: Agree on a plan for the garden.
models: {{m: {{model: openai/m, base_url: "{url}", concurrency: {calls}}}}}
base: {{participants: {{clones_of: m, count: {agents}}}, rounds: {rounds}, runs: {discussions}}}
series: {{X: {{}}}}
"""
MOST_CALLS = 2048
"""Calls under way at once that the study declares at most."""


@dataclass(frozen=True)
class Size:
    """Discussions held at once."""

    discussions: int
    agents: int
    rounds: int

    @property
    def calls(self) -> int:
        return self.discussions * self.agents * self.rounds


@dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float


def study_of(size: Size, url: str, folder: str) -> Study:
    file = Path(folder, "study.yaml")
    calls = min(MOST_CALLS, size.discussions * size.agents)
    file.write_text(STUDY.format(url=url, calls=calls, **vars(size)))
    return load_study(file)


def clock() -> tuple[float, float]:
    """Now, and the CPU time of this process and of those that it started and that have ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in spent)


def by_others() -> tuple[float, float]:
    """The same, of the CPU time without that of this process."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), spent.ru_utime + spent.ru_stime


def between(begun: tuple[float, float], ended: tuple[float, float]) -> Cost:
    return Cost(ended[0] - begun[0], ended[1] - begun[1])


def since(begun: tuple[float, float]) -> Cost:
    return between(begun, clock())


def peak_mb() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def sized(description: str | None, usual: Size) -> argparse.ArgumentParser:
    """A command line with --discussions, --agents and --rounds."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    for name, value in vars(usual).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser


def size_of(given: argparse.Namespace) -> Size:
    return Size(given.discussions, given.agents, given.rounds)


def say(lines: Iterable[str]) -> None:
    """Each line as soon as it is known."""
    for line in lines:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
