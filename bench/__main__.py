"""Every measurement in turn: `python -m bench`, or `python -m bench rules engine`; `--quick` for less.

Each is a module of this folder that prints its own figures; speed is given as ratios within one run.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bench:
    """A module and its arguments."""

    module: str
    usual: Sequence[str] = ()
    quick: Sequence[str] = ()
    """In place of the usual ones."""


BENCHES: Mapping[str, Bench] = {
    "start": Bench("bench.start", (), ("--times", "2")),
    "engine": Bench("bench.engine", (), ("--discussions", "4")),
    "route": Bench("bench.route", (), ("--discussions", "4", "--rounds", "4")),
    "crowd": Bench("bench.crowd", (), ("--discussions", "200", "--rounds", "3")),
    "judging": Bench("bench.judging", (), ("--messages", "1000")),
    "report": Bench("bench.report", (), ("--messages", "2000,10000")),
    "cluster": Bench("bench.cluster", (), ("--workers", "1", "2", "--discussions", "8")),
    "rules": Bench("bench.rules"),
    "mentions": Bench("bench.mentions"),
    "coders": Bench("bench.coders", ("--studies", "20"), ("--studies", "3")),
    "measurement": Bench("bench.measurement", ("--studies", "100"), ("--studies", "10")),
    "calibration": Bench("bench.calibration", ("--studies", "200"), ("--studies", "20")),
}
"""By name; the last three with fewer simulated studies than they do by themselves."""


def main(given: Sequence[str]) -> int:
    """Runs the benches named (all, where none is); the number that failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="smaller sizes: whether they run, not how fast")
    options = parser.parse_args(given)
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench {unknown[0]!r}; there are {', '.join(BENCHES)}")
    return sum(not ran(name, quick=options.quick) for name in options.names or BENCHES)


def ran(name: str, *, quick: bool) -> bool:
    bench = BENCHES[name]
    sys.stdout.write(f"\n== {name}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", bench.module, *(bench.quick if quick else bench.usual)]
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
