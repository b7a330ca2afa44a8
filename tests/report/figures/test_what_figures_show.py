"""What each figure shows of its tables, by rows that can be counted."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from mascope.report.figures import FIGURES, NotDrawn
from mascope.report.figures.parts import whole
from mascope.report.figures.similarity import MOST_POINTS
from tests.report.figures.conftest import Tables, drawn, parts, table, values


def test_the_n_of_similarity_counts_runs_in_which_it_is_defined() -> None:
    runs = [
        {"run": f"A-run0{n}", "series": "A", "cosine": cosine, "pairs": 3, "dropped": 0}
        for n, cosine in enumerate([0.5, None, 0.7])
    ]
    series = {
        "series": "A", "cosine": 0.6, "low": None, "high": None, "null_mean": 0.8, "null_low": 0.7,
        "null_high": 0.9, "p_null": 0.01, "runs": 3, "messages": 40,
    }  # fmt: skip

    figure = drawn(
        "similarity", {"similarity": table("similarity", runs), "series": table("series", [series])}
    )

    assert {row["place"] for row in values(figure)} == {"A (n = 2)"}
    assert "Blue points: 2 runs." in figure.caption


def many_runs(sizes: Mapping[str, int]) -> Tables:
    runs = [
        {"run": f"{name}-run{n}", "series": name, "cosine": n / size, "pairs": 3, "dropped": 0}
        for name, size in sizes.items()
        for n in range(size)
    ]
    series = [
        {
            "series": name, "cosine": 0.5, "low": 0.4, "high": 0.6, "null_mean": 0.8, "null_low": 0.7,
            "null_high": 0.9, "p_null": 0.01, "runs": size, "messages": 40,
        }
        for name, size in sizes.items()
    ]  # fmt: skip
    return {"similarity": table("similarity", runs), "series": table("series", series)}


def test_of_thousands_of_runs_some_of_each_series_are_drawn_and_the_caption_says_so() -> None:
    tables = many_runs({"few": 30, "many": 5000})

    figure = drawn("similarity", tables)

    points = [row for row in values(figure) if "run" in row]
    counts = Counter(row["series"] for row in points)
    assert counts == {"few": 30, "many": MOST_POINTS // 2}
    assert (
        "Blue points: 5,030 runs, of which 1,030 are drawn (at random, up to 1,000 a series)."
        in figure.caption
    )
    assert {row["place"] for row in points} == {"few (n = 30)", "many (n = 5000)"}
    assert points == [row for row in values(drawn("similarity", tables)) if "run" in row]
    # Neither the first ones nor the last, and in every lane.
    assert 0.4 < sum(row["cosine"] for row in points[30:]) / 1000 < 0.6
    assert {row["lane"] for row in points[30:]} == set(range(-3, 4))


@pytest.mark.parametrize(("most", "ticks"), [(1, 1), (7, 7), (999, 10), (1000, 5), (1_000_000, 5)])
def test_an_axis_of_counts_has_fewer_ticks_where_the_numbers_are_long(most: int, ticks: int) -> None:
    assert whole(most).to_dict()["tickCount"] == ticks


def test_as_many_runs_as_can_be_seen_are_all_drawn() -> None:
    figure = drawn("similarity", many_runs({"A": MOST_POINTS // 2, "B": MOST_POINTS // 2}))

    assert len([row for row in values(figure) if "run" in row]) == MOST_POINTS
    assert "Blue points: 2,000 runs. Diamonds" in figure.caption


def test_the_gradient_goes_from_the_least_alike_to_the_most_and_says_by_how_much() -> None:
    rows = [
        {"series": name, "cosine": cosine, "low": None, "high": None, "runs": 5, "messages": 9}
        for name, cosine in {"A": 0.5, "B": 0.9, "C": 0.44, "D": 0.5}.items()
    ]

    figure = drawn("ablation", {"series": table("series", rows)})

    shown = {row["series"]: row["text"] for row in values(figure)}
    assert shown == {"C": "−.06", "A": "A", "D": "±.00", "B": "+.40"}
    (order,) = {tuple(channel["sort"]) for channel in parts(figure.chart.to_dict(), "y") if "sort" in channel}
    assert [place[0] for place in order] == ["C", "A", "D", "B"]
    (text,) = [layer for layer in figure.chart.to_dict()["layer"] if layer["mark"]["type"] == "text"]
    assert text["encoding"]["x"] == {"value": "width"}  # beside the plot, however wide the page makes it
    assert text["mark"]["align"] == "left"


def test_one_series_has_no_gradient() -> None:
    row = {"series": "A", "cosine": 0.5, "low": None, "high": None, "runs": 5, "messages": 9}

    found = FIGURES["ablation"]({"series": table("series", [row])})

    assert isinstance(found, NotDrawn)
    assert found.reason == "There is only one series."


def test_of_several_series_the_only_one_with_a_similarity_is_not_called_the_only_one() -> None:
    rows = [
        {"series": name, "cosine": cosine, "low": None, "high": None, "runs": 5, "messages": 9}
        for name, cosine in {"A": 0.5, "B": None}.items()
    ]

    found = FIGURES["ablation"]({"series": table("series", rows)})

    assert isinstance(found, NotDrawn)
    assert found.reason == "Only one series has a defined similarity."


def test_a_shift_is_shown_for_the_first_hypothesis_whose_series_share_agents(tables: Tables) -> None:
    figure = drawn("shift", tables)

    assert figure.title == "Shift of profiles from alone to mixed"  # clones share none with mixed
    assert {row["agent"] for row in values(figure)} == {"ann", "bob", "cy"}


def test_series_without_a_common_agent_have_no_shift() -> None:
    rows = [
        {
            "series": series, "agent": agent, "flag": "LEAD", "rate": 0.5, "low": 0.4, "high": 0.6,
            "messages": 9, "runs": 3,
        }
        for series, agent in (("A", "llama"), ("B", "kimi"))
    ]  # fmt: skip

    assert isinstance(FIGURES["shift"]({"profiles": table("profiles", rows)}), NotDrawn)


def test_isolation_is_told_from_groups_by_the_design(tables: Tables) -> None:
    held = {row["series"]: row["held"] for row in values(drawn("isolation", tables)) if "any_trait" in row}

    assert held == {
        "mixed": "in a group", "real": "in a group", "clones": "in a group", "alone": "alone",
    }  # fmt: skip


def test_without_a_series_held_alone_there_is_nothing_to_compare(
    changed: Callable[..., Tables], tables: Tables
) -> None:
    together = tables["conditions"].frame.assign(interaction="group")

    assert isinstance(FIGURES["isolation"](changed(conditions=together)), NotDrawn)


def test_few_series_are_lines_in_a_panel_a_flag_and_many_have_a_panel_each(
    changed: Callable[..., Tables], tables: Tables
) -> None:
    rounds = tables["rounds"].frame
    many = pd.concat([rounds.assign(series=f"{n} " + rounds["series"].astype(str)) for n in range(2)])

    few, more = (drawn("rounds", made).chart.to_dict() for made in (tables, changed(rounds=many)))

    assert (few["facet"]["field"], more["facet"]["field"]) == ("flag", "series")
    assert "area" in {mark["type"] for mark in parts(few, "mark")}
    assert "area" not in {mark["type"] for mark in parts(more, "mark")}


def test_each_event_of_compensation_is_counted_once_in_each_stack() -> None:
    rows: list[Mapping[str, Any]] = [
        {"series": "A", "agent": "kimi", "level": "L1", "since": 1.0, "broadcast": False},
        {"series": "A", "agent": "kimi", "level": "L3", "since": 1.0, "broadcast": True},
        {"series": "B", "agent": "qwen", "level": None, "since": None, "broadcast": False},
    ]

    figure = drawn("compensation", {"events": table("events", rows)})

    counted = values(figure)
    for by in ("series", "agent", "since"):
        assert sum(row["events"] for row in counted if by in row) == 3
    assert {row["level"] for row in counted} == {"L1", "L3", "no level"}
    assert "3 messages labelled as compensation, 1 of them mere lists" in figure.caption


def test_what_was_said_before_any_failure_is_kept_apart() -> None:
    rows = [{"series": "A", "agent": "kimi", "level": "L1", "since": None, "broadcast": False}]

    counted = values(drawn("compensation", {"events": table("events", rows)}))

    assert [row["since"] for row in counted if "since" in row] == ["before"]


AGREEMENT = {
    "flag": "LEAD", "coder_a": "gemini", "coder_b": "sonnet", "n": 100, "kappa": 0.6,
    "prevalence_a": 0.3, "prevalence_b": 0.25, "yes_yes": 20, "yes_no": 10, "no_yes": 5, "no_no": 65,
}  # fmt: skip
MEAN: dict[str, Any] = {
    **dict.fromkeys(AGREEMENT), "flag": "mean", "coder_a": "gemini", "coder_b": "sonnet", "n": 100,
}  # fmt: skip


def test_a_confusion_matrix_holds_every_message_that_both_decided() -> None:
    cells = values(drawn("confusion", {"agreement": table("agreement", [AGREEMENT, MEAN])}))

    counted = {(row["first"], row["second"]): row["messages"] for row in cells}
    assert counted == {("yes", "yes"): 20, ("yes", "no"): 10, ("no", "yes"): 5, ("no", "no"): 65}
    assert {row["share"] for row in cells} == {0.2, 0.1, 0.05, 0.65}
    assert {row["panel"] for row in cells} == {"LEAD: κ .60 ¦ gemini ↓ ¦ sonnet → ¦ n = 100"}


def test_intersection_and_union_come_from_the_same_messages_as_the_coders_rates() -> None:
    points = values(drawn("labels", {"agreement": table("agreement", [AGREEMENT, MEAN])}))

    rates = {row["way"]: round(row["rate"], 3) for row in points}
    assert rates == {"intersection": 0.2, "first coder": 0.3, "second coder": 0.25, "union": 0.35}
    assert {row["panel"] for row in points} == {"first: gemini ¦ second: sonnet ¦ n = 100"}


def test_more_pairs_of_coders_than_fit_are_told_of() -> None:
    pairs = [AGREEMENT | {"coder_a": f"a{number}"} for number in range(8)]

    assert (
        "The first 6 of 8 pairs of coders."
        in drawn("labels", {"agreement": table("agreement", pairs)}).caption
    )


def test_variants_that_disagree_are_hollow_and_the_main_analysis_is_not() -> None:
    rows: list[Mapping[str, Any]] = [
        {
            "hypothesis": "h", "kind": kind, "variant": variant, "r": r, "p": 0.1, "p_adjusted": 0.1,
            "n_a": 9, "n_b": 9, "agrees": agrees,
        }
        for kind, variant, r, agrees in [
            ("main", "intersection", -0.5, None), ("labels", "union", -0.2, False),
            ("coder", "sonnet", -0.6, True), ("coder", "gemini", None, None),
        ]
    ]  # fmt: skip

    figure = drawn("sensitivity", {"sensitivity": table("sensitivity", rows)})

    shown = {row["specification"]: (row["verdict"], row["rank"]) for row in values(figure)}
    assert shown == {
        "main": ("agrees with main", 2.0),
        "labels: union": ("disagrees", 3.0),
        "coder: sonnet": ("agrees with main", 1.0),
    }
    assert "Undefined, and not drawn: 1." in figure.caption


def test_series_in_which_nobody_names_anybody_are_left_out_of_the_matrices() -> None:
    rows = [
        {
            "series": series, "source": source, "target": target, "rate": named / 4, "mentions": named,
            "messages": 4, "runs": 2,
        }
        for series, named in (("A", 2), ("F", 0))
        for source, target in (("kimi", "qwen"), ("qwen", "kimi"))
    ]  # fmt: skip

    figure = drawn("addresses", {"addresses": table("addresses", rows)})

    assert {row["series"] for row in values(figure)} == {"A"}
    assert "Series in which nobody is named are left out (1)." in figure.caption


def test_a_measure_of_one_round_is_no_convergence() -> None:
    row = {
        "series": "F", "measure": "births", "round": 0, "value": 0.5, "low": None, "high": None, "runs": 3,
    }  # fmt: skip

    assert isinstance(FIGURES["convergence"]({"temporal": table("temporal", [row])}), NotDrawn)


def test_a_power_curve_shows_what_is_enough() -> None:
    rows = [
        {
            "hypothesis": "h", "runs": runs, "power": power, "error": 0.02, "low": power - 0.04,
            "high": power + 0.04, "enough": 0.8, "simulations": 1000,
        }
        for runs, power in ((5, 0.4), (20, 0.9))
    ]  # fmt: skip

    figure = drawn("power", {"power": table("power", rows)})

    assert [row["power"] for row in values(figure)] == [0.4, 0.9]
    assert "1,000 made-up studies" in figure.caption
    assert "a power of 0.8" in figure.caption


@pytest.mark.parametrize(("series", "each_its_own"), [(9, False), (11, True)])
def test_no_axis_stands_below_an_empty_place(series: int, each_its_own: bool) -> None:
    rows = [
        {"series": f"S{n}", "measure": "births", "round": k, "value": 0.5, "low": 0.4, "high": 0.6, "runs": 2}
        for n in range(series)
        for k in range(2)
    ]

    spec = drawn("convergence", {"temporal": table("temporal", rows)}).chart.to_dict()

    assert spec["columns"] == 3
    assert (spec.get("resolve", {}).get("axis") == {"x": "independent"}) is each_its_own
