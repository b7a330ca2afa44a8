import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mascope.cli.importing import app
from mascope.errors import InvalidFile, InvalidInput
from mascope.imports.codes import import_codes
from mascope.imports.table import import_table
from mascope.imports.warroom import import_warroom
from mascope.records import Coding, Mark
from mascope.store import codes, journal
from mascope.store.layout import Results
from tests.imports.made_up import Put, transcript

Sheet = Callable[[str], Path]


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    def write(text: str) -> Path:
        file = tmp_path / "codes.csv"
        file.write_text(text)
        return file

    return write


@pytest.fixture
def held(folder: Path, results: Results, put: Put) -> Results:
    """Two runs, in each of which Agent-A speaks twice and Agent-C fails."""
    put("warroom-A-run01.json", transcript())
    put("warroom-A-run02.json", transcript(environment={"timestamp": "2026-03-05T00:02:59.700Z"}))
    import_warroom(folder, results)
    return results


def marks(results: Results, coder: str) -> dict[str, dict[str, Mark]]:
    """Message → flag → mark."""
    return {
        verdict.message: dict(verdict.marks)
        for file in results.codes_of(coder)
        for verdict in codes.read(file).verdicts
        if isinstance(verdict, Coding)
    }


def test_codes_are_filed_by_coder_and_run(held: Results, sheet: Sheet) -> None:
    file = sheet("id,phatic,meta\nA-run01|Agent-A|R0,true,false\nA-run02|Agent-A|R1,x,\n")
    summary = import_codes(file, held, "human")

    assert [path.name for path in held.codes_of("human")] == ["A-run01.jsonl", "A-run02.jsonl"]
    assert marks(held, "human") == {
        "A-run01|Agent-A|R0": {"PHATIC": Mark("yes"), "META": Mark("no")},
        "A-run02|Agent-A|R1": {"PHATIC": Mark("yes"), "META": Mark("no")},
    }
    assert (summary.flags, summary.messages, summary.kind) == (("PHATIC", "META"), 2, "human")
    assert len({codes.read(path).header for path in held.codes_of("human")}) == 1


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        *((cell, "yes") for cell in ("true", "TRUE", "1", "1.0", "yes", "Y", "x", " X ", "oui", "✓")),
        *((cell, "no") for cell in ("false", "0", "0.0", "No", "n", "", "Non", "✗")),
        *((cell, "unsure") for cell in ("unsure", "cannot tell", "?")),
    ],
)
def test_cells_are_read_as_people_write_them(held: Results, sheet: Sheet, cell: str, answer: str) -> None:
    import_codes(sheet(f"id,phatic,meta\nA-run01|Agent-A|R0,{cell},1\n"), held, "me")

    assert marks(held, "me")["A-run01|Agent-A|R0"]["PHATIC"].answer == answer


@pytest.mark.parametrize("cell", ["maybe", "2", "-1", "0.5", "oui?", "L12"])
def test_any_other_cell_is_named_by_line_and_column(held: Results, sheet: Sheet, cell: str) -> None:
    file = sheet(f"id,phatic,meta\nA-run01|Agent-A|R0,1,1\nA-run01|Agent-A|R1,1,{cell}\n")

    with pytest.raises(InvalidFile, match=rf"codes\.csv:3: meta: '{cell.replace('?', '.')}' is no code"):
        import_codes(file, held, "me")
    assert held.coders() == ()


@pytest.mark.parametrize("cell", ["NA", "n/a", "NaN", "null"])
def test_a_cell_that_says_there_is_no_code_is_never_a_no(held: Results, sheet: Sheet, cell: str) -> None:
    import_codes(sheet(f"id,phatic,meta\nA-run01|Agent-A|R0,{cell},1\n"), held, "me", blank="no")

    assert marks(held, "me") == {"A-run01|Agent-A|R0": {"META": Mark("yes")}}


