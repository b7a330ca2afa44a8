import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mascope.stats.comparisons import Comparison, Direction, contrasts
from mascope.stats.resampling import Estimate, Interval
from mascope.stats.sensitivity import (
    Finding,
    agrees,
    corrected_finding,
    finding,
    verdict,
    without_each_run,
)

RUNS = [f"run{number:02}" for number in range(24)]


def measures(rng: np.random.Generator) -> pd.DataFrame:
    values = np.concatenate([rng.integers(0, 9, 12) / 9, rng.integers(2, 12, 12) / 9])
    values[5] = np.nan
    return pd.DataFrame(
        {"run": RUNS, "series": ["A"] * 12 + ["B"] * 12, "pair": [*range(12)] * 2, "m": values}
    )


@pytest.mark.parametrize("matched", [None, "pair"])
@pytest.mark.parametrize("direction", ["two-sided", "less", "greater", "equivalent"])
def test_a_finding_is_the_contrast_without_its_intervals(direction: Direction, matched: str | None) -> None:
    rng = np.random.default_rng(1)
    frame = measures(rng)
    question = Comparison("h", "m", "A", "B", direction, margin=0.5, matched_by=matched)

    found = finding(question, frame)

    row = contrasts([question], frame, rng, 200).iloc[0]
    assert (found.n_a, found.n_b) == (row["n_a"], row["n_b"])
    assert found.difference == pytest.approx(row["difference"])
    assert found.r == pytest.approx(row["r"])
    assert found.p == pytest.approx(row["p_equivalence" if direction == "equivalent" else "p"])


@pytest.mark.parametrize("matched", [None, "pair"])
def test_nothing_to_compare_gives_no_p_value(matched: str | None) -> None:
    question = Comparison("h", "m", "A", "C", matched_by=matched)

    assert finding(question, measures(np.random.default_rng(2))).p is None


@pytest.mark.parametrize("matched", [None, "pair"])
@pytest.mark.parametrize("direction", ["two-sided", "less", "greater", "equivalent"])
def test_without_each_run_is_the_finding_of_the_others(direction: Direction, matched: str | None) -> None:
    frame = measures(np.random.default_rng(3))  # with ties, and a run without a value
    question = Comparison("h", "m", "A", "B", direction, margin=0.5, matched_by=matched)

    found = without_each_run(question, frame)

    assert list(found) == RUNS
    for run, without in found.items():
        anew = finding(question, frame[frame["run"] != run])
        assert (without.n_a, without.n_b) == (anew.n_a, anew.n_b)
        assert without.difference == pytest.approx(anew.difference)
        assert without.r == pytest.approx(anew.r)
        assert without.p == pytest.approx(anew.p)


@pytest.mark.parametrize("values", [[0.5, 0.5, 0.5], [0.5, 0.5, 0.7], [0.5, np.nan, 0.7]])
def test_without_a_run_little_may_be_left(values: list[float]) -> None:
    frame = pd.DataFrame({"run": ["a1", "a2", "b1"], "series": ["A", "A", "B"], "m": values})
    question = Comparison("h", "m", "A", "B")

    found = without_each_run(question, frame)

    for run, without in found.items():
        anew = finding(question, frame[frame["run"] != run])
        assert (without.n_a, without.n_b) == (anew.n_a, anew.n_b)
        assert without.p == pytest.approx(anew.p)


def test_only_runs_of_the_two_series_are_left_out() -> None:
    frame = measures(np.random.default_rng(4))

    assert set(without_each_run(Comparison("h", "m", "A", "C"), frame)) == set(RUNS[:12])


def rate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, Interval(low, high), 10)


def test_corrected_rates_with_symmetric_intervals_are_compared_by_a_z_test() -> None:
    # Standard errors .05 and .04: z = .15 / √(.05² + .04²)
    a, b = rate(0.5, 0.5 - 0.098, 0.5 + 0.098), rate(0.35, 0.35 - 0.0784, 0.35 + 0.0784)
    z = 0.15 / np.hypot(0.05, 0.04)

    two = corrected_finding(Comparison("h", "m", "A", "B"), a, b)
    less = corrected_finding(Comparison("h", "m", "A", "B", "less"), a, b)

    assert two.difference == pytest.approx(0.15)
    assert two.p == pytest.approx(2 * stats.norm.sf(z), rel=1e-3)
    assert less.p == pytest.approx(stats.norm.cdf(z), rel=1e-3)


def test_the_interval_end_that_faces_the_other_rate_is_what_counts() -> None:
    # Of 0.5 [.4, .9] and 0.3 [.05, .35], the reach towards zero is √(.1² + .05²).
    found = corrected_finding(Comparison("h", "m", "A", "B"), rate(0.5, 0.4, 0.9), rate(0.3, 0.05, 0.35))
    mirrored = corrected_finding(Comparison("h", "m", "A", "B"), rate(0.3, 0.05, 0.35), rate(0.5, 0.4, 0.9))

    assert found.p == pytest.approx(2 * stats.norm.sf(0.2 * 1.959964 / np.hypot(0.1, 0.05)), rel=1e-5)
    assert mirrored.p == pytest.approx(found.p)


def test_a_rate_without_an_interval_cannot_be_compared() -> None:
    found = corrected_finding(Comparison("h", "m", "A", "B"), Estimate(0.5, None, 3), rate(0.3, 0.2, 0.4))

    assert found == Finding(3, 10, None, None, None)


@pytest.mark.parametrize(
    ("main", "other", "expected"),
    [
        ((0.2, 0.01), (0.1, 0.04), True),
        ((0.2, 0.01), (0.1, 0.06), False),
        ((0.2, 0.01), (-0.1, 0.01), False),  # supported, but the other way round
        ((0.2, 0.30), (-0.1, 0.40), True),
        ((0.2, 0.30), (0.1, 0.04), False),
        ((0.2, 0.01), (0.1, np.nan), None),
        ((0.2, np.nan), (0.1, 0.01), None),
    ],
)
def test_variants_agree_where_they_come_to_one_conclusion(
    main: tuple[float, float], other: tuple[float, float], expected: bool | None
) -> None:
    first, second = ((Finding(5, 5, d, None, p), p) for d, p in (main, other))

    assert agrees(first, second, Comparison("h", "m", "A", "B")) is expected


@pytest.mark.parametrize(
    ("supported", "against", "said"),
    [
        (True, {}, "robust: it holds in all of 7 variants"),
        (True, {"coder": ["x"], "labels": []}, "supported, but that depends on coder: x"),
        (False, {}, "not supported"),
        (False, {"labels": ["union"]}, "not supported, though it would be under labels: union"),
        (None, {}, "nothing can be said: the test is undefined"),
    ],
)
def test_a_verdict_is_one_plain_sentence(
    supported: bool | None, against: dict[str, list[str]], said: str
) -> None:
    assert verdict(supported, 7, against) == said
