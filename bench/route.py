"""How near does a study come to the physical limit, rounds × latency? What does a call cost by each route?

    python -m bench.route [--discussions 21] [--agents 7] [--rounds 11] [--latency 0.2] [--only direct,openai]

The same discussions, all at once, against a loopback server in another process:

    bare         a loop over aiohttp that only sends appended bytes and parses the answers
    direct       `mascope run` as it is: engine, pacing, retries, journals, by the direct route
    acompletion  a loop over litellm's own function, which is given its messages anew for every call
    litellm      `mascope run` by litellm
    openai       a loop over the plain `openai` client, which is given its messages anew for every call

All in one run; the ratios are what to compare between machines. CPU time is that of this process.
"""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from bench.lean_server import lean_server
from bench.measuring import Cost, Size, clock, peak_mb, say, since, size_of, sized, study_of
from mascope.chat.direct import Direct
from mascope.chat.pacing import Pacer
from mascope.chat.remote import Remote, import_litellm
from mascope.chat.types import Chat
from mascope.discussion.channel import Models
from mascope.discussion.engine import Setting
from mascope.discussion.runs import hold_runs
from mascope.pipeline.collecting import rarely_collecting
from mascope.store.layout import Results
from mascope.study import plan

Hold = Callable[[Size, str], Coroutine[Any, Any, Cost]]
"""Holds all discussions against the server at the address."""
Ask = Callable[[list[Any]], Awaitable[str]]
"""A prompt → what the model answers."""


async def by_mascope(chat: Chat, size: Size, url: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        study = study_of(size, url, folder)
        setting = Setting(Models({"m": chat}, Pacer()))
        begun = clock()
        with rarely_collecting():
            out = Results(Path(folder, "out"))
            statuses = await hold_runs(study, plan(study), out, setting, size.discussions)
        cost = since(begun)
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


async def acompletion(size: Size, url: str) -> Cost:
    """With as few looks for garbage as mascope takes, so that what is left is mascope's own."""
    client = import_litellm()

    async def ask(turns: list[Any]) -> str:
        answer = await client.acompletion(
            model="openai/m", messages=turns, max_tokens=1024, api_base=url, api_key="none", stream=False,
            timeout=120, max_retries=0, num_retries=0,
        )  # fmt: skip
        return str(answer.choices[0].message.content)

    with rarely_collecting():
        cost = await by_loop(ask, lambda turn: turn, size)
    await Remote().aclose()
    return cost


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

    begun = clock()
    await asyncio.gather(*(discussion() for _ in range(size.discussions)))
    return since(begun)


WAYS: Mapping[str, Hold] = {
    "bare": bare, "direct": direct, "acompletion": acompletion, "litellm": litellm, "openai": openai,
}  # fmt: skip


def measured(hold: Hold, size: Size, url: str) -> Cost:
    asyncio.run(hold(Size(2, size.agents, 2), url))  # imports, and whatever is built at the first call
    return asyncio.run(hold(size, url))


def lines(costs: Mapping[str, Cost], size: Size, ideal_s: float) -> Iterator[str]:
    yield f"{size.calls:,} calls; ideal {ideal_s:.2f} s"
    first = next(iter(costs.values()))
    for way, cost in costs.items():
        yield (
            f"{way:11} {cost.wall_s:6.2f} s, {cost.wall_s / ideal_s:5.2f} × ideal, "
            f"{cost.wall_s / cost.cpu_s:5.2f} × its CPU time; "
            f"{cost.cpu_s / size.calls * 1000:6.3f} ms CPU a call, "
            f"{cost.cpu_s / first.cpu_s:5.2f} × {next(iter(costs))}"
        )
    if {"litellm", "acompletion"} <= set(costs):
        added = (costs["litellm"].cpu_s - costs["acompletion"].cpu_s) / size.calls
        yield f"mascope adds to litellm's own cost {added * 1000:+.3f} ms CPU a call"
    yield f"peak memory of all: {peak_mb():,.0f} MB"


def main() -> None:
    parser = sized(__doc__, Size(21, 7, 11))
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--only", default=",".join(WAYS), help="which of them, with commas between")
    given = parser.parse_args()
    size, ways = size_of(given), given.only.split(",")
    if {"litellm", "acompletion"} & set(ways):
        import_litellm()
    with lean_server(given.latency) as url:
        costs = {way: measured(WAYS[way], size, url) for way in ways}
    say(lines(costs, size, given.rounds * given.latency))


if __name__ == "__main__":
    main()
