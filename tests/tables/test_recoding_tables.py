"""What the report says of judges that were asked again, of judgings done by the program itself."""

import json
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mascope.chat.types import Request
from mascope.codebook import Panel, Repeats
from mascope.pipeline.reporting import Options, analyse
from mascope.store import lines
from mascope.store.layout import Results
from mascope.tables import Table
from mascope.tables.catalog import TABLES
from tests.judging.small_study import NO, YES, a_judge, a_panel, ask, every_item, items, small_study, target
from tests.tables.test_human_tables import rows


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = small_study(tmp_path)
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    return found


def panel(repeats: Repeats, batch: int = 1) -> Panel:
    return replace(a_panel(a_judge(concurrency=1), batch=batch), repeats=repeats)


def table(results: Results, name: str) -> Table:
    return TABLES[name](analyse(results, Options(resamples=200)))


def flipping(times: "set[int]") -> Callable[[Request], str]:
    """Says yes of half of the messages, and the opposite when it is asked for one of these times."""
    asked: Counter[str] = Counter()

    def answer(request: Request) -> str:
        text = target(request)
        asked[text] += 1
        yes = bool(zlib.crc32(text.encode()) % 2) ^ (asked[text] in times)
        return YES if yes else NO

    return answer


def leaning(request: Request) -> str:
    """In a batch, yes of all; alone, yes of half of the messages."""
    texts = items(request)
    answers = [
        {"item": n, "LEAD": "yes" if len(texts) > 1 or zlib.crc32(text.encode()) % 2 else "no", "META": "no"}
        for n, text in enumerate(texts, start=1)
    ]
    return json.dumps({"items": answers})


def test_a_judge_that_says_the_same_again_agrees_with_itself(results: Results) -> None:
    ask(results, panel(Repeats(sample=20, times=3)), flipping(set()))

    meta, lead = rows(table(results, "self_agreement"))  # in the order of the codebook

    assert (lead["coder"], lead["flag"], lead["times"], lead["n"]) == ("one", "LEAD", 3, 20)
    assert (lead["agreement"], lead["kappa"]) == (1.0, 1.0)
    assert meta["agreement"] == 1.0
    assert meta["note"] == "the judge never varied"


def test_a_judge_that_changes_its_mind_does_not(results: Results) -> None:
    ask(results, panel(Repeats(sample=20, times=3)), flipping({2}))

    (lead,) = rows(table(results, "self_agreement"), flag="LEAD")

    # Of the three pairs of each message one is alike.
    assert lead["agreement"] == pytest.approx(1 / 3)
    assert lead["kappa"] < 0


def test_anchors_show_where_a_judge_begins_to_drift(results: Results) -> None:
    # The anchors are coded among the messages (once), and after each eight of them: turns 1 … 6.
    asked: Counter[str] = Counter()

    def drifting(request: Request) -> str:
        text = target(request)
        asked[text] += 1
        return YES if asked[text] > 3 + zlib.crc32(text.encode()) % 3 else NO

    ask(results, panel(Repeats(anchors=8, every=8)), drifting)

    turns = {row["turn"]: row["agreement"] for row in rows(table(results, "anchors"), flag="LEAD")}
    (found,) = rows(table(results, "drift"), flag="LEAD")

    assert set(turns) == {2, 3, 4, 5, 6}
    assert turns[2] > turns[6]
    assert (found["anchors"], found["turns"]) == (8, 6)
    assert found["agreement_slope"] < 0
    assert found["agreement_slope_high"] < 0
    assert "every so many messages" in table(results, "drift").notes[0]


def test_a_steady_judge_has_no_drift(results: Results) -> None:
    ask(results, panel(Repeats(anchors=6, every=8)), flipping(set()))

    (found,) = rows(table(results, "drift"), flag="LEAD")

    assert (found["agreement"], found["agreement_slope"], found["yes_slope"]) == (1.0, 0.0, 0.0)


