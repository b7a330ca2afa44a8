from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mascope.imports.warroom import import_warroom
from mascope.judging.units import Absence, Unit, units_of
from mascope.records import Agent, Failure, Message, Turn, message_id
from mascope.store import journal
from mascope.store.journal import Header, Journal
from mascope.store.layout import Results

RUN = "A-run01"
AGENTS = tuple(
    Agent(f"m{n}", f"Agent-{n}", None, f"m{n}", f"groq/model-{n}", f"Model {n}", n) for n in range(3)
)


def said(agent: int, round_: int, text: str = "hello", *, seen: tuple[str, ...] = ()) -> Message:
    name = f"Agent-{agent}"
    return Message(id_of(agent, round_), f"m{agent}", name, f"m{agent}", None, round_, agent, text, seen, "d")


def failed(agent: int, round_: int) -> Failure:
    return Failure(
        id_of(agent, round_), f"m{agent}", f"Agent-{agent}", round_, agent, "crash", "injected", "", None, ""
    )


def id_of(agent: int, round_: int) -> str:
    return message_id(RUN, f"Agent-{agent}", round_)


def units(*turns: Turn, context: int = 2, **condition: Any) -> dict[str, Unit]:
    header = Header(RUN, "A", 1, 0, "s", "d", AGENTS, condition, "c", False, "0")
    found = units_of(Journal(Path("x.jsonl"), header, turns), context)
    return {unit.message.id: unit for unit in found}


def context(unit: Unit) -> list[str]:
    return [message.id for message in unit.context]


def test_failures_and_texts_under_two_characters_are_no_units() -> None:
    found = units(said(0, 0), failed(1, 0), said(2, 0, "  a \n"), said(0, 1, "ok"))

    assert list(found) == [id_of(0, 0), id_of(0, 1)]


def test_units_stand_in_the_order_of_the_transcript_not_of_arrival() -> None:
    found = units(said(1, 1), said(2, 0), said(0, 1), said(0, 0))

    assert list(found) == [id_of(0, 0), id_of(2, 0), id_of(0, 1), id_of(1, 1)]


def test_a_journal_without_a_header_has_no_units() -> None:
    assert units_of(Journal(Path("x.jsonl"), None), 3) == ()


def test_the_context_is_what_the_speaker_saw_last() -> None:
    first = (said(0, 0), said(1, 0), said(2, 0, "."))
    all_seen = tuple(turn.id for turn in first)
    found = units(*first, said(0, 1, seen=all_seen), said(1, 1, seen=all_seen[1:]))

    assert context(found[id_of(1, 0)]) == []  # spoken at the same time
    assert context(found[id_of(0, 1)]) == [id_of(0, 0), id_of(1, 0)]  # the third says nothing to code
    assert context(found[id_of(1, 1)]) == [id_of(1, 0)]


def test_where_nothing_was_recorded_the_context_is_what_stands_before() -> None:
    found = units(said(0, 0), failed(1, 0), said(2, 0), said(0, 1), visibility="unrecorded")

    assert context(found[id_of(2, 0)]) == [id_of(0, 0)]
    assert context(found[id_of(0, 1)]) == [id_of(0, 0), id_of(2, 0)]


@pytest.mark.parametrize("interaction", ["isolation", "solo"])
def test_whoever_is_alone_has_only_its_own_words_as_context(interaction: str) -> None:
    turns = (said(0, 0), said(1, 0), failed(2, 0), said(0, 1))
    found = units(*turns, visibility="unrecorded", schedule={"interaction": interaction})

    assert context(found[id_of(1, 0)]) == []
    assert context(found[id_of(0, 1)]) == [id_of(0, 0)]
    assert found[id_of(0, 1)].absent == ()


def test_no_context_is_given_where_none_is_wanted() -> None:
    found = units(said(0, 0), said(0, 1, seen=(id_of(0, 0),)), context=0)

    assert context(found[id_of(0, 1)]) == []


def test_an_agent_that_never_spoke_is_absent_from_the_round_after_its_failure() -> None:
    found = units(said(0, 0), failed(1, 0), said(2, 0), said(0, 1), failed(1, 1), said(2, 1))

    assert found[id_of(2, 0)].absent == ()  # at the same time: nobody could know
    assert found[id_of(0, 1)].absent == (Absence("m1", None),)
    assert found[id_of(2, 1)].absent == (Absence("m1", None),)


def test_an_absence_is_counted_in_messages_since_the_last_word_failed_to_come() -> None:
    before = (said(0, 0), said(1, 0), said(2, 0), said(0, 1))
    found = units(*before, failed(1, 1), said(2, 1), said(0, 2), said(2, 2, "."), said(0, 3))

    assert found[id_of(2, 1)].absent == ()
    assert found[id_of(0, 2)].absent == (Absence("m1", 1),)
    assert found[id_of(0, 3)].absent == (Absence("m1", 2),)


def test_a_failure_of_the_same_round_is_known_to_those_who_were_shown_it() -> None:
    found = units(said(1, 0), failed(0, 1), said(1, 1, seen=(id_of(1, 0), id_of(0, 1))), said(2, 1))

    assert found[id_of(1, 1)].absent == (Absence("m0", None),)
    assert found[id_of(2, 1)].absent == ()


def test_an_agent_that_returns_is_absent_no_longer() -> None:
    found = units(said(0, 0), failed(1, 0), said(0, 1), said(1, 1), said(0, 2), failed(1, 2), said(0, 3))

    assert [bool(found[id_of(0, round_)].absent) for round_ in range(4)] == [False, True, False, True]


def test_without_a_record_a_failure_is_known_to_all_who_speak_after_it() -> None:
    found = units(failed(0, 0), said(1, 0), failed(2, 0), visibility="unrecorded")

    assert found[id_of(1, 0)].absent == (Absence("m0", None),)


def test_published_transcripts_have_the_published_number_of_units(warroom: Path, tmp_path: Path) -> None:
    results = Results(tmp_path / "warroom")
    import_warroom(warroom / "transcripts", results)

    counts: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for file in results.journals():
        for unit in units_of(journal.read(file), context=3):
            counts[file.parent.name] += 1
            shown[file.parent.name] += len(unit.context)

    assert counts == {"A": 1506, "B": 1074, "C": 1558, "F": 144, "K3": 1082}
    assert shown["F"] == 0  # alone: whoever spoke there had read nothing
    assert shown["A"] == 3 * 1506 - 21 * (3 + 2 + 1)  # the first three of each of 21 runs have fewer
