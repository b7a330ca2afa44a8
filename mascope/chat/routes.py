"""Which chat answers for which model: by what stands before the first slash of its name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mascope.chat.keys import check_key
from mascope.chat.known import check_route
from mascope.chat.pacing import declared_limit
from mascope.chat.prices import PriceTable
from mascope.chat.types import NOTHING, Chat, Client, Model
from mascope.errors import InvalidInput, MascopeError, MissingPrerequisite


@dataclass(frozen=True, slots=True)
class Route:
    """A way to models. Both functions import what they need when called: one weighs 160 MB."""

    open: Callable[[Sequence[Model], PriceTable], Mapping[str, Chat]]
    """A chat for each of the models, by its key; they may share one."""
    check: Callable[[Model], None]
    """Raises what is wrong or missing, without a call to the model."""
    limit: Callable[[Model, PriceTable], int | None]
    """Tokens of prompt and answer together that the model holds; None where nobody knows."""


def _open_local(models: Sequence[Model], prices: PriceTable) -> Mapping[str, Chat]:
    from mascope.chat.local import Local

    return dict.fromkeys((model.key for model in models), Local())


def _check_local(model: Model) -> None:
    from mascope.chat.local_models import find
    from mascope.chat.local_options import options

    options(model)
    find(model)


def _limit_local(model: Model, prices: PriceTable) -> int | None:
    """What llama.cpp is told to keep room for; None where the model is not there, as `check` says."""
    from mascope.chat import local_gguf
    from mascope.chat.local_models import find
    from mascope.chat.local_options import context_of, options

    try:
        file = find(model).path
        return context_of(options(model), local_gguf.trained_context(file) if file.is_file() else None)
    except (MissingPrerequisite, InvalidInput):
        return None


def _open_rehearsal(models: Sequence[Model], prices: PriceTable) -> Mapping[str, Chat]:
    from mascope.chat.rehearsal import open_rehearsal

    return {model.key: open_rehearsal(model) for model in models}


def _check_rehearsal(model: Model) -> None:
    from mascope.chat.rehearsal import check

    check(model)


def _limit_rehearsal(model: Model, prices: PriceTable) -> int | None:
    return None


def _limit_listed(model: Model, prices: PriceTable) -> int | None:
    return prices.limit(model)


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
    "local": Route(_open_local, _check_local, _limit_local),
    "rehearsal": Route(_open_rehearsal, _check_rehearsal, _limit_rehearsal),
}
"""Models of these routes need no network."""

CLIENTS: Mapping[Client, Route] = {
    "direct": Route(_open_direct, _check_direct, _limit_listed),
    "litellm": Route(_open_remote, _check_remote, _limit_listed),
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


def limit_of(model: Model, prices: PriceTable) -> int | None:
    """Tokens of prompt and answer together that the model holds: as the study says, or as is known of it."""
    if model.context_tokens is not None:
        return model.context_tokens
    return route_of(model).limit(model, prices)


def missing_for(models: Iterable[Model], places: Mapping[str, str] = NOTHING) -> list[str]:
    """Everything that is missing for these models to answer, each thing once; other mistakes are raised.

    `places` says where a model is declared, by its key: `study.yaml:8`.
    """
    missing: dict[str, list[str]] = {}
    for model in models:
        try:
            route_of(model).check(model)
        except MissingPrerequisite as error:
            missing.setdefault(_problem(model, error), []).append(_called(model, places))
        except InvalidInput as error:
            raise InvalidInput(f"model {_called(model, places)}: {_problem(model, error)}") from error
    return [f"model{'s' * (len(keys) > 1)} {', '.join(keys)}: {what}" for what, keys in missing.items()]


def _called(model: Model, places: Mapping[str, str]) -> str:
    return f"{model.key} ({places[model.key]})" if model.key in places else model.key


def _problem(model: Model, error: MascopeError) -> str:
    """What is wrong, without the model's key, however the message puts it first."""
    quoted = (model.key, f"{model.key!r}", f"`{model.key}`")
    text = str(error)
    heads = [f"model {key}{served_by}: " for key in quoted for served_by in ("", f" ({model.served_by})")]
    return next((text.removeprefix(head) for head in heads if text.startswith(head)), text)


def require(models: Iterable[Model], places: Mapping[str, str] = NOTHING) -> None:
    """`MissingPrerequisite` with all that is missing, so that it need not be found out one by one."""
    missing = missing_for(models, places)
    if missing:
        raise MissingPrerequisite("\n  ".join(missing))
