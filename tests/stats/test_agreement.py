import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mascope.stats.agreement import (
    PairAgreement,
    PanelCodes,
    by_stratum,
    pair_agreements,
    panel_agreements,
)
from mascope.stats.confusion import Confusion
from mascope.stats.reliability import fleiss_kappa, gwet_ac1, krippendorff_alpha
from mascope.stats.resampling import Bootstrap, Floats

NAN = math.nan


def bootstrap(resamples: int = 500) -> Bootstrap:
    return Bootstrap(np.random.default_rng(1), resamples)


def panel(*coders: list[float] | Floats, runs: list[str] | None = None) -> PanelCodes:
    """One flag, `f`; coders a, b, c …"""
    codes = np.array(coders, dtype=np.float64)[:, np.newaxis, :]
    messages = codes.shape[-1]
    labels = runs or [f"run{k}" for k in range(messages)]
    return PanelCodes(tuple("abcdefgh"[: len(coders)]), ("f",), codes, np.array(labels))


def noisy_panel(messages: int = 600, runs: int = 30) -> PanelCodes:
    """Three coders, two flags, gaps; what is said depends on the run."""
    rng = np.random.default_rng(7)
    run = np.sort(rng.integers(0, runs, messages))
    truth = rng.random((2, messages)) < rng.beta(2, 4, runs)[run]
    wrong = rng.random((3, 2, messages)) < 0.1
    codes = (truth ^ wrong).astype(np.float64)
    codes[rng.random(codes.shape) < 0.05] = NAN
    return PanelCodes(("a", "b", "c"), ("one", "two"), codes, np.array([f"A-run{k:02}" for k in run]))


def only(pairs: tuple[PairAgreement, ...]) -> PairAgreement:
    assert len(pairs) == 1
    return pairs[0]


def test_a_pair_is_compared_where_both_decided() -> None:
    pair = only(pair_agreements(panel([1, 1, 0, NAN, 0], [1, 0, NAN, 1, 0])))

    assert (pair.coder_a, pair.coder_b) == ("a", "b")
    assert pair.flags["f"].confusion == Confusion(yy=1, yn=1, ny=0, nn=1)
    assert pair.flags["f"].n == 3