def test_a_level_in_the_flags_own_column_is_a_yes(held: Results, sheet: Sheet) -> None:
    import_codes(sheet("id,comp,meta\nA-run01|Agent-A|R0,L2,0\n"), held, "me")

    assert marks(held, "me")["A-run01|Agent-A|R0"]["COMP"] == Mark("yes", "L2")


@pytest.mark.parametrize("round_", ["1", "R1", "r1"])
def test_without_an_id_run_name_and_round_say_which_message(held: Results, sheet: Sheet, round_: str) -> None:
    import_codes(sheet(f"run;agent;round;phatic\nA-run02;Agent-A;{round_};yes\n"), held, "me")

    assert marks(held, "me") == {"A-run02|Agent-A|R1": {"PHATIC": Mark("yes")}}


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": "A-run01|Agent-A|R0", "PHATIC": true, "META": false}]',
        '{"coder": "ada", "rows": [{"message": "A-run01|Agent-A|R0", "phatic": 1, "meta": 0}]}',
        '{"A-run01|Agent-A|R0": {"phatic": "yes", "meta": "no"}}',
        '[{"id": "A-run01|Agent-A|R0", "flags": {"PHATIC": "x", "META": "no"}}]',
    ],
)
def test_json_of_any_usual_shape_is_read(held: Results, tmp_path: Path, text: str) -> None:
    file = tmp_path / "codes.json"
    file.write_text(text)
    import_codes(file, held, "me")

    assert marks(held, "me") == {"A-run01|Agent-A|R0": {"PHATIC": Mark("yes"), "META": Mark("no")}}


def test_a_person_of_any_name_is_a_human_where_that_is_said(held: Results, sheet: Sheet) -> None:
    file = sheet("id,phatic\nA-run01|Agent-A|R0,1\n")

    assert import_codes(file, held, "ada").kind == "imported"
    assert import_codes(file, held, "eve", kind="human").kind == "human"


def test_a_blank_can_mean_missing(held: Results, sheet: Sheet) -> None:
    import_codes(sheet("id,phatic,meta\nA-run01|Agent-A|R0,,1\n"), held, "me", blank="missing")

    assert marks(held, "me") == {"A-run01|Agent-A|R0": {"META": Mark("yes")}}


def test_levels_go_with_a_yes_and_are_counted_where_they_do_not(held: Results, sheet: Sheet) -> None:
    file = sheet(
        "id,human_comp,human_comp_level\nA-run01|Agent-A|R0,true,L2\nA-run01|Agent-A|R1,false,L1\n"
        "A-run01|Agent-B|R0,,\n"
    )
    summary = import_codes(file, held, "human", "human_")

    assert [mark["COMP"] for mark in marks(held, "human").values()] == [
        Mark("yes", "L2"),
        Mark("no"),
        Mark("no"),
    ]
    assert (summary.flags, summary.stray_levels) == (("COMP",), 1)


# Which columns ------------------------------------------------------------------------------------------

TWO = "id,series,human_phatic,human_notes,gemini_phatic\nA-run01|Agent-A|R0,A,true,a note,0\n"


@pytest.mark.parametrize("prefix", ["human_", "human", "HUMAN_"])
def test_a_prefix_chooses_the_columns_of_one_coder(held: Results, sheet: Sheet, prefix: str) -> None:
    summary = import_codes(sheet(TWO), held, "me", prefix)

    assert summary.flags == ("PHATIC",)
    assert marks(held, "me") == {"A-run01|Agent-A|R0": {"PHATIC": Mark("yes")}}


def test_several_coders_in_one_file_must_be_chosen_from(held: Results, sheet: Sheet) -> None:
    with pytest.raises(InvalidFile, match="several coders; choose one by --prefix: human_, gemini_"):
        import_codes(sheet(TWO), held, "me")


def test_the_only_prefix_of_a_file_is_taken(held: Results, sheet: Sheet) -> None:
    file = sheet("id,agent,ann_phatic,ann_comp,ann_comp_level\nA-run01|Agent-A|R0,x,1,1,L1\n")
    summary = import_codes(file, held, "ann")

    assert (summary.prefix, summary.flags) == ("ann_", ("PHATIC", "COMP"))


