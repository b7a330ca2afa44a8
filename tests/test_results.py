"""The public door: what a notebook gets."""

import subprocess
import sys
from pathlib import Path

import altair as alt
import pandas as pd
import pytest

import mascope
from mascope import Results
from mascope.errors import InvalidFile, InvalidInput
from mascope.records import Message
from mascope.tables.catalog import TABLES


@pytest.fixture(scope="module")
def tea(rehearsed: Path) -> Results:
    return Results(rehearsed)


def test_the_package_starts_without_what_the_door_needs() -> None:
    script = (
        "import mascope, sys; assert not {'pandas', 'altair', 'numpy'} & set(sys.modules); mascope.Results"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_the_package_has_nothing_else_to_give() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Result'"):
        mascope.Result  # noqa: B018


def test_everything_recorded_comes_as_frames(tea: Results) -> None:
    assert len(tea.runs) == 16
    assert {"message", "text", "agent", "round"} <= set(tea.messages)
    assert len(tea.messages) == len(tea.labelled) == tea.runs["messages"].sum()
    assert len(tea.failures) == tea.runs[["failures_injected", "failures_organic"]].sum().sum()
    assert set(tea.codes["coder"]) == {"careful", "lenient"}
    assert len(tea.agents) == 16 * 3
    assert tea.study["study"] == "tea"
    assert tea.simulated


@pytest.mark.parametrize("name", ["contrasts", "similarity", "series", "rounds"])
def test_each_table_is_an_attribute(tea: Results, name: str) -> None:
    frame = getattr(tea, name)

    pd.testing.assert_frame_equal(frame, tea.table(name))
    assert frame.attrs["title"] == tea.tables[name].title
    assert set(frame.attrs["definitions"]) == set(frame.columns)
    assert frame.attrs["simulated"]


def test_all_tables_are_offered_for_completion(tea: Results) -> None:
    assert set(TABLES) <= set(dir(tea))
    assert list(tea.tables) == list(TABLES)


def test_the_tables_are_those_of_the_report(tea: Results) -> None:
    report = tea.report()

    assert [table.name for table in report.tables] == list(TABLES)
    for table in report.tables:
        assert table is tea.tables[table.name]


def test_what_a_user_does_to_a_frame_stays_with_the_user(tea: Results) -> None:
    for name in ("messages", "series", "codes"):
        frame: pd.DataFrame = getattr(tea, name)
        before = str(frame.iloc[0, 0])
        frame.iloc[:, 0] = None
        assert str(getattr(tea, name).iloc[0, 0]) == before


def test_a_figure_is_a_chart_with_its_title_and_ground(tea: Results) -> None:
    chart = tea.figure("similarity")

    assert isinstance(chart, alt.TopLevelMixin)
    assert "SIMULATED: Similarity" in chart.to_json()
    assert chart.to_dict()["config"]["background"] == "white"
    assert "similarity" in tea.figures


def test_a_message_comes_with_what_its_speaker_saw_and_what_coders_say(tea: Results) -> None:
    said = tea.message("mixed-run01|Agent-B|R2")

    assert said.message.agent == "bob"
    assert tuple(turn.id for turn in said.saw) == said.message.seen
    assert len(said.saw) == 6  # three in round 0; in round 1 two and a notice
    assert [turn.round for turn in said.saw if not isinstance(turn, Message)] == [1]
    assert set(said.codes["coder"]) == {"careful", "lenient"}
    assert str(said).endswith(f"→ Agent-B: {said.message.text}")
    assert "has left the discussion" in str(said)


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (lambda r: r.message("mixed-run01|Agent-B|R22"), r"did you mean 'mixed-run01\|Agent-B\|R2'"),
        (lambda r: r.message("mixt-run01|Agent-B|R2"), "no message 'mixt-run01"),
        (lambda r: r.message("mixed-run01|Agent-C|R1"), "is no message but a failure"),
        (lambda r: r.table("contrast"), "did you mean 'contrasts'"),
        (lambda r: r.figure("similarty"), "did you mean 'similarity'"),
        (lambda r: r.figure("power"), "cannot be drawn: .*mascope power"),
        (lambda r: r.report(labels="unon", only=["series"]), "did you mean 'union'"),
        (lambda r: r.report(only=["serie"]), "did you mean 'series'"),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest(tea: Results, ask: object, problem: str) -> None:
    assert callable(ask)
    with pytest.raises(InvalidInput, match=problem):
        ask(tea)


def test_a_wrong_attribute_names_the_nearest(tea: Results) -> None:
    with pytest.raises(AttributeError, match="did you mean 'contrasts'"):
        tea.contrast  # noqa: B018
    assert not hasattr(tea, "_repr_svg_")


def test_other_labels_change_the_tables_and_not_the_results_they_were_asked_of(tea: Results) -> None:
    union = tea.report(labels="union", only=["profiles"]).tables[0].frame

    assert set(union["labels"]) == {"union"}
    assert set(tea.table("profiles")["labels"]) == {"intersection"}
    assert union["rate"].mean() > tea.table("profiles")["rate"].mean()
    pd.testing.assert_frame_equal(union, Results(tea.path, labels="union").tables["profiles"].frame)


def test_one_coder_alone_can_be_looked_at(tea: Results) -> None:
    alone = Results(tea.path, coders=["careful"])

    codes = alone.codes[alone.codes["coder"] == "careful"].set_index("message")["LEAD"]
    labels = alone.labelled.set_index("message")["LEAD"]
    pd.testing.assert_series_equal(labels, codes.reindex(labels.index))


def test_a_door_says_what_it_opens(tea: Results) -> None:
    assert repr(tea) == f"Results({str(tea.path)!r}): tea, 16 runs"
    assert "labels='union'" in repr(Results(tea.path, labels="union"))
    html = tea._repr_html_()
    assert "<b>tea</b>" in html
    assert "SIMULATED" in html


def test_what_is_no_results_directory_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="is this a results directory of mascope"):
        Results(tmp_path)


def test_without_a_path_the_newest_under_results_is_taken(
    rehearsed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "tea").symlink_to(rehearsed)
    monkeypatch.chdir(tmp_path)

    assert Results().path == Path("results/tea")
