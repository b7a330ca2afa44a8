"""Vectors of texts: by a remote model (litellm), or by Python code that the user names."""

import asyncio
import importlib
import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mascope.chat.keys import key_of
from mascope.chat.remote import READ_TIMEOUT_S, failure_of, import_litellm
from mascope.chat.retrying import TRUST, RetryPolicy
from mascope.chat.types import Model
from mascope.chat.wellformed import well_formed
from mascope.errors import CallFailed, FailureKind, InvalidInput

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Embedded:
    vectors: tuple[Vector, ...]
    """One a text, in their order."""
    tokens: int | None
    """As the provider counted them."""


async def embed(model: Model, texts: Sequence[str], policy: RetryPolicy | None = None) -> Embedded:
    """The vectors of some texts, in one request, asked again where a failure may pass. Raises CallFailed."""
    outcome = await _persisted(model, texts, policy or RetryPolicy())
    if isinstance(outcome, CallFailed):
        # Raised here, not where it was caught: what it was made of carries headers, and with them the key.
        raise outcome
    return outcome


async def _persisted(model: Model, texts: Sequence[str], policy: RetryPolicy) -> Embedded | CallFailed:
    rng = random.Random()  # noqa: S311 — only how long to wait
    for attempt in range(1, policy.attempts):
        outcome = await _attempt(model, texts)
        if isinstance(outcome, Embedded) or TRUST[outcome.kind] == "final":
            return outcome
        await asyncio.sleep(policy.wait(attempt, outcome.retry_after, rng))
    return await _attempt(model, texts)


async def _attempt(model: Model, texts: Sequence[str]) -> Embedded | CallFailed:
    litellm = import_litellm()
    try:
        async with asyncio.timeout(model.deadline_s):
            answer = await litellm.aembedding(**_arguments(model, texts))
    except TimeoutError:
        return CallFailed(FailureKind.TIMEOUT, f"no whole answer within {model.deadline_s:g} s")
    except litellm.exceptions.openai.OpenAIError as error:  # what litellm turns every exception into
        return failure_of(error, model)
    return _read(answer.model_dump(), len(texts))


def _arguments(model: Model, texts: Sequence[str]) -> dict[str, Any]:
    optional = {"api_base": model.base_url and model.base_url.rstrip("/"), "api_key": key_of(model)}
    return {
        **{name: value for name, value in optional.items() if value is not None},
        "model": model.served_by,
        "input": [well_formed(text) for text in texts],
        "encoding_format": "float",
        "timeout": READ_TIMEOUT_S,
        "max_retries": 0,
        "num_retries": 0,
    }


def _read(answer: dict[str, Any], texts: int) -> Embedded | CallFailed:
    """Vectors may come in any order; each says of which text it is."""
    rows = answer.get("data") or []
    found = {row.get("index"): row.get("embedding") for row in rows if isinstance(row, dict)}
    if set(found) != set(range(texts)):
        return CallFailed(FailureKind.BAD_BODY, f"{len(rows)} vectors came for {texts} texts")
    usage = answer.get("usage") or {}
    return checked([found[place] for place in range(texts)], usage.get("prompt_tokens"))


def checked(rows: Sequence[Any], tokens: int | None = None) -> Embedded | CallFailed:
    """The rows as vectors, all of one length and finite."""
    try:
        vectors = tuple(tuple(float(value) for value in row) for row in rows)
    except (TypeError, ValueError):
        return CallFailed(FailureKind.BAD_BODY, "a vector is no list of numbers")
    if len({len(vector) for vector in vectors}) > 1 or not all(vectors):
        return CallFailed(FailureKind.BAD_BODY, "the vectors are not of one length")
    if not all(abs(value) < float("inf") for vector in vectors for value in vector):
        return CallFailed(FailureKind.BAD_BODY, "a vector holds what is no number")
    return Embedded(vectors, tokens)


# Python code of one's own ----------------------------------------------------------------------------------


def by_python(entry: str, texts: Sequence[str]) -> Embedded:
    """What `module:name` makes of the texts: a function, or an object with `encode` as sentence-transformers
    have. `InvalidInput` where it is not there, or gives no vectors."""
    target = _resolved(entry)
    encode = getattr(target, "encode", target)
    if not callable(encode) or isinstance(target, str):
        raise InvalidInput(f"embeddings: {entry} is neither a function nor an object with `encode`")
    rows = list(encode(list(texts)))
    outcome = checked(rows) if len(rows) == len(texts) else f"{len(rows)} vectors came for {len(texts)} texts"
    if not isinstance(outcome, Embedded):
        raise InvalidInput(f"embeddings: {entry}: {getattr(outcome, 'detail', outcome)}")
    return outcome


def _resolved(entry: str) -> Any:
    module, _, name = entry.partition(":")
    with _here():
        try:
            found: Any = importlib.import_module(module)
            for part in name.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            raise InvalidInput(f"embeddings: {entry} cannot be imported: {error}") from error
    return found


@contextmanager
def _here() -> Iterator[None]:
    """Modules in the working directory can be imported too, as under `python -m`."""
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 — the import system takes texts
    try:
        yield
    finally:
        sys.path.remove(os.getcwd())  # noqa: PTH109