def test_every_pair_of_a_panel_is_compared_once_and_in_its_order() -> None:
    pairs = pair_agreements(noisy_panel())

    assert [(pair.coder_a, pair.coder_b) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [list(pair.flags) for pair in pairs] == [["one", "two"]] * 3


def test_coefficients_of_a_small_table_are_those_of_hand() -> None:
    # yy 2, yn 1, ny 1, nn 4: p_o = 6/8; both say yes to 3/8, p_e = 9/64 + 25/64 = 34/64, κ = 14/30.
    # AC1: chance 2·3/8·5/8 = 30/64, (48 − 30)/34 = 18/34. α: n = 16, 6 yeses, 10 noes, 1 − 15·4/(2·60) = .5.
    pair = only(pair_agreements(panel([1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0])))

    values = {name: estimate.value for name, estimate in pair.flags["f"].coefficients.items()}
    assert values == pytest.approx(
        {
            "agreement": 6 / 8,
            "prevalence_a": 3 / 8,
            "prevalence_b": 3 / 8,
            "bias": 0,
            "kappa": 14 / 30,
            "ac1": 18 / 34,
            "pabak": 0.5,
            "alpha": 0.5,
            "positive": 4 / 6,
            "negative": 8 / 10,
        }
    )


def test_a_judge_that_never_varies_agrees_by_chance_alone() -> None:
    agreement = only(pair_agreements(panel([1, 0, 1, 0, 0], [0, 0, 0, 0, 0]), bootstrap())).flags["f"]

    assert agreement.kappa == 0.0
    assert agreement.kappa_interval is None
    assert agreement.coefficients["kappa"].interval is None
    assert agreement.coefficients["agreement"].interval is not None


def test_two_judges_that_never_vary_have_no_kappa() -> None:
    agreement = only(pair_agreements(panel([0, 0, 0], [0, 0, 0]), bootstrap())).flags["f"]

    assert agreement.kappa is None
    assert agreement.coefficients["positive"].value is None
    assert agreement.coefficients["ac1"].value == 1.0


def test_coders_without_a_message_in_common_have_no_agreement() -> None:
    agreement = only(pair_agreements(panel([1, NAN], [NAN, 0]), bootstrap())).flags["f"]

    assert agreement.n == 0
    assert agreement.mcnemar is None
    assert all(estimate.value is None for estimate in agreement.coefficients.values())


@pytest.mark.parametrize("coders", [0, 1])
def test_fewer_than_two_coders_are_no_pair(coders: int) -> None:
    codes = PanelCodes(("a",)[:coders], ("f",), np.zeros((coders, 1, 3)), np.array(["r", "r", "s"]))

    assert pair_agreements(codes, bootstrap()) == ()
    assert by_stratum(codes, ["x", "x", "y"]) == {"x": (), "y": ()}


def test_a_panel_without_messages_has_only_gaps() -> None:
    codes = PanelCodes(("a", "b"), ("f",), np.zeros((2, 1, 0)), np.array([], dtype=str))

    assert only(pair_agreements(codes, bootstrap())).mean.kappa is None
    assert panel_agreements(codes, bootstrap())["f"].coefficients["alpha"].value is None


def test_one_run_has_coefficients_but_no_interval_by_runs() -> None:
    agreement = only(pair_agreements(panel([1, 0, 1, 0], [1, 0, 0, 0], runs=["r"] * 4), bootstrap())).flags[
        "f"
    ]

    assert agreement.kappa == pytest.approx(0.5)
    assert agreement.kappa_interval is not None
    assert agreement.coefficients["kappa"].interval is None
    assert agreement.coefficients["kappa"].n == 1


def test_runs_without_a_comparison_are_not_counted() -> None:
    codes = panel([1, 0, NAN, 1], [1, 0, 1, NAN], runs=["r", "s", "t", "u"])

    assert only(pair_agreements(codes, bootstrap())).flags["f"].coefficients["agreement"].n == 2


def test_intervals_by_runs_are_wider_where_runs_differ() -> None:
    rng = np.random.default_rng(3)
    good = np.repeat(rng.random(40) < 0.5, 50)  # in half of the runs the second coder guesses
    first = rng.random(2000) < 0.5
    second = np.where(good, first, rng.random(2000) < 0.5)
    runs = [f"r{k}" for k in range(40) for _ in range(50)]

    agreement = only(
        pair_agreements(panel(first.astype(float), second.astype(float), runs=runs), bootstrap())
    ).flags["f"]

    by_runs, analytic = agreement.coefficients["kappa"].interval, agreement.kappa_interval
    assert by_runs is not None
    assert analytic is not None
    assert by_runs.high - by_runs.low > 2 * (analytic.high - analytic.low)


def test_the_interval_of_kappa_by_runs_is_that_of_a_plain_loop() -> None:
    codes = noisy_panel(300, 12)
    flag = pair_agreements(codes)[0].flags["one"]
    left = [pair_agreements(codes.take(codes.runs != run))[0].flags["one"].kappa for run in set(codes.runs)]
    # Twelve runs: t of 11 degrees of freedom at .975 is 2.201. Both margins are below one half, so that the
    # coders could have met in no yes at all: κ_min = −2 yes_a yes_b / (n (yes_a + yes_b) − 2 yes_a yes_b).
    kappas = [kappa for kappa in left if kappa is not None]
    se = math.sqrt(11 / 12 * sum((kappa - sum(kappas) / 12) ** 2 for kappa in kappas))
    table = flag.confusion
    yes = 2 * (table.yy + table.yn) * (table.yy + table.ny)
    least = -yes / (table.n * (2 * table.yy + table.yn + table.ny) - yes)

    assert flag.kappa is not None
    place = (flag.kappa - least) / (1 - least)
    reach = 2.20099 * se / ((1 - least) * place * (1 - place))
    ends = [math.log(place / (1 - place)) + side * reach for side in (-1, 1)]
    interval = flag.coefficients["kappa"].interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(
        [least + (1 - least) / (1 + math.exp(-end)) for end in ends], abs=1e-6
    )


def test_a_flag_that_one_run_alone_holds_has_no_interval_by_runs() -> None:
    # Without that run kappa is undefined.
    first = [1.0, 1.0, 0.0, *[0.0] * 37]
    second = [1.0, 0.0, 1.0, *[0.0] * 37]
    runs = [f"r{k // 4}" for k in range(40)]

    agreement = only(pair_agreements(panel(first, second, runs=runs), bootstrap())).flags["f"]

    assert agreement.kappa is not None
    assert agreement.coefficients["kappa"].interval is None
    assert agreement.coefficients["agreement"].interval is not None


def test_kappa_needs_no_resamples_for_its_interval_by_runs() -> None:
    without, drawn = pair_agreements(noisy_panel())[0], pair_agreements(noisy_panel(), bootstrap())[0]

    assert without.flags["one"].coefficients["kappa"] == drawn.flags["one"].coefficients["kappa"]
    assert without.flags["one"].coefficients["ac1"].interval is None


def test_each_message_counts_for_as_many_as_it_stands_for() -> None:
    # Each message repeated as often as its weight says gives the same coefficients, but no more messages.
    first, second = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    weights = [1, 3, 2, 5, 1, 4]
    sample = replace(panel(first, second), weights={"b": np.array(weights, dtype=np.float64)})

    whole = only(pair_agreements(panel(np.repeat(first, weights), np.repeat(second, weights)))).flags["f"]
    found = only(pair_agreements(sample)).flags["f"]

    assert found.weighted
    assert not whole.weighted
    assert found.n == 6
    for name in ("agreement", "kappa", "ac1", "pabak", "positive", "prevalence_a"):
        assert found.coefficients[name].value == pytest.approx(whole.coefficients[name].value), name
    assert (found.kappa_interval, found.mcnemar) == (None, None)


def test_two_who_share_a_sample_share_its_weights_and_two_samples_multiply() -> None:
    codes = panel([1, 0, 1], [1, 1, 0], [0, 0, 1])
    shared, own = np.array([2.0, 3.0, NAN]), np.array([4.0, 1.0, 5.0])
    sample = replace(codes, weights={"a": shared, "b": shared, "c": own})

    assert sample.joint_weights(["a", "b"]) == pytest.approx(shared, nan_ok=True)
    assert sample.joint_weights(["a", "c"]) == pytest.approx([8.0, 3.0, NAN], nan_ok=True)
    assert codes.joint_weights(["a", "b"]) is None


def test_a_weighted_panel_is_the_panel_of_all_that_its_messages_stand_for() -> None:
    codes, weights = noisy_panel(60, 6), np.tile([1, 2, 3], 20)
    sample = replace(codes, weights=dict.fromkeys(codes.coders, weights.astype(np.float64)))

    found = panel_agreements(sample)["one"]
    whole = panel_agreements(codes.take(np.repeat(np.arange(60), weights)))["one"]

    assert found.messages < whole.messages
    for name in ("fleiss", "ac1"):
        assert found.coefficients[name].value == pytest.approx(whole.coefficients[name].value), name


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert pair_agreements(noisy_panel(), bootstrap()) == pair_agreements(noisy_panel(), bootstrap())


def test_the_mean_is_over_the_flags_that_have_a_kappa() -> None:
    codes = np.array([
        [[1, 1, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]],
        [[1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]],
    ], dtype=np.float64)  # fmt: skip
    pair = only(pair_agreements(PanelCodes(("a", "b"), ("x", "y", "z"), codes, np.arange(6))))

    first, second = pair.flags["x"].kappa, pair.flags["y"].kappa
    assert first is not None
    assert second is not None
    assert pair.flags["z"].kappa is None
    assert pair.mean.kappa == pytest.approx((first + second) / 2)
    assert pair.mean.flags == 2


def test_the_interval_of_the_mean_lies_round_it_and_is_narrower_than_its_parts() -> None:
    pair = pair_agreements(noisy_panel(), bootstrap(4000))[0]

    mean = pair.mean.coefficients["kappa"]
    parts = [agreement.coefficients["kappa"].interval for agreement in pair.flags.values()]
    widths = [part.high - part.low for part in parts if part]
    assert mean.value is not None
    assert mean.interval is not None
    assert mean.interval.low < mean.value < mean.interval.high
    assert mean.interval.high - mean.interval.low < max(widths)


def test_a_stratum_is_the_same_as_the_panel_on_its_messages() -> None:
    codes = noisy_panel()
    series = np.where(np.arange(600) % 3 == 0, "A", "B").astype(object)
    series[5] = None

    strata = by_stratum(codes, series)

    assert list(strata) == ["A", "B"]
    assert strata["A"] == pair_agreements(codes.take(series == "A"))
    assert sum(pairs[0].flags["one"].n for pairs in strata.values()) == pytest.approx(
        pair_agreements(codes.take(np.arange(600) != 5))[0].flags["one"].n
    )


def test_the_panel_has_the_coefficients_of_its_codes() -> None:
    codes = noisy_panel()

    whole = panel_agreements(codes, bootstrap())["two"]

    matrix = codes.codes[:, 1]
    assert whole.coefficients["alpha"].value == pytest.approx(krippendorff_alpha(matrix))
    assert whole.coefficients["fleiss"].value == pytest.approx(fleiss_kappa(matrix))
    assert whole.coefficients["ac1"].value == pytest.approx(gwet_ac1(matrix))
    assert whole.complete == int((~np.isnan(matrix)).all(axis=0).sum())
    for estimate in whole.coefficients.values():
        assert estimate.value is not None
        assert estimate.interval is not None
        assert estimate.interval.low < estimate.value < estimate.interval.high
        assert estimate.n == 30


def test_a_pair_and_a_panel_of_two_have_the_same_alpha() -> None:
    codes = noisy_panel()
    two = PanelCodes(("a", "b"), codes.flags, codes.codes[:2], codes.runs)

    pair, whole = only(pair_agreements(two)), panel_agreements(two)

    assert pair.flags["one"].coefficients["alpha"].value == pytest.approx(
        whole["one"].coefficients["alpha"].value
    )


def test_a_code_that_is_neither_yes_nor_no_nor_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="a code is 1"):
        panel([1, 2], [0, 1])


