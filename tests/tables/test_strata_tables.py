import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from mascope.pipeline.reporting import Options, analyse
from mascope.records import Coding, Mark
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.layout import Results
from mascope.tables import Table
from mascope.tables.catalog import TABLES
from tests.judging.small_study import small_study

MESSAGES = [
    f"{series}-run0{run}|Agent-{agent}|R{round_}"
    for series in "AB"
    for run in (1, 2, 3)
    for round_ in range(4)
    for agent in "AB"
]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = small_study(tmp_path)
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    return found


def code(results: Results, coder: str, answers: "list[float]") -> None:
    """NaN: the coder never came to the message."""
    for message, answer in zip(MESSAGES, answers, strict=True):
        if not math.isnan(answer):
            file = results.codes(coder, message.partition("|")[0])
            recorder = CodesRecorder(file, CoderHeader(coder, "llm", "d", ("LEAD",)))
            recorder.verdict(Coding(message, {"LEAD": Mark("yes" if answer else "no")}))
            recorder.close()


def drawn(seed: int, error: float) -> list[float]:
    """True answers, each wrong with a probability of `error`."""
    truth = np.random.default_rng(0).random(48) < 0.4
    wrong = np.random.default_rng(seed).random(48) < error
    return [float(answer) for answer in truth ^ wrong]


def table(results: Results, name: str) -> Table:
    return TABLES[name](analyse(results, Options(resamples=500)))


def rows(found: Table, **where: object) -> list[dict[str, Any]]:
    every = [dict(zip(found.frame.columns, row, strict=True)) for row in found.frame.itertuples(index=False)]
    return [row for row in every if all(row[key] == value for key, value in where.items())]


def test_agreement_by_series_is_that_of_the_series_messages(results: Results) -> None:
    one, two = drawn(1, 0.1), drawn(2, 0.3)
    code(results, "one", one)
    code(results, "two", two)

    found = table(results, "agreement_by")

    for series, part in (("A", slice(0, 24)), ("B", slice(24, 48))):
        (row,) = rows(found, by="series", stratum=series)
        assert row["n"] == 24
        assert row["kappa"] == pytest.approx(cohen_kappa_score(one[part], two[part]))
        assert row["kappa_low"] < row["kappa"] < row["kappa_high"]


def test_agreement_by_model_names_the_model_as_readers_know_it(results: Results) -> None:
    code(results, "one", drawn(1, 0.1))
    code(results, "two", drawn(2, 0.1))

    (row,) = rows(table(results, "agreement_by"), by="model")

    assert (row["stratum"], row["n"]) == ("LLaMA 3.3", 48)


def test_a_stratum_in_which_nothing_varies_has_no_kappa_and_says_why(results: Results) -> None:
    code(results, "one", [0.0] * 24 + drawn(1, 0.1)[24:])
    code(results, "two", [0.0] * 24 + drawn(2, 0.1)[24:])

    (in_a,) = rows(table(results, "agreement_by"), by="series", stratum="A")

    assert math.isnan(in_a["kappa"])
    assert in_a["note"] == "neither coder ever varied"


def test_a_pair_without_common_messages_in_a_series_has_no_row(results: Results) -> None:
    code(results, "one", drawn(1, 0.1))
    code(results, "two", [math.nan] * 24 + drawn(2, 0.1)[24:])

    assert [row["stratum"] for row in rows(table(results, "agreement_by"), by="series")] == ["B"]


def test_the_panel_is_measured_as_a_whole(results: Results) -> None:
    answers = {"one": drawn(1, 0.1), "two": drawn(2, 0.2), "three": drawn(3, 0.3)}
    answers["three"][:6] = [math.nan] * 6
    for coder, given in answers.items():
        code(results, coder, given)

    (row,) = rows(table(results, "panel_agreement"))

    yes = np.sum(list(answers.values()), axis=0)[6:]
    assert (row["coders"], row["n"], row["complete"]) == (3, 48, 42)
    assert row["fleiss"] == pytest.approx(fleiss_kappa(np.column_stack([yes, 3 - yes])))
    assert row["alpha_low"] < row["alpha"] < row["alpha_high"]
    assert row["ac1_low"] < row["ac1"] < row["ac1_high"]


def test_humans_are_not_on_the_panel(results: Results) -> None:
    code(results, "one", drawn(1, 0.1))
    code(results, "two", drawn(2, 0.2))
    recorder = CodesRecorder(results.codes("ada", "A-run01"), CoderHeader("ada", "human", "d", ("LEAD",)))
    recorder.verdict(Coding(MESSAGES[0], {"LEAD": Mark("no")}))
    recorder.close()

    assert rows(table(results, "panel_agreement"))[0]["coders"] == 2


def test_a_panel_in_which_nobody_varies_has_no_coefficients(results: Results) -> None:
    code(results, "one", [0.0] * 48)
    code(results, "two", [0.0] * 48)

    (row,) = rows(table(results, "panel_agreement"))

    assert math.isnan(row["fleiss"])
    assert math.isnan(row["alpha"])
    assert math.isnan(row["ac1_low"])  # an interval from 1 to 1 would claim certainty
    assert row["note"] == "no coder ever varied"


@pytest.mark.parametrize("name", ["agreement_by", "panel_agreement"])
def test_one_coder_alone_agrees_with_nobody(results: Results, name: str) -> None:
    code(results, "one", drawn(1, 0.1))

    found = table(results, name)

    assert len(found.frame) == 0
    assert "fewer than two coders" in found.notes[0].lower()
