"""The index of all turns, and the transcripts."""

import gzip
import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from mascope.report.page import transcripts
from mascope.report.page.turns import Coded, index
from mascope.store import evidence
from mascope.store.evidence import Evidence, coder_info
from mascope.store.layout import Results
from tests.report.page.made import Made, report_of


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Made(series=("C", "A"), runs=1).write(tmp_path_factory.mktemp("turns") / "results")


@pytest.fixture(scope="module")
def found(results: Results) -> Evidence:
    return evidence.load(results)


@pytest.fixture(scope="module")
def indexed(results: Results, found: Evidence) -> dict[str, Any]:
    report = report_of(results)
    assert report.labels is not None
    lists = found.turns.loc[found.turns["turn"] == "A-run01|Alpha|R1", "turn"]
    return index(found, Coded(coder_info(results), report.labels.flags, report.labels, lists))


def test_the_index_has_one_sign_a_turn_in_the_order_of_the_study(indexed: dict[str, Any]) -> None:
    assert [run["run"] for run in indexed["runs"]] == ["C-run01", "A-run01"]
    assert indexed["runs"][0] == {"run": "C-run01", "series": "C", "status": "done", "turns": 9}
    assert indexed["kinds"] == "mmmmimmmm" * 2
    assert indexed["rounds"] == [0, 0, 0, 1, 1, 1, 2, 2, 2] * 2
    assert [indexed["agents"][n] for n in indexed["speakers"][:3]] == ["m0", "m1", "m2"]


def test_marks_add_up(indexed: dict[str, Any]) -> None:
    changed, broadcast, told, retried = "2", "8", "g", "4"

    assert indexed["marks"][9:] == f"00{changed}{broadcast}{told}0{retried * 3}"


def test_what_a_coder_said_is_kept_apart_from_what_it_never_said(indexed: dict[str, Any]) -> None:
    codes = indexed["codes"]

    assert codes["one"]["META"][9:] == "ynny.nynn"
    assert codes["two"]["META"][9:] == "xnny.nnnn"
    assert codes["two"]["LEAD"][9:] == "xnun.unnu"


def test_a_flag_that_a_coding_says_nothing_of_is_not_undecided(tmp_path: Path) -> None:
    results = Made(runs=1).write(tmp_path / "results")
    file = results.codes("one", "A-run01")
    file.write_text(file.read_text().replace('"META":"no",', ""))
    labels = report_of(results).labels
    assert labels is not None

    signs = index(evidence.load(results), Coded(coder_info(results), labels.flags, labels))["codes"]["one"]

    assert signs["META"][:9] == "y..y..y.."
    assert signs["LEAD"][:9] == "nnnn.nnnn"


def test_labels_are_undecided_where_a_missing_verdict_could_have_changed_them(
    indexed: dict[str, Any],
) -> None:
    assert indexed["labels"]["META"][9:] == "unny.nnnn"


def test_a_yes_has_the_level_that_is_counted(indexed: dict[str, Any]) -> None:
    assert indexed["codes"]["one"]["COMP"][-1] == "1"
    assert indexed["codes"]["two"]["COMP"][-1] == "2"
    assert indexed["labels"]["COMP"][-1] == "1"  # by intersection, what all agree that it reaches


def test_columns_may_have_been_read_in_parts(
    results: Results, found: Evidence, indexed: dict[str, Any]
) -> None:
    def parted(frame: pd.DataFrame, by: str) -> pd.DataFrame:
        cells = pa.chunked_array([pa.array([cell], pa.large_string()) for cell in frame[by]])
        return frame.assign(**{by: pd.Series(cells, dtype="str", index=frame.index)})

    labels = report_of(results).labels
    assert labels is not None
    labels = replace(labels, frame=parted(labels.frame, "message"))
    again = index(
        replace(found, turns=parted(found.turns, "turn")), Coded(coder_info(results), labels.flags, labels)
    )

    assert (again["codes"], again["labels"]) == (indexed["codes"], indexed["labels"])


def test_an_index_needs_no_codes(results: Results, found: Evidence) -> None:
    bare = index(found, Coded((), (), None))

    assert bare["codes"] == {}
    assert bare["labels"] == {}
    assert len(bare["kinds"]) == 18


def test_a_packed_run_is_its_journal_and_what_each_coder_said(results: Results, found: Evidence) -> None:
    packs = dict(transcripts.packs(found, ["two", "nobody", "one"]))
    journal, two, nobody, one = packs["A-run01"].split(" ")

    assert list(packs) == ["C-run01", "A-run01"]
    assert nobody == transcripts.NOTHING
    assert unpacked(journal)["turns"][0]["round"] == 0
    assert unpacked(two)["A-run01|Charlie|R2"]["flags"]["COMP"] == {"answer": "yes", "level": "L2"}
    assert unpacked(one)["A-run01|Charlie|R2"]["outcome"] == "coding"


def test_transcripts_lie_beside_the_page_only_where_they_are_many(
    results: Results, found: Evidence, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside = Results(tmp_path)

    assert transcripts.write_transcripts(found, ["one"], beside) == ()
    monkeypatch.setattr(transcripts, "LARGEST_INSIDE", 0)
    files = transcripts.write_transcripts(found, ["one"], beside)
    assert [file.name for file in files] == ["C-run01.js"]
    assert files[0].read_text().count("mascopeTranscript(") == 2
    assert files[0].read_text().startswith('mascopeTranscript("C-run01","')
    monkeypatch.undo()
    assert transcripts.write_transcripts(found, ["one"], beside) == ()
    assert not any(file.exists() for file in files)


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(b64decode(text)))
