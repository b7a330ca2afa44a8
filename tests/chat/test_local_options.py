from typing import Any

import pytest

from mascope.chat.local_options import DEFAULTS, options, sampling
from mascope.chat.types import Model, Request, Sampling
from mascope.errors import InvalidInput


def local(**parameters: Any) -> Model:
    return Model("mine", "local/smollm2", "Mine", parameters=parameters)


def asked(sampling: Sampling, schema: dict[str, Any] | None = None) -> Request:
    return Request(local(), (), sampling, schema)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"contxt": 2048}, "model `mine`: unknown parameter `contxt`: did you mean `context`?"),
        ({"gpu": True}, "model `mine`: unknown parameter `gpu`: a local model takes context, slots, threads"),
        ({"slots": 0}, "model `mine`: parameter `slots`"),
        ({"threads": "2"}, "model `mine`: parameter `threads`"),
        ({"kept_prompts": True}, "model `mine`: parameter `kept_prompts`"),
        ({"chat_template": "llama3"}, "model `mine`: chat_template must be Jinja text"),
    ],
)
def test_a_wrong_option_is_named_with_what_would_be_right(parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        options(local(**parameters))

    assert str(raised.value).startswith(problem)


@pytest.mark.parametrize("template", ["chatml", "transcript", "{{ messages[0].content }}"])
def test_a_template_is_jinja_text_or_one_of_two_names(template: str) -> None:
    assert options(local(chat_template=template)).chat_template == template


def test_what_the_study_leaves_open_is_sampled_in_a_known_way() -> None:
    parameters = sampling(asked(Sampling(max_tokens=60)))

    assert parameters == {**DEFAULTS, "max_tokens": 60}


def test_the_study_decides_over_the_defaults_and_its_extra_over_all() -> None:
    said = Sampling(0.2, 60, seed=5, top_p=0.5, extra={"top_k": 1, "repeat_penalty": 1.0})

    parameters = sampling(asked(said))

    assert parameters["temperature"] == 0.2
    assert parameters["top_p"] == 0.5
    assert parameters["seed"] == 5
    assert parameters["top_k"] == 1
    assert parameters["repeat_penalty"] == 1.0


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, 2**63 + 11, -1])
def test_no_seed_is_the_one_that_means_any(seed: int) -> None:
    assert 0 <= sampling(asked(Sampling(seed=seed)))["seed"] < 2**32 - 1


def test_a_single_stop_is_one_stop() -> None:
    assert sampling(asked(Sampling(extra={"stop": "END"})))["stop"] == ["END"]


def test_an_answer_with_a_schema_may_repeat_itself() -> None:
    parameters = sampling(asked(Sampling(), {"type": "object"}))

    assert parameters["repeat_penalty"] == 1.0
    assert parameters["json_schema"]["type"] == "object"