def test_anchors_coded_once_say_nothing_of_drift(results: Results) -> None:
    ask(results, panel(Repeats(anchors=6, every=40)), flipping(set()))

    found = table(results, "drift")

    assert len(found.frame) == 0
    assert found.notes[-1] == "one coded the anchors once only, so its drift cannot be seen."


def test_a_judge_that_leans_in_batches_is_found_out_by_the_same_messages_alone(results: Results) -> None:
    ask(results, panel(Repeats(alone=24), batch=4), leaning)

    (alone,) = rows(table(results, "batches"), by="alone", flag="LEAD")

    assert alone["n"] == 24
    assert alone["difference"] == pytest.approx(alone["yes"] - 1)
    assert alone["difference_high"] < 0
    assert alone["agreement"] == pytest.approx(alone["yes"])
    assert alone["kappa"] == 0.0


def test_places_in_the_batch_are_told_apart(results: Results) -> None:
    def first_yes(request: Request) -> str:
        answers = [
            {"item": n, "LEAD": "yes" if n == 1 else "no", "META": "no"}
            for n in range(1, len(items(request)) + 1)
        ]
        return json.dumps({"items": answers})

    ask(results, panel(Repeats(), batch=4), first_yes)

    places = rows(table(results, "batches"), by="place", flag="LEAD")
    assert [(row["group"], row["n"], row["yes"]) for row in places] == [
        ("1", 12, 1.0), ("2", 12, 0.0), ("3", 12, 0.0), ("4", 12, 0.0),
    ]  # fmt: skip
    assert places[0]["difference"] == 1.0
    assert any("all by 4 a call" in note for note in table(results, "batches").notes)


def test_a_large_batch_has_its_places_in_five_groups(results: Results) -> None:
    ask(results, panel(Repeats(), batch=12), every_item)

    places = rows(table(results, "batches"), by="place", flag="LEAD")

    assert [row["group"] for row in places] == ["1–2", "3–5", "6–7", "8–10", "11–12"]
    assert sum(row["n"] for row in places) == 48


def test_what_was_asked_alone_in_the_end_counts_as_a_call_of_one(results: Results) -> None:
    def without_the_last(request: Request) -> str:
        if len(items(request)) == 1:
            return json.dumps({"items": [{"item": 1, "LEAD": "yes", "META": "no"}]})
        answers = [{"item": n, "LEAD": "no", "META": "no"} for n in range(1, len(items(request)))]
        return json.dumps({"items": answers})

    ask(results, panel(Repeats(), batch=4), without_the_last)

    sizes = rows(table(results, "batches"), by="size", flag="LEAD")
    assert [(row["group"], row["n"], row["yes"]) for row in sizes] == [("1", 12, 1.0), ("4", 36, 0.0)]


def test_one_message_a_call_is_said_to_say_nothing_of_batches(results: Results) -> None:
    ask(results, panel(Repeats()), flipping(set()))

    found = table(results, "batches")

    assert len(found.frame) == 0
    assert "one was given one message a call" in found.notes[0]


@pytest.mark.parametrize("name", ["self_agreement", "anchors", "drift"])
def test_without_repeats_it_is_said_how_to_get_them(results: Results, name: str) -> None:
    ask(results, panel(Repeats()), flipping(set()))

    found = table(results, name)

    assert len(found.frame) == 0
    assert "repeats:" in found.notes[0]


def test_codes_of_an_earlier_version_are_read_as_far_as_they_go(results: Results) -> None:
    ask(results, panel(Repeats(), batch=4), every_item)
    for file in results.codes_of("one"):
        old = [
            {name: value for name, value in line.items() if name != "place"}
            | ({"batch": 4} if line["event"] == "coding" else {})
            for line in lines.read(file)
        ]
        old[0].pop("batch")  # of the header, which said nothing of it
        file.write_bytes(b"".join(lines.encode(line) for line in old))

    found = table(results, "batches")

    assert rows(found) == []  # all of one size, and nothing of places
    assert any("all by 4 a call" in note for note in found.notes)
