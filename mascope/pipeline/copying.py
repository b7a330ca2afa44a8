"""What a fork repeats of its parent: the same turns and private answers, under its own ids, free of cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mascope.records import Agent, Failure, Message, ProbeAnswer, Turn, message_id
from mascope.store.journal import Header


@dataclass(frozen=True, slots=True)
class Copy:
    """Repeats what was said in the parent. The parent paid for it, so that a copy costs nothing."""

    parent: Header
    fork: str
    agents: Mapping[str, Agent]
    """Who sits now where an agent of the parent sat, by the latter's id."""

    def turn(self, turn: Turn) -> Turn:
        agent = self.agents[turn.agent].id
        id_ = message_id(self.fork, turn.name, turn.round)
        if isinstance(turn, Failure):
            return replace(turn, id=id_, agent=agent, attempts=0, copied_from=turn.id)
        return self._message(turn, id_, agent)

    def _message(self, message: Message, id_: str, agent: str) -> Message:
        return replace(
            message,
            id=id_,
            agent=agent,
            seen=self._ids(message.seen),
            cut=self._ids(message.cut),
            usage=None,
            cost_usd=0.0,
            latency_s=None,
            attempts=0,
            copied_from=message.id,
        )

    def answer(self, answer: ProbeAnswer) -> ProbeAnswer:
        return replace(
            answer,
            id=self._id(answer.id),
            agent=self.agents[answer.agent].id,
            seen=self._ids(answer.seen),
            cut=self._ids(answer.cut),
            usage=None,
            cost_usd=0.0,
            latency_s=None,
            attempts=0,
            copied_from=answer.id,
        )

    def _ids(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self._id, ids))

    def _id(self, id_: str) -> str:
        return self.fork + id_.removeprefix(self.parent.run)
