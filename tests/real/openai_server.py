"""A real HTTP server on loopback that speaks OpenAI's chat completions, and misbehaves as told.

    with serving(in_order(rate_limited("1"), OK)) as server:  # both from misbehaviours.py
        ...  # server.url is the base_url; server.requests is what arrived

Written on bare asyncio streams, so that it can break the protocol at any byte. It runs in a thread with its
own loop, for tests with or without one; `python -m tests.real.misbehaviours` is the same as a process.
"""

import asyncio
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """One request as it arrived. Not slotted: the body is parsed once, when somebody asks."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: bytes
    at: float
    """`time.monotonic()` on arrival."""

    @cached_property
    def body(self) -> Json:
        parsed: Json = json.loads(self.raw)
        return parsed


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and the connection that waits for its answer."""

    received: Received
    number: int
    """How many requests came before it."""
    writer: asyncio.StreamWriter

    async def send(self, status: int, body: str | Json, headers: Mapping[str, str] | None = None) -> None:
        await self.send_raw(http_response(status, body, headers))

    async def send_raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Ends the connection by FIN, as a server that shuts down does."""
        self.writer.close()

    def reset(self) -> None:
        """Ends the connection by RST, as one that crashed does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour: TypeAlias = Callable[[Exchange], Awaitable[None]]
"""What becomes of one request."""

Choice: TypeAlias = Callable[[Received], Behaviour]
"""Which behaviour a request gets."""


def http_response(status: int, body: str | Json, headers: Mapping[str, str] | None = None) -> bytes:
    payload = (body if isinstance(body, str) else json.dumps(body)).encode()
    html = isinstance(body, str) and body.startswith("<")
    fields = {
        "Content-Type": "text/html" if html else "application/json",
        "Content-Length": str(len(payload)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + payload


def completion(text: str | None = "An answer.", **changes: Any) -> Json:
    """The body of a good answer; `changes` replace its fields, or those of its one choice."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    body: Json = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "served-model",
        "system_fingerprint": "fp_1",
        "service_tier": "default",
        "choices": [choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
    }
    for name, value in changes.items():
        (choice if name in choice else body)[name] = value
    return body


def answering(text: str | Callable[[Received], str] | None = "An answer.", **changes: Any) -> Behaviour:
    """A good answer. Its text may be a function of the request."""

    async def behave(exchange: Exchange) -> None:
        said = text(exchange.received) if callable(text) else text
        await exchange.send(200, completion(said, **changes))

    return behave


def embedding(texts: Sequence[str], vector: Callable[[str], list[float]], **changes: Any) -> Json:
    """The body of a good answer of the embeddings endpoint, its rows backwards; `changes` replace fields."""
    rows = [
        {"object": "embedding", "index": place, "embedding": vector(text)} for place, text in enumerate(texts)
    ]
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": "served-model", "data": rows[::-1], "usage": usage} | changes


def embedding_by(vector: Callable[[str], list[float]], **changes: Any) -> Behaviour:
    """A good answer to a request for vectors of texts."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(200, embedding(exchange.received.body["input"], vector, **changes))

    return behave


OK = answering()


def always(behaviour: Behaviour) -> Choice:
    return lambda received: behaviour


@dataclass(slots=True)
class OpenAIServer:
    """A server under way, as a test holds it. `choose` and `latency` may be set at any time."""

    choose: Choice = field(default_factory=lambda: always(OK))
    latency: float = 0.0
    """Seconds that every request waits before its behaviour begins."""
    port: int = 0
    keep: bool = True
    """Whether `requests` is filled; benches go without."""
    requests: list[Received] = field(default_factory=list)
    count: int = 0
    under_way: int = 0
    peak: int = 0
    """The most requests that were ever under way at once."""
    connections: int = 0
    """Open now."""

    @property
    def url(self) -> str:
        """The `base_url` for a client."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[Json]:
        return [received.body for received in self.requests]

    async def serve(self, until: asyncio.Event, ready: Callable[[], object]) -> None:
        """Answers until the event is set, then ends every connection."""
        conversations: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._converse(reader, writer))
            conversations.add(task)
            task.add_done_callback(conversations.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", self.port, limit=2**26, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        ready()
        await until.wait()
        server.close()
        for task in tuple(conversations):
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        await server.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One kept-alive connection: request after request, until either side ends it."""
        self.connections += 1
        try:
            while not writer.is_closing():
                await self._answer(await _read_request(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away, as clients do
        finally:
            self.connections -= 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, received: Received, writer: asyncio.StreamWriter) -> None:
        number, self.count = self.count, self.count + 1
        if self.keep:
            self.requests.append(received)
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        behaviour = self.choose(received)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            await behaviour(Exchange(received, number, writer))
        finally:
            self.under_way -= 1


async def _read_request(reader: asyncio.StreamReader) -> Received:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(first.split(" ")[1], headers, raw, time.monotonic())


@contextmanager
def serving(choose: Choice | None = None, *, latency: float = 0.0) -> Iterator[OpenAIServer]:
    """A server in a thread with a loop of its own, listening on a free port of loopback, past any proxy."""
    server = OpenAIServer(choose or always(OK), latency)
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        loop, until = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(until.set))
        await server.serve(until, ready.set)

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="openai-server", daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the loopback server did not start within 10 s")
    try:
        with _no_proxy():
            yield server
    finally:
        stop[0]()
        thread.join(10)


@contextmanager
def _no_proxy() -> Iterator[None]:
    """A machine behind a proxy would send even loopback there."""
    names = ("NO_PROXY", "no_proxy")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "127.0.0.1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
