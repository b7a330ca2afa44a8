"""Who answers for which model, and who sends its requests."""

import pytest

from mascope.chat.routes import CLIENTS, ROUTES, client_of, require, route_of
from mascope.chat.types import Client, Model
from mascope.errors import InvalidInput

HERE = "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("served_by", "base_url", "asked_for", "client"),
    [
        ("openai/m", HERE, None, "direct"),
        ("hosted_vllm/org/m", HERE, None, "direct"),
        ("groq/m", HERE, None, "direct"),
        ("ollama/m", HERE, None, "direct"),
        ("ollama/m", "http://127.0.0.1:11434", None, "litellm"),
        ("anthropic/m", HERE, None, "litellm"),
        ("openai/m", None, None, "litellm"),
        ("groq/m", None, None, "litellm"),
        ("openai/m", HERE, "litellm", "litellm"),
        ("mine/m", HERE, "direct", "direct"),
    ],
)
def test_the_direct_client_sends_wherever_an_address_speaks_its_language(
    served_by: str, base_url: str | None, asked_for: Client | None, client: Client
) -> None:
    model = Model("m", served_by, "M", base_url, client=asked_for)

    assert client_of(model) == client
    assert route_of(model) is CLIENTS[client]


def test_models_of_this_machine_are_sent_nowhere() -> None:
    assert route_of(Model("m", "rehearsal/plain", "M")) is ROUTES["rehearsal"]


def test_the_direct_client_without_an_address_is_a_mistake() -> None:
    with pytest.raises(InvalidInput, match="base_url"):
        require([Model("m", "openai/m", "M", client="direct")])
