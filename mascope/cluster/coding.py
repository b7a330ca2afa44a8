"""The tasks of `judge` on a worker: a coder's codes of a run each, or of a block where runs hang together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mascope.chat.prices import PriceTable
from mascope.chat.routes import require
from mascope.cluster.claims import claimed
from mascope.cluster.link import Link
from mascope.cluster.relay import JudgeNews
from mascope.cluster.session import Session
from mascope.codebook import Panel
from mascope.errors import InvalidInput
from mascope.judging.at_work import AtWork
from mascope.judging.llm import Calling
from mascope.judging.panel import coders_of
from mascope.judging.recording import Again
from mascope.judging.setting import Setting
from mascope.judging.stream import BLOCK, Stream
from mascope.panelfile import load_panel
from mascope.pipeline.opening import close, open_chats
from mascope.store.layout import Results

WHOLE = "all"
"""In a task's name, in place of a block's number: all that the coder codes, in order."""


def block_size(panel: Panel) -> int:
    """Runs of a task: one, unless a call holds messages of several, or a sample is drawn over a block."""
    together = panel.batch > 1 or panel.repeats.sample or panel.repeats.anchors
    return BLOCK if together else 1


def tasks_of(panel: Panel, stream: Stream, coders: Sequence[str]) -> list[str]:
    """`coder|block`: each written by one worker. Anchors show drift over time, so they are coded in order."""
    ordered = panel.repeats.anchors > 0
    blocks = ([WHOLE] if len(stream) else []) if ordered else [str(number) for number in range(len(stream))]
    return [f"{coder}|{block}" for block in blocks for coder in coders]


class Judging:
    """Codes blocks of one results directory, on one event loop."""

    def __init__(self, session: Session, link: Link, prices: PriceTable) -> None:
        about = session.about
        self._results = Results(Path(session.root))
        self._panel = load_panel(Path(about["panel"]))
        models = [judge.model for judge in self._panel.judges]
        require(models)
        self._chats = open_chats(models, prices, link.purse)
        calling = Calling(link.pacer)
        again = Again(unreadable=about["unreadable"])
        self._setting = Setting(calling, JudgeNews(link.tell), link.halt, again, checked=True)
        coders = coders_of(self._panel, self._chats, calling)
        self._coders = {coder.header.coder: coder for coder in coders}
        if {name: coder.header.digest for name, coder in self._coders.items()} != about["digests"]:
            raise InvalidInput(f"{self._panel.file} is not the panel that the command codes by")
        self._stream = Stream(self._results, self._panel, block_size(self._panel))
        if self._stream.runs != about["runs"]:
            raise InvalidInput(
                f"{self._results.root} holds {self._stream.runs} runs here, and {about['runs']} where the "
                "command was given; a network file system may show them late: give the command again"
            )

    async def do(self, task: str) -> dict[str, Any] | None:
        """Code what is left of a block; what it came to, in numbers."""
        name, _, block = task.rpartition("|")
        blocks = None if block == WHOLE else [int(block)]
        async with self._claimed(name, blocks):
            if self._setting.halt.reason is not None:
                return None
            at_work = AtWork(self._coders[name], self._results, self._panel, self._stream, self._setting)
            await at_work.code_all(blocks)
            return asdict(at_work.summary())

    async def close(self) -> None:
        await close(self._chats)

    @asynccontextmanager
    async def _claimed(self, coder: str, blocks: Sequence[int] | None) -> AsyncIterator[None]:
        runs = [run for number in blocks or () for run in (await self._stream.block(number)).runs]
        async with AsyncExitStack() as stack:
            for what in [f"{coder}-{run}" for run in runs] or [coder]:
                await stack.enter_async_context(claimed(self._results, what))
            yield
