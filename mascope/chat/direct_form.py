"""A request as bytes: turns that were sent before are joined as they are, only the rest is encoded anew."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mascope.chat.openai_form import RESERVED, response_format
from mascope.chat.types import Request

BY_CLIENT = ("extra_body", "extra_headers")
"""What `extra` may hold that is no field of the body itself, as OpenAI's own clients have it."""


def body(request: Request) -> bytes:
    """The JSON that is sent. `TypeError` or `ValueError` where `extra` holds what JSON cannot."""
    turns = b",".join([turn.encoded for turn in request.turns])
    asked_for = b"" if request.schema is None else b'"response_format":%b,' % _format(Same(request.schema))
    return b'{"messages":[%b],%b%b' % (turns, asked_for, _fields(request)[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """A schema that is known again by being the same object: a judge sends one schema with every question."""

    schema: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.schema is self.schema

    def __hash__(self) -> int:
        return id(self.schema)


@lru_cache(maxsize=64)
def _format(same: Same) -> bytes:
    return ENCODE(response_format(same.schema)).encode()


def endpoint(base_url: str) -> str:
    return f"{base_url.rstrip('/')}/chat/completions"


def headers(request: Request, key: str | None) -> dict[str, str]:
    """`TypeError` or `ValueError` where `extra_headers` or the key cannot stand in a header."""
    given = request.sampling.extra.get("extra_headers") or {}
    if not isinstance(given, Mapping):
        raise TypeError("`extra_headers` must be a mapping")
    own = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "mascope"}
    every = {**own, "Authorization": f"Bearer {key}"} | {str(name): str(given[name]) for name in given}
    for name in ("Authorization", *map(str, given)):
        if not (name.isascii() and every[name].isprintable()):
            raise ValueError(f"the value of {name} cannot stand in a header")
    return every


def _fields(request: Request) -> bytes:
    """All but the messages. What the study does not set is not sent."""
    sampling = request.sampling
    wishes = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }
    fields: dict[str, Any] = {
        "model": request.model.served_by.partition("/")[2],
        "max_tokens": sampling.max_tokens,
        **{name: value for name, value in wishes.items() if value is not None},
        **_extra(sampling.extra),
    }
    return ENCODE(fields).encode()


def _extra(extra: Mapping[str, Any]) -> dict[str, Any]:
    within = extra.get("extra_body") or {}
    if reserved := RESERVED.intersection(within):
        raise ValueError(f"`extra_body` may not set {', '.join(sorted(reserved))}")
    return {**{name: value for name, value in extra.items() if name not in BY_CLIENT}, **within}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} {value!r} is not JSON")


ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain).encode
"""Made once: `json.dumps` would make an encoder for each request."""
