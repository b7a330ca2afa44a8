"""Every route to a real server on loopback that misbehaves in every way known; real client, real sockets."""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest

from mascope.chat.retrying import TRUST
from mascope.chat.types import Chat, Model, Reply
from mascope.errors import CallFailed, FailureKind
from tests.chat.remote_routes import KEY, Route, ask_again, asking, failure, with_chat
from tests.real.misbehaviours import MISBEHAVIOURS, in_order, rate_limited, status
from tests.real.openai_server import Exchange, OpenAIServer, always, serving

KINDS: Mapping[str, FailureKind] = {
    "rate_limit": FailureKind.RATE_LIMIT,
    "rate_limit_retry_after": FailureKind.RATE_LIMIT,
    "quota": FailureKind.QUOTA,
    "payment": FailureKind.QUOTA,
    "server_error": FailureKind.SERVER,
    "bad_gateway": FailureKind.SERVER,
    "unavailable": FailureKind.SERVER,
    "gateway_timeout": FailureKind.TIMEOUT,
    "overloaded": FailureKind.SERVER,
    "unauthorized": FailureKind.AUTHENTICATION,
    "forbidden": FailureKind.AUTHENTICATION,
    "echo_key": FailureKind.AUTHENTICATION,
    "not_found": FailureKind.NOT_FOUND,
    "decommissioned": FailureKind.NOT_FOUND,
    "bad_request": FailureKind.REJECTED,
    "unprocessable": FailureKind.REJECTED,
    "context": FailureKind.CONTEXT,
    "context_vllm": FailureKind.CONTEXT,
    "context_llama_cpp": FailureKind.CONTEXT,
    "too_large": FailureKind.CONTEXT,
    "content_filter": FailureKind.CONTENT_FILTER,
    "content_filter_200": FailureKind.CONTENT_FILTER,
    "reset_in_body": FailureKind.DROPPED,
    "closed_in_body": FailureKind.DROPPED,
    "reset_before_answer": FailureKind.DROPPED,
    "closed_before_answer": FailureKind.DROPPED,
    "not_http": FailureKind.BAD_BODY,
    "truncated_json": FailureKind.BAD_BODY,
    "html": FailureKind.BAD_BODY,
    "empty_body": FailureKind.BAD_BODY,
    "json_list": FailureKind.BAD_BODY,
    "no_choices": FailureKind.BAD_BODY,
    "choices_missing": FailureKind.BAD_BODY,
    "no_message": FailureKind.BAD_BODY,
    "no_usage": FailureKind.BAD_BODY,
    "missed_schema": FailureKind.BAD_BODY,
    "error_in_200": FailureKind.SERVER,
    "trickle": FailureKind.TIMEOUT,
    "silent": FailureKind.TIMEOUT,
}

PATIENCE_S = {"trickle": 0.5, "silent": 0.5}
"""Deadlines for what never ends by itself."""

BY_TRUST = {"passing": 6, "doubtful": 3, "final": 1}


def test_each_known_misbehaviour_has_its_kind() -> None:
    assert set(KINDS) == set(MISBEHAVIOURS)


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_a_misbehaviour_is_told_by_its_kind_and_asked_again_only_as_it_should_be(
    name: str, route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = always(MISBEHAVIOURS[name])
    kind = route.told_otherwise.get(name, KINDS[name])

    error, seen = ask_again(route, asking(replace(model, deadline_s=PATIENCE_S.get(name, 30))))

    if kind is None:
        assert isinstance(error, Reply)
        assert error.text == ""
        return
    attempts = BY_TRUST[TRUST[kind]]
    assert isinstance(error, CallFailed)
    assert error.kind is kind
    assert error.attempts == server.count == attempts
    assert seen.sent == list(range(1, attempts + 1))
    assert seen.failed_as == [kind] * attempts
    assert error.detail
    assert error.__cause__ is None
    assert error.__context__ is None


def test_after_two_failures_the_third_attempt_brings_the_answer(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = in_order(MISBEHAVIOURS["unavailable"], MISBEHAVIOURS["reset_in_body"])

    reply, seen = ask_again(route, asking(model))

    assert isinstance(reply, Reply)
    assert (reply.text, reply.attempts) == ("An answer.", 3)
    assert seen.failed_as == [FailureKind.SERVER, FailureKind.DROPPED]
    assert server.bodies[0] == server.bodies[1] == server.bodies[2]


def test_the_wait_that_the_server_asks_for_is_passed_on(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = always(rate_limited("17"))

    assert failure(route, asking(model)).retry_after == 17


def test_a_key_that_the_server_repeats_is_in_nothing_that_is_kept(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = always(MISBEHAVIOURS["echo_key"])

    error = failure(route, asking(model))

    assert "verysecret" not in f"{error} {error!r} {error.detail} {vars(error)}"


def test_a_key_in_a_page_without_end_is_in_nothing_that_is_kept(
    route: Route, model: Model, server: OpenAIServer
) -> None:
    server.choose = always(status(500, "x" * 480 + f" {KEY} " * 500))

    error = failure(route, asking(model))

    assert "verysecret" not in str(error)
    assert KEY[:6] not in str(error)
    assert len(error.detail) <= 500


def test_a_missing_key_fails_before_anything_is_sent(
    route: Route, model: Model, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MASCOPE_TEST_KEY")

    error = failure(route, asking(model))

    assert error.kind is FailureKind.AUTHENTICATION
    assert "MASCOPE_TEST_KEY" in error.detail
    assert server.count == 0


def test_nobody_listening_is_a_failure_to_connect(route: Route, model: Model) -> None:
    with serving() as gone:
        address = gone.url

    error, seen = ask_again(route, asking(replace(model, base_url=address)))

    assert isinstance(error, CallFailed)
    assert error.kind is FailureKind.CONNECT
    assert len(seen.sent) == 6


def test_an_address_that_is_none_is_not_tried_again(route: Route, model: Model) -> None:
    error = failure(route, asking(replace(model, base_url="not an address")))

    assert error.kind is FailureKind.REJECTED


def test_a_cancelled_call_is_cancelled_not_failed(route: Route, model: Model, server: OpenAIServer) -> None:
    arrived = threading.Event()

    async def never(exchange: Exchange) -> None:
        arrived.set()
        await asyncio.sleep(3600)

    async def use(chat: Chat) -> bool:
        task = asyncio.ensure_future(chat.complete(asking(model)))
        await asyncio.to_thread(arrived.wait, 20)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    server.choose = always(never)

    assert with_chat(route, use)
    assert server.count == 1
