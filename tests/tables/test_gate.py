import re
from pathlib import Path

import pytest

from mascope.codebook import Thresholds
from mascope.pipeline import reporting
from mascope.pipeline.reporting import Options, analyse
from mascope.store.layout import Results
from mascope.tables import Table
from mascope.tables.catalog import TABLES
from mascope.tables.gate import INTERPRET, gate, gates, worst
from tests.judging.small_study import small_study
from tests.tables.test_agreement_table import several_flags
from tests.tables.test_human_tables import code, messages, rows, the_same

STUDY = """
study: s
series: {A: {}, B: {}}
hypotheses:
  - {id: H1, measure: similarity, compare: [A, B], direction: two-sided, family: f}
  - {id: H2, measure: LEAD, compare: [A, B], direction: two-sided, family: f}
  - {id: H3, measure: messages, compare: [A, B], direction: two-sided, family: f}
"""
PANEL = """
panel: p
flags:
  LEAD: {definition: Assigns a task.}
  META: {definition: About the process.}
  AGREE: {definition: Agrees.}
  COMP: {definition: Covers for somebody., trait: false}
coders: {rules: }
"""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Two judges: alike on LEAD, so-so on META, apart on AGREE, never varying on COMP."""
    found = small_study(tmp_path)
    found.write_study(STUDY)
    found.root.joinpath("panel.yaml").write_text(PANEL)
    every = messages()
    several_flags(
        found, "one", "llm", {"LEAD": every[::4], "META": every[::3], "AGREE": every[::2], "COMP": []}
    )
    several_flags(
        found,
        "two",
        "llm",
        {"LEAD": every[::4], "META": every[:30:3], "AGREE": every[1::2], "COMP": []},
    )
    return found


def table(results: Results, name: str) -> Table:
    options = Options(resamples=99, panel=results.root / "panel.yaml")
    return TABLES[name](analyse(results, options))


@pytest.mark.parametrize(
    ("kappas", "answer", "said"),
    [
        ([0.9], "yes", "kappa 0.90, may be interpreted."),
        ([0.9, 0.7], "with care", "lowest kappa 0.70, to be interpreted with care (below 0.8)."),
        ([0.9, 0.2, None], "no", "lowest kappa 0.20, may not be interpreted (below 0.6)."),
        ([0.7996], "with care", "kappa 0.7996, to be interpreted with care (below 0.8)."),
        ([0.8], "yes", "kappa 0.8000, may be interpreted."),
        ([-0.2], "no", "kappa −0.20, may not be interpreted (below 0.6)."),
        (
            [None],
            "cannot say",
            "agreement is undefined (no coder ever varied), so nothing can be said about this flag.",
        ),
        (
            [],
            "cannot say",
            "fewer than two coders have coded it, so nothing can be said about this flag.",
        ),
    ],
)
def test_a_flag_gets_one_plain_sentence_by_its_weakest_pair(
    kappas: list[float | None], answer: str, said: str
) -> None:
    found = gate("LEAD", kappas, Thresholds())

    assert (found.answer, found.sentence) == (answer, f"LEAD: {said}")


def test_what_is_made_of_several_flags_is_as_good_as_the_worst_of_them() -> None:
    made = {kappa: gate("F", [kappa], Thresholds()) for kappa in (0.9, 0.7, 0.1, None)}

    assert worst([made[0.9], made[0.7]]) == "with care"
    assert worst([made[0.9], made[None], made[0.7]]) == "cannot say"
    assert worst(made.values()) == "no"
    assert worst([]) is None


def test_a_kappa_that_rests_on_little_is_said_to(tmp_path: Path) -> None:
    found = small_study(tmp_path / "few")
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    for coder in ("one", "two"):
        several_flags(found, coder, "llm", {"LEAD": messages()[:3], "META": messages()[:40]})

    sentences = [one.sentence for one in gates(analyse(found, Options())).values()]

    assert sentences == [
        "META: kappa 1.00, may be interpreted; it rests on but 8 messages that a coder said no to.",
        "LEAD: kappa 1.00, may be interpreted; it rests on but 3 messages that a coder said yes to.",
    ]


def test_a_coder_who_never_said_yes_is_told_of(tmp_path: Path) -> None:
    found = small_study(tmp_path / "never")
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    several_flags(found, "one", "llm", {"LEAD": messages()[:30]})
    several_flags(found, "two", "llm", {"LEAD": []})

    (lead,) = [one.sentence for one in gates(analyse(found, Options())).values() if "LEAD" in one.sentence]

    assert lead.endswith("; one of the coders never said yes.")


def test_thresholds_come_from_the_panel_file(results: Results) -> None:
    panel = results.root / "panel.yaml"
    panel.write_text(PANEL + "thresholds: {care: 0.1, good: 0.2}\n")

    found = gates(analyse(results, Options(resamples=99, panel=panel)))

    assert found["META"].answer == "yes"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_with_a_flag_has_the_answer_beside_it(results: Results, name: str) -> None:
    found = table(results, name)
    names = [column.name for column in found.columns]

    assert list(found.frame.columns) == names
    if "flag" in names:
        known = gates(analyse(results, Options(panel=results.root / "panel.yaml")))
        assert INTERPRET.name in names
        for row in rows(found):
            expected = known[row["flag"]].answer if row["flag"] in known else ""
            assert row["interpret"] == expected


def test_rows_by_flag_say_which_may_be_interpreted(results: Results) -> None:
    answers = {row["flag"]: row["interpret"] for row in rows(table(results, "profiles"))}

    assert answers == {"LEAD": "yes", "META": "with care", "AGREE": "no", "COMP": "cannot say"}


def test_hypotheses_have_the_answer_of_what_they_measure(results: Results) -> None:
    for name in ("contrasts", "sensitivity"):
        answers = {row["hypothesis"]: row["interpret"] for row in rows(table(results, name))}

        assert answers == {"H1": "no", "H2": "yes", "H3": ""}


@pytest.mark.parametrize("name", ["similarity", "series", "roles", "contrasts"])
def test_what_is_made_of_all_traits_names_those_that_fall_short(results: Results, name: str) -> None:
    (note,) = [note for note in table(results, name).notes if "made of all traits" in note]

    # COMP is no trait, and LEAD does not fall short.
    assert re.search(r"no: AGREE \(−?\d\.\d\d\); with care: META \(0\.\d\d\)", note)
    assert "COMP" not in note
    assert "LEAD" not in note


def test_measures_of_words_and_mentions_have_no_answer(results: Results) -> None:
    found = rows(table(results, "convergence"))

    assert {row["interpret"] for row in found if row["measure"].startswith("lexical")} == {""}
    assert {row["interpret"] for row in found if row["measure"].startswith("profile_similarity")} == {"no"}


def test_one_table_alone_has_the_same_answers(results: Results) -> None:
    options = Options(resamples=99, panel=results.root / "panel.yaml", only=["profiles"])

    (alone,) = reporting.report(results, options).tables

    assert alone.frame["interpret"].tolist() == table(results, "profiles").frame["interpret"].tolist()


def test_a_coder_alone_is_held_against_the_human(results: Results, tmp_path: Path) -> None:
    alone = small_study(tmp_path / "other")
    alone.write_study("study: s\nseries: {A: {}, B: {}}\n")
    code(alone, "one", the_same(messages(), yes=messages()[::4]))
    before = gates(analyse(alone, Options()))["LEAD"]
    code(alone, "ada", the_same(messages(), yes=messages()[::4]), "human")

    assert before.answer == "cannot say"
    assert gates(analyse(alone, Options()))["LEAD"].answer == "yes"


def test_where_nobody_has_coded_no_table_speaks_of_it(tmp_path: Path) -> None:
    uncoded = small_study(tmp_path / "uncoded")
    uncoded.write_study("study: s\nseries: {A: {}, B: {}}\n")

    for name in ("similarity", "series", "profiles"):
        found = TABLES[name](analyse(uncoded, Options(resamples=99)))
        assert not any("made of all traits" in note for note in found.notes)
