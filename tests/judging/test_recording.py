from pathlib import Path

import pytest

from mascope.chat.scripted import Scripted
from mascope.chat.types import Request
from mascope.errors import InvalidInput
from mascope.halt import Halt
from mascope.judging.recording import Again
from mascope.judging.setting import Setting
from mascope.records import (
    Coding,
)
from mascope.store.layout import Results
from tests.judging.small_study import (
    NO,
    YES,
    a_judge,
    a_panel,
    ask,
    every_item,
    verdicts,
    write_run,
)

# Resuming --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 5])
def test_a_panel_broken_off_goes_on_with_the_same_prompts(
    results: Results, tmp_path: Path, batch: int
) -> None:
    panel = a_panel(a_judge(concurrency=3), batch=batch)
    whole = Scripted(lambda request: every_item(request))
    ask(results, panel, whole)
    (results.root / "codes").rename(tmp_path / "whole")
    halt, sent = Halt(), Scripted(lambda request: every_item(request))

    def some(request: Request) -> str:
        if len(sent.requests) > 4:
            halt.ask("interrupted")
        return every_item(request)

    sent.script = some
    ask(results, panel, sent, Setting(halt=halt))
    sent.script = every_item
    ask(results, panel, sent)

    assert sorted(r.digest() for r in sent.requests) == sorted(r.digest() for r in whole.requests)
    assert len(verdicts(results)) == 48


def test_a_line_torn_by_a_kill_is_asked_again_and_the_rest_is_not(results: Results) -> None:
    ask(results, a_panel(), lambda request: NO)
    file = results.codes("one", "B-run03")
    file.write_bytes(file.read_bytes()[:-10])

    again = Scripted(lambda request: NO)
    ask(results, a_panel(), again)

    assert len(again.requests) == 1
    assert len(verdicts(results)) == 48


def test_new_runs_are_coded_when_they_appear(results: Results) -> None:
    ask(results, a_panel(), lambda request: NO)
    write_run(results, "C", 1)

    summary = ask(results, a_panel(), lambda request: NO)

    assert (summary.coders[0].settled, summary.coders[0].coded) == (48, 8)


def test_unreadable_answers_are_asked_again_only_if_that_is_wanted(results: Results) -> None:
    ask(results, a_panel(), lambda request: "?")

    chat = Scripted(lambda request: NO)
    ask(results, a_panel(), chat)
    assert chat.requests == []

    ask(results, a_panel(), chat, Setting(again=Again(unreadable=True)))
    assert len(chat.requests) == 48
    assert {type(verdict) for verdict in verdicts(results).values()} == {Coding}


def test_codes_of_another_digest_are_never_mixed(results: Results) -> None:
    ask(results, a_panel(), lambda request: NO)
    before = {file: file.read_bytes() for file in results.codes_of("one")}
    chat = Scripted(lambda request: YES)

    with pytest.raises(InvalidInput, match=r"groq/some-model.*groq/other.*--recode"):
        ask(results, a_panel(a_judge(served_by="groq/other")), chat)

    assert chat.requests == []
    assert {file: file.read_bytes() for file in results.codes_of("one")} == before


def test_recoding_puts_the_old_codes_aside_and_loses_none(results: Results) -> None:
    ask(results, a_panel(), lambda request: NO)
    before = sorted(file.read_bytes() for file in results.codes_of("one"))

    again = Setting(again=Again(all=True))
    summary = ask(results, a_panel(a_judge(served_by="groq/other")), lambda request: YES, again)

    aside = sorted(file.read_bytes() for file in (results.root / "superseded").rglob("*.jsonl"))
    assert aside == before
    assert summary.coders[0].coded == 48
    assert results.coders() == ("one",)
