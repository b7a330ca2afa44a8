import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from statsmodels.stats.proportion import proportion_confint

from mascope.stats.correction import (
    CORRECTIONS,
    Correction,
    Validated,
    accuracy,
    prediction_powered,
    rogan_gladen,
)
from mascope.stats.resampling import Floats, Interval

NAN = math.nan


def repeated(*parts: tuple[float, float, int]) -> Validated:
    """(what the coder says, what the human says, how many messages) …"""
    coder = np.concatenate([np.full(count, code) for code, _, count in parts])
    human = np.concatenate([np.full(count, code) for _, code, count in parts])
    return Validated(coder, human)


def flat(*parts: Floats) -> Floats:
    return np.concatenate(parts)


def covers(interval: Interval | None, value: float) -> bool:
    return interval is not None and interval.low <= value <= interval.high


# 40 human yeses, 36 of them found; 160 human noes, 8 of them said yes to; 800 messages more, 240 of them yes.
STUDY = repeated((1, 1, 36), (0, 1, 4), (1, 0, 8), (0, 0, 152), (1, NAN, 240), (0, NAN, 560))


def test_sensitivity_and_specificity_have_wilson_intervals() -> None:
    result = accuracy(STUDY)

    for estimate, right, n in ((result.sensitivity, 36, 40), (result.specificity, 152, 160)):
        low, high = proportion_confint(right, n, method="wilson")
        assert estimate.value == pytest.approx(right / n)
        assert estimate.n == n
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-9)


def test_weights_count_for_the_messages_that_were_not_sampled() -> None:
    # The coder's noes were sampled at 1 in 10: each of its 2 misses stands for 10, so 20/(30 + 20).
    coder = np.array([1.0] * 30 + [0.0] * 2 + [0.0] * 50)
    human = np.array([1.0] * 30 + [1.0] * 2 + [0.0] * 50)

    sensitivity = accuracy(Validated(coder, human, np.where(coder == 1, 1.0, 10.0))).sensitivity

    assert sensitivity.value == pytest.approx(30 / 50)
    assert sensitivity.low is not None
    assert sensitivity.low < 0.4


def test_a_perfect_sample_with_large_weights_proves_little() -> None:
    # No miss among 50 of the coder's noes, but each stands for 10: a single one would have cost 10/40.
    coder = np.array([1.0] * 30 + [0.0] * 50)
    human = np.array([1.0] * 30 + [0.0] * 50)

    weighted = accuracy(Validated(coder, human, np.where(coder == 1, 1.0, 10.0))).sensitivity
    even = accuracy(Validated(coder, human)).sensitivity

    assert weighted.value == even.value == 1.0
    assert weighted.low is not None
    assert even.low is not None
    assert weighted.low < 0.6 < 0.85 < even.low


def test_even_weights_and_a_run_for_each_message_change_little() -> None:
    plain = accuracy(STUDY).sensitivity
    weighted = accuracy(Validated(STUDY.coder, STUDY.human, np.ones(1000), np.arange(1000))).sensitivity

    assert weighted.value == pytest.approx(plain.value)
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high), abs=0.03)


def test_errors_that_come_in_runs_widen_the_interval() -> None:
    coder = np.repeat([1.0, 1, 1, 1, 0, 1, 1, 1, 1, 0], 30)
    human = np.ones(300)
    runs = np.repeat(np.arange(10), 30)

    clustered, even = (accuracy(Validated(coder, human, None, r)).sensitivity for r in (runs, None))

    assert clustered.interval is not None
    assert even.interval is not None
    assert clustered.value == even.value == pytest.approx(0.8)
    assert clustered.interval.high - clustered.interval.low > 3 * (even.interval.high - even.interval.low)


def test_without_a_human_yes_there_is_no_sensitivity() -> None:
    result = accuracy(repeated((1, 0, 2), (0, 0, 8)))

    assert (result.sensitivity.value, result.sensitivity.interval, result.sensitivity.n) == (None, None, 0)
    assert result.specificity.value == pytest.approx(0.8)


def test_human_codes_of_one_run_give_no_interval() -> None:
    study = Validated(STUDY.coder, STUDY.human, None, np.full(1000, "A-run01"))

    assert accuracy(study).sensitivity.value == pytest.approx(0.9)
    assert accuracy(study).sensitivity.interval is None


def test_a_rate_is_turned_round_by_its_error_rates() -> None:
    # Naive (36 + 8 + 240)/1000 = .284; sensitivity .9, specificity .95: (.284 − .05)/(.9 + .95 − 1) = .27529.
    result = rogan_gladen(STUDY)

    assert result.naive == pytest.approx(0.284)
    assert result.value == pytest.approx(0.234 / 0.85)
    assert (result.messages, result.validated) == (1000, 200)


