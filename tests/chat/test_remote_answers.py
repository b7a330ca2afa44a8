"""What every route sends to a real server on loopback, and what it makes of a good answer."""

import asyncio
import json
import time
from dataclasses import replace

import pytest

from mascope.chat.types import Chat, Model, Reply
from mascope.errors import FailureKind
from mascope.records import Usage
from tests.chat.remote_routes import KEY, SCHEMA, Route, ask, asking, failure, with_chat
from tests.real.misbehaviours import status
from tests.real.openai_server import OpenAIServer, always, answering, completion


def test_what_is_asked_arrives_and_what_is_answered_is_read(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    message = {"role": "assistant", "content": "Salut !", "reasoning_content": "In French."}
    details = {"reasoning_tokens": 5}
    usage = {"prompt_tokens": 9, "completion_tokens": 7, "completion_tokens_details": details, "cost": 0.002}
    server.choose = always(answering(message=message, usage=usage, finish_reason="length"))

    reply = ask(route, asking(model, "Ça va ?", temperature=0.8, top_p=0.9, seed=7))

    sent = server.bodies[0]
    assert sent["messages"] == [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Ça va ?"},
    ]
    assert sent["model"] == model.served_by.partition("/")[2]
    assert (sent["temperature"], sent["top_p"], sent["seed"], sent["max_tokens"]) == (0.8, 0.9, 7, 50)
    assert not sent.get("stream")
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert reply.latency_s is not None
    assert replace(reply, latency_s=None) == Reply(
        text="Salut !",
        finish_reason="length",
        usage=Usage(9, 7, 5),
        reasoning="In French.",
        served_model="served-model",
        fingerprint="fp_1",
        cost_usd=0.002,
    )


def test_parameters_that_are_not_set_are_not_sent(route: Route, model: Model, server: OpenAIServer) -> None:
    ask(route, asking(model))

    assert not {"temperature", "top_p", "seed", "response_format", "tools"} & set(server.bodies[0])


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_answer_is_an_answer(
    text: str | None, route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = always(answering(text))

    assert ask(route, asking(model)).text == ""


def test_a_server_of_ones_own_is_not_sent_the_key_of_a_provider(
    route: Route, model: Model, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "GROQ_API_KEY", "OPENROUTER_API_KEY", "HOSTED_VLLM_API_KEY"):
        monkeypatch.setenv(name, KEY)

    ask(route, asking(replace(model, key_env=None)))

    assert KEY not in str(server.requests[0].headers)


def test_a_schema_is_sent_as_it_is_or_named_as_not_sent(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    reply = ask(route, replace(asking(model), schema=SCHEMA))

    sent = server.bodies[0]
    as_format = sent.get("response_format", {}).get("json_schema", {})
    as_tool = sent.get("tools", [{}])[0].get("function", {})
    assert reply.unsent == ()
    assert dict(SCHEMA) in (as_format.get("schema"), as_tool.get("parameters"))
    assert as_format.get("strict", True)


def test_extra_parameters_reach_the_server(route: Route, model: Model, server: OpenAIServer) -> None:
    ask(route, asking(model, extra={"frequency_penalty": 0.5, "min_p": 0.1}))

    assert server.bodies[0]["frequency_penalty"] == 0.5
    assert server.bodies[0]["min_p"] == 0.1


@pytest.mark.parametrize(
    "name", ["stream", "api_base", "fallbacks", "max_retries", "n", "custom_llm_provider"]
)
def test_extra_parameters_may_not_change_who_answers_or_how_often(
    name: str, route: Route, model: Model, server: OpenAIServer
) -> None:
    error = failure(route, asking(model, extra={name: 1}))

    assert error.kind is FailureKind.REJECTED
    assert name in error.detail
    assert server.count == 0


def test_what_a_request_holds_is_left_as_it_was(route: Route, model: Model, server: OpenAIServer) -> None:
    extra = {"logit_bias": {"1": 5}, "provider": {"order": ["a"]}}
    schema = {**SCHEMA, "properties": {"flag": {"type": "string", "minLength": 1}}}
    request = replace(asking(model, extra=extra), schema=schema)
    before = request.digest()

    ask(route, request)

    assert request.digest() == before


def test_an_address_may_end_in_a_slash(route: Route, model: Model, server: OpenAIServer) -> None:
    ask(route, asking(replace(model, base_url=f"{server.url}/")))

    assert server.requests[0].path == "/v1/chat/completions"


def test_half_a_surrogate_pair_neither_breaks_the_prompt_nor_comes_back(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = always(status(200, json.dumps(completion("a\ud83d"))))

    reply = ask(route, asking(model, "b\ud83d"))

    assert server.bodies[0]["messages"][1]["content"] == "b\ufffd"
    assert reply.text == "a\ufffd"


def test_many_calls_at_once_each_get_their_own_answer(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = always(answering(lambda received: received.body["messages"][1]["content"].upper()))
    words = [f"word {i}" for i in range(40)]

    async def use(chat: Chat) -> list[str]:
        replies = await asyncio.gather(*(chat.complete(asking(model, word)) for word in words))
        return [reply.text for reply in replies]

    assert with_chat(route, use) == [word.upper() for word in words]


def test_a_closed_chat_leaves_no_connection_open(route: Route, model: Model, server: OpenAIServer) -> None:
    async def use(chat: Chat) -> int:
        await asyncio.gather(*(chat.complete(asking(model)) for _ in range(5)))
        return server.connections

    during = with_chat(route, use)
    after = left_open(server)

    assert during > 0
    assert after == 0


def left_open(server: OpenAIServer) -> int:
    """Connections that the server, in its own thread, still sees after the client closed (10 s at most)."""
    for _ in range(500):
        if server.connections == 0:
            break
        time.sleep(0.02)
    return server.connections
