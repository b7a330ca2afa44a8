"""A real scheduler and real workers on loopback, as processes of their own, for tests that kill them."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LONGEST_S = 60.0
CHANGING = {"at", "latency_s", "started"}
"""What may differ between two runs of the same study: time, and nothing else."""

Process = subprocess.Popen[bytes]


@dataclass
class Scheduler:
    """A scheduler and the workers that were started for it, all to be ended by whoever started them."""

    process: Process
    address: str
    folder: Path
    workers: list[Process] = field(default_factory=list)

    def worker(self, prefix: Sequence[str] = (), **environment: str) -> Process:
        """One more worker, of one thread; `prefix` may start it in a network namespace."""
        options = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--death-timeout", "30"]
        where = ["--local-directory", str(self.folder / f"worker-{len(self.workers)}")]
        program = [sys.executable, "-m", "distributed.cli.dask_worker", self.address]
        command = [*prefix, *program, *options, *where]
        process = started(command, self.folder / f"worker-{len(self.workers)}.log", environment)
        self.workers.append(process)
        return process

    def end(self) -> None:
        for process in (*self.workers, self.process):
            ended(process)


def started(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Process:
    with log.open("wb") as stream:
        return subprocess.Popen(
            command, stdout=stream, stderr=stream, env={**os.environ, **(environment or {})}
        )


def ended(process: Process) -> None:
    """Killed by its own id, and waited for."""
    if process.poll() is None:
        process.kill()
    process.wait(10)


@contextmanager
def scheduling(
    folder: Path, host: str = "127.0.0.1", prefix: Sequence[str] = (), **environment: str
) -> Iterator[Scheduler]:
    """A scheduler on a free port; it and its workers are gone afterwards."""
    file = folder / "scheduler.json"
    options = ["--host", host, "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    command = [*prefix, sys.executable, "-m", "distributed.cli.dask_scheduler", *options]
    process = started(command, folder / "scheduler.log", environment)
    try:
        until(lambda: file.exists() and file.read_bytes().endswith(b"}"), process)
        scheduler = Scheduler(process, json.loads(file.read_text())["address"], folder)
        with ExitStack() as stack:
            stack.callback(scheduler.end)
            yield scheduler
    finally:
        ended(process)


def mascope(*arguments: str | Path, prefix: Sequence[str] = (), **environment: str) -> Process:
    """A command under way."""
    command = [*prefix, sys.executable, "-m", "mascope", *map(str, arguments)]
    everything = {**os.environ, **environment}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=everything)


def said(process: Process, code: int = 0) -> str:
    """What a command printed, once it has ended with this exit code."""
    try:
        output, errors = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    text = output.decode() + errors.decode()
    assert process.returncode == code, text
    return text


def until(true: Any, *processes: Process, seconds: float = 30.0) -> None:
    """Wait until it is so; an error where one of these processes ends before."""
    end = time.monotonic() + seconds
    while not true():
        for process in processes:
            assert process.poll() is None, b"".join(part or b"" for part in process.communicate()).decode()
        assert time.monotonic() < end, "waited in vain"
        select.select([], [], [], 0.02)


def lines_of(file: Path) -> list[dict[str, Any]]:
    """The complete lines of a journal that may be written at this moment."""
    content = file.read_bytes() if file.exists() else b""
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def messages(root: Path) -> int:
    return sum(line["event"] == "message" for file in root.glob("runs/*/*.jsonl") for line in lines_of(file))


def without_time(root: Path) -> dict[str, list[str]]:
    """Every line of every journal and codes file without what is time: moments, and the order of arrival."""
    return {
        str(file.relative_to(root)): sorted(_timeless(line) for line in lines_of(file))
        for file in sorted(root.rglob("*.jsonl"))
    }


def answers(root: Path) -> dict[str, str]:
    """Every message and failure by id, without what is time: the same however often it was interrupted."""
    return {
        line["id"]: _timeless(line)
        for file in sorted(root.glob("runs/*/*.jsonl"))
        for line in lines_of(file)
        if line["event"] in ("message", "failure")
    }


def asked_twice(root: Path) -> list[tuple[str, str, int]]:
    """Turns for which a call was made although they were answered already."""
    repeated = []
    for file in root.glob("runs/*/*.jsonl"):
        answered: set[tuple[str, int]] = set()
        for line in lines_of(file):
            turn = (str(line.get("agent")), int(line.get("round", -1)))
            if line["event"] == "call" and turn in answered:
                repeated.append((file.stem, *turn))
            elif line["event"] == "message":
                answered.add(turn)
    return repeated


def _timeless(line: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in line.items() if key not in CHANGING}, sort_keys=True)
