"""Contrasts and their sensitivity, on studies in which it is known what decides."""

import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from mascope.errors import InvalidInput
from mascope.pipeline.reporting import Options, analyse
from mascope.records import Agent, Coding, Mark, Turn
from mascope.store.codes import CoderHeader, CoderKind, CodesRecorder
from mascope.store.layout import Results, run_id
from mascope.study.declared import declaration
from mascope.tables.analysis import Analysis
from mascope.tables.contrasts import contrasts_table
from mascope.tables.sensitivity import sensitivity_table, verdicts
from mascope.yamlfile import dump
from tests.tables.conftest import AGENTS, Say, failure, message

RUNS, ROUNDS = 8, 6
Rates = Mapping[tuple[str, str], float]
"""(series, agent) → share of LEAD."""


def hypothesis(**more: Any) -> dict[str, Any]:
    return {
        "id": "h", "measure": "LEAD", "compare": ["A", "B"], "direction": "two-sided", "family": "primary",
    } | more  # fmt: skip


def write_study(results: Results, *hypotheses: dict[str, Any], declared: bool = True) -> None:
    stamp = {"hypotheses": declaration(hypotheses)} if declared else {}
    study = {"study": "s", "mascope": stamp, "series": {"A": {}, "B": {}}, "hypotheses": list(hypotheses)}
    results.write_study(dump(study))


def turns(run: str) -> Iterator[tuple[Agent, Turn]]:
    for round_ in range(ROUNDS):
        for agent in AGENTS:
            yield agent, message(run, agent, round_, "Some words")


def code(results: Results, coder: str, rates: Rates, kind: CoderKind = "llm", seed: int = 0) -> None:
    """Every message, at these rates; the same seed says yes to the same messages."""
    for series in "AB":
        for replicate in range(1, RUNS + 1):
            run = run_id(series, replicate)
            recorder = CodesRecorder(results.codes(coder, run), CoderHeader(coder, kind, "d", ("LEAD",)))
            for agent, turn in turns(run):
                rate = rates.get((series, agent.id), 0.3)
                yes = random.Random(f"{turn.id} {seed}").random() < rate
                recorder.verdict(Coding(turn.id, {"LEAD": Mark("yes" if yes else "no")}))
            recorder.close()


@pytest.fixture
def talked(results: Results, put: Say) -> Results:
    for series in "AB":
        for replicate in range(1, RUNS + 1):
            put(series, replicate, [turn for _, turn in turns(run_id(series, replicate))])
    return results


def looked_at(results: Results, **more: Any) -> Analysis:
    return analyse(results, Options(resamples=200, **more))


EVERYWHERE = {("A", agent.id): 0.9 for agent in AGENTS}
BY_ONE = {("A", "kimi"): 1.0, ("B", "kimi"): 0.0}


def test_what_holds_under_every_choice_is_robust(talked: Results) -> None:
    write_study(talked, hypothesis(direction="greater"))
    code(talked, "x", EVERYWHERE)
    code(talked, "y", EVERYWHERE, seed=1)

    table = sensitivity_table(looked_at(talked))

    kinds = table.frame.groupby("kind", sort=False)["variant"].apply(list).to_dict()
    assert kinds["main"] == ["intersection"]
    assert kinds["labels"] == ["union", "majority"]
    assert kinds["coder"] == ["x", "y"]
    assert kinds["leave one agent out"] == ["llama", "kimi", "qwen"]
    assert table.frame[table.frame["kind"] != "main"]["agrees"].all()
    assert table.notes == (f"h: robust: it holds in all of {2 + 2 + 3 + 2 * RUNS} variants.",)


def test_what_one_agent_does_is_said_to_depend_on_it(talked: Results) -> None:
    write_study(talked, hypothesis())
    code(talked, "x", BY_ONE)

    table = sensitivity_table(looked_at(talked))

    assert table.notes == ("h: supported, but that depends on leave one agent out: kimi.",)
    row = table.frame.set_index("variant").loc["kimi"]
    assert not row["agrees"]
    assert row["p"] > 0.05


def test_what_one_judge_alone_sees_is_said_to_depend_on_the_labels(talked: Results) -> None:
    write_study(talked, hypothesis())
    code(talked, "x", EVERYWHERE)
    code(talked, "y", {})

    analysis = looked_at(talked, labels="x")

    said = sensitivity_table(analysis).notes[0]
    assert "supported, but that depends on" in said
    assert "coder: y" in said
    assert said in contrasts_table(analysis).notes