def test_an_empty_prefix_keeps_names_as_they_are(held: Results, sheet: Sheet) -> None:
    file = sheet("id,lead_soft,lead_hard\nA-run01|Agent-A|R0,1,0\n")

    assert import_codes(file, held, "ann", "").flags == ("LEAD_SOFT", "LEAD_HARD")


def test_flags_without_a_prefix_are_not_mistaken_for_one(held: Results, sheet: Sheet) -> None:
    file = sheet("id,comp,comp_level,phatic\nA-run01|Agent-A|R0,1,L1,0\n")

    assert import_codes(file, held, "ann").flags == ("COMP", "PHATIC")


@pytest.mark.parametrize(
    ("text", "prefix", "problem"),
    [
        (TWO, "sonnet_", "no column begins with 'sonnet_'; prefixes in this file: human_, gemini_"),
        ("id,agent,text\na,b,c\n", None, "no column is a flag; prefixes in this file: none"),
        ("name,phatic\na,1\n", None, "has no column `id`"),
    ],
)
def test_a_file_without_flags_or_ids_is_refused(
    held: Results, sheet: Sheet, text: str, prefix: str | None, problem: str
) -> None:
    with pytest.raises(InvalidFile, match=problem):
        import_codes(sheet(text), held, "me", prefix)


# Which messages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id_",
    [
        "A-run01|Agent-A|R0",
        "A-run1|Agent-A|R0",
        "2026-03-05-00h02-SA-run3|Agent-A|R0",  # the number within its batch
        "2026-03-05-00h02-SA-run04|Agent-A|R0",  # the number on the platform
        "2026-03-05-00h02-SA|Agent-A|R0",
    ],
)
def test_a_run_is_known_by_its_other_names(
    folder: Path, results: Results, put: Put, sheet: Sheet, id_: str
) -> None:
    put("warroom-A-run01.json", transcript())
    import_warroom(folder, results)
    import_codes(sheet(f"id,phatic\n{id_},1\n"), results, "me")

    assert list(marks(results, "me")) == ["A-run01|Agent-A|R0"]


def test_a_file_named_in_the_next_second_is_found_too(
    folder: Path, results: Results, put: Put, sheet: Sheet
) -> None:
    put("warroom-A-run01.json", transcript(environment={"timestamp": "2026-03-05T00:02:59.700Z"}))
    import_warroom(folder, results)
    summary = import_codes(sheet("id,phatic\n2026-03-05-00h03-SA-run04|Agent-A|R0,1\n"), results, "me")

    assert summary.unknown == ()


def test_runs_of_one_minute_are_told_apart_by_number_or_not_at_all(
    folder: Path, results: Results, put: Put, sheet: Sheet
) -> None:
    for number in (5, 6):
        one = transcript(environment={"runNumber": number})
        put(f"warroom-F-run0{number - 4}.json", {**one, "batch": {"index": number - 4}})
    import_warroom(folder, results)
    file = sheet(
        "id,phatic\n2026-03-05-00h02-SF-run06|Agent-A|R0,1\n2026-03-05-00h02-SF-run01|Agent-A|R0,1\n"
        "2026-03-05-00h02-SF-run99|Agent-A|R0,1\n"
    )
    summary = import_codes(file, results, "me")

    assert list(marks(results, "me")) == ["F-run01|Agent-A|R0", "F-run02|Agent-A|R0"]
    assert summary.unknown == ("2026-03-05-00h02-SF-run99|Agent-A|R0",)


def test_messages_are_known_by_the_ids_of_an_imported_table(
    tmp_path: Path, results: Results, sheet: Sheet
) -> None:
    table = tmp_path / "messages.csv"
    table.write_text("run,name,round,text,message\npilot,ann,0,Hi there,m-1\npilot,bob,0,Hello,m-2\n")
    import_table(table, results)
    import_codes(sheet("message,phatic\nm-2,1\npilot|ann|R0,0\n"), results, "me")

    assert list(marks(results, "me")) == ["all-run01|bob|R0", "all-run01|ann|R0"]


