import asyncio

import pytest

from mascope.chat.scripted import Scripted
from mascope.chat.types import ChatTurn, Model, Reply, Request
from mascope.errors import CallFailed, FailureKind
from mascope.records import Usage

REQUEST = Request(Model("m", "openai/m", "M"), (ChatTurn("system", "Be brief."), ChatTurn("user", "Hello")))


def test_a_text_becomes_a_reply_with_a_token_a_word() -> None:
    reply = asyncio.run(Scripted(lambda request: "One two three.").complete(REQUEST))

    assert reply.text == "One two three."
    assert reply.usage == Usage(prompt=3, completion=3)
    assert reply.finish_reason == "stop"


def test_a_reply_is_given_as_it_is() -> None:
    reply = Reply("", "length", None)

    assert asyncio.run(Scripted(lambda request: reply).complete(REQUEST)) is reply


def test_a_script_may_take_its_time() -> None:
    async def answer(request: Request) -> str:
        await asyncio.sleep(0)
        return "Late."

    assert asyncio.run(Scripted(answer).complete(REQUEST)).text == "Late."


def test_a_script_may_fail_and_what_was_asked_is_kept_all_the_same() -> None:
    def fail(request: Request) -> str:
        raise CallFailed(FailureKind.SERVER, "down")

    chat = Scripted(fail)

    with pytest.raises(CallFailed, match="server: down"):
        asyncio.run(chat.complete(REQUEST))
    assert chat.requests == [REQUEST]