@pytest.mark.parametrize("measure", ["LEAD", "similarity"])
def test_another_labelling_is_what_the_contrast_under_it_would_be(
    talked: Results, measure: str, put: Say
) -> None:
    put("C", 1, [turn for _, turn in turns("C-run01")])  # of which no hypothesis asks
    write_study(talked, hypothesis(measure=measure))
    code(talked, "x", EVERYWHERE)
    code(talked, "y", BY_ONE, seed=1)

    found = sensitivity_table(looked_at(talked)).frame.set_index("variant")

    for labels in ("union", "majority", "x", "y"):
        under_it = contrasts_table(looked_at(talked, labels=labels)).frame.iloc[0]
        for name in ("n_a", "n_b", "difference", "r", "p"):
            assert found.loc[labels, name] == pytest.approx(under_it[name], nan_ok=True)


def test_the_main_row_is_the_contrast(talked: Results) -> None:
    write_study(talked, hypothesis(), hypothesis(id="g", measure="any_trait", direction="greater"))
    code(talked, "x", EVERYWHERE)
    analysis = looked_at(talked)

    contrast = contrasts_table(analysis).frame
    found = sensitivity_table(analysis).frame
    main = found[found["kind"] == "main"]

    for name in ("n_a", "n_b", "difference", "r", "p", "p_adjusted"):
        assert main[name].tolist() == pytest.approx(contrast[name].tolist())


def test_of_the_runs_the_one_that_counts_most_is_shown(talked: Results) -> None:
    write_study(talked, hypothesis())
    code(talked, "x", EVERYWHERE)

    row = sensitivity_table(looked_at(talked)).frame.set_index("kind").loc["leave one run out"]

    assert row["of"] == 2 * RUNS
    assert row["n_a"] + row["n_b"] == 2 * RUNS - 1


def test_runs_with_failures_that_nobody_asked_for_are_left_out(talked: Results, put: Say) -> None:
    write_study(talked, hypothesis())
    run = "B-run03"
    put("B", 3, [*(turn for _, turn in turns(run)), failure(run, AGENTS[0], ROUNDS)])
    code(talked, "x", EVERYWHERE)

    found = sensitivity_table(looked_at(talked)).frame.set_index("kind")

    assert found.loc["organic failures", "n_b"] == RUNS - 1


def test_a_verdict_says_what_could_not_be_tried(talked: Results, put: Say) -> None:
    write_study(talked, hypothesis())
    for replicate in range(1, RUNS + 1):
        run = run_id("B", replicate)
        put("B", replicate, [*(turn for _, turn in turns(run)), failure(run, AGENTS[0], ROUNDS)])
    code(talked, "x", EVERYWHERE)
    said = verdicts(looked_at(talked))["h"]

    assert said.endswith("; could not be tried: organic failures (runs without any)")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"direction": "lower"}, "direction: Input should be"),
        ({"compare": ["A"]}, "compare: 1: Field required"),
        ({"measured": "LEAD"}, "unknown key; did you mean 'measure'"),
    ],
)
def test_a_hypothesis_written_by_hand_is_read_as_in_a_study_file(
    talked: Results, written: dict[str, object], said: str
) -> None:
    short = {"id": "h", "measure": "LEAD", "compare": ["A", "B"]}
    write_study(talked, short)
    code(talked, "x", EVERYWHERE)
    (found,) = looked_at(talked).hypotheses
    write_study(talked, short | written)

    assert (found.direction, found.family, found.margin) == ("two-sided", "primary", None)
    with pytest.raises(InvalidInput, match=said):
        looked_at(talked)


@pytest.mark.parametrize("measure", ["LEAD", "any_trait"])
def test_a_human_who_agrees_with_the_coder_changes_little(talked: Results, measure: str) -> None:
    write_study(talked, hypothesis(measure=measure))
    code(talked, "x", EVERYWHERE)
    code(talked, "ann", EVERYWHERE, "human")

    found = sensitivity_table(looked_at(talked)).frame.set_index("kind")

    corrected, main = found.loc["human-corrected"], found.loc["main"]
    assert corrected["variant"] == "ann"
    assert corrected["difference"] == pytest.approx(main["difference"])


