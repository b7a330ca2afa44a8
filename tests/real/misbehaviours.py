"""Everything that servers of language models have been seen to do wrong, and ways to choose among it."""

import argparse
import asyncio
import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from tests.real.openai_server import (
    OK,
    Behaviour,
    Choice,
    Exchange,
    Json,
    OpenAIServer,
    Received,
    answering,
    completion,
    http_response,
)


def status(code: int, body: str | Json, headers: Mapping[str, str] | None = None) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(code, body, headers)

    return behave


def refusing(
    code: int, message: str, error_code: str | None = None, headers: Mapping[str, str] | None = None
) -> Behaviour:
    """An error in OpenAI's form."""
    error = {"message": message, "type": "error", "param": None, "code": error_code}
    return status(code, {"error": error}, headers)


def rate_limited(retry_after: str | None = None) -> Behaviour:
    headers = {"Retry-After": retry_after} if retry_after else None
    return refusing(429, "Rate limit reached for requests", "rate_limit_exceeded", headers)


def late(seconds: float, then: Behaviour = OK) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await then(exchange)

    return behave


async def reset_in_body(exchange: Exchange) -> None:
    await exchange.send_raw(http_response(200, completion())[:-60])
    exchange.reset()


async def closed_in_body(exchange: Exchange) -> None:
    await exchange.send_raw(http_response(200, completion())[:-60])
    exchange.close()


async def reset_before_answer(exchange: Exchange) -> None:
    exchange.reset()


async def closed_before_answer(exchange: Exchange) -> None:
    exchange.close()


async def not_http(exchange: Exchange) -> None:
    await exchange.send_raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    exchange.close()


async def trickling(exchange: Exchange) -> None:
    """A byte every 50 ms: each read succeeds, and the answer takes half a minute."""
    for byte in http_response(200, completion()):
        await exchange.send_raw(bytes([byte]))
        await asyncio.sleep(0.05)


async def silent(exchange: Exchange) -> None:
    await asyncio.sleep(3600)


async def echoing_the_key(exchange: Exchange) -> None:
    key = exchange.received.headers.get("authorization", "none")
    error = {"message": f"Incorrect API key provided: {key}.", "code": "invalid_api_key"}
    await exchange.send(401, {"error": error}, {"X-Echo": key})


VLLM_CONTEXT = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (3976 in the "
    "messages, 1024 in the completion). Please reduce the length of the messages or completion."
)
OPENAI_CONTEXT = (
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."
)
LLAMA_CPP_CONTEXT = "the request exceeds the available context size. try increasing the context size"

MISBEHAVIOURS: Mapping[str, Behaviour] = {
    "rate_limit": rate_limited(),
    "rate_limit_retry_after": rate_limited("1"),
    "quota": refusing(429, "You exceeded your current quota, please check your plan.", "insufficient_quota"),
    "payment": refusing(402, "Insufficient credits. Add more to continue."),
    "server_error": refusing(500, "The server had an error while processing your request."),
    "bad_gateway": status(502, "<html><body>502 Bad Gateway</body></html>"),
    "unavailable": refusing(503, "The server is overloaded or not ready yet."),
    "gateway_timeout": refusing(504, "upstream request timeout"),
    "overloaded": refusing(529, "Overloaded"),
    "unauthorized": refusing(401, "Incorrect API key provided.", "invalid_api_key"),
    "forbidden": refusing(403, "Your project does not have access to this model."),
    "echo_key": echoing_the_key,
    "not_found": refusing(404, "The model `gone` does not exist.", "model_not_found"),
    "decommissioned": refusing(400, "The model `gone` has been decommissioned.", "model_decommissioned"),
    "bad_request": refusing(400, "Unsupported value: 'temperature' must be at most 2."),
    "unprocessable": refusing(422, "messages: field required"),
    "context": refusing(400, OPENAI_CONTEXT, "context_length_exceeded"),
    "context_vllm": status(400, {"object": "error", "message": VLLM_CONTEXT, "type": "BadRequestError"}),
    "context_llama_cpp": refusing(400, LLAMA_CPP_CONTEXT),
    "too_large": status(413, "<html><body>413 Request Entity Too Large</body></html>"),
    "content_filter": refusing(400, "The prompt triggered our content policy.", "content_filter"),
    "content_filter_200": answering("", finish_reason="content_filter"),
    "reset_in_body": reset_in_body,
    "closed_in_body": closed_in_body,
    "reset_before_answer": reset_before_answer,
    "closed_before_answer": closed_before_answer,
    "not_http": not_http,
    "truncated_json": status(200, json.dumps(completion())[:-40]),
    "html": status(200, "<html><body>Please log in</body></html>"),
    "empty_body": status(200, ""),
    "json_list": status(200, "[1, 2, 3]"),
    "no_choices": answering(choices=[]),
    "choices_missing": status(200, {"id": "1", "object": "chat.completion", "model": "m"}),
    "no_message": answering(message=None),
    "no_usage": answering(usage=None),
    "missed_schema": refusing(
        400, "Failed to generate JSON. See 'failed_generation'.", "json_validate_failed"
    ),
    "error_in_200": status(200, {"error": {"message": "Provider returned error", "code": 502}}),
    "trickle": trickling,
    "silent": silent,
}
"""By name, for probabilities and for tests that go through all of them."""


def in_order(*behaviours: Behaviour, then: Behaviour = OK) -> Choice:
    """The first request gets the first behaviour, and so on; those after the last get `then`."""
    remaining = iter(behaviours)
    return lambda received: next(remaining, then)


def at_random(shares: Mapping[str, float], seed: int = 0, otherwise: Behaviour = OK) -> Choice:
    """Each misbehaviour with its probability.

    The n-th arrival of the same body always meets the same fate, in whatever order requests arrive.
    """
    arrivals: Counter[str] = Counter()

    def choose(received: Received) -> Behaviour:
        digest = hashlib.sha256(received.raw).hexdigest()
        arrivals[digest] += 1
        draw = random.Random(f"{seed}|{digest}|{arrivals[digest]}").random()
        for name, share in shares.items():
            if draw < share:
                return MISBEHAVIOURS[name]
            draw -= share
        return otherwise

    return choose


def main(arguments: list[str] | None = None) -> None:
    """Serve until killed; the first line on standard output is the base URL."""
    parser = argparse.ArgumentParser(description="A loopback server that speaks OpenAI's chat completions.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--share", action="append", default=[], metavar="NAME=P", help="a misbehaviour")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    shares = {name: float(p) for name, p in (share.split("=") for share in options.share)}
    choose = at_random(shares, options.seed) if shares else lambda received: OK
    server = OpenAIServer(choose, options.latency, options.port, keep=False)

    def announce() -> None:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()

    async def forever() -> None:
        await server.serve(asyncio.Event(), announce)

    with suppress(KeyboardInterrupt):
        asyncio.run(forever())


if __name__ == "__main__":
    main()
