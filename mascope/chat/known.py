"""Which routes there are: so that a mistyped one is found before anything is sent.

Read from the data that litellm ships, as files: litellm itself is not imported.
"""

import difflib
import importlib.util
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mascope.chat.keys import KEY_VARIABLES, OWN_SERVERS
from mascope.chat.prices import FREE_ROUTES, SHIPPED
from mascope.chat.types import Model
from mascope.errors import InvalidInput

SUPPORTED = "provider_endpoints_support_backup.json"
COMPATIBLE = Path("llms", "openai_like", "providers.json")
UNLISTED = frozenset(
    {"aiohttp_openai", "modelscope", "nano-gpt", "parasail", "sagemaker_nova", "vertex_ai_beta"}
)
"""Routes that litellm knows and none of its files names."""


@cache
def known_routes() -> frozenset[str]:
    """Every route that some model can have; empty where litellm's files are not there to say."""
    package = importlib.util.find_spec("litellm")
    if package is None or package.origin is None:
        return frozenset()
    folder = Path(package.origin).parent
    supported = _data(folder / SUPPORTED).get("providers", {})
    listed = {*supported, *_data(folder / COMPATIBLE), *_providers(_data(folder / SHIPPED))}
    routes = {name.partition("/")[0] for name in listed if " " not in name}
    return (
        frozenset(routes | UNLISTED | OWN_SERVERS | FREE_ROUTES | KEY_VARIABLES.keys())
        if routes
        else frozenset()
    )


def check_route(model: Model) -> None:
    """`InvalidInput` with the nearest route where nobody knows the model's."""
    known = known_routes()
    if known and model.route not in known:
        hint = _nearest(model.route, known)
        raise InvalidInput(f"model {model.key}: no route {model.route!r} (of {model.served_by!r}){hint}")


def _nearest(route: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(route.lower(), sorted(known), n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    common = ", ".join(sorted({*KEY_VARIABLES, *FREE_ROUTES}))
    return f"; common ones: {common}; a server of your own: openai_like, with `base_url`"


def _providers(prices: Mapping[str, Any]) -> set[str]:
    entries = (entry.get("litellm_provider") for entry in prices.values() if isinstance(entry, dict))
    return {provider for provider in entries if isinstance(provider, str)}


def _data(file: Path) -> Mapping[str, Any]:
    found = json.loads(file.read_bytes()) if file.is_file() else {}
    return found if isinstance(found, dict) else {}
