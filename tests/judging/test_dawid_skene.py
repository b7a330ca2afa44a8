import math

import numpy as np
import numpy.typing as npt
import pytest

from mascope.judging import dawid_skene

Floats = npt.NDArray[np.float64]

SENSITIVITY = (0.95, 0.6, 0.7)
SPECIFICITY = (0.99, 0.9, 0.95)


def coded(messages: int, prevalence: float = 0.2, missing: float = 0.0) -> tuple[Floats, Floats]:
    """True answers (messages,) and the codes (3, messages) of coders with known error rates."""
    rng = np.random.default_rng(11)
    truth = rng.random(messages) < prevalence
    says_yes = [
        np.where(truth, rng.random(messages) < found, rng.random(messages) >= left)
        for found, left in zip(SENSITIVITY, SPECIFICITY, strict=True)
    ]
    codes = np.array(says_yes, dtype=np.float64)
    codes[rng.random(codes.shape) < missing] = math.nan
    return truth.astype(np.float64), codes


def test_known_error_rates_are_recovered() -> None:
    _, codes = coded(50_000)

    model = dawid_skene.fit(codes)

    assert model.converged
    assert model.prevalence == pytest.approx(0.2, abs=0.01)
    assert model.sensitivity == pytest.approx(SENSITIVITY, abs=0.02)
    assert model.specificity == pytest.approx(SPECIFICITY, abs=0.02)


def test_probabilities_are_calibrated() -> None:
    truth, codes = coded(50_000, missing=0.2)

    probability = dawid_skene.fit(codes).probability

    coders = ~np.isnan(probability)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = coders & (probability >= low) & (probability < low + 0.2)
        if inside.sum() > 500:
            assert probability[inside].mean() == pytest.approx(truth[inside].mean(), abs=0.05)


def test_labels_are_better_than_the_majoritys() -> None:
    truth, codes = coded(20_000)

    labels = dawid_skene.fit(codes).labels(decided=0.5)

    majority = codes.sum(axis=0) >= 2
    assert (labels == truth).mean() > (majority == truth).mean() + 0.01


def test_what_nobody_coded_stays_undecided() -> None:
    _, codes = coded(200)
    codes[:, 17] = math.nan

    model = dawid_skene.fit(codes)

    assert math.isnan(model.probability[17])
    assert math.isnan(model.labels()[17])
    assert np.isnan(model.probability).sum() == 1


def test_a_probability_near_one_half_is_no_label() -> None:
    model = dawid_skene.DawidSkene(
        probability=np.array([0.39, 0.41, 0.59, 0.61]),
        prevalence=0.5,
        sensitivity=np.array([0.9]),
        specificity=np.array([0.9]),
        iterations=1,
        converged=True,
    )

    assert np.array_equal(model.labels(), [0, math.nan, math.nan, 1], equal_nan=True)


def test_rates_and_probabilities_explain_each_other() -> None:
    _, codes = coded(300, missing=0.1)
    model = dawid_skene.fit(codes)
    yes, no = codes == 1, codes == 0
    p = np.nan_to_num(model.probability)
    q = np.nan_to_num(1 - model.probability)

    # Bayes, message by message, as a product over the coders who decided.
    se, sp = model.sensitivity[:, np.newaxis], model.specificity[:, np.newaxis]
    if_yes = model.prevalence * np.where(yes, se, np.where(no, 1 - se, 1)).prod(axis=0)
    if_no = (1 - model.prevalence) * np.where(yes, 1 - sp, np.where(no, sp, 1)).prod(axis=0)
    coded_at_all = (yes | no).any(axis=0)
    assert model.probability[coded_at_all] == pytest.approx(
        (if_yes / (if_yes + if_no))[coded_at_all], abs=1e-6
    )
    # And the rates as shares of those probabilities, with 2 right and 1 wrong code of each kind added.
    assert model.sensitivity == pytest.approx((yes @ p + 2) / ((yes | no) @ p + 3), abs=1e-6)
    assert model.specificity == pytest.approx((no @ q + 2) / ((yes | no) @ q + 3), abs=1e-6)
    assert model.prevalence == pytest.approx((p.sum() + 1) / (coded_at_all.sum() + 2), abs=1e-6)


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_a_panel_that_never_varies_is_believed(answer: float) -> None:
    for messages in (1, 5, 1000):
        assert (dawid_skene.fit(np.full((3, messages), answer)).labels() == answer).all()


def test_a_rare_flag_that_two_of_three_coders_see_is_yes() -> None:
    codes = np.zeros((3, 1000))
    codes[0, :3] = 1
    codes[1, :2] = 1

    labels = dawid_skene.fit(codes).labels()

    assert labels[:4].tolist() == [1, 1, 0, 0]


def test_alike_messages_get_alike_labels_in_any_order() -> None:
    _, codes = coded(500, missing=0.3)
    order = np.random.default_rng(1).permutation(500)

    straight, shuffled = dawid_skene.fit(codes).probability, dawid_skene.fit(codes[:, order]).probability

    assert shuffled == pytest.approx(straight[order], nan_ok=True)


def test_no_messages_give_no_labels() -> None:
    assert dawid_skene.fit(np.empty((3, 0))).labels().shape == (0,)
