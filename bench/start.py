"""How soon do the commands answer that one waits for: `--help`, `plan`, `status` of 208 runs?

    python -m bench.start [--times 5]

The best of some times, each in a process of its own, beside Python's own start.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.made import MESSAGES_A_RUN, Shape, made
from bench.measuring import Cost, clock, say, since
from mascope.store.layout import Results

RUNS = 208
STUDY = Path(__file__).resolve().parents[1] / "experiments" / "whoami-rehearsal.yaml"
WANTED_S: Mapping[str, float] = {"--help": 0.3, "plan": 1.0, "status": 1.0}


def timed(command: Sequence[str], times: int) -> Cost:
    """The quickest."""
    costs = []
    for _ in range(times):
        begun = clock()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        costs.append(since(begun))
    return min(costs, key=lambda cost: cost.wall_s)


def lines(times: int) -> Iterator[str]:
    python = timed([sys.executable, "-c", "pass"], times)
    yield f"{'python alone':12} {python.wall_s:5.2f} s, {python.cpu_s:5.2f} s CPU"
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        made(Results(results), Shape(RUNS * MESSAGES_A_RUN, coded=False))
        arguments = {"--help": ["--help"], "plan": ["plan", str(STUDY)], "status": ["status", str(results)]}
        for name, given in arguments.items():
            cost = timed([sys.executable, "-m", "mascope", *given], times)
            yield (
                f"{name:12} {cost.wall_s:5.2f} s, {cost.cpu_s:5.2f} s CPU; "
                f"{cost.wall_s / WANTED_S[name]:5.2f} × the {WANTED_S[name]:g} s wanted"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    say(lines(parser.parse_args().times))


if __name__ == "__main__":
    main()
