"""A chat that is a function: for tests, and for trying a study without a model."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from mascope.chat.types import Reply, Request
from mascope.records import Usage

Answer: TypeAlias = str | Reply
Script: TypeAlias = Callable[[Request], Answer | Awaitable[Answer]]


@dataclass(slots=True)
class Scripted:
    """Answers each request with what the script makes of it: a text or a Reply, at once or awaited.

    The script raises CallFailed where the call shall fail. A mere text gets a usage of one token a word.
    """

    script: Script
    requests: list[Request] = field(default_factory=list)
    """All that was asked, in order."""
    closed: bool = False

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        answer = self.script(request)
        if inspect.isawaitable(answer):
            answer = await answer
        return answer if isinstance(answer, Reply) else _reply(request, answer)

    async def aclose(self) -> None:
        self.closed = True


def _reply(request: Request, text: str) -> Reply:
    asked = sum(len(turn.text.split()) for turn in request.turns)
    usage = Usage(prompt=asked, completion=len(text.split()))
    return Reply(text, "stop", usage, served_model=request.model.served_by, latency_s=0.0)
