"""One coder on its way through the messages of a study."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from mascope.codebook import Panel
from mascope.errors import BudgetReached, CallFailed, FailureKind
from mascope.judging.coders import Coder, Halted, Judged
from mascope.judging.recording import Recording
from mascope.judging.repeats import FOLDER, Repeating, Repetition, place
from mascope.judging.setting import Setting
from mascope.judging.stream import Block, Stream, batches
from mascope.judging.summary import CoderSummary, Tally
from mascope.judging.units import Unit
from mascope.records import Unanswered
from mascope.store.layout import Results

HOPELESS = frozenset({FailureKind.AUTHENTICATION, FailureKind.NOT_FOUND, FailureKind.QUOTA})
"""Failures after which a coder would fail with every other message too."""


@dataclass(frozen=True, slots=True)
class Job:
    """A batch to be coded, and where its codes go."""

    units: tuple[Unit, ...]
    recording: Recording
    repeats: bool
    """Whether it was coded before, for labels that count."""


class AtWork:
    """Takes batches from the stream, has them coded, and records what comes."""

    def __init__(
        self, coder: Coder, results: Results, panel: Panel, stream: Stream, setting: Setting
    ) -> None:
        self.coder, self.name = coder, coder.header.coder
        self.setting = setting
        self._results, self._stream = results, stream
        self._tally = Tally()
        self._stopped: str | None = None
        self._repeating = Repeating(panel.repeats, panel.seed, stream.runs) if coder.header.model else None
        self._recordings: dict[str | None, Recording] = {}
        self._jobs: deque[Job] = deque()
        self._blocks: Iterator[int] = iter(range(len(stream)))
        self._taking = asyncio.Lock()

    def prepare(self) -> None:
        """Check that codes of another digest are not in the way, here or in any repetition."""
        self._recording(None)
        for folder in sorted((self._results.root / FOLDER).glob("*")):
            self._recording(folder.name)

    async def code_all(self, blocks: Iterable[int] | None = None) -> None:
        """Code what is left of the stream, or of these blocks of it."""
        if blocks is not None:
            self._blocks = iter(blocks)
        self.setting.observer.started(self.name, self._stream.runs)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.coder.concurrency):
                    group.create_task(self._work())
        finally:
            for recording in self._recordings.values():
                recording.close()
        self.setting.observer.ended(self.name, self._stopped)

    def summary(self) -> CoderSummary:
        return self._tally.summary(self.coder, self._stream.participants, self._stopped)

    @property
    def over(self) -> bool:
        """Whether no more calls are to be made."""
        return self._stopped is not None or self.setting.halt.reason is not None

    async def _work(self) -> None:
        while (job := await self._next()) is not None:
            try:
                async with aclosing(self.coder.code(job.units, _Log(self, job.recording))) as verdicts:
                    async for judged in verdicts:
                        self._record(job, judged)
            except BudgetReached as reached:
                self.setting.halt.ask(reached)
            except Halted:
                pass  # what is not coded now is coded next time
            await asyncio.sleep(0)  # a coder that never waits must not keep the others from theirs

    async def _next(self) -> Job | None:
        """The next batch to code; None when there is none, or no more shall be begun."""
        async with self._taking:
            while not self._jobs:
                number = next(self._blocks, None)
                if number is None or self.over:
                    return None
                await self._take(await self._stream.block(number))
            return None if self.over else self._jobs.popleft()

    async def _take(self, block: Block) -> None:
        """Queue what of a block is left to code, and between it what is coded again."""
        first, settled = await self._batches(None, block.units, self.coder.batch)
        placed = list(first)
        for position, again in self._again(block):
            jobs, _ = await self._batches(again.name, again.units, again.batch or self.coder.batch)
            placed += [(position, job) for _, job in jobs]
        placed.sort(key=lambda one: (one[0], not one[1].repeats))
        self._jobs.extend(job for _, job in placed)
        self._tally.found(len(block.units), settled)
        self.setting.observer.found(self.name, len(block.runs), len(block.units), settled)

    def _again(self, block: Block) -> Iterator[tuple[int, Repetition]]:
        """What is to be coded again, and after how many of the block's messages."""
        if self._repeating is not None:
            yield from self._repeating.anchors(block.units)
            for choose in (self._repeating.sample, self._repeating.alone):
                for chosen in choose(len(block.runs), block.units):
                    yield len(block.units), chosen

    async def _batches(
        self, again: str | None, units: Sequence[Unit], size: int
    ) -> tuple[list[tuple[int, Job]], int]:
        """The batches left of `units`, each with its place among them, and how many units are settled."""
        recording = self._recording(again)
        known = await asyncio.to_thread(recording.settled, {unit.run for unit in units})
        settled = frozenset(unit.message.id for unit in units if unit.message.id in known)
        left = batches(units, size, settled)
        for _, batch in left:
            recording.expect(batch)
        return [(at, Job(batch, recording, again is not None)) for at, batch in left], len(settled)

    def _recording(self, again: str | None) -> Recording:
        """Where codes go: those that count, or one repetition's."""
        if again not in self._recordings:
            results = self._results if again is None else place(self._results, again)
            recording = Recording(results, self.coder.header, self.setting.again)
            if not self.setting.checked:
                recording.prepare()
            self._recordings[again] = recording
        return self._recordings[again]

    def _record(self, job: Job, judged: Judged) -> None:
        job.recording.record(judged)
        self._tally.count(judged, repeats=job.repeats)
        verdict = judged.verdict
        if isinstance(verdict, Unanswered) and verdict.kind in HOPELESS:
            self._stopped = f"{verdict.kind}: {verdict.detail}"
        if not job.repeats:
            self.setting.observer.judged(self.name, judged)


@dataclass(frozen=True, slots=True)
class _Log:
    """Records the calls for one batch, and keeps them back when it is over."""

    owner: AtWork
    recording: Recording

    def sending(self, messages: Sequence[str], request: str, attempt: int) -> None:
        if self.owner.over:  # the call may have waited long for its turn
            raise Halted
        self.recording.sending(messages, request, attempt)

    def failed(
        self, messages: Sequence[str], attempt: int, error: CallFailed, retry_in: float | None
    ) -> None:
        self.recording.failed(messages, attempt, error, retry_in)
        if retry_in is not None:
            self.owner.setting.observer.retrying(self.owner.name, error, retry_in)
