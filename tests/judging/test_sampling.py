from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mascope.errors import InvalidInput
from mascope.judging.sampling import Candidate, Drawn, Sample, chances, draw, keep, kept, sample_file, samples
from mascope.store.layout import Results


def a_study(messages: int = 1200) -> list[Candidate]:
    """Two series × two models; RARE in every 100th message, OFTEN in every third."""
    return [
        Candidate(
            f"{'AB'[n % 2]}-run01|x|R{n}",
            "AB"[n % 2],
            ("m1", "m2")[n // 2 % 2],
            frozenset(flag for flag, of in (("RARE", n % 100 == 0), ("OFTEN", n % 3 == 0)) if of),
        )
        for n in range(messages)
    ]


def test_the_sample_has_the_size_that_was_asked_for() -> None:
    assert [len(draw(a_study(), n, 0)) for n in (1, 50, 599)] == [1, 50, 599]


def test_a_sample_larger_than_the_study_is_the_whole_study_and_each_message_stands_for_itself() -> None:
    drawn = draw(a_study(30), 600, 0)

    assert len(drawn) == 30
    assert {one.weight for one in drawn} == {1.0}


def test_the_same_seed_draws_the_same_sample_whatever_the_order_of_the_messages() -> None:
    study = a_study()

    assert draw(study, 60, 7) == draw(study[::-1], 60, 7)
    assert draw(study, 60, 7) != draw(study, 60, 8)


def test_rare_flags_occur_more_often_than_by_simple_chance() -> None:
    study = {one.message: one for one in a_study()}

    found = Counter(flag for drawn in draw(a_study(), 48, 1) for flag in study[drawn.message].flags)

    assert found["RARE"] >= 10  # of 12 in 1,200 messages; simple chance would bring 0.5


def test_every_series_and_model_has_its_part() -> None:
    study = {one.message: one for one in a_study()}

    cells = Counter((study[d.message].series, study[d.message].model) for d in draw(a_study(), 48, 1))

    assert set(cells) == {("A", "m1"), ("A", "m2"), ("B", "m1"), ("B", "m2")}
    assert min(cells.values()) >= 6


def test_a_small_series_gets_more_than_its_share_and_a_large_one_more_than_a_small_one() -> None:
    large = [Candidate(f"a{n}", "A", "m") for n in range(900)]
    small = [Candidate(f"b{n}", "B", "m") for n in range(100)]

    chance = chances([*large, *small], 80)

    # square roots of 900 and 100 are as 3 to 1
    assert chance[:900].sum() == pytest.approx(60)
    assert chance[900:].sum() == pytest.approx(20)


def test_chances_sum_to_the_size_and_are_never_none() -> None:
    chance = chances(a_study(), 300)

    assert chance.sum() == pytest.approx(300)
    assert chance.min() > 0
    assert chance.max() <= 1


def test_messages_are_drawn_as_often_as_their_weight_says() -> None:
    study = a_study(120)
    times = Counter(one.message for seed in range(600) for one in draw(study, 20, seed))
    chance = chances(study, 20)

    expected = {one.message: float(share) for one, share in zip(study, chance, strict=True)}
    # a share of 600 draws has a standard error of at most 0.0205
    assert max(abs(times[m] / 600 - share) for m, share in expected.items()) < 0.08


def test_weighted_sums_are_unbiased_for_what_chances_depend_on_and_for_what_they_do_not() -> None:
    study = {one.message: one for one in a_study(240)}
    truth = {
        "RARE": sum("RARE" in one.flags for one in study.values()),
        "odd": sum(int(m.rpartition("R")[2]) % 7 == 3 for m in study),
    }
    estimates: dict[str, list[float]] = {"RARE": [], "odd": []}

    for seed in range(400):
        drawn = draw(list(study.values()), 40, seed)
        estimates["RARE"].append(sum(d.weight for d in drawn if "RARE" in study[d.message].flags))
        estimates["odd"].append(sum(d.weight for d in drawn if int(d.message.rpartition("R")[2]) % 7 == 3))

    for name, values in estimates.items():
        error = float(np.std(values)) / 400**0.5
        assert abs(float(np.mean(values)) - truth[name]) <= 4 * error + 1e-9


def test_the_order_of_a_sample_tells_nothing_about_series() -> None:
    study = {one.message: one for one in a_study()}
    series = [study[one.message].series for one in draw(a_study(), 200, 3)]

    changes = sum(a != b for a, b in pairwise(series))

    assert 70 <= changes <= 130  # 99.5 expected of a shuffled order, 1 of a sorted one


def test_a_kept_sample_is_read_as_it_was(tmp_path: Path) -> None:
    results = Results(tmp_path)
    sample = Sample(
        "n2-seed0", 0, 2, 9, ("rules",), (Drawn("A-run01|é|R0", 4.5), Drawn("A-run01|\ud800|R1", 1 / 3))
    )

    keep(results, sample)

    assert kept(results, "n2-seed0") == sample
    assert samples(results) == ("n2-seed0",)


@pytest.mark.parametrize("content", ["", "[]", '{"name": "s"}', '{"messages": [{"message": "a"}]}'])
def test_what_is_no_sample_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    results = Results(tmp_path)
    sample_file(results, "s").parent.mkdir()
    sample_file(results, "s").write_text(content)

    with pytest.raises(InvalidInput, match="not a sample"):
        kept(results, "s")
