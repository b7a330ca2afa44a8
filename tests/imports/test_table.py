from pathlib import Path

import pandas as pd
import pytest

from mascope.errors import ForeignResults, InvalidFile
from mascope.imports.table import import_table
from mascope.records import Failure, Message
from mascope.store import journal
from mascope.store.journal import Journal
from mascope.store.layout import Results

HEADER = "run,series,agent,name,round,text,position,model,time,failed,message\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "messages.csv"


def runs(results: Results) -> dict[str, Journal]:
    return {path.stem: journal.read(path) for path in results.journals()}


def test_a_table_of_the_needed_columns_alone_is_enough(file: Path, results: Results) -> None:
    file.write_text('run,agent,round,text\nfirst,ann,0,Hi\nfirst,bob,0,"Hello,\nann"\nfirst,ann,1,\n')
    summary = import_table(file, results)
    [run] = runs(results).values()

    assert [(turn.id, turn.position) for turn in run.turns] == [
        ("all-run01|ann|R0", 0),
        ("all-run01|bob|R0", 1),
        ("all-run01|ann|R1", 0),
    ]
    assert [turn.text for turn in run.turns if isinstance(turn, Message)] == ["Hi", "Hello,\nann", ""]
    assert (summary.messages, summary.series["all"].empty) == (2, 1)
    assert summary.notes == ("runs renamed: first → all-run01",)


def test_every_column_is_used(file: Path, results: Results) -> None:
    file.write_text(
        HEADER
        + "A-run03,A,llama,Agent-A,0,Hi,1,llama-70b,2026-03-04T10:00:00+02:00,no,m1\n"
        + "A-run03,A,kimi,Agent-B,0,429 too many,0,kimi-k2,1772611200,rate_limit,\n"
    )
    import_table(file, results)
    run = runs(results)["A-run03"]
    failure, message = run.turns

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.detail, failure.at) == (
        "rate_limit", "429 too many", "2026-03-04T08:00:00.000Z",
    )  # fmt: skip
    assert isinstance(message, Message)
    assert (message.id, message.at, message.model) == (
        "A-run03|Agent-A|R0", "2026-03-04T08:00:00.000Z", "llama-70b",
    )  # fmt: skip
    assert run.extra == (
        {"event": "alias", "at": message.at, "message": "A-run03|Agent-A|R0", "alias": "m1"},
    )  # fmt: skip
    assert run.header is not None
    assert run.header.started == "2026-03-04T08:00:00.000Z"
    assert [(agent.id, agent.name, agent.label) for agent in run.header.agents] == [
        ("kimi", "Agent-B", "kimi-k2"),
        ("llama", "Agent-A", "llama-70b"),
    ]


def test_runs_with_a_number_keep_it_and_others_follow(file: Path, results: Results) -> None:
    file.write_text(
        "run,series,agent,round,text\n"
        "pilot,A,ann,0,Hi\nA-run7,A,ann,0,Hi\nB-run02,B,ann,0,Hi\npilot,B,ann,0,Hi\n10,A,ann,0,Hi\n"
    )
    import_table(file, results)
    found = runs(results)

    assert list(found) == ["A-run07", "A-run08", "A-run09", "B-run02", "B-run03"]
    assert [run.header.aliases for run in found.values() if run.header] == [
        ("A-run7",), ("pilot",), ("10",), (), ("pilot",),
    ]  # fmt: skip


def test_rows_in_any_order_become_turns_in_the_order_of_rounds(file: Path, results: Results) -> None:
    file.write_text("run,name,round,text\nr,b,1,4\nr,a,0,1\nr,b,0,2\nr,a,1,5\n")
    import_table(file, results)
    [run] = runs(results).values()

    assert [turn.text for turn in run.turns if isinstance(turn, Message)] == ["1", "2", "4", "5"]
    assert [turn.position for turn in run.turns] == [0, 1, 0, 1]


def test_an_agent_that_speaks_twice_in_a_round_gets_two_ids(file: Path, results: Results) -> None:
    file.write_text("run,name,round,text\nr,a,0,1\nr,a,0,2\n")
    import_table(file, results)
    [run] = runs(results).values()

    assert [turn.id for turn in run.turns] == ["all-run01|a|R0", "all-run01|a|R0#2"]


