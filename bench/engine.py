"""What does the engine itself cost, beside the client that it calls? And how does that grow with transcripts?

    python -m bench.engine [--discussions 21] [--agents 7] [--rounds 11]

First with models that answer at once, in discussions of three lengths: CPU time a call, and its growth with
the transcript beside the growth of the prompt. Then against a loopback server in another process, by each
route: the CPU time of a study, and of the bare client that sends the same requests. All in one run; ratios
are what to compare between machines. How near a study comes to the physical limit is what `bench.route` says.
"""

import asyncio
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.lean_server import WORDS, lean_server
from bench.measuring import Size, clock, say, since, size_of, sized, study_of
from mascope.chat.direct import Direct
from mascope.chat.remote import Remote, import_litellm
from mascope.chat.types import Chat, Reply, Request
from mascope.discussion.channel import Models
from mascope.discussion.engine import Setting
from mascope.discussion.runs import hold_runs
from mascope.records import Usage
from mascope.store.layout import Results
from mascope.study import plan

NOWHERE = "http://127.0.0.1:9/v1"
UNDER_WAY = 100
CLIENTS: Mapping[str, Callable[[], Chat]] = {"direct": Direct, "litellm": Remote}


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


async def cpu_of_study(chat: Chat, size: Size, url: str) -> float:
    """CPU seconds of a call, all of mascope and the client included."""
    with tempfile.TemporaryDirectory() as folder:
        study = study_of(size, url, folder)
        setting = Setting(Models({"m": chat}))
        begun = clock()
        await hold_runs(study, plan(study), Results(Path(folder, "out")), setting, size.discussions)
        return since(begun).cpu_s / size.calls


async def cpu_of_client(chat: Chat, requests: list[Request]) -> float:
    """CPU seconds of a call of the bare client."""
    gate = asyncio.Semaphore(UNDER_WAY)

    async def ask(request: Request) -> None:
        async with gate:
            await chat.complete(request)

    begun = clock()
    await asyncio.gather(*map(ask, requests))
    return since(begun).cpu_s / len(requests)


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


async def against_client(route: str, size: Size, url: str) -> str:
    prompt = Prompt()
    await cpu_of_study(prompt, size, url)
    chat = CLIENTS[route]()
    try:
        await cpu_of_client(chat, prompt.requests[:50])  # connections and caches
        bare = await cpu_of_client(chat, prompt.requests)
        whole = await cpu_of_study(chat, size, url)
    finally:
        await chat.aclose()
    return (
        f"{route:8} its client alone {bare * 1000:6.3f} ms CPU a call; a study through it "
        f"{whole * 1000:6.3f} ms: {(whole - bare) * 1000:+.3f} ms, × {whole / bare:.2f}"
    )


def main() -> None:
    size = size_of(sized(__doc__, Size(21, 7, 11)).parse_args())
    say(growth(size))
    import_litellm()
    with lean_server(0.0) as url:
        say(asyncio.run(against_client(route, size, url)) for route in CLIENTS)


if __name__ == "__main__":
    main()