def test_the_variance_of_a_corrected_rate_is_that_of_the_delta_method() -> None:
    # Human codes from elsewhere, so the three shares are independent (Rogan & Gladen 1978):
    # var = [p(1 − p)/n + π² se(1 − se)/n_yes + (1 − π)² sp(1 − sp)/n_no] / (se + sp − 1)².
    study = repeated((1, 1, 900), (0, 1, 100), (1, 0, 200), (0, 0, 3800), (1, NAN, 3000), (0, NAN, 7000))
    target = np.isnan(study.human)
    rate = 0.25 / 0.85
    variance = (0.3 * 0.7 / 10_000 + rate**2 * 0.09 / 1000 + (1 - rate) ** 2 * 0.05 * 0.95 / 4000) / 0.85**2

    result = rogan_gladen(study, target)

    assert result.value == pytest.approx(rate)
    assert result.interval is not None
    width = result.interval.high - result.interval.low
    assert width == pytest.approx(2 * 1.96 * math.sqrt(variance), rel=0.01)


def test_a_rate_outside_the_possible_is_kept_within_and_reported() -> None:
    # No yes in the target although one human no in 20 is called yes: (0 − .05)/.85.
    study = repeated((1, 1, 36), (0, 1, 4), (1, 0, 8), (0, 0, 152), (0, NAN, 100))

    result = rogan_gladen(study, np.isnan(study.human))

    assert result.value == 0.0
    assert result.unbounded == pytest.approx(-0.05 / 0.85)
    assert result.interval is not None
    assert result.interval.low == 0.0


@pytest.mark.parametrize(
    ("study", "note"),
    [
        (repeated((1, 0, 5), (0, 0, 5)), "said yes to no message"),
        (repeated((1, 1, 5), (0, 1, 5)), "said no to no message"),
        (repeated((1, 1, 2), (0, 1, 8), (1, 0, 5), (0, 0, 5)), "as often"),
        (repeated((NAN, 1, 2), (NAN, 0, 8)), "decided none"),
    ],
)
def test_what_cannot_be_turned_round_says_why(study: Validated, note: str) -> None:
    result = rogan_gladen(study)

    assert (result.value, result.unbounded, result.interval) == (None, None, None)
    assert note in (result.note or "")


def test_prediction_powered_adds_the_mean_error_to_the_mean_code() -> None:
    # Untuned: .284 + (4 − 8)/200 = .264.
    result = prediction_powered(STUDY, tuned=False)

    assert result.value == pytest.approx(0.264)
    assert result.naive == pytest.approx(0.284)


# 2000 messages that the human coded among 200,000: what they share is too little to matter.
LARGE = repeated((1, 1, 500), (0, 1, 100), (1, 0, 150), (0, 0, 1250), (1, NAN, 59_400), (0, NAN, 138_600))


def width(interval: Interval | None) -> float:
    assert interval is not None
    return interval.high - interval.low


def test_the_variance_of_prediction_powered_inference_is_that_of_its_paper() -> None:
    # Angelopoulos et al. 2023: var(coder)/N + var(human − coder)/n, with 250 errors whose mean is −.025.
    variance = 0.3 * 0.7 / 200_000 + (0.125 - 0.025**2) / 2000

    result = prediction_powered(LARGE, tuned=False)

    assert width(result.interval) == pytest.approx(2 * 1.96 * math.sqrt(variance), rel=0.02)


def test_tuning_weighs_the_coder_as_the_paper_does() -> None:
    # Angelopoulos, Duchi & Zrnic 2023: λ = cov(human, coder)/var(coder) where N is far larger than n:
    # (.25 − .3·.325)/(.325·.675) = .695, and the variance of human − λ·coder is least.
    power = (0.25 - 0.3 * 0.325) / (0.325 * 0.675)
    rate = (650 + 59_400) / 200_000

    result = prediction_powered(LARGE)

    assert result.value == pytest.approx(0.3 + power * (rate - 0.325), abs=2e-4)
    assert width(result.interval) < width(prediction_powered(LARGE, tuned=False).interval)


def test_a_coder_that_guesses_costs_nothing_when_tuned() -> None:
    rng = np.random.default_rng(2)
    human = np.where(np.arange(20_000) < 400, rng.random(20_000) < 0.3, NAN)
    coder = (rng.random(20_000) < 0.5).astype(float)

    tuned = prediction_powered(Validated(coder, human))

    mean = float(np.nanmean(human))
    human_alone = 2 * 1.96 * math.sqrt(mean * (1 - mean) / 400)
    assert tuned.value == pytest.approx(mean, abs=0.005)
    assert width(tuned.interval) == pytest.approx(human_alone, rel=0.05)


