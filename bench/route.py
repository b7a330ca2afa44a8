"""How near does a study come to the physical limit, rounds × latency? What does a call cost by each route?

    python -m bench.route [--discussions 21] [--agents 7] [--rounds 11] [--latency 0.2] [--only direct,openai]

The same discussions, all at once, against a loopback server in another process:

    bare      a loop over aiohttp that only sends appended bytes and parses the answers
    direct    `mascope run` as it is: engine, pacing, retries, journals, by the direct route
    litellm   the same by litellm
    openai    a loop over the plain `openai` client, which is given its messages anew for every call

All in one run; the ratios are what to compare between machines. CPU time is that of this process.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench.lean_server import lean_server
from mascope.chat.direct import Direct
from mascope.chat.pacing import Pacer
from mascope.chat.remote import Remote, import_litellm
from mascope.chat.types import Chat
from mascope.discussion.channel import Models
from mascope.discussion.engine import Setting
from mascope.discussion.runs import hold_runs
from mascope.pipeline.collecting import rarely_collecting
from mascope.store.layout import Results
from mascope.study import Study, load_study, plan

STUDY = """\
study: route
brief: Agree on a plan for the garden.
models: {{m: {{model: openai/m, base_url: "{url}", concurrency: {calls}}}}}
base: {{participants: {{clones_of: m, count: {agents}}}, rounds: {rounds}, runs: {discussions}}}
series: {{X: {{}}}}
"""
MOST_CALLS = 2048
"""Calls under way at once that the study declares at most."""


@dataclass(frozen=True)
class Size:
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


Hold = Callable[[Size, str], Coroutine[Any, Any, Cost]]
"""Holds all discussions against the server at the address."""
Ask = Callable[[list[Any]], Awaitable[str]]
"""A prompt → what the model answers."""


def study_of(size: Size, url: str, folder: str) -> Study:
    file = Path(folder, "study.yaml")
    calls = min(MOST_CALLS, size.discussions * size.agents)
    file.write_text(STUDY.format(url=url, calls=calls, **vars(size)))
    return load_study(file)


async def by_mascope(chat: Chat, size: Size, url: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        study = study_of(size, url, folder)
        setting = Setting(Models({"m": chat}, Pacer()))
        clock = time.perf_counter(), time.process_time()
        with rarely_collecting():
            out = Results(Path(folder, "out"))
            statuses = await hold_runs(study, plan(study), out, setting, size.discussions)
        cost = since(clock)
    await chat.aclose()
    if set(statuses.values()) != {"done"}:
        raise RuntimeError(f"not all discussions ended well: {statuses}")
    return cost


async def direct(size: Size, url: str) -> Cost:
    return await by_mascope(Direct(), size, url)


async def litellm(size: Size, url: str) -> Cost:
    return await by_mascope(Remote(), size, url)


async def bare(size: Size, url: str) -> Cost:
    connector, address = aiohttp.TCPConnector(limit=0), f"{url}/chat/completions"
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask(turns: list[Any]) -> str:
            body = b'{"model":"m","max_tokens":1024,"messages":[%b]}' % b",".join(turns)
            async with session.post(address, data=body) as answer:
                return str(json.loads(await answer.read())["choices"][0]["message"]["content"])

        return await by_loop(ask, lambda turn: json.dumps(turn).encode(), size)


async def openai(size: Size, url: str) -> Cost:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def ask(turns: list[Any]) -> str:
            answer = await client.chat.completions.create(model="m", messages=turns, max_tokens=1024)
            return str(answer.choices[0].message.content)

        return await by_loop(ask, lambda turn: turn, size)


async def by_loop(ask: Ask, form: Callable[[dict[str, str]], Any], size: Size) -> Cost:
    """What one writes without a tool: the agents of a discussion together, round after round."""

    async def discussion() -> None:
        said = [form({"role": "user", "content": "Agree on a plan for the garden."})]
        for _ in range(size.rounds):
            answers = await asyncio.gather(*(ask(list(said)) for _ in range(size.agents)))
            said += [form({"role": "user", "content": f"[Agent]: {answer}"}) for answer in answers]

    clock = time.perf_counter(), time.process_time()
    await asyncio.gather(*(discussion() for _ in range(size.discussions)))
    return since(clock)


def since(clock: tuple[float, float]) -> Cost:
    return Cost(time.perf_counter() - clock[0], time.process_time() - clock[1])


WAYS: Mapping[str, Hold] = {"bare": bare, "direct": direct, "litellm": litellm, "openai": openai}


def measured(hold: Hold, size: Size, url: str) -> Cost:
    asyncio.run(hold(Size(2, size.agents, 2), url))  # imports, and whatever is built at the first call
    return asyncio.run(hold(size, url))


def lines(costs: Mapping[str, Cost], size: Size, ideal_s: float) -> Iterator[str]:
    yield f"{size.calls:,} calls; ideal {ideal_s:.2f} s"
    first = next(iter(costs.values()))
    for way, cost in costs.items():
        yield (
            f"{way:8} {cost.wall_s:6.2f} s, {cost.wall_s / ideal_s:5.2f} × ideal, "
            f"{cost.wall_s / cost.cpu_s:5.2f} × its CPU time; "
            f"{cost.cpu_s / size.calls * 1000:6.3f} ms CPU a call, "
            f"{cost.cpu_s / first.cpu_s:5.2f} × {next(iter(costs))}"
        )
    yield f"peak memory of all: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, usual in (("discussions", 21), ("agents", 7), ("rounds", 11)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--only", default=",".join(WAYS), help="which of them, with commas between")
    given = parser.parse_args()
    size, ways = Size(given.discussions, given.agents, given.rounds), given.only.split(",")
    if "litellm" in ways:
        import_litellm()
    with lean_server(given.latency) as url:
        costs = {way: measured(WAYS[way], size, url) for way in ways}
    for line in lines(costs, size, given.rounds * given.latency):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
