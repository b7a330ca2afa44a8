from dataclasses import replace
from pathlib import Path

import pytest

from mascope.codebook import Codebook, Flag
from mascope.errors import InvalidInput
from mascope.judging.annotation import Session, Shown
from mascope.judging.notebook import Notebook, Task, human_header, sample_of
from mascope.judging.units import Unit, units_of
from mascope.records import Abstained, Coding, Mark, Unanswered
from mascope.store import codes, frames, journal, lines
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.layout import Results
from tests.judging.small_study import write_run

FLAGS = (
    Flag("LEAD", "Assigns a task.", True, {}, (), {}),
    Flag("COMP", "Makes up.", False, {"L1": "notes", "L2": "covers"}, (), {}),
)
CODEBOOK = Codebook("Code.", FLAGS)
HEADER = human_header("ada", CODEBOOK, 1)


class Watch:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def show(unit: Unit) -> Shown:
    return Shown("Speaker A", unit.message.text, (), (), 1)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = Results(tmp_path / "study")
    for replicate in (1, 2):
        write_run(found, "A", replicate)
    found.write_study("study: s\nseries: {A: {}}\n")
    return found


def tasks(results: Results, count: int = 4) -> list[Task]:
    units = [unit for file in results.journals() for unit in units_of(journal.read(file), 0)]
    return [Task(unit, 2.5) for unit in units[6 : 6 + count]]  # two of one run, two of the next


def begin(results: Results, watch: Watch | None = None) -> Session:
    notebook = Notebook(results, HEADER, "n4-seed0")
    return Session(tasks(results), CODEBOOK, notebook, show, watch or Watch())


def on_disk(results: Results) -> dict[str, object]:
    return {v.message: v for file in results.codes_of("ada") for v in codes.read(file).verdicts}


def written(results: Results) -> list[dict[str, object]]:
    found = [line for file in results.codes_of("ada") for line in lines.read(file)]
    return [line for line in found if line["event"] != "coder"]


def test_flags_that_nobody_touched_are_no_once_the_message_is_finished(results: Results) -> None:
    session = begin(results)
    message = session.task.message
    session.toggle("LEAD")

    assert on_disk(results) == {}
    assert session.next() is None

    assert on_disk(results) == {message: Coding(message, {"LEAD": Mark("yes"), "COMP": Mark("no")})}
    assert session.place == 1


def test_a_flags_key_goes_from_yes_to_unsure_to_no_and_round_again(results: Results) -> None:
    session = begin(results)
    answers = []
    for _ in range(4):
        session.toggle("LEAD")
        answers.append(session.entry.answer("LEAD"))

    assert answers == ["yes", "unsure", "no", "yes"]


def test_a_yes_without_its_level_is_not_finished(results: Results) -> None:
    session = begin(results)
    session.toggle("COMP")

    assert session.next() == "COMP: which level?"
    assert (session.place, on_disk(results)) == (0, {})
    session.level("COMP", "L2")
    assert session.next() is None
    assert on_disk(results)[session.tasks[0].message].marks["COMP"] == Mark("yes", "L2")  # type: ignore[attr-defined]


def test_the_level_goes_when_the_yes_goes(results: Results) -> None:
    session = begin(results)
    session.level("COMP", "L1")
    session.toggle("COMP")

    assert session.entry.marks["COMP"] == Mark("unsure")


def test_lines_keep_weight_sample_note_and_seconds(results: Results) -> None:
    watch = Watch()
    session = begin(results, watch)
    session.note(" déjà vu ")
    watch.now = 7.04
    session.next()

    (line,) = written(results)
    assert (line["weight"], line["sample"], line["note"], line["seconds"]) == (
        2.5,
        "n4-seed0",
        "déjà vu",
        7.0,
    )


def test_work_goes_on_where_it_was_left(results: Results) -> None:
    first = begin(results)
    first.toggle("LEAD")
    first.note("sure")
    first.next()
    first.skip()

    again = begin(results)

    assert (again.place, again.coded, again.skipped) == (2, 1, 1)
    again.back()
    assert again.entry.skipped
    again.back()
    assert again.entry.answer("LEAD") == "yes"
    assert again.entry.note == "sure"
    assert again.is_recorded


def test_a_message_looked_at_again_and_left_alone_is_not_written_twice(results: Results) -> None:
    session = begin(results)
    session.next()
    session.back()
    session.next()

    assert len(written(results)) == 1


def test_the_last_of_several_codings_counts(results: Results) -> None:
    session = begin(results)
    message = session.task.message
    session.next()
    session.back()
    session.toggle("LEAD")
    session.next()

    assert len(written(results)) == 2
    # no → yes: a finished no is a no, and its key goes on from there
    assert on_disk(results)[message].marks["LEAD"] == Mark("yes")  # type: ignore[attr-defined]