def test_unknown_messages_and_failures_are_counted_and_listed(held: Results, sheet: Sheet) -> None:
    unknown = [f"A-run0{n}|Nobody|R0" for n in range(1, 10)] + ["B-run01|Agent-A|R0", "junk", "a|b"]
    rows = "".join(f"{id_},1\n" for id_ in ["A-run01|Agent-A|R0", "A-run01|Agent-C|R0", *unknown])
    summary = import_codes(sheet("id,phatic\n" + rows), held, "me")

    assert (summary.rows, summary.messages) == (14, 1)
    assert summary.unknown == tuple(unknown)
    assert summary.listed == tuple(unknown)
    assert summary.failed == ("A-run01|Agent-C|R0",)


@pytest.mark.parametrize(("count", "more"), [(200, []), (230, ["  … and 30 more"])])
def test_each_unknown_id_has_its_line_up_to_two_hundred(
    held: Results, sheet: Sheet, count: int, more: list[str]
) -> None:
    unknown = [f"A-run01|Nobody|R{n}" for n in range(count)]
    file = sheet("id,phatic\n" + "".join(f"{id_},1\n" for id_ in ["A-run01|Agent-A|R0", *unknown]))
    done = CliRunner().invoke(app, ["codes", str(file), str(held.root), "--coder", "me"])
    heading, *listed = done.stderr.splitlines()

    assert done.exit_code == 0
    assert heading == f"{count} ids name no message here; their rows were left out:"
    assert listed == [*(f"  {id_}" for id_ in unknown[:200]), *more]
    assert "Nobody" not in done.stdout


def test_codes_of_quite_another_study_are_refused(held: Results, sheet: Sheet) -> None:
    with pytest.raises(InvalidFile, match=r"none of its 2 ids \(X-run01\|a\|R0, …\) is a message in"):
        import_codes(sheet("id,phatic\nX-run01|a|R0,1\nX-run01|b|R0,1\n"), held, "me")
    assert held.coders() == ()


def test_codes_need_a_results_directory(tmp_path: Path, sheet: Sheet) -> None:
    with pytest.raises(InvalidFile, match="is this a results directory of mascope"):
        import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n"), Results(tmp_path / "none"), "me")
    assert not (tmp_path / "none").exists()


def test_a_row_given_twice_counts_once_and_must_not_contradict_itself(held: Results, sheet: Sheet) -> None:
    rows = "id,phatic\nA-run01|Agent-A|R0,1\nA-run01|Agent-A|R1,1\nA-run1|Agent-A|R0,true\n"
    summary = import_codes(sheet(rows), held, "me")

    assert (summary.messages, summary.repeated) == (2, 1)
    with pytest.raises(InvalidFile, match=r"codes\.csv:5: .* is coded otherwise in line 2"):
        import_codes(sheet(rows + "A-run01|Agent-A|R0,0\n"), held, "you")


def test_a_row_without_an_id_is_named(held: Results, sheet: Sheet) -> None:
    with pytest.raises(InvalidFile, match=r"codes\.csv:3: id: is empty"):
        import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n,1\n"), held, "me")


# Which coder, and doing it again --------------------------------------------------------------------


@pytest.mark.parametrize("coder", ["", "..", ".hidden", "a/b", "with space", "rules", "é"])
def test_a_coder_must_have_a_name_that_can_be_a_folder(held: Results, sheet: Sheet, coder: str) -> None:
    with pytest.raises(InvalidInput, match="coder"):
        import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n"), held, coder)
    assert held.coders() == ()


@pytest.mark.parametrize(
    ("coder", "kind"), [("human", "human"), ("Human-2", "human"), ("gemini", "imported"), ("ann", "imported")]
)
def test_a_human_is_known_by_name(held: Results, sheet: Sheet, coder: str, kind: str) -> None:
    assert import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n"), held, coder).kind == kind


