"""Private questions: put to each agent between rounds, answered outside the transcript.

Nothing here adds to a transcript, so that no later prompt can hold a question or an answer.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mascope.chat.types import Reply, Request
from mascope.discussion.channel import Channel, Fitted
from mascope.discussion.hygiene import split_reasoning
from mascope.discussion.transcript import Transcript, fit
from mascope.errors import BudgetReached, CallFailed
from mascope.halt import Halt
from mascope.records import Agent, ProbeAnswer, Turn
from mascope.study.probes import BEFORE, Probe


@dataclass(frozen=True, slots=True)
class Question:
    """One probe put to one agent at one moment."""

    probe: Probe
    agent: Agent
    moment: int

    @property
    def round(self) -> int | None:
        return None if self.moment == BEFORE else self.moment

    @property
    def key(self) -> tuple[str, str, int | None]:
        return self.probe.id, self.agent.id, self.round

    def id_in(self, run: str) -> str:
        when = "before" if self.round is None else f"R{self.round}"
        return f"{run}|{self.agent.name}|P:{self.probe.id}|{when}"


@dataclass(frozen=True, slots=True)
class ProbeWatch:
    """Journals each attempt at one question, under names of its own: it is no turn of the discussion."""

    channel: Channel
    question: Question
    digest: str

    def sending(self, request: Request, attempt: int) -> None:
        self._note("probe-call", attempt=attempt, request=self.digest)

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        about: dict[str, object] = {"kind": error.kind, "detail": error.detail}
        about["may_be_billed"] = error.kind.may_be_billed
        if error.cost_usd is not None:
            about["cost_usd"] = error.cost_usd
        self._note("probe-error", **about, attempt=attempt, retry_in=retry_in)
        self.channel.told.failed(error, retry_in)

    def _note(self, event: str, **fields: object) -> None:
        probe, agent, round_ = self.question.key
        self.channel.recorder.note(event, probe=probe, agent=agent, round=round_, **fields)


class Probing:
    """Puts the private questions of one run; those with an answer in the journal are not put again."""

    def __init__(self, channel: Channel, halt: Halt, answered: Iterable[ProbeAnswer] = ()) -> None:
        self._channel, self._run, self._halt = channel, channel.run, halt
        self._answered = {(answer.probe, answer.agent, answer.round) for answer in answered}

    async def ask(self, moment: int, transcript: Transcript) -> None:
        """All questions of this moment, at once: none knows of another."""
        probes = [probe for probe in self._run.condition.probes if moment in probe.moments]
        questions = [
            Question(probe, agent, moment)
            for probe in probes
            for agent in transcript.present(moment)
            if (probe.id, agent.id, Question(probe, agent, moment).round) not in self._answered
        ]
        async with asyncio.TaskGroup() as group:
            for question in questions:
                group.create_task(self._put(question, transcript))

    async def _put(self, question: Question, transcript: Transcript) -> None:
        if self._halt.reason is not None:
            return
        seen, cut = fit(transcript.known(question.agent, question.moment), self._run.condition.window)
        try:
            answer = await self._answer(question, self._fitted(question, transcript, seen, cut))
        except BudgetReached as reached:
            self._halt.ask(reached)
        else:
            self._channel.recorder.probe(answer)
            self._channel.told.answered(answer.usage, answer.cost_usd)
            self._answered.add(question.key)

    def _fitted(
        self, question: Question, transcript: Transcript, seen: list[Turn], cut: list[Turn]
    ) -> Fitted:
        moment = question.moment
        situation = transcript.situation(question.agent, max(moment, 0), known=moment + 1)
        asked, prompter = question.probe.question(self._names(question.agent)), self._channel.prompter
        return self._channel.fitted(
            question.agent,
            seen,
            cut,
            lambda shown: prompter.private(situation, shown, asked),
            question.probe.max_tokens,
        )

    def _names(self, asked: Agent) -> list[str]:
        """The members as `asked` knows them: itself by the name it is told it has, where it is told one."""
        return [(agent.id == asked.id and agent.own_name) or agent.name for agent in self._channel.run.agents]

    async def _answer(self, question: Question, fitted: Fitted) -> ProbeAnswer:
        agent, probe = question.agent, question.probe
        draw = ("probe", probe.id, agent.id, question.moment)
        request = self._channel.request(agent, fitted.turns, *draw, max_tokens=probe.max_tokens)
        asked = self._asked(question, request, fitted)
        if fitted.excess is not None:
            return replace(asked, detail=fitted.excess)
        watch = ProbeWatch(self._channel, question, asked.prompt_digest)
        try:
            reply = await self._channel.retrying(agent, watch).complete(request)
        except CallFailed as error:
            return replace(asked, detail=f"{error.kind}: {error.detail}", attempts=error.attempts)
        return self._read(question, asked, reply)

    def _asked(self, question: Question, request: Request, fitted: Fitted) -> ProbeAnswer:
        """What is known before there is an answer; as it stands, the record of a failure."""
        agent, probe = question.agent, question.probe
        return ProbeAnswer(
            id=question.id_in(self._run.id),
            probe=probe.id,
            agent=agent.id,
            name=agent.name,
            round=question.round,
            kind=probe.kind,
            outcome="failed",
            answer=None,
            text=None,
            seen=tuple(turn.id for turn in fitted.seen),
            cut=tuple(turn.id for turn in fitted.cut),
            prompt_digest=request.digest(),
            model=agent.model,
            layout=self._run.participant(agent).layout,
            seed=request.sampling.seed,
        )

    def _read(self, question: Question, asked: ProbeAnswer, reply: Reply) -> ProbeAnswer:
        text, reasoning = split_reasoning(reply.text)
        parsed = question.probe.parse(text, self._channel.finder)
        return replace(
            asked,
            outcome="unreadable" if parsed is None else "answered",
            answer=parsed,
            text=reply.text,
            reasoning="\n".join(part for part in (reply.reasoning, reasoning) if part) or None,
            served_model=reply.served_model,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            cost_usd=reply.cost_usd,
            latency_s=reply.latency_s,
            attempts=reply.attempts,
        )
