from dataclasses import replace

import pytest

from mascope.chat.keys import KEY_VARIABLES, NO_KEY, check_key, key_of, secrets
from mascope.chat.types import Model
from mascope.errors import MissingPrerequisite

GROQ = Model("llama", "groq/llama-3.3-70b-versatile", "LLaMA")
OWN = Model("mine", "openai/mine", "Mine", base_url="http://127.0.0.1:8000/v1")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in KEY_VARIABLES.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)


def test_a_missing_key_is_named_with_its_variable() -> None:
    with pytest.raises(MissingPrerequisite, match=r"model llama: .* GROQ_API_KEY"):
        check_key(GROQ)


def test_a_missing_key_under_a_name_of_ones_own_is_named_by_it() -> None:
    with pytest.raises(MissingPrerequisite, match="MY_KEY"):
        check_key(replace(GROQ, key_env="MY_KEY"))
    with pytest.raises(MissingPrerequisite, match="MY_KEY"):
        check_key(replace(OWN, key_env="MY_KEY"))


@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_a_blank_key_is_a_missing_one(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", value)

    with pytest.raises(MissingPrerequisite):
        check_key(GROQ)


def test_a_key_is_read_when_it_is_used_and_without_its_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "first\n")
    assert key_of(GROQ) == "first"

    monkeypatch.setenv("GROQ_API_KEY", "second")
    assert key_of(GROQ) == "second"


def test_a_named_variable_replaces_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "usual")
    monkeypatch.setenv("SECOND_KEY", "named")

    assert key_of(replace(GROQ, key_env="SECOND_KEY")) == "named"


@pytest.mark.parametrize("served_by", ["openai/mine", "groq/llama", "hosted_vllm/x"])
def test_a_server_of_ones_own_needs_no_key_and_is_sent_none(
    served_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a provider's")
    monkeypatch.setenv("GROQ_API_KEY", "another provider's")
    model = replace(OWN, served_by=served_by)

    check_key(model)
    assert key_of(model) == NO_KEY


def test_a_route_to_ones_own_server_needs_its_address() -> None:
    with pytest.raises(MissingPrerequisite, match="base_url"):
        check_key(Model("mine", "hosted_vllm/x", "Mine"))


def test_a_route_that_finds_its_own_credentials_is_left_to_it() -> None:
    bedrock = Model("b", "bedrock/anthropic.claude", "B")

    check_key(bedrock)
    assert key_of(bedrock) is None


def test_every_key_in_the_environment_is_a_secret_not_just_the_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of openai")
    monkeypatch.setenv("MY_KEY", "of mine")

    assert set(secrets(replace(OWN, key_env="MY_KEY"))) == {"of openai", "of mine"}
