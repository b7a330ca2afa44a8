"""A loopback server of chat completions that costs next to nothing, so that a bench measures the client.

    python -m bench.lean_server [--latency 0.2] [--content TEXT]

It reads no JSON: it counts the bytes of a request and answers, after the latency, with about 80 words that
differ from answer to answer. The first line on standard output is the base URL. It serves until killed.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
WORDS = "We should look at the soil first, and then decide together what grows where and who waters it. " * 5
NUMBERED = f"{'0' * 8}: {WORDS}"


def answer_with(content: str) -> bytes:
    """A whole answer over HTTP. Where `content` has eight zeros, the number of the answer will stand."""
    message = {"role": "assistant", "content": content}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    usage = {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}
    about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "m"}
    body = json.dumps({**about, "choices": choices, "usage": usage}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


class Connection(asyncio.Protocol):
    """One kept-alive connection; a request is answered before the next is read."""

    served = 0

    def __init__(self, latency_s: float, answer: bytes) -> None:
        self._latency_s, self._answer_with = latency_s, answer
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport if isinstance(transport, asyncio.Transport) else None

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(self._received, 0, end)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._received) >= whole:
            del self._received[:whole]
            asyncio.get_running_loop().call_later(self._latency_s, self._answer)

    def _answer(self) -> None:
        Connection.served += 1
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._answer_with.replace(b"00000000", b"%08d" % Connection.served, 1))


async def serve(latency_s: float, content: str) -> None:
    loop, answer = asyncio.get_running_loop(), answer_with(content)
    server = await loop.create_server(lambda: Connection(latency_s, answer), "127.0.0.1", 0, backlog=8192)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def lean_server(latency_s: float, content: str = NUMBERED) -> Iterator[str]:
    """The server in a process of its own, so that its time is not counted; its base URL."""
    command = [sys.executable, "-m", "bench.lean_server", "--latency", str(latency_s), "--content", content]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--content", default=NUMBERED)
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(given.latency, given.content))


if __name__ == "__main__":
    main()
