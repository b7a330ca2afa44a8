"""Which chat answers for which model: by what stands before the first slash of its name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mascope.chat.keys import check_key
from mascope.chat.known import check_route
from mascope.chat.pacing import declared_limit
from mascope.chat.prices import PriceTable
from mascope.chat.types import Chat, Client, Model
from mascope.errors import InvalidInput, MascopeError, MissingPrerequisite


@dataclass(frozen=True, slots=True)
class Route:
    """A way to models. Both functions import what they need when called: one weighs 160 MB."""

    open: Callable[[Sequence[Model], PriceTable], Mapping[str, Chat]]
    """A chat for each of the models, by its key; they may share one."""
    check: Callable[[Model], None]
    """Raises what is wrong or missing, without a call to the model."""


def _open_local(models: Sequence[Model], prices: PriceTable) -> Mapping[str, Chat]:
    from mascope.chat.local import Local

    return dict.fromkeys((model.key for model in models), Local())


def _check_local(model: Model) -> None:
    from mascope.chat.local_models import find
    from mascope.chat.local_options import options

    options(model)
    find(model)


def _open_rehearsal(models: Sequence[Model], prices: PriceTable) -> Mapping[str, Chat]:
    from mascope.chat.rehearsal import open_rehearsal

    return {model.key: open_rehearsal(model) for model in models}


def _check_rehearsal(model: Model) -> None:
    from mascope.chat.rehearsal import check

    check(model)


def _open_remote(models: Sequence[Model], prices: PriceTable) -> Mapping[str, Chat]:
    from mascope.chat.remote import Remote, import_litellm

    import_litellm()  # two seconds that must not fall on a running event loop
    return dict.fromkeys((model.key for model in models), Remote(prices.cost))


def _check_remote(model: Model) -> None:
    check_route(model)
    _check_server(model)


def _check_server(model: Model) -> None:
    check_key(model)
    declared_limit(model)


def _open_direct(models: Sequence[Model], prices: PriceTable) -> Mapping[str, Chat]:
    from mascope.chat.direct import Direct

    return dict.fromkeys((model.key for model in models), Direct(prices.cost))


def _check_direct(model: Model) -> None:
    if not model.base_url:
        raise InvalidInput(f"model {model.key}: `route: direct` needs `base_url`, the server's address")
    _check_server(model)  # which may be called anything


ROUTES: Mapping[str, Route] = {
    "local": Route(_open_local, _check_local),
    "rehearsal": Route(_open_rehearsal, _check_rehearsal),
}
"""Models of these routes need no network."""

CLIENTS: Mapping[Client, Route] = {
    "direct": Route(_open_direct, _check_direct),
    "litellm": Route(_open_remote, _check_remote),
}
"""Who sends the requests of all other routes."""

SPEAK_OPENAI = frozenset(
    (
        *("openai", "custom_openai", "openai_like", "hosted_vllm", "llamafile", "lm_studio"),
        *("cerebras", "deepinfra", "deepseek", "fireworks_ai", "groq", "mistral", "moonshot", "nebius"),
        *("nvidia_nim", "openrouter", "perplexity", "sambanova", "together_ai", "xai"),
    )
)
"""Routes whose servers take OpenAI's form of a request under their `base_url`."""


def route_of(model: Model) -> Route:
    return ROUTES.get(model.route) or CLIENTS[client_of(model)]


def client_of(model: Model) -> Client:
    """The one that the study asks for; else the direct one wherever an address in OpenAI's form is given."""
    if model.client is not None:
        return model.client
    # Ollama speaks it beside its own language, under an address that ends so.
    ollama = model.route in ("ollama", "ollama_chat") and (model.base_url or "").rstrip("/").endswith("/v1")
    return "direct" if model.base_url and (model.route in SPEAK_OPENAI or ollama) else "litellm"


def missing_for(models: Iterable[Model]) -> list[str]:
    """Everything that is missing for these models to answer, each thing once; other mistakes are raised."""
    missing: dict[str, list[str]] = {}
    for model in models:
        try:
            route_of(model).check(model)
        except MissingPrerequisite as error:
            missing.setdefault(_problem(model, error), []).append(model.key)
        except InvalidInput as error:
            raise InvalidInput(f"model {model.key}: {_problem(model, error)}") from error
    return [f"model{'s' * (len(keys) > 1)} {', '.join(keys)}: {what}" for what, keys in missing.items()]


def _problem(model: Model, error: MascopeError) -> str:
    """What is wrong, without the model's key, however the message puts it first."""
    quoted = (model.key, f"{model.key!r}", f"`{model.key}`")
    text = str(error)
    heads = [f"model {key}{served_by}: " for key in quoted for served_by in ("", f" ({model.served_by})")]
    return next((text.removeprefix(head) for head in heads if text.startswith(head)), text)


def require(models: Iterable[Model]) -> None:
    """`MissingPrerequisite` with all that is missing, so that it need not be found out one by one."""
    missing = missing_for(models)
    if missing:
        raise MissingPrerequisite("\n  ".join(missing))