def test_only_the_targets_own_human_codes_are_used_to_rectify_it() -> None:
    here = repeated((1, 1, 30), (1, 0, 20), (0, 0, 50), (1, NAN, 400), (0, NAN, 500))
    elsewhere = repeated((0, 1, 100))
    both = Validated(flat(here.coder, elsewhere.coder), flat(here.human, elsewhere.human))
    target = np.arange(len(both.coder)) < len(here.coder)

    assert prediction_powered(both, target).value == prediction_powered(here).value
    assert prediction_powered(both, target).validated == 100
    assert rogan_gladen(both, target).value != rogan_gladen(here).value


def test_two_human_codes_are_needed_to_rectify() -> None:
    result = prediction_powered(repeated((1, 1, 1), (0, NAN, 9)))

    assert result.naive == pytest.approx(0.1)
    assert result.value is None
    assert result.interval is None
    assert "fewer than two" in (result.note or "")


@pytest.mark.parametrize("correct", CORRECTIONS.values(), ids=CORRECTIONS)
def test_one_run_has_a_corrected_rate_but_no_interval(correct: Correction) -> None:
    result = correct(Validated(STUDY.coder, STUDY.human, None, np.full(1000, "A-run01")))

    assert result.value is not None
    assert result.interval is None
    assert "two runs" in (result.note or "")


@pytest.mark.parametrize("correct", CORRECTIONS.values(), ids=CORRECTIONS)
def test_messages_that_the_coder_left_undecided_are_left_out(correct: Correction) -> None:
    gaps = repeated((NAN, 1, 50), (NAN, NAN, 50))
    with_gaps = Validated(flat(STUDY.coder, gaps.coder), flat(STUDY.human, gaps.human))

    assert correct(with_gaps) == correct(STUDY)


@pytest.mark.parametrize("correct", CORRECTIONS.values(), ids=CORRECTIONS)
def test_a_coder_that_errs_nowhere_is_not_corrected(correct: Correction) -> None:
    result = correct(repeated((1, 1, 30), (0, 0, 70), (1, NAN, 270), (0, NAN, 630)))

    assert result.value == pytest.approx(0.3)
    assert covers(result.interval, 0.3)


@pytest.mark.parametrize("correct", CORRECTIONS.values(), ids=CORRECTIONS)
def test_no_messages_have_no_rate(correct: Correction) -> None:
    result = correct(Validated(np.array([]), np.array([])))

    assert (result.naive, result.value, result.messages) == (None, None, 0)
    assert result.note


def test_arrays_of_other_messages_are_refused() -> None:
    with pytest.raises(ValueError, match="not the same messages"):
        Validated(np.zeros(3), np.zeros(2))


def test_a_human_code_without_a_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="no positive weight"):
        Validated(np.zeros(2), np.array([1.0, NAN]), np.array([0.0, 1.0]))


@dataclass(frozen=True)
class Truth:
    prevalence: float = 0.15
    sensitivity: float = 0.85
    specificity: float = 0.95
    runs: int = 40
    per_run: int = 60
    coded: float = 0.15
    """Share of the messages that the human codes."""
    by_coder: bool = False
    """Whether half of those are messages that the coder said yes to."""


def simulated(truth: Truth, rng: np.random.Generator) -> tuple[Validated, npt.NDArray[np.bool_]]:
    """A study whose runs differ in their rate, and its first half as the target."""
    rate = rng.beta(20 * truth.prevalence, 20 * (1 - truth.prevalence), truth.runs)
    run = np.repeat(np.arange(truth.runs), truth.per_run)
    yes = rng.random(run.size) < rate[run]
    says = np.where(yes, rng.random(run.size) < truth.sensitivity, rng.random(run.size) >= truth.specificity)
    chance = np.full(run.size, truth.coded)
    if truth.by_coder:
        for answer in (True, False):
            alike = says == answer
            chance[alike] = min(1.0, truth.coded * run.size / 2 / alike.sum())
    human = np.where(rng.random(run.size) < chance, yes.astype(float), NAN)
    return Validated(says.astype(float), human, 1 / chance, run), run < truth.runs // 2


@pytest.mark.parametrize("truth", [Truth(), Truth(by_coder=True), Truth(prevalence=0.4, specificity=0.8)])
def test_corrected_rates_and_accuracies_cover_the_truth(truth: Truth) -> None:
    rng = np.random.default_rng(3)
    studies, hits, near = 150, np.zeros(4), 0
    for _ in range(studies):
        codes, target = simulated(truth, rng)
        result = accuracy(codes)
        rates = [correct(codes, target) for correct in CORRECTIONS.values()]
        near += sum(
            rate.naive is not None and abs(rate.naive - truth.prevalence) < 0.01 for rate in rates[:1]
        )
        hits += [
            *(covers(rate.interval, truth.prevalence) for rate in rates),
            covers(result.sensitivity.interval, truth.sensitivity),
            covers(result.specificity.interval, truth.specificity),
        ]

    # Three standard errors of a share of 150 at .95 are .053.
    assert (hits / studies > 0.895).all(), hits / studies
    assert near / studies < 0.5  # the naive rate is off, so there was something to correct
