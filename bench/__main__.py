"""Every measurement, one after the other: `python -m bench`, or `python -m bench rules engine`.

Each is a module of this folder that prints its own figures; speed is given as ratios within one run.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence

BENCHES: Mapping[str, Sequence[str]] = {
    "rules": ("bench.rules",),
    "engine": ("bench.engine",),
    "route": ("bench.route",),
    "coders": ("bench.coders", "--studies", "20"),
    "measurement": ("bench.measurement", "--studies", "100"),
    "calibration": ("bench.calibration", "--studies", "200"),
}
"""Name → module and arguments; the last two with fewer simulated studies than they do by themselves."""


def main(names: Sequence[str]) -> int:
    """Runs the benches named (all, where none is); the number that failed."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.stderr.write(f"no bench {unknown[0]!r}; there are {', '.join(BENCHES)}\n")
        return 2
    failed = 0
    for name in names or BENCHES:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        failed += subprocess.run([sys.executable, "-m", *BENCHES[name]], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
