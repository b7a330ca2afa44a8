"""What a study can say about a local model, and how it samples where the study says nothing."""

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mascope.chat.types import Model, Request
from mascope.errors import InvalidInput

DEFAULTS: Mapping[str, Any] = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.95,
    "min_p": 0.05,
    "repeat_penalty": 1.1,
    "repeat_last_n": 24,
}
"""llama.cpp's own, and a mild penalty on repetition; a study's `sampling` and its `extra` override them.

Without the penalty small models copy the chat's last messages word for word from the third round on. Over
more than the last words it would punish the very names and subjects of the chat, and they drift off the task.
"""

WITH_SCHEMA: Mapping[str, Any] = {**DEFAULTS, "repeat_penalty": 1.0}
"""The same for answers with a schema, which have to repeat themselves."""

TRANSCRIPT = "transcript"
"""The `chat_template` that shows a model the chat as plain text, as base models are shown it anyway."""

CONTEXT = 4096
"""Tokens that a local model keeps room for, where the study does not say how many."""

_SEEDS = 2**32 - 1  # llama.cpp takes 32 bits, and the highest of them to mean "any"

# One way to write each answer: small models lose themselves in optional white space.
_COMPACT = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}}


class Options(BaseModel):
    """`parameters` of a local model in a study or panel file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    context: int | None = Field(None, ge=64, le=1 << 20)
    """Tokens of prompt and answer together; 4096, or what the model was trained on if that is less."""
    slots: int | None = Field(None, ge=1, le=64)
    """Requests answered at once; two for files under 1 GiB, else one."""
    threads: int | None = Field(None, ge=1, le=256)
    """Threads of a slot; one for files under 1 GiB, else all cores. They do not change the texts."""
    kept_prompts: int = Field(2, ge=1, le=64)
    """Prompts that each slot keeps in memory, so that what begins alike is not computed again."""
    chat_template: str | None = None
    """Jinja text, `chatml` or `transcript`, in place of the file's own."""


def options(model: Model) -> Options:
    """The options of a local model, or `InvalidInput` that names the wrong key or value."""
    try:
        chosen = Options.model_validate(dict(model.parameters))
    except ValidationError as error:
        raise InvalidInput(f"model `{model.key}`: {_problem(error)}") from error
    template = chosen.chat_template
    if template is not None and "{" not in template and template not in ("chatml", TRANSCRIPT):
        raise InvalidInput(
            f"model `{model.key}`: chat_template must be Jinja text, `chatml` or `{TRANSCRIPT}`"
        )
    return chosen


def context_of(chosen: Options, trained: int | None) -> int:
    """Tokens of prompt and answer together; `trained`: what the model's file says it can read at once."""
    return chosen.context or min(CONTEXT, trained or CONTEXT)


def sampling(request: Request) -> dict[str, Any]:
    """The request's sampling and schema as llama.cpp names them."""
    said = request.sampling
    chosen = {
        "temperature": said.temperature,
        "top_p": said.top_p,
        "max_tokens": max(1, said.max_tokens),
        "seed": None if said.seed is None else said.seed % _SEEDS,
        "json_schema": None if request.schema is None else {**request.schema, **_COMPACT},
    }
    defaults = DEFAULTS if request.schema is None else WITH_SCHEMA
    extra = dict(said.extra)
    if isinstance(extra.get("stop"), str):
        extra["stop"] = [extra["stop"]]
    return {**defaults, **{key: value for key, value in chosen.items() if value is not None}, **extra}


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"parameter `{key}`: {first['msg']}"
    near = difflib.get_close_matches(key, Options.model_fields, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"a local model takes {', '.join(Options.model_fields)}"
    return f"unknown parameter `{key}`: {hint}"
