"""What the page is told of the journals is the same, whoever reads them and however many runs at a time."""

from pathlib import Path

import pytest

from mascope import spread
from mascope.report.evidence import coder_info, runs
from mascope.report.page import gathering
from mascope.report.page.gathering import Portion, portions
from mascope.report.page.overview import Gathered
from mascope.report.page.packing import packed
from mascope.report.page.turns import Coded, Index, LabelsByRun, transcript
from mascope.store.layout import Results
from tests.report.page.made import Made, report_of

SERIES = ["C", "A"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Made(series=("A", "C"), runs=3).write(tmp_path_factory.mktemp("gathering") / "results")


@pytest.fixture(scope="module")
def coded(results: Results) -> Coded:
    labels = report_of(results).labels
    assert labels is not None
    return Coded(coder_info(results), labels.flags, labels)


def whole(found: list[Portion], coded: Coded) -> tuple[Gathered, Index, list[tuple[str, str]]]:
    gathered, index = Gathered(), Index(coded)
    for portion in found:
        gathered.extend(portion.gathered)
        index.extend(portion.index)
    return gathered, index, [pack for portion in found for pack in portion.transcripts]


@pytest.mark.parametrize("at_once", [1, 2, 100])
@pytest.mark.parametrize("cores", [1, 2])
def test_portions_together_are_what_reading_run_by_run_gives(
    results: Results, coded: Coded, at_once: int, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, labelled, index = Gathered(), LabelsByRun(coded), Index(coded)
    packs = []
    for found in runs(results, SERIES):
        one.add(found)
        index.add(found, labelled.of(found.run))
        packs.append((found.run, packed(transcript(found))))
    monkeypatch.setattr(gathering, "_AT_ONCE", at_once)
    monkeypatch.setattr(spread, "cores", lambda: cores)

    together = whole(list(portions(results, SERIES, coded)), coded)

    assert together[0].judged == pytest.approx(one.judged)
    for name in ("served", "seats", "started", "versions"):
        assert getattr(together[0], name) == getattr(one, name)
    assert together[1].data() == index.data()
    assert together[2] == packs


def test_agents_keep_their_numbers_where_portions_meet_others(results: Results, coded: Coded) -> None:
    first, second = Index(coded), Index(coded)
    [of_a, *_, of_c] = runs(results, ["A", "C"])
    second.agents["somebody else"] = 0
    first.add(of_a, {})
    second.add(of_c, {})
    first.extend(second)
    said = first.data()

    assert [said["agents"][number] for number in said["speakers"]] == [
        turn["agent"] for found in (of_a, of_c) for turn in found.turns
    ]


def test_without_runs_there_is_nothing_to_gather(tmp_path: Path, coded: Coded) -> None:
    assert list(portions(Results(tmp_path), SERIES, coded)) == []