def test_an_effect_that_only_the_coder_sees_goes_when_the_human_corrects_it(talked: Results) -> None:
    write_study(talked, hypothesis())
    code(talked, "x", EVERYWHERE)
    code(talked, "ann", {}, "human", seed=3)

    table = sensitivity_table(looked_at(talked))

    row = table.frame.set_index("kind").loc["human-corrected"]
    assert row["p"] > 0.05
    assert "human-corrected: ann" in table.notes[0]


def test_a_hypothesis_of_the_first_stamp_is_declared_and_a_changed_one_is_not(talked: Results) -> None:
    write_study(talked, hypothesis(), hypothesis(id="gone"))
    stored = talked.study()
    stored["hypotheses"] = [hypothesis(), hypothesis(id="late", direction="greater")]
    talked.write_study(dump(stored))
    code(talked, "x", EVERYWHERE)

    table = contrasts_table(looked_at(talked))

    assert table.frame["status"].tolist() == ["declared", "exploratory"]
    assert "Not on record as declared before the first run: late." in table.notes
    assert "Declared before the first run, but gone since: gone." in table.notes


def test_what_came_later_does_not_weigh_on_what_was_declared(talked: Results) -> None:
    write_study(talked, hypothesis())
    stored = talked.study()
    stored["hypotheses"] += [hypothesis(id="late")]
    talked.write_study(dump(stored))
    code(talked, "x", {("A", "kimi"): 0.7})

    declared, late = contrasts_table(looked_at(talked)).frame.to_dict("records")

    assert declared["p_adjusted"] == declared["p"]
    assert late["p_adjusted"] == late["p"]


def test_without_a_record_nothing_counts_as_declared(talked: Results) -> None:
    write_study(talked, hypothesis(), declared=False)
    code(talked, "x", EVERYWHERE)

    assert contrasts_table(looked_at(talked)).frame["status"].tolist() == ["exploratory"]


def test_shares_of_messages_are_checked_with_runs_as_clusters_and_others_are_not(talked: Results) -> None:
    write_study(talked, hypothesis(), hypothesis(id="s", measure="similarity"))
    code(talked, "x", EVERYWHERE)

    flag, similarity = contrasts_table(looked_at(talked)).frame.to_dict("records")

    # 0.9 against 0.3: log odds 2.197 + 0.847 = 3.04
    assert flag["gee_low"] < 3.04 < flag["gee_high"]
    assert flag["gee_p"] < 0.001
    assert math.isnan(similarity["gee_p"])


def test_equivalence_is_tested_against_the_margin_of_the_study(talked: Results) -> None:
    write_study(
        talked,
        hypothesis(direction="equivalent", margin=0.3),
        hypothesis(id="narrow", direction="equivalent", margin=0.001, family="other"),
    )
    code(talked, "x", {})

    table = contrasts_table(looked_at(talked))
    wide, narrow = table.frame.to_dict("records")

    assert wide["p_equivalence"] < 0.05 < narrow["p_equivalence"]
    assert wide["p_adjusted"] == wide["p_equivalence"]
    assert "p_equivalence" in table.for_prose().frame
    assert sensitivity_table(looked_at(talked)).notes[1] == "narrow: not supported."


def test_runs_of_one_number_can_be_compared_as_pairs(talked: Results) -> None:
    write_study(talked, hypothesis(matched_by="replicate"))
    code(talked, "x", EVERYWHERE)

    analysis = looked_at(talked)
    contrast = contrasts_table(analysis).frame.iloc[0]
    main = sensitivity_table(analysis).frame.iloc[0]

    assert contrast["test"] == "signed rank"
    assert contrast["n_a"] == RUNS
    assert main["p"] == pytest.approx(contrast["p"])


def test_a_study_without_codes_says_that_nothing_can_be_said(talked: Results) -> None:
    write_study(talked, hypothesis(measure="similarity"))

    table = sensitivity_table(looked_at(talked))

    assert table.notes[0] == "h: nothing can be said: the test is undefined."
    assert table.frame["agrees"].isna().all()


def test_a_study_without_hypotheses_has_nothing_to_vary(talked: Results) -> None:
    assert len(sensitivity_table(looked_at(talked)).frame) == 0
    assert len(contrasts_table(looked_at(talked)).frame) == 0