def test_what_was_seen_is_said_to_be_unrecorded(file: Path, results: Results) -> None:
    file.write_text("run,name,round,text\nr,a,0,1\n")
    import_table(file, results)
    [run] = runs(results).values()

    assert run.header is not None
    assert run.header.condition["schedule"] == {"visibility": "unrecorded"}
    assert results.study()["mascope"]["imported"] == "table"


def test_other_columns_are_named_in_a_note(file: Path, results: Results) -> None:
    file.write_text("run,name,round,text,mood,Toxicity\nall-run01,a,0,1,happy,0.1\n")

    assert import_table(file, results).notes == ("columns left out: mood, Toxicity",)


def test_json_lines_and_parquet_bring_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"run": ["r", "r"], "name": ["a", "b"], "round": [0, 0], "text": ["x", "é"]})
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.tsv", sep="\t")  # with pandas' nameless index column
    contents = set()
    for kind in ("jsonl", "parquet", "tsv"):
        results = Results(tmp_path / kind)
        import_table(tmp_path / f"t.{kind}", results, study="same")
        contents.add(results.journal("all-run01").read_bytes())

    assert len(contents) == 1


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("run,agent,round,message", "has no column 'text'"),
        ("run,agent,rund,text", "has no column 'round'; did you mean 'rund'"),
        ("run,round,text", "has no column 'agent'"),
        ("id,agent,round,text", "has no column 'run'"),
    ],
)
def test_a_missing_column_is_named_with_the_nearest_and_an_example(
    file: Path, results: Results, header: str, problem: str
) -> None:
    file.write_text(header + "\n" + ",".join("1" * len(header.split(","))) + "\n")

    with pytest.raises(InvalidFile, match=rf"messages\.csv:1: {problem}.*run,series,agent,round,text"):
        import_table(file, results)
    assert not results.root.exists()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",A,a,a,0,x,,,,,", "run: is empty"),
        ("r,A,a,a,,x,,,,,", "round: is empty"),
        ("r,A,a,a,-1,x,,,,,", "round: '-1' is not a whole number"),
        ("r,A,a,a,1.5,x,,,,,", "round: '1.5' is not a whole number"),
        ("r,A,a,a,²,x,,,,,", "round: '²' is not a whole number"),
        ("r,A,a,a,0,x,first,,,,", "position: 'first' is not a whole number"),
        ("r,A,,,0,x,,,,,", "neither `agent` nor `name`"),
        ("r,A,a,a|b,0,x,,,,,", r"'a\|b' cannot be a name"),
        ("r,a/b,a,a,0,x,,,,,", "series: 'a/b' cannot name a series"),
        ("r,A,a,a,0,x,,,noon,,", "time: 'noon' is not a time"),
        ("r,A,a,a,0,x,,,,rate_limits,", "failed: 'rate_limits' is neither .* did you mean 'rate_limit'"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(file: Path, results: Results, row: str, problem: str) -> None:
    file.write_text(HEADER + "r,A,a,a,0,x,,,,,\n" + row + "\n")

    with pytest.raises(InvalidFile, match=rf"messages\.csv:3: {problem}"):
        import_table(file, results)
    assert not results.root.exists()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("r,A,a,other,1,x,,,,,", "agent 'a' is called 'other', but 'a' elsewhere in the run"),
        ("r,A,b,a,1,x,,,,,", "agent 'b' is called 'a', but so is 'a'"),
    ],
)
def test_agents_must_be_told_apart_by_name(file: Path, results: Results, row: str, problem: str) -> None:
    file.write_text(HEADER + "r,A,a,a,0,x,,,,,\n" + row + "\n")

    with pytest.raises(InvalidFile, match=rf"messages\.csv:3: name: {problem}"):
        import_table(file, results)


def test_one_run_written_in_two_ways_is_refused(file: Path, results: Results) -> None:
    file.write_text("run,name,round,text\nA-run7,a,0,x\nA-run07,a,0,x\n")

    with pytest.raises(InvalidFile, match=r":3: run: 'A-run07' and 'A-run7' are the same run"):
        import_table(file, results)


def test_importing_again_changes_nothing_and_something_else_is_refused(file: Path, results: Results) -> None:
    file.write_text("run,name,round,text\nr,a,0,x\n")
    first = import_table(file, results)
    again = import_table(file, results)
    file.write_text("run,name,round,text\nr,a,0,y\n")

    assert (first.written, again.written) == (1, 0)
    with pytest.raises(ForeignResults):
        import_table(file, results)
    assert '"text":"x"' in results.journal("all-run01").read_text()
