from pathlib import Path

import pytest

from mascope.imports.warroom import import_warroom
from mascope.records import Failure, Message
from mascope.store import journal
from mascope.store.layout import Results
from tests.imports.made_up import GONE, Put, only_run, said, transcript


def test_a_run_is_journaled_as_it_was_held(folder: Path, results: Results, put: Put) -> None:
    put("A/warroom-A-run07.json", transcript())
    run = only_run(folder, results)

    assert [(turn.id, turn.position) for turn in run.turns] == [
        ("A-run07|Agent-B|R0", 0),
        ("A-run07|Agent-A|R0", 1),
        ("A-run07|Agent-C|R0", 2),
        ("A-run07|Agent-A|R1", 0),
        ("A-run07|Agent-B|R1", 1),
    ]
    assert run.status == "done"
    assert run.header is not None
    assert (run.header.run, run.header.series, run.header.replicate) == ("A-run07", "A", 7)


def test_agents_are_seated_in_the_order_in_which_they_were_started(
    folder: Path, results: Results, put: Put
) -> None:
    put("warroom-E-run01.json", transcript([said(2, 0, "Moi d'abord")], order=(2, 0, 1)))
    header = only_run(folder, results).header

    assert header is not None
    assert [(agent.id, agent.name, agent.seat) for agent in header.agents] == [
        ("deepseek", "Agent-A", 0),
        ("llama", "Agent-B", 1),
        ("kimi", "Agent-C", 2),
    ]
    assert header.agents[0].served_by == "groq/deepseek-r1"
    assert header.agents[0].label == "DeepSeek R1"


def test_an_error_is_an_organic_failure_whose_raw_text_the_others_read(
    folder: Path, results: Results, put: Put
) -> None:
    put("warroom-A-run01.json", transcript())
    failure = only_run(folder, results).turns[2]

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.origin, failure.told) == ("not_found", "organic", GONE)
    assert failure.detail == GONE.removeprefix("⚠ ")


def test_an_error_in_isolation_is_told_to_nobody(folder: Path, results: Results, put: Put) -> None:
    alone = {"isolatedMode": True, "mode": "single"}
    put("warroom-F-run01.json", transcript([said(2, 0, GONE)], condition=alone))
    failure = only_run(folder, results).turns[0]

    assert isinstance(failure, Failure)
    assert failure.told is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("Rate limit reached for model `m` on tokens per minute (TPM): Limit 300000", "rate_limit"),
        ("moonshotai/kimi-k2 is currently over capacity. Please try again", "server"),
        ("Internal Server Error", "server"),
        ("Timeout 30s", "timeout"),
        ("Failed to fetch", "connect"),
        ("Unexpected token '<', \"<html>\" is not valid JSON", "bad_body"),
        ("Cannot read properties of null (reading 'replace')", "bad_body"),
        ("Invalid API Key", "authentication"),
        ("Request too large for model `m` on tokens per minute (TPM)", "context"),
        ("The model `m` does not exist or you do not have access to it.", "not_found"),
        ("**Agent-E** Copy that", "unclassified"),
    ],
)
def test_the_words_of_an_error_tell_its_kind(
    folder: Path, results: Results, put: Put, error: str, kind: str
) -> None:
    put("warroom-A-run01.json", transcript([said(0, 0, f"⚠ {error}")]))
    [failure] = only_run(folder, results).turns

    assert isinstance(failure, Failure)
    assert failure.kind == kind


def test_accounts_are_left_out_of_what_the_researcher_reads(folder: Path, results: Results, put: Put) -> None:
    put(
        "warroom-A-run01.json",
        transcript([said(0, 0, "⚠ Rate limit in organization `org_01kjtmx9e4md7` with gsk_abcdef123456")]),
    )
    [failure] = only_run(folder, results).turns

    assert isinstance(failure, Failure)
    assert failure.detail == "Rate limit in organization `org_…` with gsk_…"


def test_what_an_agent_saw_is_said_to_be_unrecorded(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())
    run = only_run(folder, results)

    assert run.header is not None
    assert run.header.condition["schedule"]["visibility"] == "unrecorded"
    assert all(turn.seen == () for turn in run.turns if isinstance(turn, Message))


def test_an_empty_answer_is_an_empty_message_and_no_failure(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript([{**said(0, 0, "x"), "text": None}]))
    summary = import_warroom(folder, results)
    [turn] = journal.read(results.journal("A-run01")).turns

    assert isinstance(turn, Message)
    assert turn.text == ""
    assert summary.series["A"].empty == 1
    assert summary.messages == 0


def test_times_before_midnight_are_of_the_day_before(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript())
    run = only_run(folder, results)

    assert run.header is not None
    assert run.header.started == "2026-03-04T23:58Z"
    assert [turn.at for turn in run.turns][::3] == ["2026-03-04T23:59Z", "2026-03-05T00:01Z"]
    assert run.end is not None
    assert run.end["at"] == "2026-03-05T00:02:30.500Z"


def test_a_local_clock_is_set_to_utc(folder: Path, results: Results, put: Put) -> None:
    lines = [said(0, 0, "Hi", "7:31 PM")]
    there = {"timestamp": "2026-03-05T00:32:30.500Z", "time": "19:32:30"}
    put("warroom-A-run01.json", transcript(lines, environment=there))
    run = only_run(folder, results)

    assert run.turns[0].at == "2026-03-05T00:31Z"


def test_a_line_without_a_time_has_none(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript([said(0, 0, "Hi", "soon")]))

    assert only_run(folder, results).turns[0].at == ""


def test_why_a_run_stopped_early_is_kept(folder: Path, results: Results, put: Put) -> None:
    stop = {"sender": "system", "system": "⏹ Most agents hit rate limits — stopping."}
    put("warroom-A-run01.json", transcript([said(0, 0, "Hi"), stop]))
    run = only_run(folder, results)

    assert run.end is not None
    assert run.end["reason"] == "Most agents hit rate limits — stopping."


def test_a_second_answer_in_a_round_gets_an_id_of_its_own(folder: Path, results: Results, put: Put) -> None:
    put("warroom-A-run01.json", transcript([said(0, 0, "Once"), said(0, 0, "Twice")]))
    run = only_run(folder, results)

    assert [turn.id for turn in run.turns] == ["A-run01|Agent-A|R0", "A-run01|Agent-A|R0#2"]
