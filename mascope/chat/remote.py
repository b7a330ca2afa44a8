"""Any remote model by litellm, which translates the request and names the error, and does nothing else.

Its retries, fallbacks, cache, prices, budget and token counter are off or unused: mascope has its own. It
takes two seconds to import, so this module imports it when first needed, and is the only one that does.
"""

import asyncio
import gc
import importlib
import os
import re
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mascope.chat.failures import chain, kind_of_exception, kind_of_status, message_in, retry_after
from mascope.chat.keys import key_of, secrets
from mascope.chat.openai_form import refused, response_format
from mascope.chat.redaction import redact
from mascope.chat.replies import Prices, read_reply, unknown_price
from mascope.chat.types import Model, Reply, Request
from mascope.chat.wellformed import well_formed
from mascope.errors import CallFailed, FailureKind

ENVIRONMENT: Mapping[str, str] = {
    "LITELLM_MODE": "PRODUCTION",  # else it loads a .env file found above the installed package
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches prices while importing, and again in mid-run
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # else a fetch that blocks for up to 5 s
    "LITELLM_OFFLINE_MODE": "true",
    "LITELLM_LOG": "ERROR",
}

READ_TIMEOUT_S = 3600.0
"""litellm's own timeout: for each read, and one for all, since every value opens connections of its own.

The deadline of a call is the model's, and is held outside.
"""


@cache
def import_litellm() -> Any:
    """litellm, set up. Called before the event loop starts, it does not hold the loop up for two seconds."""
    os.environ.update(ENVIRONMENT)
    collecting = gc.isenabled()
    gc.disable()
    litellm: Any = importlib.import_module("litellm")
    gc.freeze()  # its hundreds of thousands of objects stay; collecting among them costs a second at exit
    if collecting:
        gc.enable()
    litellm.suppress_debug_info = True
    litellm.drop_params = litellm.modify_params = False
    litellm.num_retries = None
    litellm.disable_hf_tokenizer_download = True
    _send_once()
    return litellm


def _send_once() -> None:
    """Keeps litellm's HTTP handler from sending a request a second time by itself.

    It does so on `ConnectError`, which its transport also makes of a connection that was reset after the
    request had gone out: a model would be asked, and billed, twice for one attempt in the journal.
    """
    transport = importlib.import_module("litellm.llms.custom_httpx.aiohttp_transport")
    aiohttp, httpx = importlib.import_module("aiohttp"), importlib.import_module("httpx")
    transport.AIOHTTP_EXC_MAP[aiohttp.ClientOSError] = httpx.ReadError


@dataclass(frozen=True, slots=True)
class Remote:
    """Models on somebody's server, by litellm. Holds no key and no state; one serves all models."""

    prices: Prices = unknown_price

    async def complete(self, request: Request) -> Reply:
        """One attempt within `model.deadline_s` seconds in all. Raises CallFailed."""
        outcome = await self._attempt(request)
        if isinstance(outcome, CallFailed):
            # Raised here, not where it was caught: an exception that carries the foreign one in its context
            # would carry the request's headers too, and with them the key.
            raise outcome
        return outcome

    async def _attempt(self, request: Request) -> Reply | CallFailed:
        litellm, model = import_litellm(), request.model
        if (refusal := refused(request)) is not None:
            return refusal
        unsent = _unsent(request)
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(model.deadline_s):
                answer = await litellm.acompletion(**_arguments(request, unsent))
        except TimeoutError:
            return CallFailed(FailureKind.TIMEOUT, f"no whole answer within {model.deadline_s:g} s")
        except litellm.exceptions.openai.OpenAIError as error:  # what litellm turns every exception into
            return failure_of(error, model)
        outcome = read_reply(answer.model_dump(), model, self.prices)
        if isinstance(outcome, CallFailed):
            return outcome
        return replace(outcome, latency_s=time.perf_counter() - begun, unsent=unsent)

    async def aclose(self) -> None:
        """Closes the connections of the running loop. Needed: litellm leaves them open."""
        if not import_litellm.cache_info().currsize:
            return  # never used
        cleanup = importlib.import_module("litellm.llms.custom_httpx.async_client_cleanup")
        await cleanup.close_litellm_async_clients()
        import_litellm().in_memory_llm_clients_cache.flush_cache()


