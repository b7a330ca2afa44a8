import math
from pathlib import Path

import pytest

from mascope.errors import CorruptJournal
from mascope.records import Coding, Mark
from mascope.store import codes, frames, lines
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.layout import Results

HEADER = CoderHeader("ada", "human", "d", ("LEAD",))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = Results(tmp_path)
    found.write_study("study: s\nseries: {A: {}}\n")
    return found


def write(results: Results, **about: object) -> None:
    recorder = CodesRecorder(results.codes("ada", "A-run01"), HEADER)
    recorder.verdict(Coding("A-run01|x|R0", {"LEAD": Mark("yes")}), **about)
    recorder.close()


def test_a_weight_that_was_written_is_read_with_its_message(results: Results) -> None:
    write(results, weight=12.5)

    assert codes.read(results.codes("ada", "A-run01")).weights == {"A-run01|x|R0": 12.5}
    assert frames.load(results).codes["weight"].tolist() == [12.5]


def test_without_a_weight_there_is_none_and_it_is_no_flag(results: Results) -> None:
    write(results)

    found = frames.load(results)

    assert math.isnan(found.codes["weight"].tolist()[0])
    assert found.flags == ("LEAD",)


@pytest.mark.parametrize("weight", [0, -1, "much", None])
def test_a_weight_that_cannot_be_one_is_an_error_with_its_line(results: Results, weight: object) -> None:
    write(results, weight=weight)

    with pytest.raises(CorruptJournal, match=":2:"):
        codes.read(results.codes("ada", "A-run01"))
    assert lines.read(results.codes("ada", "A-run01"))