def test_the_kind_of_a_coder_can_be_given(held: Results, sheet: Sheet) -> None:
    summary = import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n"), held, "ann", kind="human")

    assert summary.kind == "human"


def test_the_same_codes_again_change_nothing(held: Results, sheet: Sheet) -> None:
    import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\nA-run01|Agent-A|R1,0\n"), held, "me")
    before = held.codes_of("me")[0].read_bytes()
    again = import_codes(sheet("id;phatic\nA-run1|Agent-A|R1;no\nA-run1|Agent-A|R0;yes\n"), held, "me")

    assert not again.written
    assert held.codes_of("me")[0].read_bytes() == before


def test_other_codes_of_the_same_coder_are_never_overwritten(held: Results, sheet: Sheet) -> None:
    import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n"), held, "me")
    before = held.codes_of("me")[0].read_bytes()

    with pytest.raises(InvalidInput, match="other codes by 'me' already; choose another --coder"):
        import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,0\n"), held, "me")
    assert held.codes_of("me")[0].read_bytes() == before


def test_what_a_killed_import_left_is_swept_away(held: Results, sheet: Sheet) -> None:
    (held.root / ".codes-me.part" / "A").mkdir(parents=True)
    (held.root / ".codes-me.part" / "A" / "A-run02.jsonl").write_text("half")
    import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n"), held, "me")

    assert [file.stem for file in held.codes_of("me")] == ["A-run01"]
    assert not (held.root / ".codes-me.part").exists()


def test_codes_that_cannot_be_written_leave_nothing(held: Results, sheet: Sheet) -> None:
    (held.root / "codes").write_text("in the way")

    with pytest.raises(InvalidInput, match="cannot be written"):
        import_codes(sheet("id,phatic\nA-run01|Agent-A|R0,1\n"), held, "me")
    assert not (held.root / ".codes-me.part").exists()


def test_a_blank_must_mean_something_known(held: Results, sheet: Sheet) -> None:
    with pytest.raises(InvalidInput, match="it can be 'no' or 'missing'"):
        import_codes(sheet("id,phatic\na,1\n"), held, "me", blank="yes")  # type: ignore[arg-type]


# The published codes ------------------------------------------------------------------------------------


def test_every_published_code_finds_its_message(warroom: Path, results: Results) -> None:
    import_warroom(warroom / "transcripts", results)
    summaries = [
        import_codes(warroom / "human_coding.csv", results, coder, f"{coder}_")
        for coder in ("human", "gemini", "sonnet")
    ]

    if os.environ.get("MASCOPE_WARROOM") is None:
        assert [summary.messages for summary in summaries] == [245, 245, 245]
    assert all(summary.messages == summary.rows for summary in summaries)
    assert all(summary.flags == ("PHATIC", "META", "LEAD", "ARCH", "AGREE", "COMP") for summary in summaries)
    assert [summary.kind for summary in summaries] == ["human", "imported", "imported"]


def test_published_codes_find_the_right_message(warroom: Path, results: Results) -> None:
    import_warroom(warroom / "transcripts", results)
    import_codes(warroom / "human_coding.csv", results, "human", "human_")
    coded = [verdict.message for file in results.codes_of("human") for verdict in codes.read(file).verdicts]
    labels = {}
    for file in results.journals():
        run = journal.read(file)
        agents = {agent.id: agent.label for agent in run.header.agents} if run.header else {}
        labels.update({turn.id: (file.parent.name, agents[turn.agent], turn.round) for turn in run.turns})
    with (warroom / "human_coding.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))

    # The file says of each row of which series, model and round it is, whatever the id looks like.
    in_file = sorted((row["series"], row["agent"], int(row["round"])) for row in rows if row["series"] != "B")
    here = sorted(labels[message] for message in coded if labels[message][0] != "B")
    assert here == in_file
