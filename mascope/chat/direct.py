"""Models on any server that speaks OpenAI's chat completions: by aiohttp, with nothing in between.

A prompt grows by appending, so each of its turns is encoded once and shared by all later prompts: a call
costs what is new in it. An attempt is sent once, on a connection that is kept for the next.
"""

import asyncio
import resource
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from mascope.chat.direct_form import body, endpoint, headers
from mascope.chat.failures import kind_of_exception, kind_of_status, message_in, retry_after
from mascope.chat.keys import key_of, secrets
from mascope.chat.openai_form import refused
from mascope.chat.redaction import redact
from mascope.chat.replies import Prices, parse_reply, unknown_price
from mascope.chat.types import Model, Reply, Request
from mascope.errors import CallFailed, FailureKind

FILES = 16_384
"""Open files that the process is let have where its limit is lower: a call under way holds a connection."""

NO_LIMIT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
"""The one deadline is the model's, over all of an attempt."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model's requests go."""

    url: URL
    proxy: str | None


class Direct:
    """Models at addresses of their own (`base_url`). Holds connections and no key; one serves all models."""

    def __init__(self, prices: Prices = unknown_price) -> None:
        self._prices = prices
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
        self._addresses: dict[str, Address] = {}

    async def complete(self, request: Request) -> Reply:
        """One attempt within `model.deadline_s` seconds in all. Raises CallFailed."""
        outcome = await self._attempt(request)
        if isinstance(outcome, CallFailed):
            # Raised here, not where it was caught: an exception that carries the foreign one in its context
            # would carry the request's headers too, and with them the key.
            raise outcome
        return outcome

    async def _attempt(self, request: Request) -> Reply | CallFailed:
        model = request.model
        if (refusal := refused(request)) is not None:
            return refusal
        try:
            address, sent, fields = self._address(model), body(request), headers(request, key_of(model))
        except (TypeError, ValueError) as error:  # no address, or what JSON or a header cannot hold
            return CallFailed(FailureKind.REJECTED, redact(f"cannot be sent: {error}", secrets(model)))
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(model.deadline_s):
                status, answered, given = await self._post(address, sent, fields)
        except TimeoutError:
            return CallFailed(FailureKind.TIMEOUT, f"no whole answer within {model.deadline_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # the last for a host that is no name
            return _broken(error, model)
        if status >= 300:
            return _told(status, answered, given, model)
        return self._read(given, model, time.perf_counter() - begun)

    async def _post(
        self, address: Address, sent: bytes, fields: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """(status, headers, body). A redirect is not followed: the study names who answers."""
        async with self._session().post(
            address.url, data=sent, headers=fields, proxy=address.proxy, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    def _read(self, given: bytes, model: Model, latency_s: float) -> Reply | CallFailed:
        outcome = parse_reply(given, model, self._prices, latency_s)
        if not isinstance(outcome, CallFailed):
            return outcome
        return CallFailed(outcome.kind, redact(outcome.detail, secrets(model)), outcome.retry_after)

    def _address(self, model: Model) -> Address:
        base_url = model.base_url or ""
        if base_url not in self._addresses:
            url = URL(endpoint(base_url))
            self._addresses[base_url] = Address(url, _proxy(url))
        return self._addresses[base_url]

    def _session(self) -> aiohttp.ClientSession:
        """The connections of the running loop. As many as calls are under way: pacing is done before."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            _allow_files()
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=NO_LIMIT,
            )
        return session

    async def aclose(self) -> None:
        """Closes the connections of the running loop. May be called again."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()


def _broken(error: BaseException, model: Model) -> CallFailed:
    """What came instead of an answer: no connection, a lost one, or what is not HTTP."""
    otherwise = FailureKind.REJECTED if isinstance(error, ValueError) else FailureKind.BAD_BODY
    kind = kind_of_exception(error) or otherwise
    if isinstance(error, aiohttp.ClientHttpProxyError):
        kind = FailureKind.CONNECT  # the proxy's own answer: the model was never reached
    return CallFailed(kind, redact(f"{type(error).__name__}: {error}", secrets(model)))


def _told(status: int, answered: Mapping[str, str], given: bytes, model: Model) -> CallFailed:
    """An answer that is not 2xx, by its status and what it says."""
    text = given.decode("utf-8", "replace")
    kind = kind_of_status(status, text)
    if 300 <= status < 400:
        said = f"the server redirects to {answered.get('Location', 'nowhere')}; if that is it, set `base_url`"
    else:
        said = message_in(text)
    wait = retry_after(answered, text if kind is FailureKind.RATE_LIMIT else "")
    return CallFailed(kind, redact(f"HTTP {status}: {said}", secrets(model)), wait)


def _proxy(url: URL) -> str | None:
    """The proxy that the environment names for the address, found once and not for every call."""
    if url.host is None or proxy_bypass(url.host):
        return None
    return getproxies().get(url.scheme)


def _allow_files() -> None:
    """Many systems let a process have 1,024 open files at first and far more on demand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # refused: calls beyond the limit fail to connect, and wait
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
