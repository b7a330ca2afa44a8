"""A judge that is a language model: asks, reads, and asks again where the answer cannot be read."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mascope.chat.pacing import Gate, Ungated
from mascope.chat.retrying import Retrying, RetryPolicy
from mascope.chat.types import Chat, Reply, Request, Sampling
from mascope.codebook import Judge, Panel
from mascope.errors import BudgetReached, CallFailed, FailureKind
from mascope.judging.blinding import Blindings, Question
from mascope.judging.coders import CallLog, Halted, Judged, coder_digest
from mascope.judging.parse import Marked, Problem, Reading, read_answers
from mascope.judging.prompt import form, user_turn
from mascope.judging.units import Unit
from mascope.records import Abstained, Coding, Unanswered, Unreadable, Usage, Verdict
from mascope.store.codes import CoderHeader

ASKED_AGAIN = 2
"""How often a question is asked again after an answer that cannot be read."""
CONCURRENCY = 200
"""Questions of one judge in hand at once, where its model names no number; the gate may send fewer."""
KEPT = 2_000
"""Characters of an unreadable answer that are recorded."""

DECLINED = frozenset({"content_filter", "refusal", "safety"})
"""Finish reasons that mean the model would not answer."""
CUT_OFF = frozenset({"length", "max_tokens"})

_SPLIT_ON = frozenset({FailureKind.CONTEXT, FailureKind.CONTENT_FILTER, FailureKind.REJECTED})
"""Failures that one message of a batch can bring on all of them."""


@dataclass(frozen=True, slots=True)
class Calling:
    """How patiently judges are asked."""

    gate: Gate = field(default_factory=Ungated)
    """What each attempt waits for: the pace that endpoints stand."""
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)
    """Of the waits between attempts, and of nothing else."""


@dataclass(slots=True)
class _Effort:
    """What one message has cost so far."""

    asked: int = 0
    attempts: int = 0
    latency_s: float = 0.0
    usage: Usage | None = None
    costs: list[float | None] = field(default_factory=list)

    def add(self, reply: Reply, *, pays: bool) -> None:
        """Count a reply; of a batch, one message bears the cost, so that sums over messages are right."""
        self.asked += 1
        self.attempts += reply.attempts
        self.latency_s += reply.latency_s or 0.0
        if pays:
            self.usage = _sum(self.usage, reply.usage)
            self.costs.append(reply.cost_usd)

    def failed(self, error: CallFailed) -> None:
        self.asked += 1
        self.attempts += error.attempts

    def about(self) -> dict[str, Any]:
        usage = self.usage
        known = [cost for cost in self.costs if cost is not None]
        fields: dict[str, Any] = {"asked": self.asked, "attempts": self.attempts}
        if usage is not None:
            fields["usage"] = {"prompt": usage.prompt, "completion": usage.completion}
            if usage.reasoning is not None:
                fields["usage"]["reasoning"] = usage.reasoning
        if self.costs:
            fields["cost_usd"] = sum(known) if len(known) == len(self.costs) else None
        return {**fields, "latency_s": round(self.latency_s, 3)}


@dataclass(slots=True)
class _Case:
    """One question on its way to a verdict."""

    question: Question
    batch: int
    """Messages in the call by which it is first asked."""
    place: int
    """Its place among them, from 1."""
    effort: _Effort = field(default_factory=_Effort)
    unread: int = 0
    """Answers that could not be read."""
    alone: bool = False
    """Whether it must be asked by itself before it is settled."""
    verdict: Verdict | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def judged(self) -> Judged:
        if self.verdict is None:
            raise ValueError(f"{self.question.message} has no verdict yet")
        return self._judged(self.verdict)

    def postponed(self) -> Judged:
        """What is recorded where it cannot be asked again now: what it cost, and that it is to be asked."""
        return self._judged(Unanswered(self.question.message, "halted", "not asked again before the end"))

    def _judged(self, verdict: Verdict) -> Judged:
        about = {**self.about, **self.effort.about()}
        if self.batch > 1:
            about |= {"batch": self.batch, "place": self.place}
        if self.question.left_out:
            about["left_out"] = self.question.left_out
        return Judged(verdict, about)


class LlmCoder:
    """One judge of a panel."""

    def __init__(
        self, judge: Judge, panel: Panel, chat: Chat, blindings: Blindings, calling: Calling
    ) -> None:
        self._judge, self._chat, self._calling, self._blindings = judge, chat, calling, blindings
        self._form = form(panel.codebook, panel.ask, batched=panel.batch > 1)
        self._tell_absences = any(not flag.trait for flag in panel.codebook.flags)
        self.batch = panel.batch
        self.concurrency = judge.model.concurrency or CONCURRENCY
        self.header = CoderHeader(
            coder=judge.name,
            kind="llm",
            digest=coder_digest(judge, panel),
            flags=panel.codebook.names,
            model=judge.model.served_by,
            simulated=judge.model.simulated,
            batch=panel.batch,
        )

    async def code(self, units: Sequence[Unit], log: CallLog) -> AsyncGenerator[Judged, None]:
        """All units by one call, then by themselves those whose answer is missing or cannot be read."""
        cases = [_Case(self._question(unit), len(units), place) for place, unit in enumerate(units, start=1)]
        await self._ask(cases, log)
        for case in cases:
            if not case.alone:
                yield case.judged()
        left = [case for case in cases if case.alone]
        try:
            for case in left:
                while case.alone:
                    await self._ask([case], log)
                yield case.judged()
        except (BudgetReached, Halted):
            for case in left:
                if case.alone:
                    yield case.postponed()
            raise

    def _question(self, unit: Unit) -> Question:
        return self._blindings.of(unit).question(unit, tell_absences=self._tell_absences)

    async def _ask(self, cases: Sequence[_Case], log: CallLog) -> None:
        """One call for all of `cases`; each then has a verdict, or must be asked by itself."""
        request = self._request(cases)
        watch = _Watch([case.question.message for case in cases], request.digest(), log)
        calling = self._calling
        chat = Retrying(self._chat, calling.policy, watch, calling.gate, calling.sleep, calling.rng)
        try:
            reply = await chat.complete(request)
        except CallFailed as error:
            for case in cases:
                _settle_failed(case, error, shared=len(cases) > 1)
            return
        for place, (case, reading) in enumerate(zip(cases, self._read(reply, cases), strict=True)):
            case.effort.add(reply, pays=place == 0)
            case.about = _about(reply, watch.digest)
            _settle(case, reading, reply, shared=len(cases) > 1)

    def _request(self, cases: Sequence[_Case]) -> Request:
        again = cases[0].unread if len(cases) == 1 else 0
        turn = user_turn([case.question for case in cases], batched=self._form.batched, again=again)
        sampling: Sampling = self._judge.sampling
        if len(cases) > 1:
            sampling = replace(sampling, max_tokens=sampling.max_tokens * len(cases))
        return Request(self._judge.model, (self._form.system, turn), sampling, self._form.schema)

    def _read(self, reply: Reply, cases: Sequence[_Case]) -> Sequence[Reading | None]:
        """What each case was answered; None where the model declined."""
        if reply.finish_reason in DECLINED:
            return [None] * len(cases)
        if reply.finish_reason in CUT_OFF:
            return [Problem("cut off at max_tokens")] * len(cases)
        return read_answers(reply.text, self._form, [case.question for case in cases])


def _settle(case: _Case, reading: Reading | None, reply: Reply, *, shared: bool) -> None:
    message = case.question.message
    case.alone = False
    match reading:
        case Marked(marks, dropped):
            case.verdict = Coding(message, marks)
            if dropped:
                case.about["dropped"] = list(dropped)
        case Problem(text, missing):
            case.verdict = Unreadable(message, reply.text[:KEPT], text)
            case.unread += 0 if missing and shared else 1
            case.alone = case.unread <= ASKED_AGAIN
        case None:
            case.verdict = Abstained(message, str(reply.finish_reason))
            case.alone = shared


def _settle_failed(case: _Case, error: CallFailed, *, shared: bool) -> None:
    message = case.question.message
    case.effort.failed(error)
    if error.kind is FailureKind.CONTENT_FILTER:
        case.verdict = Abstained(message, error.detail)
    else:
        case.verdict = Unanswered(message, str(error.kind), error.detail)
    case.alone = shared and error.kind in _SPLIT_ON


def _about(reply: Reply, digest: str) -> dict[str, Any]:
    """What the last call of a verdict was like; what says nothing is left out."""
    fields: dict[str, Any] = {"request": digest}
    if reply.served_model is not None:
        fields["served_model"] = reply.served_model
    if reply.fingerprint is not None:
        fields["fingerprint"] = reply.fingerprint
    if reply.unsent:
        fields["unsent"] = list(reply.unsent)
    return fields


def _sum(one: Usage | None, other: Usage | None) -> Usage | None:
    if one is None or other is None:
        return one or other
    both = [tokens for tokens in (one.reasoning, other.reasoning) if tokens is not None]
    return Usage(one.prompt + other.prompt, one.completion + other.completion, sum(both) if both else None)


@dataclass(frozen=True, slots=True)
class _Watch:
    """Tells the log of each attempt at one call."""

    messages: Sequence[str]
    digest: str
    log: CallLog

    def sending(self, request: Request, attempt: int) -> None:
        self.log.sending(self.messages, self.digest, attempt)

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        self.log.failed(self.messages, attempt, error, retry_in)
