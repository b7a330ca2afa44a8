import math

import pytest

from mascope.chat.draws import Draws


def uniforms(n: int) -> list[float]:
    return [Draws("study", number).uniform("x") for number in range(n)]


def test_draws_spread_evenly_over_the_open_interval() -> None:
    found = sorted(uniforms(4000))
    furthest = max(abs(value - (place + 0.5) / 4000) for place, value in enumerate(found))

    assert found[0] > 0
    assert found[-1] < 1
    assert furthest < 1.63 / math.sqrt(4000)  # Kolmogorov–Smirnov, 1%


def test_a_draw_depends_on_its_key_and_its_name_only() -> None:
    draws = Draws("a", 1)
    first = draws.uniform("x")
    draws.uniform("y")

    assert draws.uniform("x") == first == Draws("a", 1).uniform("x")
    assert len({first, draws.uniform("y"), Draws("a", 2).uniform("x"), Draws("a1").uniform("x")}) == 4


def test_a_chance_of_zero_never_comes_and_of_one_always() -> None:
    assert not any(Draws(number).chance("x", 0) for number in range(200))
    assert all(Draws(number).chance("x", 1) for number in range(200))


def test_weights_are_probabilities_and_what_they_leave_is_none() -> None:
    found = [Draws(number).weighted("x", {"a": 0.5, "b": 0.2}) for number in range(4000)]

    assert found.count("a") / 4000 == pytest.approx(0.5, abs=0.035)
    assert found.count("b") / 4000 == pytest.approx(0.2, abs=0.03)
    assert found.count(None) / 4000 == pytest.approx(0.3, abs=0.033)


def test_a_choice_takes_every_option_equally_often() -> None:
    found = [Draws(number).choice("x", "abcd") for number in range(4000)]

    assert all(found.count(option) / 4000 == pytest.approx(0.25, abs=0.031) for option in "abcd")


def test_lognormal_draws_have_the_mean_asked_for() -> None:
    found = [Draws(number).lognormal("x", 80, 0.45) for number in range(4000)]

    assert sum(found) / 4000 == pytest.approx(80, rel=0.035)
    assert min(found) > 0
