"""A run as rounds: ask each agent in its turn, show each what the schedule lets it see, record all of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeAlias

from mascope.discussion import faults
from mascope.discussion.asking import Ask, Asking, Empties
from mascope.discussion.channel import Channel, Models, Told
from mascope.discussion.probing import Probing
from mascope.discussion.transcript import Transcript, fit
from mascope.errors import BudgetReached, CallFailed
from mascope.halt import Halt
from mascope.records import Agent, Failure, ProbeAnswer, Turn
from mascope.store.journal import Recorder
from mascope.study import Run

Speakers: TypeAlias = Sequence[tuple[int, Agent]]


class Observer(Protocol):
    """Whoever wants to know how a discussion goes on; called on the event loop, so it must be quick."""

    def started(self, run: Run, turns_so_far: int) -> None: ...
    def spoke(self, run: Run, turn: Turn) -> None: ...
    def paid(self, run: Run, tokens: int, cost_usd: float) -> None:
        """For what is no turn: a private answer, an empty one, an attempt that may be billed."""
        ...

    def retrying(self, run: Run, error: CallFailed, wait_s: float) -> None: ...
    def ended(self, run: Run, status: str) -> None: ...


class Unobserved:
    """Sees discussions go on and says nothing."""

    def started(self, run: Run, turns_so_far: int) -> None:
        pass

    def spoke(self, run: Run, turn: Turn) -> None:
        pass

    def paid(self, run: Run, tokens: int, cost_usd: float) -> None:
        pass

    def retrying(self, run: Run, error: CallFailed, wait_s: float) -> None:
        pass

    def ended(self, run: Run, status: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Setting:
    """What all discussions of a study share."""

    models: Models
    observer: Observer = field(default_factory=Unobserved)
    halt: Halt = field(default_factory=Halt)


@dataclass(frozen=True, slots=True)
class SoFar:
    """What a journal holds already of a discussion."""

    turns: Sequence[Turn] = ()
    answers: Sequence[ProbeAnswer] = ()
    empties: Mapping[tuple[str, int], Empties] = field(default_factory=dict)


NOTHING_SAID = SoFar()


class Discussion:
    """One run, from wherever its journal stands to its end."""

    def __init__(self, run: Run, setting: Setting, recorder: Recorder, so_far: SoFar = NOTHING_SAID) -> None:
        self.run = run
        self._setting = setting
        self._recorder = recorder
        self._transcript = Transcript(run, so_far.turns)
        # Not a method of this object: a discussion that nothing refers back to is freed when it has ended.
        told = Told(partial(setting.observer.retrying, run), partial(setting.observer.paid, run))
        channel = Channel(run, setting.models, recorder, told)
        self._asking = Asking(channel, so_far.empties)
        self._probing = Probing(channel, setting.halt, so_far.answers)
        self._aborted = next(filter(None, map(self._aborting, so_far.turns)), None)

    async def hold(self) -> str | None:
        """Hold what remains of the discussion; returns the status it ended with, None if it was halted."""
        await self._probing.ask(self.run.rounds.start - 1, self._transcript)
        for round_ in self.run.rounds:
            if self._setting.halt.reason is not None:
                return None
            await self._round(round_)
            if self._aborted is not None:
                return self._end("aborted", f"{self._aborted.name} failed: {self._aborted.kind}")
            await self._probing.ask(round_, self._transcript)
        if self._setting.halt.reason is not None:
            return None
        silent = self._transcript.never_answered()
        if silent:
            return self._end("failed", "never answered: " + ", ".join(agent.name for agent in silent))
        if (deserted := self._transcript.deserted()) is not None:
            status = "failed" if self._transcript.removed else "done"
            return self._end(status, f"nobody was left from round {deserted} on")
        return self._end("done")

    def _end(self, status: str, reason: str | None = None) -> str:
        self._recorder.end(status, reason)
        return status

    async def _round(self, round_: int) -> None:
        speakers = self._transcript.speakers(round_)
        await MANNERS[self.run.condition.schedule.visibility](self, round_, speakers)

    async def together(self, round_: int, speakers: Speakers) -> None:
        """All at once; each sees only the rounds before, so it cannot matter who is faster."""
        async with asyncio.TaskGroup() as group:
            for position, agent in speakers:
                group.create_task(self._turn(agent, round_, position))

    async def one_by_one(self, round_: int, speakers: Speakers) -> None:
        for position, agent in speakers:
            await self._turn(agent, round_, position)

    async def staggered(self, round_: int, speakers: Speakers) -> None:
        """Each starts a fixed time after the one before, and sees what has arrived by then."""

        async def later(delay_s: float, position: int, agent: Agent) -> None:
            await self._setting.models.sleep(delay_s)
            await self._turn(agent, round_, position)

        stagger_s = self.run.condition.schedule.stagger_s
        async with asyncio.TaskGroup() as group:
            for step, (position, agent) in enumerate(speakers):
                group.create_task(later(step * stagger_s, position, agent))

    async def _turn(self, agent: Agent, round_: int, position: int) -> None:
        if self._setting.halt.reason is not None or self._aborted is not None:
            return
        fault = faults.silenced(self.run, agent, round_)
        if fault is not None:
            self._record(faults.injected(self.run, agent, round_, position, fault))
            return
        seen, cut = fit(self._transcript.visible(agent, round_, position), self.run.condition.window)
        try:
            turn = await self._asking.answer(Ask(agent, round_, position, seen, cut), self._transcript)
        except BudgetReached as reached:
            self._setting.halt.ask(reached)
        else:
            self._record(turn)

    def _record(self, turn: Turn) -> None:
        self._recorder.turn(turn)
        self._transcript.add(turn)
        self._setting.observer.spoke(self.run, turn)
        self._aborted = self._aborted or self._aborting(turn)

    def _aborting(self, turn: Turn) -> Failure | None:
        """The failure over which the study has a run end, if `turn` is one; a parent's is no reason."""
        if self.run.condition.organic.then != "abort" or not isinstance(turn, Failure):
            return None
        return turn if turn.origin == "organic" and turn.copied_from is None else None


MANNERS: Mapping[str, Callable[[Discussion, int, Speakers], Awaitable[None]]] = {
    "simultaneous": Discussion.together,
    "sequential": Discussion.one_by_one,
    "staggered": Discussion.staggered,
}
"""How the turns of a round are started, by the visibility they serve."""
