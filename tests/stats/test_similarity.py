from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import distance

from mascope.stats.similarity import (
    DISTANCES,
    SERIES_COLUMNS,
    SIMILARITY_COLUMNS,
    decided_traits,
    mean_cosines,
    mean_distances,
    run_summary,
    series_similarity,
    similarity,
)

NAN = np.nan
TRAITS = ["PHATIC", "ARCH"]


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def labels(rows: list[tuple[str, str, str, float, float]]) -> pd.DataFrame:
    """From (series, run, agent, PHATIC, ARCH)."""
    frame = pd.DataFrame(rows, columns=["series", "run", "agent", *TRAITS])
    return frame.assign(message=range(len(rows)), round=0, position=0).astype(dict.fromkeys(TRAITS, float))


def random_rates(cells: int, zero: float = 0.2) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    generator = rng()
    rates = generator.random((cells, 5))
    rates[generator.random(cells) < zero] = 0
    return rates


def test_the_cosine_of_two_agents_by_hand() -> None:
    # x: (1, 0); y: (1, 1), since one of two messages and the other. cos = 1/(1·√2).
    frame = labels([("A", "r", "x", 1, 0), ("A", "r", "y", 1, 1)])
    row = similarity(frame, TRAITS).iloc[0]

    assert row["cosine"] == pytest.approx(2**-0.5)
    assert (row["pairs"], row["dropped"], row["agents"], row["note"]) == (1, 0, 2, "")


def test_distances_of_two_agents_by_hand() -> None:
    # Mixes (1, 0) and (½, ½), middle (¾, ¼): ½·log₂(4/3) + ½·[½·log₂(2/3) + ½·log₂ 2] = .31128 bits.
    row = similarity(labels([("A", "r", "x", 1, 0), ("A", "r", "y", 1, 1)]), TRAITS).iloc[0]

    assert row["jensen_shannon"] == pytest.approx(0.31128**0.5, abs=1e-5)
    assert row["euclidean"] == pytest.approx(1)


def test_mean_cosines_equal_those_over_visited_pairs() -> None:
    rates = random_rates(60)
    starts = np.array([0, 7, 9, 10, 30])
    found = mean_cosines(rates, starts)

    for run, part in enumerate(np.split(rates, starts[1:])):
        pairs = [(p, q) for p, q in combinations(part, 2) if p.any() and q.any()]
        cosines = [1 - distance.cosine(p, q) for p, q in pairs]
        expected = np.mean(cosines) if cosines else NAN

        assert found.mean[run] == pytest.approx(expected, abs=1e-9, nan_ok=True)
        assert found.pairs[run] == len(pairs)
        assert found.dropped[run] == len(part) * (len(part) - 1) // 2 - len(pairs)


def test_mean_jensen_shannon_distances_equal_those_of_scipy() -> None:
    rates, starts = random_rates(24), np.array([0, 5, 6])
    found = mean_distances(rates, starts, DISTANCES["jensen_shannon"])

    for run, part in enumerate(np.split(rates, starts[1:])):
        pairs = [(p, q) for p, q in combinations(part, 2) if p.any() and q.any()]
        expected = [distance.jensenshannon(p, q, base=2) for p, q in pairs]

        assert found[run] == pytest.approx(np.mean(expected) if expected else NAN, abs=1e-9, nan_ok=True)


def test_mean_euclidean_distances_equal_those_of_scipy() -> None:
    rates, starts = random_rates(24), np.array([0, 5, 6])
    found = mean_distances(rates, starts, DISTANCES["euclidean"])

    for run, part in enumerate(np.split(rates, starts[1:])):
        expected = distance.pdist(part)

        assert found[run] == pytest.approx(expected.mean() if expected.size else NAN, abs=1e-9, nan_ok=True)


def test_pairs_with_a_zero_vector_are_dropped_and_counted() -> None:
    frame = labels([
        ("A", "r", "x", 1, 0), ("A", "r", "y", 0, 0), ("A", "r", "z", 1, 0), ("A", "r", "w", 0, 0),
    ])  # fmt: skip
    row = similarity(frame, TRAITS).iloc[0]

    assert (row["cosine"], row["pairs"], row["dropped"]) == (1, 1, 5)


def test_an_agent_with_a_trait_never_decided_has_no_profile() -> None:
    frame = labels([("A", "r", "x", 1, 1), ("A", "r", "y", 1, NAN), ("A", "r", "z", 1, 0)])
    row = similarity(frame, TRAITS).iloc[0]

    assert (row["agents"], row["pairs"], row["dropped"]) == (2, 1, 0)
    assert row["cosine"] == pytest.approx(2**-0.5)


def test_clones_with_equal_rates_are_wholly_alike() -> None:
    frame = labels([("A", "r", agent, *pair) for agent in "abcdefg" for pair in [(1, 0), (0, 1), (0, 1)]])
    row = similarity(frame, TRAITS).iloc[0]

    assert row["cosine"] == pytest.approx(1)
    assert row["cosine"] <= 1
    assert row["jensen_shannon"] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([("A", "r", "x", 1, 0)], "fewer than two agents have a profile"),
        ([("A", "r", "x", 1, 0), ("A", "r", "y", 0, 0)], "fewer than two agents show any trait"),
        ([("A", "r", "x", NAN, NAN), ("A", "r", "y", NAN, NAN)], "no message has a decided label of a trait"),
        ([("A", "r", "x", 1, 0), ("A", "r", "y", NAN, NAN)], "fewer than two agents have a profile"),
    ],
)
def test_a_run_without_pairs_has_no_similarity_and_says_why(
    rows: list[tuple[str, str, str, float, float]], note: str
) -> None:
    row = similarity(labels(rows), TRAITS).iloc[0]

    assert np.isnan(row["cosine"])
    assert row["note"] == note


