import numpy as np
import pytest
import statsmodels.api as sm

from mascope.stats import hazard
from mascope.stats.hazard import LEVELS, TURNS, Cells, cells, clustered_effect, exposure_effect, shuffled
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats

Drawn = tuple[Ints, Ints, Ints, Floats]


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def drawn(effect: float, runs: int = 12, size: int = 400, seed: int = 5) -> Drawn:
    """Periods (run, turn, level, adopted) with this log odds ratio for each doubling of exposure."""
    draws = rng(seed)
    run, turn = np.repeat(np.arange(runs), size), draws.integers(1, TURNS + 1, runs * size)
    level = draws.integers(1, LEVELS + 1, runs * size)
    eta = -1.5 - 0.4 * turn + effect * np.log2(level) + draws.normal(0, 0.4, runs)[run]
    return run, turn, level, (draws.random(len(run)) < 1 / (1 + np.exp(-eta))).astype(np.float64)


def counted(periods: Drawn) -> Cells:
    return cells(*periods, int(periods[0].max()) + 1)


@pytest.mark.parametrize("most", [3, 12, 60])
def test_what_is_certain_leaves_the_stream_of_draws_as_it_is(most: int) -> None:
    draws = rng()
    mine, rest = draws.integers(0, most, (2, 4000)) * (draws.random((2, 4000)) < 0.5)
    left = (draws.random(4000) * (mine + rest + 1)).astype(np.intp)

    ours, theirs = rng(), rng()

    assert (hazard._drawn(mine, rest, left, ours) == theirs.hypergeometric(mine, rest, left)).all()
    assert ours.random() == theirs.random()


def test_the_effect_and_its_clustered_error_are_those_of_statsmodels() -> None:
    run, turn, level, adopted = periods = drawn(0.5)
    found = clustered_effect(counted(periods))
    design = np.column_stack([*((turn == t).astype(float) for t in range(1, TURNS + 1)), np.log2(level)])
    fit = sm.Logit(adopted, design).fit(
        disp=0, tol=1e-14, cov_type="cluster", cov_kwds={"groups": run, "use_correction": False}
    )

    assert found.value == pytest.approx(float(fit.params[-1]), abs=1e-9)
    # By hand: the published sandwich, its small-sample factor G/(G − 1), and t with 11 degrees of freedom.
    half = 2.2009851600830124 * float(fit.bse[-1]) * (12 / 11) ** 0.5
    assert found.interval is not None
    assert found.interval.high - found.interval.low == pytest.approx(2 * half, abs=1e-8)
    assert found.n == 12


def test_a_known_effect_comes_back_inside_its_interval() -> None:
    inside = 0
    for seed in range(40):
        found = clustered_effect(counted(drawn(0.3, seed=seed))).interval
        assert found is not None
        inside += found.low < 0.3 < found.high

    assert inside >= 34  # of 40 at 95%: fewer has chance .01


def test_many_are_fitted_at_once_as_each_alone() -> None:
    both = [counted(drawn(effect, runs=4)).summed() for effect in (0.0, 0.8)]
    stacked = Cells(np.stack([one.at_risk for one in both]), np.stack([one.adopted for one in both]))

    assert exposure_effect(stacked) == pytest.approx(
        np.array([float(exposure_effect(one)) for one in both]), abs=1e-9
    )


def test_without_adoptions_there_is_no_effect() -> None:
    run, turn, level, adopted = drawn(0.3)

    assert clustered_effect(counted((run, turn, level, adopted * 0))).value is None
    assert clustered_effect(counted((run, turn, level, adopted * 0 + 1))).value is None


def test_at_one_level_of_exposure_there_is_no_effect() -> None:
    run, turn, level, adopted = drawn(0.3)

    assert clustered_effect(counted((run, turn, np.ones_like(level), adopted))).value is None


def test_an_effect_without_bounds_is_none() -> None:
    run, turn, level, _ = drawn(0.3)

    assert clustered_effect(counted((run, turn, level, (level > 4).astype(np.float64)))).value is None


def test_one_run_has_an_effect_and_no_interval() -> None:
    found = clustered_effect(counted(drawn(0.5, runs=1, size=3000)))

    assert found.value is not None
    assert found.interval is None


def test_no_periods_at_all_are_no_error() -> None:
    none = np.zeros((3, TURNS, LEVELS))

    assert clustered_effect(Cells(none, none)).value is None
    assert shuffled(Cells(none, none), rng(), 5).adopted.sum() == 0


def test_what_lies_beyond_counts_with_the_last_turn_and_level() -> None:
    found = cells(np.array([0, 0]), np.array([1, 99]), np.array([99, 1]), np.array([1.0, 0.0]), 1)

    assert found.at_risk[0, 0, -1] == found.adopted[0, 0, -1] == 1
    assert found.at_risk[0, -1, 0] == 1


def test_shuffling_keeps_the_adoptions_of_each_run_and_turn() -> None:
    found = counted(drawn(0.8, runs=3))
    null = shuffled(found, rng(), 300)

    assert (null.adopted.sum(axis=-1) == found.adopted.sum(axis=-1)).all()
    assert (null.adopted <= null.at_risk).all()
    # By hand: each period is as likely to be an adoption as any other of its run and turn.
    expected = found.at_risk * (found.adopted.sum(axis=-1) / found.at_risk.sum(axis=-1))[..., np.newaxis]
    assert null.adopted.mean(axis=0) == pytest.approx(expected, abs=0.8)


def test_a_null_effect_lies_amid_its_shuffles_and_a_real_one_outside() -> None:
    for effect, outside in ((0.0, False), (0.8, True)):
        found = counted(drawn(effect))
        null = shuffled(found, rng(), 200)
        by_chance = exposure_effect(Cells(null.at_risk.sum(axis=1), null.adopted.sum(axis=1)))

        assert (float(exposure_effect(found.summed())) > by_chance.max()) == outside