def test_codes_and_runs_must_be_of_the_same_messages() -> None:
    with pytest.raises(ValueError, match="not \\(coders, flags, messages\\)"):
        PanelCodes(("a",), ("f",), np.zeros((1, 1, 3)), np.array(["r"]))


FLAGS = ("phatic", "meta", "lead", "arch", "agree", "comp")
YES = {"true", "1"}

PUBLISHED = {  # README of the data: kappas in the order of FLAGS, then their mean; blanks read as "no"
    ("human", "gemini"): (0.885, 0.590, 0.786, 0.828, 0.779, 0.437, 0.718),
    ("human", "sonnet"): (0.939, 0.545, 0.736, 0.730, 0.856, 0.437, 0.707),
    ("gemini", "sonnet"): (0.939, 0.837, 0.727, 0.779, 0.827, 1.000, 0.851),
}


def test_the_published_codes_have_the_published_kappas(warroom: Path) -> None:
    with (warroom / "human_coding.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    coders = ("human", "gemini", "sonnet")
    codes = np.array(
        [
            [[float(row[f"{coder}_{flag}"].lower() in YES) for row in rows] for flag in FLAGS]
            for coder in coders
        ]
    )
    runs = np.array([row["id"].partition("|")[0] for row in rows])

    pairs = pair_agreements(PanelCodes(coders, FLAGS, codes, runs))

    for pair in pairs:
        kappas = [*(agreement.kappa for agreement in pair.flags.values()), pair.mean.kappa]
        assert all(agreement.n == 245 for agreement in pair.flags.values())
        assert [round(kappa, 3) for kappa in kappas if kappa is not None] == list(
            PUBLISHED[pair.coder_a, pair.coder_b]
        )