def test_undo_takes_back_one_thing_after_another_across_messages(results: Results) -> None:
    session = begin(results)
    message = session.task.message
    session.toggle("LEAD")
    session.toggle("LEAD")
    session.next()
    session.toggle("LEAD")

    assert session.undo()
    assert session.entry.answer("LEAD") is None
    assert session.undo()
    assert session.place == 0
    assert session.entry.answer("LEAD") == "unsure"
    assert isinstance(on_disk(results)[message], Unanswered)  # not "no", and not coded
    assert session.undo()
    assert session.entry.answer("LEAD") == "yes"
    assert session.undo()
    assert not session.undo()
    assert session.coded == 0


def test_undo_of_a_change_brings_the_codes_before_it_back(results: Results) -> None:
    session = begin(results)
    message = session.task.message
    session.toggle("LEAD")
    session.next()
    session.back()
    session.skip()
    assert isinstance(on_disk(results)[message], Abstained)

    session.undo()

    assert on_disk(results)[message].marks["LEAD"] == Mark("yes")  # type: ignore[attr-defined]
    assert session.skipped == 0


def test_what_was_taken_back_is_open_at_the_next_start(results: Results) -> None:
    session = begin(results)
    session.next()
    session.undo()

    assert begin(results).place == 0


def test_skipped_messages_can_be_gone_to_and_coded_after_all(results: Results) -> None:
    session = begin(results)
    session.skip()
    while not session.ended:
        session.next()

    assert (session.coded, session.skipped) == (3, 1)
    session.go_to_open()
    assert session.place == 0
    session.next()
    assert (session.coded, session.skipped) == (4, 0)
    session.go_to_open()
    assert session.ended


def test_a_draft_survives_going_to_other_messages_and_is_not_on_disk(results: Results) -> None:
    session = begin(results)
    session.next()
    session.toggle("LEAD")
    session.back()
    session.next()

    assert session.entry.answer("LEAD") == "yes"
    assert len(on_disk(results)) == 1


def test_the_pace_is_a_median_so_that_a_break_does_not_spoil_it(results: Results) -> None:
    watch = Watch()
    session = begin(results, watch)
    assert session.seconds_left is None
    for until in (10, 20, 5000):
        watch.now = until
        session.next()

    assert session.seconds_each == 10
    assert session.seconds_left == 10  # one message is left


def test_a_torn_last_line_costs_that_message_only(results: Results) -> None:
    session = begin(results)
    session.next()
    session.next()
    (file,) = results.codes_of("ada")
    file.write_bytes(file.read_bytes()[:-9])

    again = begin(results)
    assert again.place == 1
    again.next()
    assert len(on_disk(results)) == 2


def test_human_codes_reach_the_frames_with_their_weight(results: Results) -> None:
    session = begin(results)
    session.toggle("LEAD")
    session.next()
    session.skip()

    found = frames.load(results).codes

    assert found["kind"].tolist() == ["human", "human"]
    assert found["weight"].tolist() == [2.5, 2.5]
    assert found["LEAD"].tolist()[0] == 1.0
    assert frames.load(results).flags == ("LEAD", "COMP")


def test_another_codebook_is_another_coder_but_cues_do_not_matter() -> None:
    other = replace(CODEBOOK, flags=(replace(FLAGS[0], definition="Else."), FLAGS[1]))
    cues = replace(CODEBOOK, flags=(replace(FLAGS[0], cues={"rules": ["x"]}), FLAGS[1]))

    assert human_header("ada", other, 1).digest != HEADER.digest
    assert human_header("ada", CODEBOOK, 2).digest != HEADER.digest
    assert human_header("ada", cues, 1).digest == HEADER.digest


def test_codes_by_two_codebooks_are_not_mixed(results: Results) -> None:
    begin(results).next()

    assert sample_of(results, HEADER) == "n4-seed0"
    with pytest.raises(InvalidInput, match="another codebook"):
        sample_of(results, human_header("ada", CODEBOOK, 2))


def test_codes_that_were_brought_in_are_not_gone_on_with(results: Results) -> None:
    recorder = CodesRecorder(results.codes("ada", "A-run01"), CoderHeader("ada", "human", "d", ("LEAD",)))
    recorder.verdict(Coding("A-run01|Agent-A|R0", {"LEAD": Mark("no")}))
    recorder.close()

    with pytest.raises(InvalidInput, match="not made by `mascope annotate`"):
        sample_of(results, HEADER)
