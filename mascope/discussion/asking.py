"""One turn: what an agent is sent, what comes back, and what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

from mascope.chat.retrying import Retrying
from mascope.chat.types import ChatTurn, Reply, Request
from mascope.discussion import faults
from mascope.discussion.channel import Channel, Told
from mascope.discussion.channel import Models as Models  # the name by which callers know this module
from mascope.discussion.hygiene import clean
from mascope.discussion.transcript import Transcript
from mascope.errors import CallFailed, FailureKind
from mascope.records import Agent, Failure, Message, Turn, message_id
from mascope.store.journal import Recorder
from mascope.study.condition import SCRIPT


@dataclass(frozen=True, slots=True)
class Ask:
    """One turn to be taken: whose, when, and what is shown."""

    agent: Agent
    round: int
    position: int
    seen: Sequence[Turn]
    cut: Sequence[Turn]
    announced: str | None = None
    """The notice that goes before it."""


@dataclass(frozen=True, slots=True)
class Empties:
    """Empty answers that a turn has had already; it was asked again, and they were paid for."""

    count: int = 0
    attempts: int = 0


NO_EMPTIES: Mapping[tuple[str, int], Empties] = MappingProxyType({})
"""By agent and round."""


@dataclass(frozen=True, slots=True)
class TurnWatch:
    """Journals each attempt at one turn: before it is sent, and when it has failed."""

    recorder: Recorder
    ask: Ask
    digest: str
    told: Told

    def sending(self, request: Request, attempt: int) -> None:
        self.recorder.call(self.ask.agent.id, self.ask.round, attempt, self.digest)

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        about: dict[str, Any] = {"kind": error.kind, "detail": error.detail}
        about["may_be_billed"] = error.kind.may_be_billed
        if error.cost_usd is not None:
            about["cost_usd"] = error.cost_usd
        self.recorder.error(self.ask.agent.id, self.ask.round, attempt, retry_in=retry_in, **about)
        self.told.failed(error, retry_in)


class Asking:
    """Lets the agents of one run take their turns."""

    def __init__(self, channel: Channel, empties: Mapping[tuple[str, int], Empties] = NO_EMPTIES) -> None:
        self._channel, self._run, self._empties = channel, channel.run, empties

    async def answer(self, ask: Ask, transcript: Transcript) -> Turn:
        """What the agent says: the study's line for it, or its model's answer."""
        if (announced := self._announced(ask, transcript)) is not None:
            ask = replace(ask, announced=announced)
        line = self._run.participant(ask.agent).lines.get(ask.round)
        if line is not None:
            return self._scripted(ask, line)
        situation = transcript.situation(ask.agent, ask.round)
        prompter = self._channel.prompter
        fitted = self._channel.fitted(
            ask.agent, ask.seen, ask.cut, lambda seen: prompter.prompt(situation, seen)
        )
        if fitted.excess is not None:
            return self._failure(ask, FailureKind.CONTEXT, fitted.excess, 0)
        return await self._answered(replace(ask, seen=fitted.seen, cut=fitted.cut), fitted.turns)

    async def _answered(self, ask: Ask, turns: tuple[ChatTurn, ...]) -> Turn:
        """Asked again where the study wants no empty answer."""
        hygiene = self._run.condition.hygiene
        times = 1 + (hygiene.ask_again if hygiene.empty == "ask_again" else 0)
        before = self._empties.get((ask.agent.id, ask.round), Empties())
        attempts = before.attempts
        message: Message | None = None
        for time in range(before.count, times):
            request = self._channel.request(ask.agent, turns, ask.agent.id, ask.round, time)
            digest = request.digest()
            try:
                reply = await self._retrying(ask, digest).complete(request)
            except CallFailed as error:
                return self._failure(ask, error.kind, error.detail, attempts + error.attempts)
            attempts += reply.attempts
            if reply.attempts != attempts:
                reply = replace(reply, attempts=attempts)
            message = self._message(ask, request, digest, reply)
            if message.text.strip():
                return message
            if time < times - 1 or hygiene.empty == "fail":  # else it is kept, as a message
                self._note_empty(ask, message)
        if message is None or hygiene.empty == "fail":
            return self._failure(ask, "empty", "the answer held no text", attempts)
        return message

    def _note_empty(self, ask: Ask, message: Message) -> None:
        usage = asdict(message.usage) if message.usage else None
        about = {"attempts": message.attempts, "request": message.prompt_digest, "usage": usage}
        said = {"raw": message.raw, "reasoning": message.reasoning, "finish_reason": message.finish_reason}
        who = {"agent": ask.agent.id, "round": ask.round}
        self._channel.recorder.note("empty", **who, **about, **said, cost_usd=message.cost_usd)
        self._channel.told.answered(message.usage, message.cost_usd)

    def _retrying(self, ask: Ask, digest: str) -> Retrying:
        channel = self._channel
        return channel.retrying(ask.agent, TurnWatch(channel.recorder, ask, digest, channel.told))

    def _announced(self, ask: Ask, transcript: Transcript) -> str | None:
        last = transcript.last_spoke(ask.agent, ask.round)
        return faults.returning(self._run, ask.agent, ask.round, last)

    def _scripted(self, ask: Ask, line: str) -> Message:
        """A given line. It saw nothing, since nobody was asked; garbling and the like hold for it too."""
        agent = ask.agent
        text, fault = faults.altered(self._run, agent, ask.round, line)
        return Message(
            id=message_id(self._run.id, agent.name, ask.round),
            agent=agent.id,
            name=agent.name,
            model=agent.model,
            served_model=SCRIPT,
            round=ask.round,
            position=ask.position,
            text=text,
            seen=(),
            prompt_digest="",
            raw=line if text != line else None,
            changes=(fault,) if fault else (),
            cost_usd=0.0,
            attempts=0,
            scripted=True,
            announced=ask.announced,
        )

    def _message(self, ask: Ask, request: Request, digest: str, reply: Reply) -> Message:
        agent = ask.agent
        cleaned = clean(reply.text, self._run.condition.hygiene, agent, self._channel.finder)
        text, fault = faults.altered(self._run, agent, ask.round, cleaned.text)
        changes = (*cleaned.changes, *([fault] if fault else []))
        return Message(
            id=message_id(self._run.id, agent.name, ask.round),
            agent=agent.id,
            name=agent.name,
            model=agent.model,
            served_model=reply.served_model,
            round=ask.round,
            position=ask.position,
            text=text,
            seen=tuple(turn.id for turn in ask.seen),
            cut=tuple(turn.id for turn in ask.cut),
            prompt_digest=digest,
            raw=reply.text if text != reply.text else None,
            changes=changes,
            reasoning="\n".join(part for part in (reply.reasoning, cleaned.reasoning) if part) or None,
            finish_reason=reply.finish_reason,
            fingerprint=reply.fingerprint,
            usage=reply.usage,
            cost_usd=reply.cost_usd,
            latency_s=reply.latency_s,
            attempts=reply.attempts,
            seed=request.sampling.seed,
            layout=self._run.participant(agent).layout,
            announced=ask.announced if text.strip() else None,  # an empty answer is not shown, nor is this
        )

    def _failure(self, ask: Ask, kind: str, detail: str, attempts: int) -> Failure:
        agent = ask.agent
        return Failure(
            id=message_id(self._run.id, agent.name, ask.round),
            agent=agent.id,
            name=agent.name,
            round=ask.round,
            position=ask.position,
            kind=str(kind),
            origin="organic",
            detail=detail,
            told=faults.told(self._run.condition.organic.telling, agent, detail),
            attempts=attempts,
        )