def _unsent(request: Request) -> tuple[str, ...]:
    """What is asked for but not taken: a seed and a schema are wishes, and are left out where unknown.

    Any other parameter that a provider does not take makes litellm refuse the call: it is a treatment.
    """
    asked = {"seed": request.sampling.seed is not None, "schema": request.schema is not None}
    names = {"seed": "seed", "schema": "response_format"}
    served_by = request.model.served_by
    return tuple(wish for wish, name in names.items() if asked[wish] and not _takes(served_by, name))


def _arguments(request: Request, unsent: tuple[str, ...]) -> dict[str, Any]:
    """What litellm is called with."""
    model, sampling, schema = request.model, request.sampling, request.schema
    optional: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": None if "seed" in unsent else sampling.seed,
        "response_format": None if schema is None or "schema" in unsent else response_format(schema),
        "api_base": model.base_url and model.base_url.rstrip("/"),
        "api_key": key_of(model),
    }
    return {
        **deepcopy(dict(sampling.extra)),  # litellm writes into what it is given
        **{name: value for name, value in optional.items() if value is not None},
        "model": model.served_by,
        "messages": [{"role": turn.role, "content": well_formed(turn.text)} for turn in request.turns],
        "max_tokens": sampling.max_tokens,
        "stream": False,
        "timeout": READ_TIMEOUT_S,
        "max_retries": 0,  # without it the route `openai/` sends three times, silently
        "num_retries": 0,
    }


@cache
def _takes(served_by: str, parameter: str) -> bool:
    """Whether litellm knows the provider to take the parameter. True where it does not know the provider."""
    provider, _, name = served_by.partition("/")
    known = import_litellm().get_supported_openai_params(model=name, custom_llm_provider=provider)
    return known is None or parameter in known


GENERIC_STATUS = frozenset({200, 422, 500})
"""Statuses that litellm makes up where it could not read an answer."""


def failure_of(error: BaseException, model: Model) -> CallFailed:
    """What litellm raised, as ours: by the true HTTP status, else by what broke beneath, else by its own.

    litellm's class alone does not tell: a refused connection, a reset and a login page are all one there.
    """
    http = next((link for link in chain(error) if type(link).__name__ == "HTTPStatusError"), None)
    status = getattr(getattr(http, "response", None), "status_code", None)
    text = str(error)
    if status is not None:
        kind = kind_of_status(status, text)
    else:
        kind = kind_of_exception(error) or _kind_by_litellm(error, text)
    said = f"HTTP {status}: {_said(text)}" if status else _said(text) + _beneath(error)
    wait = retry_after(_headers(error), text if kind is FailureKind.RATE_LIMIT else "")
    return CallFailed(kind, redact(said, secrets(model)), wait)


def _kind_by_litellm(error: BaseException, text: str) -> FailureKind:
    """An error with no HTTP beneath it: litellm refused, or the body told of one, or could not be read."""
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or status in GENERIC_STATUS:
        return FailureKind.BAD_BODY
    return kind_of_status(status, text)


LITELLM_ADDS = ("\nTraceback", "Handle with `litellm", "This looks like a bug in LiteLLM")
"""Where litellm's own words begin, after those of the provider."""

_LITELLM_PREFIX = re.compile(r"^(?:litellm\.)?\w*(?:Error|Exception|Timeout)(?: Error)?(?:: | - )")


def _said(text: str) -> str:
    """The provider's own words, without litellm's names around them and without its traceback."""
    for mark in LITELLM_ADDS:
        text = text.partition(mark)[0]
    while prefix := _LITELLM_PREFIX.match(text):
        text = text[prefix.end() :]
    return message_in(text.strip())


def _beneath(error: BaseException) -> str:
    """What broke at the bottom of the chain, where litellm says no more than `Connection error.`"""
    *_, bottom = chain(error)
    return f" ({type(bottom).__name__}: {bottom})" if "Connection error." in str(error) else ""


def _headers(error: BaseException) -> dict[str, str]:
    for link in chain(error):
        found = getattr(link, "litellm_response_headers", None) or getattr(
            getattr(link, "response", None), "headers", None
        )
        if found:
            return {str(name): str(value) for name, value in dict(found).items()}
    return {}
