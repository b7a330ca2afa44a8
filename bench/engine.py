"""What does the engine itself cost, beside the client that it calls?

    python bench/engine.py [--discussions 21] [--agents 7] [--rounds 11]

First with models that answer at once, in discussions of three lengths: CPU time a call, and its growth with
the transcript beside the growth of the prompt. Then against a loopback server in another process: the CPU
time of a study through the real client, and of the bare client that sends the same requests. All in one run;
the ratios are what to compare between machines.
"""

import argparse
import asyncio
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.crowd import WORDS
from mascope.chat.remote import Remote, import_litellm
from mascope.chat.types import Chat, Reply, Request
from mascope.discussion.channel import Models
from mascope.discussion.engine import Setting
from mascope.discussion.runs import hold_runs
from mascope.records import Usage
from mascope.store.layout import Results
from mascope.study import Study, load_study, plan

STUDY = """\
study: engine
brief: Agree on a plan for the garden.
models: {{m: {{model: openai/m, base_url: "{url}", key_env: BENCH_KEY}}}}
base: {{participants: {{clones_of: m, count: {agents}}}, rounds: {rounds}, runs: {discussions}}}
series: {{X: {{}}}}
"""
NOWHERE = "http://127.0.0.1:9/v1"
UNDER_WAY = 100


@dataclass
class Prompt:
    """Answers at once; keeps what it was asked."""

    requests: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        return Reply(f"{len(self.requests)}: {WORDS}", "stop", Usage(100, 100), served_model="m")

    async def aclose(self) -> None:
        pass

    @property
    def characters(self) -> float:
        """Mean length of a prompt."""
        return sum(len(t.text) for r in self.requests for t in r.turns) / len(self.requests)


@dataclass(frozen=True)
class Size:
    discussions: int
    agents: int
    rounds: int

    @property
    def calls(self) -> int:
        return self.discussions * self.agents * self.rounds


def written(file: Path, size: Size, url: str) -> Study:
    file.write_text(STUDY.format(url=url, **vars(size)))
    return load_study(file)


async def cpu_of_study(chat: Chat, size: Size, url: str) -> float:
    """CPU seconds of a call, all of mascope and the client included."""
    with tempfile.TemporaryDirectory() as folder:
        study = written(Path(folder, "study.yaml"), size, url)
        setting = Setting(Models({"m": chat}))
        begun = time.process_time()
        await hold_runs(study, plan(study), Results(Path(folder, "out")), setting, size.discussions)
        return (time.process_time() - begun) / size.calls


async def cpu_of_client(chat: Chat, requests: list[Request]) -> float:
    """CPU seconds of a call of the bare client."""
    gate = asyncio.Semaphore(UNDER_WAY)

    async def ask(request: Request) -> None:
        async with gate:
            await chat.complete(request)

    begun = time.process_time()
    await asyncio.gather(*map(ask, requests))
    return (time.process_time() - begun) / len(requests)


@contextmanager
def server() -> Iterator[str]:
    """A loopback server in a process of its own, so that its time is not counted."""
    command = [sys.executable, "-m", "tests.real.misbehaviours"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.wait(10)


def growth(size: Size) -> Iterator[str]:
    costs, lengths = [], []
    for factor in (1, 2, 4):
        longer = Size(max(1, size.discussions // factor), size.agents, size.rounds * factor)
        prompt = Prompt()
        costs.append(asyncio.run(cpu_of_study(prompt, longer, NOWHERE)))
        lengths.append(prompt.characters)
        yield (
            f"{longer.rounds:4} rounds: {costs[-1] * 1000:6.3f} ms CPU a call, "
            f"{lengths[-1]:8,.0f} characters a prompt"
        )
    exponent = math.log(costs[-1] / costs[0]) / math.log(lengths[-1] / lengths[0])
    yield f"growth with the prompt: exponent {exponent:.2f} (1 is as fast as the prompt itself)"


async def against_client(size: Size, url: str) -> Iterator[str]:
    prompt = Prompt()
    await cpu_of_study(prompt, size, url)
    remote = Remote()
    try:
        await cpu_of_client(remote, prompt.requests[:50])  # connections and caches
        bare = await cpu_of_client(remote, prompt.requests)
        whole = await cpu_of_study(remote, size, url)
    finally:
        await remote.aclose()
    return iter(
        [
            f"bare client: {bare * 1000:.3f} ms CPU a call; a study through it: {whole * 1000:.3f} ms",
            f"ratio of a study to the bare client: {whole / bare:.2f}",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--discussions", type=int, default=21)
    parser.add_argument("--agents", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=11)
    size = Size(**vars(parser.parse_args()))
    for line in growth(size):
        sys.stdout.write(line + "\n")
    os.environ.setdefault("BENCH_KEY", "none")
    import_litellm()
    with server() as url:
        for line in asyncio.run(against_client(size, url)):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
