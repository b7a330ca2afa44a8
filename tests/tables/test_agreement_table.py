from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mascope.pipeline.reporting import Options, analyse
from mascope.records import Coding, Mark
from mascope.stats import confusion
from mascope.store.codes import CoderHeader, CoderKind, CodesRecorder
from mascope.store.layout import Results
from mascope.tables import Table
from mascope.tables.catalog import TABLES
from tests.judging.small_study import small_study
from tests.tables.test_human_tables import code, messages, rows, the_same


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = small_study(tmp_path)
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    return found


def agreement(results: Results, name: str = "agreement") -> Table:
    return TABLES[name](analyse(results, Options(resamples=300)))


def sampled(results: Results, human: str, weights: "tuple[float, float]" = (1.0, 5.0)) -> None:
    """A human codes every third of what the judge said yes to, every ninth of the rest; all but one alike."""
    every = messages()
    yes, no = every[::4], [message for n, message in enumerate(every) if n % 4]
    code(results, human, the_same(yes[::3], weights[0], yes=yes[::3]), "human")
    code(results, human, the_same(no[::9], weights[1], yes=no[:1]), "human")


def test_a_coder_with_a_weighted_sample_is_held_against_others_as_all_messages_would_be(
    results: Results,
) -> None:
    code(results, "one", the_same(messages(), yes=messages()[::4]))
    sampled(results, "ada")

    found = agreement(results)
    (row,) = rows(found, coder_a="ada", flag="LEAD")

    # Of the sample: yy 4, yn 1, ny 0, nn 3. Weighted: yy 4 · 1, yn 1 · 5, nn 3 · 5.
    assert (row["n"], row["weighted"], row["yes_yes"], row["yes_no"], row["no_no"]) == (8, True, 4, 1, 3)
    assert row["agreement"] == pytest.approx(19 / 24)
    assert row["agreement_unweighted"] == pytest.approx(7 / 8)
    assert row["kappa"] == pytest.approx(float(confusion.kappa(np.array([4.0, 5.0, 0.0, 15.0]))))
    assert row["kappa_unweighted"] == pytest.approx(float(confusion.kappa(np.array([4.0, 1.0, 0.0, 3.0]))))
    assert np.isnan(row["mcnemar_p"])
    assert any(note.startswith("ada coded a sample drawn with unequal chances") for note in found.notes)


def test_weighted_agreement_is_that_of_the_table_of_accuracy(results: Results) -> None:
    code(results, "one", the_same(messages(), yes=messages()[::4]))
    sampled(results, "ada")

    (pair,) = rows(agreement(results), coder_a="ada", flag="LEAD")
    (against,) = rows(agreement(results, "accuracy"), labels="one")

    assert against["kappa"] == pytest.approx(pair["kappa"])
    assert (against["kappa_low"], against["kappa_high"]) == pytest.approx(
        (pair["kappa_low"], pair["kappa_high"])
    )


def test_without_weights_nothing_is_weighted(results: Results) -> None:
    code(results, "one", the_same(messages(), yes=messages()[::4]))
    code(results, "two", the_same(messages(), yes=messages()[::5]))

    (row, _) = rows(agreement(results))

    assert row["weighted"] is False
    assert row["kappa"] == row["kappa_unweighted"]
    assert not np.isnan(row["mcnemar_p"])


def test_no_interval_of_kappa_reaches_beyond_one(results: Results) -> None:
    code(results, "one", the_same(messages(), yes=messages()[::4]))
    code(results, "two", the_same(messages(), yes=messages()[4::4]))

    (row, _) = rows(agreement(results))

    assert row["kappa"] > 0.9
    assert row["kappa_high"] == 1.0
    assert row["kappa_run_high"] <= 1.0


def test_two_humans_are_told_apart_from_the_panel_and_their_kappa_is_said(results: Results) -> None:
    code(results, "one", the_same(messages(), yes=messages()[::4]))
    code(results, "ada", the_same(messages(), yes=messages()[::4]), "human")
    code(results, "bob", the_same(messages(), yes=messages()[::8]), "human")

    notes = agreement(results).notes

    (pair,) = rows(agreement(results), coder_a="ada", coder_b="bob", flag="mean")
    assert f"Two humans, ada and bob: mean kappa {pair['kappa']:.2f}." in notes


def test_by_series_the_whole_panel_has_its_coefficients_with_missing_codes(results: Results) -> None:
    every = messages()
    code(results, "one", the_same(every, yes=every[::4]))
    code(results, "two", the_same(every[:40], yes=every[::5]))
    code(results, "three", the_same(every[8:], yes=every[::3]))

    found = agreement(results, "panel_agreement_by")
    by_series = rows(found, by="series")

    assert [row["stratum"] for row in by_series] == ["A", "B"]
    assert [(row["n"], row["complete"]) for row in by_series] == [(24, 16), (24, 16)]
    assert {row["by"] for row in rows(found)} == {"series", "model"}
    assert all(row["alpha_low"] < row["alpha"] < row["alpha_high"] for row in by_series)


def several_flags(results: Results, coder: str, kind: CoderKind, said: "dict[str, Any]") -> None:
    for message in messages():
        file = results.codes(coder, message.partition("|")[0])
        recorder = CodesRecorder(file, CoderHeader(coder, kind, "d", tuple(said)))
        marks = {flag: Mark("yes" if message in set(yes) else "no") for flag, yes in said.items()}
        recorder.verdict(Coding(message, marks))
        recorder.close()


def test_each_flag_ends_with_one_sentence(results: Results) -> None:
    every = messages()
    several_flags(results, "one", "llm", {"LEAD": every[::4], "META": every[::2], "ARCH": []})
    several_flags(results, "two", "llm", {"LEAD": every[::4], "META": every[::3], "ARCH": []})

    assert agreement(results).notes == (
        "META: kappa 0.00, may not be interpreted (below 0.6).",
        "LEAD: kappa 1.00, may be interpreted.",
        "ARCH: agreement is undefined (no coder ever varied), so nothing can be said about this flag.",
    )
