"""Where the keys of remote models come from. A key is read when it is used, and stored nowhere."""

import os
from collections.abc import Mapping

from mascope.chat.types import Model
from mascope.errors import MissingPrerequisite

KEY_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "cerebras": ("CEREBRAS_API_KEY",),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "cohere_chat": ("COHERE_API_KEY", "CO_API_KEY"),
    "deepinfra": ("DEEPINFRA_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "huggingface": ("HF_TOKEN", "HUGGINGFACE_API_KEY"),
    "mistral": ("MISTRAL_API_KEY",),
    "moonshot": ("MOONSHOT_API_KEY",),
    "nebius": ("NEBIUS_API_KEY",),
    "nvidia_nim": ("NVIDIA_NIM_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
    "sambanova": ("SAMBANOVA_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN", "TOGETHER_API_KEY"),
    "xai": ("XAI_API_KEY",),
}
"""By route, the variables that hold its key unless the model names one; the first that is set counts."""

OWN_SERVERS = frozenset({"custom_openai", "hosted_vllm", "llamafile", "lm_studio", "openai_like"})
"""Routes for servers of one's own. Without an address some of them would call OpenAI instead."""

NO_KEY = "none"
"""Sent where no key is needed: given nothing, a client library would send the one of another service."""


def variables(model: Model) -> tuple[str, ...]:
    """The environment variables in which the model's key may lie; empty where it needs none.

    A `base_url` without `key_env` is somebody's own server: it needs no key, and must not be sent another's.
    Routes that are not listed (clouds with several variables) are left to find their own credentials.
    """
    if model.key_env:
        return (model.key_env,)
    if model.base_url:
        return ()
    return KEY_VARIABLES.get(model.route, ())


def key_of(model: Model) -> str | None:
    """The key as it stands in the environment now; None where it is absent, or not ours to give."""
    candidates = variables(model)
    if not candidates and model.base_url:
        return NO_KEY
    return next((key for name in candidates if (key := os.environ.get(name, "").strip())), None)


def check_key(model: Model) -> None:
    """Raises MissingPrerequisite, naming the variable or the address, where a call could only fail."""
    if model.route in OWN_SERVERS and not model.base_url:
        raise MissingPrerequisite(
            f"model {model.key}: {model.served_by} needs `base_url`, the server's address"
        )
    candidates = variables(model)
    if candidates and key_of(model) is None:
        raise MissingPrerequisite(
            f"model {model.key}: no key for {model.route}; set the environment variable "
            f"{' or '.join(candidates)}" + ("" if model.key_env else ", or name another one by `key_env`")
        )


def secrets(model: Model) -> tuple[str, ...]:
    """Every key that could appear in what this model's server says: its own, and those of known variables."""
    names = {*variables(model), *(name for known in KEY_VARIABLES.values() for name in known)}
    return tuple(key for name in sorted(names) if (key := os.environ.get(name, "").strip()))
