from collections import Counter
from dataclasses import replace

import pytest

from mascope.chat.scripted import Scripted
from mascope.chat.types import Request
from mascope.codebook import Panel, Repeats
from mascope.errors import InvalidInput
from mascope.judging.recording import Again
from mascope.judging.setting import Setting
from mascope.records import Coding, Mark
from mascope.store.layout import Results
from mascope.store.recodings import load
from tests.judging.small_study import (
    NO,
    YES,
    a_judge,
    a_panel,
    ask,
    every_item,
    items,
    target,
    verdicts,
)

BOTH_NO = {"LEAD": Mark("no"), "META": Mark("no")}


def panel(repeats: Repeats, batch: int = 1) -> Panel:
    return replace(a_panel(a_judge(concurrency=1), batch=batch), repeats=repeats)


def times_asked(chat: Scripted) -> Counter[int]:
    return Counter(Counter(target(request) for request in chat.requests).values())


def test_a_sample_is_coded_as_often_as_wanted_and_the_rest_once(results: Results) -> None:
    chat = Scripted(lambda request: NO)

    summary = ask(results, panel(Repeats(sample=5, times=3)), chat)

    assert times_asked(chat) == {1: 43, 3: 5}
    assert (summary.coders[0].coded, summary.coders[0].repeated) == (48, 10)


def test_anchors_are_coded_anew_after_every_so_many_messages(results: Results) -> None:
    chat = Scripted(lambda request: NO)

    ask(results, panel(Repeats(anchors=2, every=16)), chat)

    asked = [target(request) for request in chat.requests]
    anchors = [text for text, times in Counter(asked).items() if times == 1 + 3]
    assert len(anchors) == 2
    assert set(asked[16:18]) == set(asked[34:36]) == set(asked[52:54]) == set(anchors)


def test_labels_never_come_from_repetitions(results: Results) -> None:
    seen: Counter[str] = Counter()

    def answer(request: Request) -> str:
        seen[target(request)] += 1
        return NO if seen[target(request)] == 1 else YES

    ask(results, panel(Repeats(sample=10, times=3)), answer)

    assert len(seen) == 48
    assert all(verdict == Coding(id_, BOTH_NO) for id_, verdict in verdicts(results).items())
    assert results.coders() == ("one",)


def test_repetitions_are_read_back_in_their_order(results: Results) -> None:
    seen: Counter[str] = Counter()

    def answer(request: Request) -> str:
        seen[target(request)] += 1
        return YES if seen[target(request)] == 2 else NO

    ask(results, panel(Repeats(sample=4, times=3)), answer)

    found = load(results).repeats
    assert found["message"].nunique() == 4
    assert all(verdicts(results)[id_] == Coding(id_, BOTH_NO) for id_ in found["message"])
    for _, codings in found.groupby("message"):
        assert codings["turn"].tolist() == [1, 2]
        assert codings["LEAD"].tolist() == [1.0, 0.0]


def test_some_messages_of_batches_are_coded_alone_once_more(results: Results) -> None:
    chat = Scripted(every_item)

    summary = ask(results, panel(Repeats(alone=6), batch=4), chat)

    sizes = Counter(len(items(request)) for request in chat.requests)
    assert sizes == {4: 12, 1: 6}
    assert (summary.coders[0].coded, summary.coders[0].repeated) == (48, 6)
    assert set(load(results).repeats["kind"]) == {"alone"}


def test_what_is_coded_in_batches_and_again_is_asked_in_batches_too(results: Results) -> None:
    chat = Scripted(every_item)

    ask(results, panel(Repeats(sample=8), batch=4), chat)

    assert Counter(len(items(request)) for request in chat.requests) == {4: 14}


def test_repetitions_resume_and_are_not_done_twice(results: Results) -> None:
    wanted = panel(Repeats(sample=6, times=2, anchors=2, every=10))
    first = Scripted(lambda request: NO)
    ask(results, wanted, first)

    again = Scripted(lambda request: NO)
    ask(results, wanted, again)

    assert len(first.requests) == 48 + 6 + 2 * 4
    assert again.requests == []


def test_repetitions_can_be_wanted_afterwards(results: Results) -> None:
    ask(results, panel(Repeats()), lambda request: NO)

    chat = Scripted(lambda request: NO)
    summary = ask(results, panel(Repeats(sample=7)), chat)

    assert len(chat.requests) == 7
    assert (summary.coders[0].settled, summary.coders[0].repeated) == (48, 7)


def test_repetitions_under_another_digest_are_not_mixed_either(results: Results) -> None:
    ask(results, panel(Repeats(sample=3)), lambda request: NO)
    (results.root / "codes").rename(results.root / "elsewhere")
    other = replace(panel(Repeats(sample=3)), seed=1)

    with pytest.raises(InvalidInput, match="sample-01"):
        ask(results, other, lambda request: NO)

    summary = ask(results, other, lambda request: NO, Setting(again=Again(all=True)))
    assert summary.coders[0].repeated == 3
