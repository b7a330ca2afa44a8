import numpy as np
import pytest

from mascope.stats.confusion import kappa
from mascope.stats.kappa_interval import kappa_by_runs, least_kappa
from mascope.stats.resampling import Floats

SCENARIOS = {
    "rare flag, ten runs": (0.03, 10, (0.9, 0.8), (0.995, 0.99)),
    "rare flag, judges of little use": (0.03, 10, (0.9, 0.8), (0.97, 0.95)),
    "common flag, eight runs": (0.30, 8, (0.9, 0.8), (0.97, 0.95)),
    "no agreement but by chance": (0.30, 10, (0.5, 0.5), (0.5, 0.5)),
}


def counts(
    rng: np.random.Generator, share: float, runs: int, found: tuple[float, float], left: tuple[float, float]
) -> Floats:
    """2 × 2 counts (runs, 4) of two judges of known sensitivity and specificity, 70 messages a run."""
    rate = rng.beta(19 * share, 19 * (1 - share), runs)
    truth = rng.random((runs, 70)) < rate[:, np.newaxis]
    a, b = (
        np.where(truth, rng.random(truth.shape) < yes, rng.random(truth.shape) >= no)
        for yes, no in zip(found, left, strict=True)
    )
    cells = (a & b, a & ~b, ~a & b, ~a & ~b)
    return np.stack([cell.sum(axis=1) for cell in cells], axis=1).astype(np.float64)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_interval_holds_the_truth_nearly_as_often_as_it_says(name: str) -> None:
    share, runs, found, left = SCENARIOS[name]
    rng = np.random.default_rng(1)
    true = float(kappa(counts(rng, share, 20_000, found, left).sum(axis=0)))

    intervals = [kappa_by_runs(counts(rng, share, runs, found, left)).interval for _ in range(400)]
    held = [i.low <= true <= i.high for i in intervals if i is not None]

    assert len(held) > 390
    assert 0.92 <= np.mean(held) <= 0.985  # within 2.5 Monte-Carlo errors of .95, of .01 each


def test_least_kappa_is_that_of_yeses_that_never_meet() -> None:
    # 3 and 2 yeses of 10: yy 0, yn 3, ny 2, nn 5; κ = 2 (0 − 6) / (3·8 + 2·7) … by the 2 × 2 formula.
    assert least_kappa(np.array([2.0, 1.0, 0.0, 7.0])) == pytest.approx(2 * (0 - 6) / (3 * 8 + 2 * 7))
    # 8 and 9 yeses of 10 must meet in 7: yy 7, yn 1, ny 2, nn 0.
    assert least_kappa(np.array([8.0, 0.0, 1.0, 1.0])) == pytest.approx(2 * (0 - 2) / (8 * 1 + 9 * 2))


@pytest.mark.parametrize(
    "table",
    [
        [[5.0, 0.0, 0.0, 5.0], [4.0, 0.0, 0.0, 6.0]],  # always alike
        [[0.0, 1.0, 1.0, 8.0], [0.0, 2.0, 1.0, 7.0]],  # no yes ever met
        [[0.0, 0.0, 0.0, 9.0], [0.0, 0.0, 0.0, 9.0]],  # nobody varies
        [[3.0, 1.0, 1.0, 5.0]],  # one run
        [[2.0, 1.0, 1.0, 5.0], [0.0, 0.0, 0.0, 9.0]],  # one run decides whether there is a kappa
    ],
)
def test_there_is_no_interval_where_nothing_says_how_kappa_varies(table: list[list[float]]) -> None:
    assert kappa_by_runs(np.array(table)).interval is None


def test_runs_without_messages_are_no_runs() -> None:
    told = np.array([[3.0, 1.0, 2.0, 9.0], [2.0, 2.0, 1.0, 9.0], [4.0, 0.0, 1.0, 9.0]])
    padded = np.vstack([told, np.zeros((4, 4))])

    assert kappa_by_runs(padded) == kappa_by_runs(told)
    assert kappa_by_runs(padded).n == 3


def test_no_runs_at_all_have_no_kappa() -> None:
    found = kappa_by_runs(np.zeros((0, 4)))

    assert (found.value, found.interval, found.n) == (None, None, 0)
