"""What has been said so far in one discussion, and what of it a speaker is shown."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile

from mascope.chat.tokens import estimated
from mascope.discussion import faults
from mascope.discussion.schedule import ORDERS, VISIBILITIES
from mascope.prompting import Situation
from mascope.records import Agent, Failure, Message, Turn
from mascope.study import Run
from mascope.study.condition import Window

INTERACTIONS: Mapping[str, Callable[[Turn, Agent], bool]] = {
    "group": lambda turn, agent: True,
    "isolation": lambda turn, agent: False,
    "solo": lambda turn, agent: turn.agent == agent.id,
}
"""Whose turns an agent is shown at all."""


class Transcript:
    """The turns of one run, live or read back from its journal: the same turns, the same prompts."""

    def __init__(self, run: Run, turns: Iterable[Turn] = ()) -> None:
        self._run = run
        self._turns: dict[tuple[int, str], Turn] = {}
        self._shown: list[Turn] = []  # all that show anything, in the order shown
        self._removed: dict[str, int] = {}
        for turn in turns:
            self.add(turn)

    def add(self, turn: Turn) -> None:
        self._turns[turn.round, turn.agent] = turn
        if _is_shown(turn):
            # Under `staggered` the order of arrival is the order shown, and the journal keeps it.
            arrival = self._run.condition.schedule.visibility == "staggered"
            insort(self._shown, turn, key=_arrived if arrival else _place)
        organic = isinstance(turn, Failure) and turn.origin == "organic"
        if organic and self._run.condition.organic.then == "remove":
            self._removed.setdefault(turn.agent, turn.round)

    def has(self, agent: Agent, round_: int) -> bool:
        return (round_, agent.id) in self._turns

    def speakers(self, round_: int) -> list[tuple[int, Agent]]:
        """(position, agent) of those whose turn in `round_` is still to come, in speaking order."""
        seats = ORDERS[self._run.condition.schedule.order](self._run, round_)
        order = enumerate(self._run.agents[seat] for seat in seats)
        return [(p, a) for p, a in order if self._takes(a, round_) and not self.has(a, round_)]

    def _takes(self, agent: Agent, round_: int) -> bool:
        """Whether `agent` has a turn in `round_`: a confederate without a line for it only to fall silent."""
        fault = faults.silenced(self._run, agent, round_)
        falls_silent = fault is not None and fault.round == round_
        speaks = falls_silent or self._run.participant(agent).speaks(round_)
        return speaks and not self._out(agent, round_)

    def present(self, round_: int) -> list[Agent]:
        """Those that can be asked in private when `round_` has ended: models, neither removed nor crashed.

        Before the first round, one that crashes in it counts as crashed: it may not exist any more.
        """
        return [agent for agent in self._run.agents if self._there(agent, round_)]

    def _there(self, agent: Agent, round_: int) -> bool:
        fault = faults.silenced(self._run, agent, max(round_, 0))
        crashed = fault is not None and fault.kind == "crash"
        removed = agent.id in self._removed
        return self._run.participant(agent).model is not None and not crashed and not removed

    def last_spoke(self, agent: Agent, round_: int) -> int | None:
        """The latest round before `round_` in which the others could read `agent`; None where in none."""
        turns = ((n, self._turns.get((n, agent.id))) for n in range(round_ - 1, -1, -1))
        return next((n for n, turn in turns if isinstance(turn, Message) and _is_shown(turn)), None)

    def _out(self, agent: Agent, round_: int) -> bool:
        removed = self._removed.get(agent.id, round_) < round_
        return removed or faults.gone(self._run, agent, round_)

    def visible(self, agent: Agent, round_: int, position: int) -> list[Turn]:
        """What the schedule lets `agent` see when it speaks, in the order it is shown."""
        schedule = self._run.condition.schedule
        sees, concerns = VISIBILITIES[schedule.visibility], INTERACTIONS[schedule.interaction]
        turns, place = self._shown, (round_, position)
        end = bisect_left(turns, True, key=lambda turn: not sees(_place(turn), place))
        return [turn for turn in turns[:end] if _shows(turn, agent) and concerns(turn, agent)]

    def known(self, agent: Agent, round_: int) -> list[Turn]:
        """What `agent` may be shown of all that was said up to the end of `round_`, in the order shown."""
        return [turn for turn in self.visible(agent, round_ + 1, 0) if turn.round <= round_]

    def situation(self, agent: Agent, round_: int, *, known: int | None = None) -> Situation:
        """Where `agent` stands in `round_`; who is silent as of the round `known`, if that is another."""
        peers = [peer for peer in self._run.agents if peer.id != agent.id]
        return Situation(
            agent=agent,
            own_name=agent.own_name,
            others=tuple(peer.name for peer in peers),
            silent=tuple(peer.name for peer in peers if self._out(peer, round_ if known is None else known)),
            round=round_,
            rounds=self._run.condition.rounds,
            persona=self._run.participant(agent).persona,
            layout=self._run.participant(agent).layout,
        )

    def deserted(self) -> int | None:
        """The round from which on no model was left, all of them crashed or removed; None where some was."""
        models = [agent for agent in self._run.agents if self._run.participant(agent).model is not None]
        rounds = range(self._run.condition.rounds - 1, -1, -1)
        empty = takewhile(lambda n: not any(self._there_in(agent, n) for agent in models), rounds)
        return min(empty, default=None) if models else None

    def _there_in(self, agent: Agent, round_: int) -> bool:
        fault = faults.silenced(self._run, agent, round_)
        crashed = fault is not None and fault.kind == "crash"
        return not crashed and self._removed.get(agent.id, round_) >= round_

    @property
    def removed(self) -> frozenset[str]:
        """Ids of the agents that left because they failed."""
        return frozenset(self._removed)

    def never_answered(self) -> list[Agent]:
        """Agents that were asked and never answered; given lines and a parent's turns are no answers."""
        held = [turn for turn in self._turns.values() if turn.copied_from is None]
        answered = {turn.agent for turn in held if isinstance(turn, Message) and not turn.scripted}
        failed = {turn.agent for turn in held if isinstance(turn, Failure) and turn.origin == "organic"}
        return [agent for agent in self._run.agents if agent.id in failed - answered]


def _place(turn: Turn) -> tuple[int, int]:
    return turn.round, turn.position


def _arrived(turn: Turn) -> int:
    """Nothing comes before what arrived earlier."""
    return 0


def _is_shown(turn: Turn) -> bool:
    """Empty answers show nothing; a failure shows its notice."""
    return bool(turn.text.strip()) if isinstance(turn, Message) else turn.told is not None


def _shows(turn: Turn, agent: Agent) -> bool:
    """A failure is never shown to the agent that failed."""
    return turn.agent != agent.id or isinstance(turn, Message)


def fit(turns: list[Turn], window: Window) -> tuple[list[Turn], list[Turn]]:
    """(shown, cut): the latest turns that `window` holds, and those before them."""
    first = 0 if window.messages is None else max(0, len(turns) - window.messages)
    if window.tokens is not None:
        room: float = window.tokens
        start = len(turns)
        while start > first and (room := room - _length(turns[start - 1])) >= 0:
            start -= 1
        first = start
    return turns[first:], turns[:first]


def _length(turn: Turn) -> float:
    """In tokens, as estimated."""
    return estimated(turn.text if isinstance(turn, Message) else turn.told or "")
