from pathlib import Path

import pytest

from mascope.errors import InvalidInput, ResultsLocked
from mascope.judging import sampling
from mascope.pipeline.annotating import Options, opened
from mascope.records import Coding, Mark
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.layout import Results
from tests.judging.small_study import small_study

PANEL = """\
panel: p
preamble: Code.
flags:
  LEAD: {definition: Assigns a task.}
  COMP: {definition: Makes up., trait: false, levels: {L1: notes, L2: covers}}
coders: {one: {model: rehearsal/judge}}
"""


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    file = tmp_path / "panel.yaml"
    file.write_text(PANEL)
    return file


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = small_study(tmp_path)
    found.write_study("study: s\nseries: {A: {}, B: {}}\nmascope: {simulated: true}\n")
    return found


def coded_by_one(results: Results, message: str) -> None:
    recorder = CodesRecorder(
        results.codes("one", message.partition("|")[0]), CoderHeader("one", "llm", "d", ("LEAD",))
    )
    recorder.verdict(Coding(message, {"LEAD": Mark("yes")}))
    recorder.close()


def refused(results: Results, options: Options, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem), opened(results, options):
        pass


def test_every_annotator_gets_the_same_sample_in_the_same_order(results: Results, panel: Path) -> None:
    with opened(results, Options("ada", 10, panel=panel)) as ada:
        ada.session.next()
    coded_by_one(results, "A-run01|Agent-A|R0")  # what comes later does not move the sample

    with opened(results, Options("bob", panel=panel)) as bob:
        assert [t.message for t in bob.session.tasks] == [t.message for t in ada.session.tasks]
        assert [t.weight for t in bob.session.tasks] == [t.weight for t in ada.session.tasks]
    assert bob.sample.population == 48


def test_an_annotator_goes_on_with_the_sample_that_was_begun(results: Results, panel: Path) -> None:
    with opened(results, Options("ada", 10, panel=panel)) as first:
        first.session.next()
    with opened(results, Options("bob", 20, seed=5, panel=panel)) as other:
        assert other.sample.name == "n20-seed5"

    with opened(results, Options("ada", panel=panel)) as again:
        assert (again.sample.name, again.session.place) == ("n10-seed0", 1)
    with (
        pytest.raises(InvalidInput, match="leave --n and --seed out"),
        opened(results, Options("ada", 20, panel=panel)),
    ):
        pass


def test_a_message_with_a_rare_flag_is_in_the_sample(results: Results, panel: Path) -> None:
    coded_by_one(results, "B-run02|Agent-B|R3")

    with opened(results, Options("ada", 6, panel=panel)) as work:
        assert "B-run02|Agent-B|R3" in {task.message for task in work.session.tasks}
        assert work.sample.coders == ("one",)


def test_human_codes_do_not_move_the_sample(results: Results, panel: Path) -> None:
    recorder = CodesRecorder(results.codes("eve", "A-run01"), CoderHeader("eve", "human", "d", ("LEAD",)))
    recorder.verdict(Coding("A-run01|Agent-A|R0", {"LEAD": Mark("yes")}))
    recorder.close()

    with opened(results, Options("ada", 6, panel=panel)) as work:
        assert work.sample.coders == ()


def test_what_is_shown_names_neither_agent_nor_series(results: Results, panel: Path) -> None:
    with opened(results, Options("ada", 48, panel=panel)) as work:
        for task in work.session.tasks:
            shown = work.session.shown()
            everything = " ".join([shown.speaker, *(said.speaker for said in shown.context), shown.text])
            assert "Agent" not in everything
            assert task.unit.run not in everything
            work.session.next()


def test_simulated_results_are_known_as_such(results: Results, panel: Path) -> None:
    with opened(results, Options("ada", 5, panel=panel)) as work:
        assert work.simulated


@pytest.mark.parametrize(
    ("coder", "problem"), [("a/b", "cannot name"), ("", "cannot name"), ("rules", "panel"), ("one", "panel")]
)
def test_names_that_others_have_are_refused(results: Results, panel: Path, coder: str, problem: str) -> None:
    refused(results, Options(coder, panel=panel), problem)


def test_codes_of_a_judge_who_left_the_panel_are_not_gone_on_with(results: Results, panel: Path) -> None:
    recorder = CodesRecorder(results.codes("old", "A-run01"), CoderHeader("old", "llm", "d", ("LEAD",)))
    recorder.close()

    refused(results, Options("old", panel=panel), "kind llm")


def test_one_name_cannot_be_used_twice_at_once_but_two_names_can(results: Results, panel: Path) -> None:
    with opened(results, Options("ada", 5, panel=panel)):
        with opened(results, Options("bob", panel=panel)) as bob:
            bob.session.next()
        with pytest.raises(ResultsLocked), opened(results, Options("ada", panel=panel)):
            pass


def test_no_sample_is_drawn_while_judges_are_at_work(results: Results, panel: Path) -> None:
    with results.locked():
        with pytest.raises(ResultsLocked), opened(results, Options("ada", 5, panel=panel)):
            pass
        assert sampling.samples(results) == ()


def test_a_study_without_messages_has_no_sample(tmp_path: Path, panel: Path) -> None:
    results = Results(tmp_path / "empty")
    results.write_study("study: s\nseries: {A: {}}\n")

    refused(results, Options("ada", panel=panel), "no message")


def test_a_sample_whose_journals_went_missing_is_not_gone_on_with(results: Results, panel: Path) -> None:
    with opened(results, Options("ada", 48, panel=panel)):
        pass
    results.journal("A-run01").unlink()

    with (
        pytest.raises(InvalidInput, match="8 messages of the sample"),
        opened(results, Options("ada", panel=panel)),
    ):
        pass
