"""What is particular to the direct route. All that it shares with the other is in tests of every route."""

import asyncio
import datetime
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from mascope.chat.direct import Direct
from mascope.chat.direct_form import body
from mascope.chat.types import Chat, ChatTurn, Model, Reply, Request, Sampling
from mascope.errors import FailureKind
from tests.chat.remote_routes import KEY, Route, ask, asking, failure, with_chat
from tests.real.misbehaviours import status
from tests.real.openai_server import Exchange, OpenAIServer, always, completion, serving

DIRECT = Route(Direct, "openai/m")


@pytest.fixture
def direct(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setenv("MASCOPE_TEST_KEY", KEY)
    return Model("m", "openai/m", "M", server.url, "MASCOPE_TEST_KEY", deadline_s=30)


def test_the_direct_route_never_loads_litellm() -> None:
    program = "import sys, mascope.chat.direct; sys.exit('litellm' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_longer_prompt_holds_the_bytes_of_the_shorter_one() -> None:
    model = Model("m", "openai/m", "M", "http://127.0.0.1:9/v1")
    turns = tuple(ChatTurn("user", f'« {i} »\n"ça" \u2028 😀') for i in range(3))

    shorter, longer = body(Request(model, turns[:2])), body(Request(model, turns))

    assert longer.startswith(shorter[: shorter.index(b"]")])
    assert [turn["content"] for turn in json.loads(longer)["messages"]] == [turn.text for turn in turns]
    assert all(turn.encoded is turn.encoded for turn in turns)


def test_a_redirect_is_told_and_neither_prompt_nor_key_goes_there(
    direct: Model, server: OpenAIServer
) -> None:
    with serving() as elsewhere:
        server.choose = always(status(307, "", {"Location": f"{elsewhere.url}/chat/completions"}))

        error = failure(DIRECT, asking(direct))

    assert error.kind is FailureKind.REJECTED
    assert elsewhere.url in error.detail
    assert elsewhere.count == 0


@pytest.mark.parametrize(
    "extra",
    [
        {"penalty": float("nan")},
        {"since": datetime.date(2026, 11, 1)},
        {"extra_body": {"messages": []}},
        {"extra_body": {"stream": True}},
        {"extra_headers": ["X-Title"]},
        {"extra_headers": {"X-Title": "a\r\nb"}},
    ],
)
def test_what_cannot_or_may_not_be_sent_is_rejected_before_it_is(
    extra: dict[str, Any], direct: Model, server: OpenAIServer
) -> None:
    error = failure(DIRECT, asking(direct, extra=extra))

    assert error.kind is FailureKind.REJECTED
    assert server.count == 0


def test_a_key_of_two_lines_is_rejected_and_not_shown(
    direct: Model, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASCOPE_TEST_KEY", f"{KEY}\nsecond line")

    error = failure(DIRECT, asking(direct))

    assert error.kind is FailureKind.REJECTED
    assert KEY not in str(error)
    assert server.count == 0


def test_a_proxy_of_a_kind_that_is_not_known_is_an_error_of_the_call(
    direct: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")

    assert failure(DIRECT, asking(replace(direct, base_url="http://models.invalid/v1"))).detail


def test_extra_headers_and_an_extra_body_arrive_as_such(direct: Model, server: OpenAIServer) -> None:
    extra = {"extra_headers": {"X-Title": "study"}, "extra_body": {"top_k": 3}, "min_p": 0.1}

    ask(DIRECT, asking(direct, extra=extra))

    assert server.requests[0].headers["x-title"] == "study"
    assert (server.bodies[0]["top_k"], server.bodies[0]["min_p"]) == (3, 0.1)
    assert not {"extra_headers", "extra_body"} & set(server.bodies[0])


@pytest.mark.parametrize(
    "answer",
    ["[" * 100_000, '{"choices": NaN}', '{"error": "no model loaded"}', '{"error": {"code": 3}}', "1"],
)
def test_an_answer_that_is_none_is_a_bad_body(answer: str, direct: Model, server: OpenAIServer) -> None:
    server.choose = always(status(200, answer))

    assert failure(DIRECT, asking(direct)).kind is FailureKind.BAD_BODY


def test_an_answer_that_is_not_utf_8_is_a_bad_body(direct: Model, server: OpenAIServer) -> None:
    async def latin(exchange: Exchange) -> None:
        said = json.dumps(completion("é"), ensure_ascii=False).encode("latin-1")
        await exchange.send_raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))

    server.choose = always(latin)

    assert failure(DIRECT, asking(direct)).kind is FailureKind.BAD_BODY


@pytest.mark.parametrize(
    ("code", "kind", "wait"), [(429, FailureKind.RATE_LIMIT, 2.5), (401, FailureKind.AUTHENTICATION, None)]
)
def test_an_error_that_comes_as_a_success_is_what_it_says_it_is(
    code: int, kind: FailureKind, wait: float | None, direct: Model, server: OpenAIServer
) -> None:
    error = {"message": f"Try again in 2.5s, {KEY}", "code": code}
    server.choose = always(status(200, {"error": error}))

    failed = failure(DIRECT, asking(direct))

    assert failed.kind is kind
    assert KEY not in str(failed)
    assert failed.retry_after == wait


def test_a_key_cut_short_in_an_unreadable_answer_is_not_kept(direct: Model, server: OpenAIServer) -> None:
    server.choose = always(status(200, "x" * 480 + KEY * 3))

    assert KEY[:6] not in str(failure(DIRECT, asking(direct)))


def test_a_proxy_that_the_environment_names_is_used(
    direct: Model, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))

    reply = ask(DIRECT, asking(replace(direct, base_url="http://models.invalid/v1")))

    assert reply.text == "An answer."
    assert server.requests[0].path == "http://models.invalid/v1/chat/completions"


def test_one_chat_serves_one_loop_after_another(direct: Model, server: OpenAIServer) -> None:
    chat = Direct()

    async def use() -> str:
        try:
            return (await chat.complete(asking(direct))).text
        finally:
            await chat.aclose()
            await chat.aclose()

    assert [asyncio.run(use()), asyncio.run(use())] == ["An answer.", "An answer."]


def test_connections_are_kept_for_the_next_call(direct: Model, server: OpenAIServer) -> None:
    async def use(chat: Chat) -> int:
        for _ in range(5):
            await chat.complete(asking(direct))
        return server.connections

    assert with_chat(DIRECT, use) == 1


def test_hundreds_of_calls_are_under_way_at_once(direct: Model, server: OpenAIServer) -> None:
    calls, all_here = 600, asyncio.Event()

    async def together(exchange: Exchange) -> None:
        if server.peak == calls:
            all_here.set()
        await all_here.wait()
        await exchange.send(200, completion())

    async def use(chat: Chat) -> list[Reply]:
        return await asyncio.gather(*(chat.complete(asking(direct, f"{i}")) for i in range(calls)))

    server.choose = always(together)

    assert len(with_chat(DIRECT, use)) == calls
    assert server.peak == calls


def test_the_time_that_an_answer_took_is_told(direct: Model, server: OpenAIServer) -> None:
    server.latency = 0.2

    assert (ask(DIRECT, asking(direct)).latency_s or 0) >= 0.2


def test_a_prompt_without_a_key_still_names_none(server: OpenAIServer) -> None:
    ask(DIRECT, Request(Model("m", "hosted_vllm/m", "M", server.url), (ChatTurn("user", "?"),), Sampling()))

    assert server.requests[0].headers["authorization"] == "Bearer none"
