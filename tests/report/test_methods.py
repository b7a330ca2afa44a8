"""The methods say what was done, and only that."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mascope.codebook import Thresholds
from mascope.report import Labels, Report
from mascope.report.facts import Coder, Facts
from mascope.report.markdown import as_markdown
from mascope.report.methods import methods
from mascope.report.references import CITED, REFERENCES
from mascope.results import Results
from mascope.tables import Column, Table

FACTS = Facts(
    study="tea", digest="abcdef0123456789", simulated=False, imported=None, seed=7, resamples=500,
    models=("Ann 70B (groq/ann)",), coders=(Coder("gemini", "llm", "gemini/flash"), Coder("eva", "human")),
    versions={"mascope": "0.1.0"},
)  # fmt: skip


def labels(**changes: Any) -> Labels:
    frame = pd.DataFrame({"message": ["m1", "m2"], "LEAD": [1.0, np.nan]})
    flags, coders, nothing = ("LEAD",), ("gemini",), pd.DataFrame()
    made = Labels("intersection", flags, flags, coders, (), {}, Thresholds(), frame, nothing)
    return replace(made, **changes)


def table(name: str, data: Mapping[str, list[Any]]) -> Table:
    frame = pd.DataFrame(data)
    return Table(name, name, tuple(Column(column, "") for column in data), frame)


def told(*tables: Table, facts: Facts = FACTS, coded: Labels | None = None) -> str:
    return "\n".join(methods(facts, coded or labels(), tables).paragraphs)


@pytest.fixture(scope="module")
def whole(rehearsed: Path) -> Report:
    return Results(rehearsed).report()


def test_the_methods_of_a_study_name_its_design_coders_tests_and_software(whole: Report) -> None:
    assert whole.methods is not None
    text = "\n".join(whole.methods.paragraphs)

    for said in (
        "SIMULATED",
        "The study tea comprises 16 group discussions in 4 series (mixed 4, real 4, clones 4, alone 4).",
        "In isolation (series alone), each agent answered the brief alone.",
        "Rounds were simultaneous: what an agent saw ended with the round before.",
        "Ann 70B (rehearsal/leader)",
        "by careful (language model, rehearsal/judge) and lenient (language model, rehearsal/judge)",
        "2 hypotheses compared series",
        "seed 4",
        "scipy ",
    ):
        assert said in text


def test_everything_that_is_cited_has_its_reference_and_nothing_else_has(whole: Report) -> None:
    assert whole.methods is not None
    cited = set(CITED.findall("\n".join(whole.methods.paragraphs)))

    assert cited <= set(REFERENCES)
    assert whole.methods.references == tuple(sorted(REFERENCES[key] for key in cited))


def test_every_reference_begins_with_the_authors_and_the_year_by_which_it_is_cited() -> None:
    for key, reference in REFERENCES.items():
        first, year = key.split()[0], key.rpartition(" ")[2]
        assert reference.startswith(first)
        assert f"({year})" in reference


def test_a_study_without_hypotheses_tells_of_no_test() -> None:
    text = told(table("contrasts", {"hypothesis": [], "p": [], "test": [], "status": []}))

    assert "Mann" not in text
    assert "Holm" not in text


def test_a_test_is_named_only_where_it_tested_something() -> None:
    data: Mapping[str, list[Any]] = {
        "hypothesis": ["h1", "h2"], "p": [0.2, np.nan], "test": ["Mann-Whitney", "signed rank"],
        "status": ["declared", "exploratory"], "p_equivalence": [np.nan, np.nan], "gee_p": [0.1, np.nan],
    }  # fmt: skip
    text = told(table("contrasts", data))

    assert "1 hypothesis compared series" in text
    assert "Mann and Whitney 1947" in text
    assert "Liang and Zeger 1986" in text
    assert "Wilcoxon" not in text
    assert "Schuirmann" not in text
    assert "exploratory: h2." in text


def test_uncoded_results_have_no_paragraph_on_coding() -> None:
    text = told(coded=labels(coders=(), flags=(), traits=()))

    assert "coded" not in text
    assert "kappa" not in text


def test_messages_without_a_label_are_not_counted_as_coded() -> None:
    assert "1 of 2 messages have a label." in told()


def test_one_coder_has_no_rule_of_adjudication_and_two_have() -> None:
    assert "Labels are by" not in told()
    assert "Labels are by union (yes where one coder says yes" in told(
        coded=labels(coders=("gemini", "sonnet"), rule="union")
    )
    assert "Labels are by the codes of sonnet alone." in told(
        coded=labels(coders=("gemini", "sonnet"), rule="sonnet")
    )


def test_agreement_is_that_of_the_panel_not_of_its_references() -> None:
    rows: Mapping[str, list[Any]] = {
        "flag": ["LEAD", "mean", "LEAD"], "coder_a": ["gemini", "gemini", "eva"],
        "coder_b": ["sonnet", "sonnet", "gemini"], "kappa": [0.7, 0.7, 0.1],
    }  # fmt: skip
    text = told(table("agreement", rows), coded=labels(coders=("gemini", "sonnet"), references=("eva",)))

    assert "lies between .70 (LEAD) and .70 (LEAD), .70 in the mean" in text
    assert "They were compared with the codes of eva (human)." in text


def test_imported_transcripts_are_said_to_be_imported_and_series_that_differ_are_named() -> None:
    runs: Mapping[str, list[Any]] = {
        "run": ["A-run01", "B-run01"], "series": ["A", "B"], "status": ["done", "partial"],
        "messages": [5, 6],
        "empty": [1, 0], "failures_injected": [0, 0], "failures_organic": [2, 0],
    }  # fmt: skip
    conditions: Mapping[str, list[Any]] = {
        "series": ["A", "B"], "agents": [3, 8], "rounds": [11, 11], "interaction": ["group", "group"],
        "visibility": ["staggered", "simultaneous"], "order": ["fixed", "fixed"], "faults": ["", ""],
    }  # fmt: skip
    text = told(
        table("runs", runs), table("conditions", conditions), facts=replace(FACTS, imported="warroom")
    )

    assert "(transcripts imported: warroom)" in text
    assert "1 run had not ended as planned" in text
    assert "A discussion had 3 to 8 agents and 11 rounds." in text
    assert "Rounds were simultaneous (series B)" in text
    assert "Rounds were staggered (series A)" in text
    assert "The order of speaking was fixed." in text
    assert "1 shorter answer, 0 turns lost to failures that the design asked for and 2 turns lost" in text


def test_more_series_than_fit_are_counted_and_never_taken_for_all() -> None:
    names = [f"S{number}" for number in range(20)]
    conditions: Mapping[str, list[Any]] = {
        "series": names, "agents": [3] * 20, "rounds": [5] * 20, "faults": [""] * 20,
        "order": ["shuffled"] * 15 + ["fixed"] * 5,
    }  # fmt: skip
    data: Mapping[str, list[Any]] = {
        **conditions,
        "interaction": ["group"] * 20,
        "visibility": ["simultaneous"] * 20,
    }
    runs: Mapping[str, list[Any]] = {
        "run": names, "series": names, "status": ["done"] * 20, "messages": [1] * 20, "empty": [0] * 20,
        "failures_injected": [0] * 20, "failures_organic": [0] * 20,
    }  # fmt: skip

    text = told(table("runs", runs), table("conditions", data))

    assert "shuffled anew for each run (15 of 20 series)." in text
    assert "was fixed (series S15, S16, S17, S18, S19)." in text


def test_the_report_holds_the_methods_and_links_to_every_drawing(whole: Report) -> None:
    text = as_markdown(whole)

    assert "## Methods\n" in text
    assert "### References\n" in text
    links = re.findall(r"!\[SIMULATED: [^\]]+\]\((figures/\w+\.svg)\)", text)
    assert "figures/similarity.svg" in links
    assert len(links) == 12


def test_tables_asked_for_by_name_come_without_methods(rehearsed: Path) -> None:
    assert Results(rehearsed).report(only=["series"]).methods is None


CONDITIONS: dict[str, list[Any]] = {
    "series": ["A", "F"], "agents": [8, 8], "rounds": [11, 1], "interaction": ["group", "isolation"],
    "visibility": ["staggered", "staggered"], "order": ["fixed", "fixed"], "faults": ["", ""],
    "temperature": [0.8, 0.8], "max_tokens": [1024, 1024],
}  # fmt: skip
RUNS: dict[str, list[Any]] = {
    "series": ["A", "F"], "status": ["done", "done"], "messages": [80, 8], "empty": [0, 0],
    "failures_injected": [0, 0], "failures_organic": [0, 0],
}  # fmt: skip


def test_where_nobody_sees_anybody_it_does_not_matter_who_answers_first() -> None:
    alone = {name: values[1:] for name, values in CONDITIONS.items()}
    runs = {name: values[1:] for name, values in RUNS.items()}

    assert "Rounds were staggered" in told(table("runs", RUNS), table("conditions", CONDITIONS))
    assert "staggered" not in told(table("runs", runs), table("conditions", alone))


def test_what_was_asked_of_the_sampling_is_one_sentence() -> None:
    text = told(table("runs", RUNS), table("conditions", CONDITIONS))

    assert "Sampling asked for a temperature of 0.8 and at most 1024 tokens an answer." in text


def test_forks_lines_and_private_questions_are_told_where_there_were_any() -> None:
    facts = replace(FACTS, forks=1, scripted=16, probes=("stance", "vote"), answers=24)
    text = told(table("runs", RUNS), facts=facts)

    assert "1 run went on from a round of another (forks)" in text
    assert "16 messages had been written beforehand" in text
    assert "asked in private (stance and vote; 24 questions put)" in text
    assert not any(word in told(table("runs", RUNS)) for word in ("forks", "beforehand", "private"))