def test_where_nothing_is_coded_there_are_no_profiles_to_drop_and_the_note_says_so() -> None:
    frame = labels([("A", "r", "x", NAN, NAN), ("A", "r", "y", NAN, NAN)])
    run, series = similarity(frame, []).iloc[0], series_similarity(frame, [], rng()).iloc[0]

    assert (run["agents"], run["pairs"], run["dropped"]) == (0, 0, 0)
    assert run["note"] == series["note"] == "no message has a decided label of a trait"


def test_a_trait_that_a_coder_does_not_know_can_be_left_out() -> None:
    frame = labels([("A", "r", "x", 1, NAN), ("A", "r", "y", 1, NAN)])

    assert decided_traits(frame, [*TRAITS, "LEAD"]) == ("PHATIC",)
    assert similarity(frame, decided_traits(frame, TRAITS))["cosine"].tolist() == [1]


def test_no_messages_give_no_similarities() -> None:
    found = similarity(labels([]), TRAITS)

    assert tuple(found.columns) == SIMILARITY_COLUMNS
    assert len(found) == 0


def three_runs() -> pd.DataFrame:
    """Cosines 1, 0 and undefined."""
    return labels([
        ("A", "r1", "x", 1, 0), ("A", "r1", "y", 1, 0),
        ("A", "r2", "x", 1, 0), ("A", "r2", "y", 0, 1),
        ("A", "r3", "x", 0, 0), ("A", "r3", "y", 1, NAN),
    ])  # fmt: skip


def test_a_series_is_the_mean_of_its_runs_that_have_a_similarity() -> None:
    row = series_similarity(three_runs(), TRAITS, rng()).iloc[0]

    assert (row["cosine"], row["runs"], row["runs_with_cosine"], row["messages"]) == (0.5, 3, 2, 6)
    assert (row["low"], row["high"]) == (0, 1)
    assert row["note"] == "1 of 3 runs have no similarity"


def test_any_trait_is_a_share_of_the_messages_with_all_traits_decided() -> None:
    row = series_similarity(three_runs(), TRAITS, rng()).iloc[0]

    assert row["labelled"] == 5
    assert row["any_trait"] == pytest.approx(4 / 5)
    # Resamples of r3 alone show a trait in none of their messages, those without r3 in all.
    assert (row["any_trait_low"], row["any_trait_high"]) == (0, 1)


def test_the_interval_of_a_series_reaches_as_far_as_students_t() -> None:
    generator = np.random.default_rng(8)
    rows = [
        ("A", f"r{run}", agent, float(generator.random() < 0.6), float(generator.random() < 0.3))
        for run in range(21) for agent in "abcd" for _ in range(5)
    ]  # fmt: skip
    frame = labels(rows)
    cosines = similarity(frame, TRAITS)["cosine"].to_numpy()
    drawn = cosines[generator.integers(0, 21, (10_000, 21))].mean(axis=1)
    row = series_similarity(frame, TRAITS, rng()).iloc[0]

    assert row["cosine"] == pytest.approx(cosines.mean())
    # Student's t by n − 1 reaches 2.086·√(21/20) standard errors of the bootstrap, not 1.96.
    half = 2.086 * (21 / 20) ** 0.5 * drawn.std()
    assert row["high"] - row["low"] == pytest.approx(2 * half, rel=0.05)


def test_a_series_without_messages_has_a_row_that_says_so() -> None:
    found = series_similarity(three_runs(), TRAITS, rng(), ["F", "A"], resamples=50)

    assert tuple(found.columns) == SERIES_COLUMNS
    assert found["series"].tolist() == ["F", "A"]
    assert (found["runs"][0], found["messages"][0], found["note"][0]) == (0, 0, "no messages")
    assert found.loc[0, ["cosine", "low", "high", "any_trait"]].isna().all()


def test_one_run_has_a_similarity_without_an_interval() -> None:
    row = series_similarity(three_runs().iloc[:2], TRAITS, rng()).iloc[0]

    assert row["cosine"] == 1
    assert np.isnan(row["low"])
    assert row["note"] == "one run has a similarity: no interval"


def test_a_series_of_silent_agents_has_no_similarity_but_a_share_of_traits() -> None:
    frame = labels([("F", f"r{run}", agent, 0, 0) for run in range(3) for agent in "xy"])
    row = series_similarity(frame, TRAITS, rng(), resamples=50).iloc[0]

    assert np.isnan(row["cosine"])
    assert row["any_trait"] == 0
    assert (row["pairs"], row["dropped"]) == (0, 3)


def test_each_run_keeps_its_counts_whatever_the_order_of_messages() -> None:
    found = run_summary(three_runs().sample(frac=1, random_state=3), TRAITS).set_index("run")

    assert found["messages"].to_dict() == {"r1": 2, "r2": 2, "r3": 2}
    assert found["labelled"].to_dict() == {"r1": 2, "r2": 2, "r3": 1}
    assert found["with_trait"].to_dict() == {"r1": 2, "r2": 2, "r3": 0}
