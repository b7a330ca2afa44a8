"""Do the intervals hold the truth through the whole line? Fewer studies than `bench/coders.py` does."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

STUDIES = 8


@pytest.fixture(scope="module")
def held() -> dict[str, list[bool | None]]:
    """Estimate → whether its interval held the truth, study by study."""
    coders = _bench()
    found: dict[str, list[bool | None]] = {}
    for seed in range(STUDIES):
        for name, yes in coders.study(seed).items():
            found.setdefault(name, []).append(yes)
    return found


def _bench() -> Any:
    file = Path(__file__).resolve().parents[2] / "bench" / "coders.py"
    spec = importlib.util.spec_from_file_location("coders", file)
    if spec is None or spec.loader is None:
        pytest.skip(f"{file} is not here")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def share(held: dict[str, list[bool | None]], *words: str) -> float:
    values = [yes for name, all_ in held.items() if name.startswith(words) for yes in all_]
    return sum(yes is True for yes in values) / len(values)


@pytest.mark.parametrize(
    "words", [("kappa",), ("sensitivity", "specificity"), ("rogan_gladen",), ("prediction_powered",)]
)
def test_intervals_hold_the_known_truth(held: dict[str, list[bool | None]], words: tuple[str, ...]) -> None:
    # .95 is wanted; 64 to 96 intervals of each kind, four or more of them from the same study
    assert share(held, *words) >= 0.85


def test_naive_rates_do_not_hold_it(held: dict[str, list[bool | None]]) -> None:
    assert share(held, "naive") < 0.6


def test_every_estimate_has_its_interval(held: dict[str, list[bool | None]]) -> None:
    assert not [name for name, all_ in held.items() if None in all_]
