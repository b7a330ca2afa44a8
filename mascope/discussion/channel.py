"""The way to the agents of one run: what they are sent, whether it fits, and how patiently they are asked."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from mascope.chat.pacing import Gate, Ungated
from mascope.chat.retrying import Retrying, RetryPolicy, Watch
from mascope.chat.types import Chat, ChatTurn, Request
from mascope.errors import CallFailed
from mascope.names import MentionFinder
from mascope.prompting import Prompter
from mascope.records import Agent, Turn, Usage
from mascope.seeds import derive
from mascope.store.journal import Recorder
from mascope.study import Run

Build: TypeAlias = Callable[[Sequence[Turn]], tuple[ChatTurn, ...]]
"""The prompt that shows these turns."""

CUT_MARGIN = 1.2
"""By how much a prompt that is cut may be longer than estimated, and still fit: tokenizers differ."""


@dataclass(frozen=True, slots=True)
class Models:
    """What answers in every discussion of a study, and how patiently it is asked."""

    chats: Mapping[str, Chat]
    """One for each model, by its key."""
    gate: Gate = field(default_factory=Ungated)
    """What each attempt waits for: the pace that endpoints stand."""
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told of what is no turn."""

    retried: Callable[[CallFailed, float], None]
    """Of each attempt that failed and is made again, with the wait in seconds."""
    paid: Callable[[int, float], None]
    """Of the tokens and USD of each answer that is no turn, and of each attempt that may be billed."""

    def answered(self, usage: Usage | None, cost_usd: float | None) -> None:
        """By what is no turn: a private answer, or an empty one."""
        self.paid(usage.completion if usage else 0, cost_usd or 0.0)

    def failed(self, error: CallFailed, retry_in: float | None) -> None:
        if error.cost_usd:
            self.paid(0, error.cost_usd)
        if retry_in is not None:
            self.retried(error, retry_in)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt, and what of the transcript it shows."""

    turns: tuple[ChatTurn, ...]
    seen: tuple[Turn, ...]
    cut: tuple[Turn, ...]
    excess: str | None = None
    """Why it is too long for its model, if it is; then it is not sent."""


class Channel:
    """Prompts, requests and calls of one run. A chat turn and a private question go the same way."""

    def __init__(self, run: Run, models: Models, recorder: Recorder, told: Told) -> None:
        condition = run.condition
        self.run, self.recorder, self.told = run, recorder, told
        self.prompter = Prompter(condition.scaffold, condition.form, condition.brief)
        self.finder = MentionFinder(
            {agent.id: [name for name in (agent.name, agent.own_name) if name] for agent in run.agents}
        )
        self._models = models
        self._waits = random.Random()  # noqa: S311 - spreads the waits before retries, and nothing else

    def retrying(self, agent: Agent, watch: Watch) -> Retrying:
        models = self._models
        chat = models.chats[agent.model]
        return Retrying(chat, models.policy, watch, models.gate, models.sleep, self._waits)

    def request(
        self, agent: Agent, turns: tuple[ChatTurn, ...], *draw: str | int, max_tokens: int | None = None
    ) -> Request:
        """What is sent; `draw` names the answer, so that each has a seed of its own."""
        sampling = replace(self.run.participant(agent).sampling, seed=derive(*self.run.draw(*draw)))
        if max_tokens is not None:
            sampling = replace(sampling, max_tokens=max_tokens)
        return Request(self.run.models[agent.model], turns, sampling)

    def fitted(
        self, agent: Agent, seen: Sequence[Turn], cut: Sequence[Turn], build: Build, answer: int | None = None
    ) -> Fitted:
        """The prompt that shows `seen`, or the latest of it that the model's context holds.

        `answer` is the room that the answer needs, in tokens; None for as much as in the chat.
        """
        turns = build(seen)
        limit = self.run.models[agent.model].context_tokens
        if limit is None:
            return Fitted(turns, tuple(seen), tuple(cut))
        answer = answer or self.run.participant(agent).sampling.max_tokens
        room, first = limit - answer, 0
        if self.run.condition.window.overflow == "cut":
            first = _first_that_fits(seen, build, room / CUT_MARGIN)
            turns = build(seen[first:])
        excess = None
        if length(turns) > room:
            excess = (
                f"not sent: about {math.ceil(length(turns))} tokens of prompt and {answer} "
                f"for the answer exceed the {limit} of model {agent.model!r}"
            )
        return Fitted(turns, tuple(seen[first:]), (*cut, *seen[:first]), excess)


def length(turns: Sequence[ChatTurn]) -> float:
    """In tokens, as estimated."""
    return sum(turn.tokens for turn in turns)


def _first_that_fits(seen: Sequence[Turn], build: Build, room: float) -> int:
    """How many of the oldest turns must go, if any; all of them where even the rest is too long."""
    if length(build(seen)) <= room:
        return 0
    low, high = 1, len(seen)
    while low < high:
        middle = (low + high) // 2
        if length(build(seen[middle:])) <= room:
            high = middle
        else:
            low = middle + 1
    return high
