import numpy as np
import pandas as pd
import pytest

from mascope.stats.audit import AUDIT_COLUMNS, NAMES, Tallied, audit, concerns, confounds

RUNS = ["A"] * 20 + ["B"] * 20


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def tallied(measure: str, a: float, b: float, of: float = 50, detail: str = "", noise: float = 2) -> Tallied:
    """Counts round `a` in each run of A, and round `b` in those of B."""
    wobble = np.tile([-noise, noise], 20)
    return Tallied(measure, detail, np.repeat([a, b], 20) + wobble, np.full(40, of))


def audited(*tallies: Tallied) -> pd.DataFrame:
    return audit(tallies, RUNS, ["A", "B"], rng(), 1000)


def test_a_rate_is_over_all_runs_with_an_interval_round_it() -> None:
    row = audited(tallied("empty", 10, 20)).iloc[0]

    assert tuple(row.index) == AUDIT_COLUMNS
    assert (row["series"], row["count"], row["of"], row["rate"], row["runs"]) == ("A", 200, 1000, 0.2, 20)
    assert 0.17 < row["low"] < 0.2 < row["high"] < 0.23


def test_what_had_no_opportunity_has_no_row() -> None:
    nothing = Tallied("truncated", "", np.zeros(40), np.concatenate([np.zeros(20), np.full(20, 5.0)]))

    assert list(audited(nothing)["series"]) == ["B"]


def test_series_that_differ_are_told_apart_and_how() -> None:
    frame = audited(tallied("failures_organic", 2.5, 10), tallied("empty", 5, 5))

    assert confounds(frame, "A", "B") == ("turns lost to organic failures: 5.0% in A, 20.0% in B",)


def test_a_difference_within_what_runs_vary_by_is_no_confound() -> None:
    frame = audited(tallied("empty", 10, 13, noise=9.9))

    assert confounds(frame, "A", "B") == ()


def test_a_difference_too_small_to_matter_is_no_confound() -> None:
    frame = audited(tallied("empty", 10, 10.5, noise=0))

    assert confounds(frame, "A", "B") == ()


def test_what_never_varies_but_differs_is_a_confound() -> None:
    frame = audited(tallied("notices", 2, 0, of=1, noise=0))

    assert confounds(frame, "A", "B") == ("failure notices shown: 2 a run in A, 0 a run in B",)
    assert confounds(frame, "B", "A") == ("failure notices shown: 0 a run in B, 2 a run in A",)


def test_an_agent_is_compared_with_itself_only() -> None:
    frame = audited(tallied("lost_turns", 25, 5, detail="kimi"))
    only_a = frame[(frame["series"] == "A") | (frame["detail"] != "kimi")]

    assert confounds(frame, "A", "B") == ("turns lost (kimi): 50.0% in A, 10.0% in B",)
    assert confounds(only_a, "A", "B") == ()


def test_other_names_are_said_first() -> None:
    names = pd.DataFrame({"series": ["A", "B"], "measure": NAMES, "detail": ["Agent-A", "Alpha"]})
    frame = pd.concat([names, audited(tallied("empty", 5, 15))])

    assert confounds(frame, "A", "B")[0] == "names: Agent-A in A, Alpha in B"
    assert confounds(frame, "A", "A") == ()


def test_an_unknown_series_and_an_empty_audit_confound_nothing() -> None:
    assert confounds(audited(tallied("empty", 5, 15)), "A", "Z") == ()
    assert confounds(audit([], [], ["A"], rng(), 100), "A", "B") == ()


def test_one_run_has_rates_without_intervals() -> None:
    one = Tallied("empty", "", np.array([5.0]), np.array([10.0]))
    row = audit([one], ["A"], ["A"], rng(), 100).iloc[0]

    assert row["rate"] == 0.5
    assert pd.isna(row["low"])
    assert row["note"] == "one run: no interval"


def test_only_what_nobody_asked_for_is_a_concern() -> None:
    frame = audited(tallied("failures_injected", 25, 25), tallied("empty", 5, 0, noise=0))

    assert concerns(frame, "A") == ("empty answers 10.0%",)
    assert concerns(frame, "B") == ()


def test_turns_lost_to_faults_that_the_study_asks_for_are_no_concern() -> None:
    lost, injected = tallied("lost_turns", 10, 10), tallied("failures_injected", 10, 0, noise=0)

    assert concerns(audited(lost), "A") == ("turns lost 20.0%",)
    assert concerns(audited(lost, injected), "A") == ()
    assert concerns(audited(lost, injected), "B") == ("turns lost 20.0%",)


@pytest.mark.parametrize("resamples", [100, 1000])
def test_the_same_seed_gives_the_same_audit(resamples: int) -> None:
    tallies = [tallied("empty", 5, 15), tallied("retried", 3, 3)]
    first, second = (audit(tallies, RUNS, ["A", "B"], rng(), resamples) for _ in range(2))

    pd.testing.assert_frame_equal(first, second)
