import warnings

import numpy as np
import pytest

from mascope.stats.clustered import RunCounts, clustered_logit


def drawn(rng: np.random.Generator, runs: int, p: float, spread: float) -> RunCounts:
    """Runs of 5 to 40 messages whose own rates vary."""
    messages = rng.integers(5, 41, runs)
    rates = rng.beta(p * spread, (1 - p) * spread, runs)
    return RunCounts.of(rng.binomial(messages, rates), messages)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_statsmodels_finds_on_the_messages_one_by_one(seed: int) -> None:
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    rng = np.random.default_rng(seed)
    a, b = drawn(rng, 12, 0.3, 10), drawn(rng, 9, 0.2, 10)
    outcome, series, run = [], [], []
    for arm, counts in ((1, a), (0, b)):
        for number, (yes, n) in enumerate(zip(counts.yes, counts.messages, strict=True)):
            outcome += [1] * int(yes) + [0] * int(n - yes)
            series += [arm] * int(n)
            run += [100 * arm + number] * int(n)
    design = np.stack([np.ones(len(series)), series], axis=1)
    model = GEE(outcome, design, groups=run, family=Binomial(), cov_struct=Exchangeable())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit(maxiter=500, ctol=1e-14)
        corrected = model.fit(maxiter=500, ctol=1e-14, cov_type="bias_reduced")

    found = clustered_logit(a, b)

    assert found is not None
    assert found.log_odds == pytest.approx(fitted.params[1], abs=1e-9)
    assert found.naive_se == pytest.approx(fitted.bse[1], abs=1e-9)
    assert found.se == pytest.approx(corrected.bse[1], abs=1e-9)
    assert found.correlation == pytest.approx(float(model.cov_struct.dep_params), abs=1e-9)


def test_under_the_null_it_keeps_its_level_although_messages_of_a_run_resemble_each_other() -> None:
    rng = np.random.default_rng(5)
    found = [clustered_logit(drawn(rng, 15, 0.25, 8), drawn(rng, 15, 0.25, 8)) for _ in range(2000)]

    share = np.mean([one is not None and one.p < 0.05 for one in found])
    assert 0.035 <= share <= 0.065


def test_the_direction_halves_or_mirrors_the_p_value() -> None:
    rng = np.random.default_rng(1)
    a, b = drawn(rng, 10, 0.4, 20), drawn(rng, 10, 0.2, 20)
    two, greater, less = (clustered_logit(a, b, side) for side in ("two-sided", "greater", "less"))

    assert two is not None
    assert greater is not None
    assert less is not None
    assert greater.p == pytest.approx(two.p / 2)
    assert less.p == pytest.approx(1 - two.p / 2)


@pytest.mark.parametrize(
    ("yes", "messages"),
    [([0, 0, 0], [5, 5, 5]), ([5, 5], [5, 5]), ([2], [5]), ([], []), ([1, 0], [3, 0])],
)
def test_a_series_without_odds_or_without_two_runs_has_no_comparison(
    yes: list[int], messages: list[int]
) -> None:
    other = RunCounts.of([1, 2, 3], [6, 6, 6])

    assert clustered_logit(RunCounts.of(yes, messages), other) is None
    assert clustered_logit(other, RunCounts.of(yes, messages)) is None


def test_runs_that_are_all_alike_have_no_standard_error_to_test_with() -> None:
    assert clustered_logit(RunCounts.of([1, 1, 1], [4, 4, 4]), RunCounts.of([2, 2], [4, 4])) is None


def test_runs_of_one_message_each_can_be_compared() -> None:
    found = clustered_logit(RunCounts.of([1, 0, 1, 1], [1] * 4), RunCounts.of([0, 0, 1, 0], [1] * 4))

    assert found is not None
    assert found.correlation == 0
