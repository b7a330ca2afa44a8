"""Hypotheses about measures that no code enters."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mascope.errors import InvalidInput, MascopeError
from mascope.pipeline.reporting import Options, analyse
from mascope.store.layout import Results, run_id
from mascope.study import load_study
from mascope.study.measures import CONVERGENCE, NETWORK, RUN_MEASURES, TEXT
from mascope.tables.analysis import Analysis
from mascope.tables.contrasts import contrasts_table
from mascope.tables.sensitivity import sensitivity_table
from mascope.tables.unlabelled import without_codes
from mascope.yamlfile import dump
from tests.tables.conftest import AGENTS, Say, message
from tests.tables.test_hypothesis_tables import EVERYWHERE, code, hypothesis, write_study

RUNS = 8


def told(series: str, agent: str, round_: int) -> str:
    """In A all turn to Agent-B; in B everybody turns to whoever comes next."""
    following = {"llama": "Agent-B", "kimi": "Agent-C", "qwen": "Agent-A"}[agent]
    named = ("Agent-A" if agent == "kimi" else "Agent-B") if series == "A" else following
    return f"{named}, what do you say to point {round_}? We should think of the plan and the cost of it."


@pytest.fixture
def turned(results: Results, put: Say) -> Results:
    for series in "AB":
        for replicate in range(1, RUNS + 1):
            run = run_id(series, replicate)
            put(series, replicate, [
                message(run, agent, r, told(series, agent.id, r)) for r in range(6) for agent in AGENTS
            ])  # fmt: skip
    return results


def looked_at(results: Results) -> Analysis:
    return analyse(results, Options(resamples=100))


def test_a_network_measure_is_tested_and_said_not_to_depend_on_labels(turned: Results) -> None:
    write_study(turned, hypothesis(measure="in_gini", direction="greater"))
    code(turned, "x", EVERYWHERE)
    code(turned, "y", EVERYWHERE, seed=1)
    analysis = looked_at(turned)
    table, tried = contrasts_table(analysis), sensitivity_table(analysis)

    row = table.frame.iloc[0]
    assert (row["n_a"], row["n_b"]) == (RUNS, RUNS)
    assert row["mean_a"] > row["mean_b"] == 0
    assert row["p_permutation"] < 0.001
    assert any(note.endswith("it does not depend on labels.") for note in table.notes)
    assert set(tried.frame["kind"]) == {"main", "leave one agent out", "leave one run out"}


def test_an_agent_left_out_is_left_out_of_the_network_too(turned: Results) -> None:
    write_study(turned, hypothesis(measure="density"))
    tried = sensitivity_table(looked_at(turned)).frame.set_index("variant")

    # By hand: of the six ordered pairs of A three are named (A→B, B→A, C→B), of B three. Without Agent-C of
    # two pairs both in A, one in B.
    assert tried.loc["intersection", "difference"] == pytest.approx(0)
    assert tried.loc["qwen", "difference"] == pytest.approx(1 - 1 / 2)


def test_it_needs_no_codes_at_all(turned: Results) -> None:
    write_study(turned, hypothesis(measure="questions", direction="equivalent", margin=0.1))
    table = contrasts_table(looked_at(turned))

    assert table.frame.iloc[0]["mean_a"] == 1
    assert any("does not depend on labels" in note for note in table.notes)


@pytest.mark.parametrize("measure", [*NETWORK, *TEXT, *CONVERGENCE])
def test_every_measure_is_one_number_a_run(turned: Results, measure: str) -> None:
    analysis = looked_at(turned)
    found = without_codes(analysis, analysis.labelled, {measure})

    assert len(found) == 2 * RUNS
    if measure.startswith("language_"):
        assert (measure in found) == (measure == "language_en")
    else:
        assert measure in found


def test_the_same_runs_have_the_same_measures_when_series_are_left_out(turned: Results) -> None:
    analysis = looked_at(turned)
    names = {"reciprocity", "words", "style_matching"}
    of_a = analysis.labelled[(analysis.labelled["series"] == "A").to_numpy()]
    whole, part = (without_codes(analysis, labelled, names) for labelled in (analysis.labelled, of_a))

    pd.testing.assert_frame_equal(
        whole[whole["series"] == "A"].reset_index(drop=True),
        part[part["series"] == "A"].reset_index(drop=True),
    )


def test_the_similarity_of_windows_depends_on_labels(turned: Results) -> None:
    write_study(turned, hypothesis(measure="profile_similarity"))
    code(turned, "x", EVERYWHERE)
    code(turned, "y", EVERYWHERE, seed=1)
    tried = sensitivity_table(looked_at(turned)).frame

    assert {"labels", "coder"} <= set(tried["kind"])


def test_an_unknown_measure_is_an_error_with_the_nearest_name(turned: Results) -> None:
    write_study(turned, hypothesis(measure="in_ginni"))
    code(turned, "x", EVERYWHERE)

    with pytest.raises(InvalidInput, match="did you mean 'in_gini'"):
        looked_at(turned)


# Loading ---------------------------------------------------------------------------------------------------


def study(tmp_path: Path, measure: str, **more: Any) -> Path:
    probe = {"id": "vote", "ask": "For or against?", "kind": "choice", "options": ["for", "against"]}
    data = {
        "study": "s", "brief": "Discuss.", "models": {"m": {"model": "rehearsal/plain"}},
        "base": {"participants": ["m", "m"], "rounds": 2, "probes": [{**probe, "when": "after"}]},
        "series": {"A": {}, "B": more},
        "hypotheses": [{"id": "h", "measure": measure, "compare": ["A", "B"]}],
    }  # fmt: skip
    file = tmp_path / "s.yaml"
    file.write_text(dump(data), encoding="utf-8")
    return file


@pytest.mark.parametrize("measure", [*RUN_MEASURES, "LEAD", "vote.flips", "vote.last=against"])
def test_a_study_may_name_each_of_them(tmp_path: Path, measure: str) -> None:
    assert load_study(study(tmp_path, measure)).hypotheses[0].measure == measure


@pytest.mark.parametrize(
    ("measure", "hint"),
    [
        ("in_ginni", "did you mean 'in_gini'"),
        ("vote.flip", "did you mean 'vote.flips'"),
        ("vote.last=agianst", "did you mean 'vote.last=against'"),
        ("vot.flips", "did you mean 'vote.flips'"),
    ],
)
def test_a_misspelt_measure_is_refused_with_the_nearest(tmp_path: Path, measure: str, hint: str) -> None:
    with pytest.raises(MascopeError, match=hint):
        load_study(study(tmp_path, measure))


def test_a_measure_of_a_question_that_one_series_is_not_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MascopeError, match="'B' is not asked that"):
        load_study(study(tmp_path, "vote.flips", probes=[]))
