from typing import Literal

import pytest
from pydantic import Field, ValidationError

from mascope.plainly import explain
from mascope.yamlfile import Strict


class Things(Strict):
    whole: int = Field(default=1, ge=1, le=100_000)
    share: float = Field(default=0.5, gt=0, lt=1.5)
    switch: bool = True
    switch_or_text: bool | str = True
    word: Literal["fixed", "shuffled"] = "fixed"
    several: tuple[str, ...] = Field(default=("a",), min_length=1, max_length=2)
    form: str = Field(default="a", pattern="^a+$")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"whole": 0}, "must be at least 1"),
        ({"whole": 200_000}, "must be at most 100,000"),
        ({"whole": 1.5}, "must be a whole number"),
        ({"whole": "many"}, "must be a whole number"),
        ({"share": 0}, "must be more than 0"),
        ({"share": 2}, "must be less than 1.5"),
        ({"share": []}, "must be a number"),
        ({"switch": "maybe"}, "must be true or false"),
        ({"word": "shufled"}, "must be 'fixed' or 'shuffled'; did you mean 'shuffled'?"),
        ({"word": "zzz"}, "must be 'fixed' or 'shuffled'"),
        ({"word": 3}, "must be 'fixed' or 'shuffled'"),
        ({"several": []}, "needs at least one entry"),
        ({"several": ["a", "b", "c"]}, "takes at most 2 entries"),
        ({"form": "b"}, "has not the form that is needed here"),
    ],
)
def test_a_problem_is_said_in_words_for_people(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Things.model_validate(given)

    assert explain(caught.value.errors()[0]) == ((next(iter(given)),), said)


def test_the_place_of_what_may_be_of_two_kinds_is_its_key() -> None:
    with pytest.raises(ValidationError) as caught:
        Things.model_validate({"switch_or_text": 3.5})

    assert {explain(error)[0] for error in caught.value.errors()} == {("switch_or_text",)}
