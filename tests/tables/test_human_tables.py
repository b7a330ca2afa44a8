"""Tables that hold coders against humans; expected numbers are derived by hand beside each test."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mascope.imports.codes import import_codes
from mascope.imports.warroom import import_warroom
from mascope.pipeline.reporting import Options, analyse
from mascope.records import Coding, Mark
from mascope.store.codes import CoderHeader, CoderKind, CodesRecorder
from mascope.store.layout import Results
from mascope.tables import Table
from mascope.tables.agreement import agreement_table
from mascope.tables.catalog import TABLES
from mascope.tables.humans import accuracy_table, corrected_table
from tests.judging.small_study import small_study

Said = Mapping[str, tuple[bool, float | None]]
"""Message → yes, and the weight if there is one."""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = small_study(tmp_path)
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    return found


def messages(series: str = "AB") -> list[str]:
    """Of two series, three runs, four rounds, two agents: 48 messages."""
    return [
        f"{s}-run0{run}|Agent-{agent}|R{round_}"
        for s in series
        for run in (1, 2, 3)
        for round_ in range(4)
        for agent in "AB"
    ]


def code(results: Results, coder: str, said: Said, kind: CoderKind = "llm") -> None:
    for message, (yes, weight) in said.items():
        about = {} if weight is None else {"weight": weight}
        recorder = CodesRecorder(
            results.codes(coder, message.partition("|")[0]), CoderHeader(coder, kind, "d", ("LEAD",))
        )
        recorder.verdict(Coding(message, {"LEAD": Mark("yes" if yes else "no")}), **about)
        recorder.close()


def the_same(
    codes: Iterable[str], weight: float | None = None, *, yes: Iterable[str] = ()
) -> dict[str, tuple[bool, float | None]]:
    chosen = set(yes)
    return {message: (message in chosen, weight) for message in codes}


def table(results: Results, name: str, **options: Any) -> Table:
    return TABLES[name](analyse(results, Options(resamples=500, **options)))


def rows(found: Table, **where: object) -> list[dict[str, Any]]:
    every = [dict(zip(found.frame.columns, row, strict=True)) for row in found.frame.itertuples(index=False)]
    return [row for row in every if all(row[key] == value for key, value in where.items())]


def weighted_sample(results: Results) -> None:
    """The judge says yes to every fourth message. A human codes four of its yeses and four of its noes.

    By the judge and by the human:   yes yes 3 of weight 1,  yes no 1 of weight 1,
                                     no yes 1 of weight 5,   no no 3 of weight 5.
    """
    every = messages()
    yes = every[::4]
    no = [message for message in every if message not in yes]
    code(results, "one", the_same(every, yes=yes))
    code(results, "ada", the_same(yes[::3], 1.0, yes=yes[:9:3]), "human")
    code(results, "ada", the_same(no[::9], 5.0, yes=no[:1]), "human")


def test_weights_of_the_sample_are_respected(results: Results) -> None:
    weighted_sample(results)

    (row,) = rows(accuracy_table(analyse(results, Options(resamples=500))), labels="one")

    assert (row["n"], row["human_yes"], row["human_no"], row["weighted"]) == (8, 4, 4, True)
    assert row["sensitivity"] == pytest.approx(3 / (3 + 5))
    assert row["specificity"] == pytest.approx(15 / (15 + 1))
    # κ = 2 (3·15 − 1·5) / [(3 + 1)(1 + 15) + (3 + 5)(5 + 15)] = 80 / 224
    assert row["kappa"] == pytest.approx(80 / 224)
    assert row["sensitivity_low"] < 3 / 8 < row["sensitivity_high"]


def test_without_weights_every_message_counts_alike(results: Results) -> None:
    every = messages()
    code(results, "one", the_same(every, yes=every[:24]))
    code(results, "ada", the_same(every, yes=every[:12]), "human")

    (row,) = rows(table(results, "accuracy"), labels="one")

    assert row["weighted"] is False
    assert (row["sensitivity"], row["specificity"]) == (1.0, pytest.approx(24 / 36))
    assert row["sensitivity_low"] < 1


def test_weights_for_some_messages_only_are_not_used_and_that_is_said(results: Results) -> None:
    every = messages()
    code(results, "one", the_same(every, yes=every[::3]))
    code(results, "ada", the_same(every[:24], 3.0, yes=every[:24:3]), "human")
    code(results, "ada", the_same(every[24:], yes=every[24::2]), "human")

    found = table(results, "accuracy")

    assert {row["weighted"] for row in rows(found)} == {False}
    assert found.notes[-1].startswith("Only some codes of ada have sampling weights, so all count alike")


def test_labels_and_every_coder_are_held_against_every_human(results: Results) -> None:
    every = messages()
    for coder, kind in (("one", "llm"), ("two", "llm"), ("ada", "human"), ("bob", "human")):
        code(results, coder, the_same(every, yes=every[::3]), "human" if kind == "human" else "llm")

    found = rows(table(results, "accuracy"))

    assert [(row["labels"], row["human"]) for row in found] == [
        (labels, human)
        for human in ("humans:majority", "ada", "bob")
        for labels in ("intersection", "one", "two")
    ]


def test_what_two_humans_agree_on_is_a_reference_and_their_ties_stay_undecided(results: Results) -> None:
    every = messages()
    code(results, "one", the_same(every, yes=every[:24]))
    code(results, "ada", the_same(every, yes=every[:12]), "human")
    code(results, "bob", the_same(every, yes=every[6:18]), "human")

    found = table(results, "accuracy")
    (row,) = rows(found, labels="one", human="humans:majority")

    # Both say yes to every[6:12] and no to every[18:]; they differ on 12 of the 48.
    assert (row["n"], row["human_yes"], row["human_no"]) == (36, 6, 30)
    assert (row["sensitivity"], row["specificity"]) == (1.0, pytest.approx(24 / 30))
    # κ of the two: yy 6, yn 6, ny 6, nn 30 of 48: 2 (180 − 36) / (12·36 + 12·36) = 1/3.
    assert "Kappa of ada and bob, both human: LEAD 0.33." in found.notes
    assert any(note.startswith("humans:majority is what ada, bob come to together") for note in found.notes)


def test_two_shares_of_a_sample_are_one_reference(results: Results) -> None:
    every = messages()
    code(results, "one", the_same(every, yes=every[::4]))
    code(results, "ada", the_same(every[:20], 2.0, yes=every[:20:4]), "human")
    code(results, "bob", the_same(every[20:], 2.0, yes=every[20::4]), "human")

    (row,) = rows(table(results, "accuracy"), labels="one", human="humans:majority")

    assert (row["n"], row["weighted"], row["kappa"]) == (48, True, 1.0)


def test_humans_with_samples_of_their_own_are_not_weighted_together_and_that_is_said(
    results: Results,
) -> None:
    every = messages()
    code(results, "one", the_same(every, yes=every[::4]))
    code(results, "ada", the_same(every[:30], 2.0, yes=every[:30:4]), "human")
    code(results, "bob", the_same(every[20:], 3.0, yes=every[20::4]), "human")

    found = table(results, "accuracy")

    assert {row["human"]: row["weighted"] for row in rows(found, labels="one")} == {
        "humans:majority": False, "ada": True, "bob": True,
    }  # fmt: skip
    assert found.notes[-1].startswith("The humans coded different samples, so for humans:majority")


@pytest.mark.parametrize(
    ("rule", "yes"), [("union", 18), ("intersection", 6), ("majority", 6), ("dawid_skene", 6)]
)
def test_the_panel_says_how_humans_are_reconciled(results: Results, rule: str, yes: int) -> None:
    every = messages()
    code(results, "one", the_same(every, yes=every[:24]))
    code(results, "ada", the_same(every, yes=every[:12]), "human")
    code(results, "bob", the_same(every, yes=every[6:18]), "human")
    panel = results.root / "panel.yaml"
    panel.write_text(f"panel: p\nflags: {{LEAD: {{definition: x}}}}\ncoders: {{rules: }}\nhumans: {rule}\n")

    (row,) = rows(table(results, "accuracy", panel=panel), labels="one", human=f"humans:{rule}")

    assert row["human_yes"] == yes
    corrected = rows(table(results, "corrected", panel=panel), labels="one", human=f"humans:{rule}")
    assert [cells["series"] for cells in corrected] == ["A", "B"]


@pytest.mark.parametrize("name", ["accuracy", "corrected"])
def test_without_a_human_the_table_is_empty_and_says_how_to_get_one(results: Results, name: str) -> None:
    code(results, "one", the_same(messages(), yes=messages()[::3]))

    found = table(results, name)

    assert len(found.frame) == 0
    assert "mascope annotate" in found.notes[0]


@pytest.mark.parametrize(("yes", "missing"), [([], "sensitivity"), (messages(), "specificity")])
def test_what_the_human_never_said_leaves_its_measure_undefined(
    results: Results, yes: list[str], missing: str
) -> None:
    code(results, "one", the_same(messages(), yes=messages()[::3]))
    code(results, "ada", the_same(messages(), yes=yes), "human")

    (row,) = rows(table(results, "accuracy"), labels="one")
    corrected = rows(table(results, "corrected"), labels="one")

    assert math.isnan(row[missing])
    assert "to none of these messages" in row["note"]
    assert all(math.isnan(cells["rogan_gladen"]) for cells in corrected)
    assert all("Rogan–Gladen: the human said" in cells["note"] for cells in corrected)
    assert not any(math.isnan(cells["prediction_powered"]) for cells in corrected)


def test_no_message_in_common_is_said(results: Results) -> None:
    code(results, "one", the_same(messages("A"), yes=messages("A")[::3]))
    code(results, "ada", the_same(messages("B"), yes=messages("B")[::3]), "human")

    (row,) = rows(table(results, "accuracy"), labels="one")

    assert (row["n"], row["note"]) == (0, "no message was decided by both")


def test_rogan_gladen_takes_the_known_errors_out_of_each_series(results: Results) -> None:
    # The human codes all of A: 8 yes, 16 no. The judge finds 6 of the 8 and says yes to 2 of the 16.
    a, b = messages("A"), messages("B")
    code(results, "ada", the_same(a, yes=a[:8]), "human")
    code(results, "one", the_same(a, yes=[*a[:6], *a[22:]]))
    code(results, "one", the_same(b, yes=b[::2]))

    in_a, in_b = rows(table(results, "corrected"), labels="one")

    assert (in_a["naive"], in_b["naive"]) == (pytest.approx(8 / 24), pytest.approx(12 / 24))
    assert in_a["rogan_gladen"] == pytest.approx(8 / 24)
    # (p + specificity − 1) / (sensitivity + specificity − 1) = (1/2 + 7/8 − 1) / (3/4 + 7/8 − 1) = 3/5
    assert in_b["rogan_gladen"] == pytest.approx(3 / 5)
    assert in_b["rogan_gladen_low"] < 3 / 5 < in_b["rogan_gladen_high"]


def test_prediction_powered_needs_human_codes_of_the_series_itself(results: Results) -> None:
    a, b = messages("A"), messages("B")
    code(results, "ada", the_same(a, yes=a[:8]), "human")
    code(results, "one", the_same([*a, *b], yes=[*a[:6], *a[22:], *b[::2]]))

    in_a, in_b = rows(table(results, "corrected"), labels="one")

    assert in_a["prediction_powered"] == pytest.approx(8 / 24)  # all of A was coded: the human's own rate
    assert math.isnan(in_b["prediction_powered"])
    assert in_b["validated"] == 0
    assert in_b["note"] == "prediction-powered: the human coded fewer than two of these messages"


def test_a_corrected_rate_that_no_rate_can_be_is_kept_within_bounds_and_that_is_said(
    results: Results,
) -> None:
    # Sensitivity 1, specificity 7/8 in A; in B the judge says yes to 1 of 24, fewer than its false alarms.
    a, b = messages("A"), messages("B")
    code(results, "ada", the_same(a, yes=a[:8]), "human")
    code(results, "one", the_same([*a, *b], yes=[*a[:8], *a[22:], b[0]]))

    _, in_b = rows(table(results, "corrected"), labels="one")

    assert in_b["rogan_gladen"] == 0.0
    # (1/24 + 7/8 − 1) / (1 + 7/8 − 1) = −0.095
    assert "Rogan–Gladen: -0.095, kept within 0 and 1" in in_b["note"]


def test_a_rate_that_never_varied_has_no_interval_without_width(results: Results) -> None:
    code(results, "ada", the_same(messages(), yes=messages()[::5]), "human")
    code(results, "one", the_same(messages()))

    for row in rows(table(results, "corrected"), labels="one"):
        assert row["naive"] == 0.0
        assert math.isnan(row["naive_low"])


def test_without_weights_kappas_are_those_of_the_table_of_agreement(warroom: Path, tmp_path: Path) -> None:
    results = Results(tmp_path / "war")
    import_warroom(warroom, results)
    for coder in ("human", "gemini", "sonnet"):
        import_codes(warroom / "human_coding.csv", results, coder, f"{coder}_")
    analysis = analyse(results, Options(resamples=200))

    pairs = {
        (row["flag"], row["coder_b"]): row["kappa"]
        for row in rows(agreement_table(analysis), coder_a="human")
    }
    against = {(row["flag"], row["labels"]): row["kappa"] for row in rows(accuracy_table(analysis))}

    assert len(pairs) == 14
    for key, kappa in pairs.items():
        assert key[0] == "mean" or against[key] == pytest.approx(kappa)
    assert len(corrected_table(analysis).frame) == 5 * 6 * 3
