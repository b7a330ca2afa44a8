"""The routes to remote models, and how the tests ask them. Every route passes the same tests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import pytest

from mascope.chat.direct import Direct
from mascope.chat.remote import Remote
from mascope.chat.retrying import Retrying, RetryPolicy
from mascope.chat.types import Chat, ChatTurn, Model, Reply, Request, Sampling
from mascope.errors import CallFailed, FailureKind

T = TypeVar("T")

KEY = "mk-4f9a/Z+verysecret"

SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "properties": {"flag": {"type": "string", "enum": ["yes", "no"]}},
        "required": ["flag"],
        "additionalProperties": False,
    }
)


@dataclass(frozen=True)
class Route:
    """A way to the server, which all must behave alike."""

    open: Callable[[], Chat]
    served_by: str
    told_otherwise: Mapping[str, FailureKind | None] = field(default_factory=dict)
    """What the client beneath makes of misbehaviours that it does not tell apart; None: an empty answer."""


ROUTES: Mapping[str, Route] = {
    "direct-openai": Route(Direct, "openai/org/some-model"),
    "direct-groq": Route(Direct, "groq/some-model"),
    "litellm-openai": Route(Remote, "openai/org/some-model"),
    "litellm-hosted_vllm": Route(Remote, "hosted_vllm/some-model"),
    "litellm-openrouter": Route(Remote, "openrouter/org/some-model"),
    "litellm-groq": Route(
        Remote, "groq/some-model", {"error_in_200": FailureKind.BAD_BODY, "no_message": None}
    ),
}


@dataclass
class Seen:
    sent: list[int] = field(default_factory=list)
    failed_as: list[FailureKind] = field(default_factory=list)

    def sending(self, request: Request, attempt: int) -> None:
        self.sent.append(attempt)

    def failed(self, request: Request, attempt: int, error: CallFailed, retry_in: float | None) -> None:
        self.failed_as.append(error.kind)


def with_chat(route: Route, use: Callable[[Chat], Awaitable[T]]) -> T:
    """Opens the route, uses it, and closes it, in a loop of its own."""

    async def main() -> T:
        chat = route.open()
        try:
            return await use(chat)
        finally:
            await chat.aclose()

    return asyncio.run(main())


def asking(model: Model, words: str = "Hello", **sampling: Any) -> Request:
    turns = (ChatTurn("system", "You are brief."), ChatTurn("user", words))
    return Request(model, turns, Sampling(**{"max_tokens": 50, **sampling}))


def ask(route: Route, request: Request) -> Reply:
    return with_chat(route, lambda chat: chat.complete(request))


def failure(route: Route, request: Request) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        ask(route, request)
    return caught.value


async def no_wait(seconds: float) -> None:
    pass


def ask_again(route: Route, request: Request) -> tuple[Reply | CallFailed, Seen]:
    """What comes of the request when it is retried, without waits."""
    seen = Seen()

    async def use(chat: Chat) -> Reply | CallFailed:
        try:
            return await Retrying(chat, RetryPolicy(), seen, sleep=no_wait).complete(request)
        except CallFailed as error:
            return error

    return with_chat(route, use), seen
