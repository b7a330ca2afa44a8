"""A request in OpenAI's form, and what a study may not change about it. Shared by the routes to it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mascope.chat.keys import key_of, variables
from mascope.chat.types import Request
from mascope.errors import CallFailed, FailureKind

RESERVED = frozenset(
    (
        *("model", "messages", "temperature", "top_p", "max_tokens", "seed", "response_format"),
        *(
            "n",
            "stream",
            "timeout",
            "max_retries",
            "num_retries",
            "fallbacks",
            "context_window_fallback_dict",
        ),
        *("api_key", "api_base", "base_url", "custom_llm_provider", "model_list", "drop_params"),
        *("mock_response", "cache", "caching", "metadata"),
    )
)
"""What `extra` may not set: the study has other keys for it, or it would change who answers or how often."""


def refused(request: Request) -> CallFailed | None:
    """What can be told to fail without sending it."""
    if key_of(request.model) is None and (names := variables(request.model)):
        named = " or ".join(names)
        return CallFailed(FailureKind.AUTHENTICATION, f"no key in the environment variable {named}")
    if reserved := RESERVED.intersection(request.sampling.extra):
        return CallFailed(FailureKind.REJECTED, f"`extra` may not set {', '.join(sorted(reserved))}")
    return None


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in the form of OpenAI's structured output; strict only where the schema can be."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": deepcopy(dict(schema)), "strict": is_closed(schema)},
    }


def is_closed(schema: object) -> bool:
    """Whether every object in the schema lists all its properties as required and allows no others.

    OpenAI's strict mode takes no other schemas.
    """
    if isinstance(schema, list | tuple):
        return all(is_closed(part) for part in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties is not None:
        exact = schema.get("additionalProperties") is False
        if not exact or set(schema.get("required", ())) != set(properties or ()):
            return False
    return all(is_closed(part) for part in schema.values())
