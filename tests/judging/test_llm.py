import asyncio
import json
from collections import Counter
from dataclasses import dataclass

import pytest

from mascope.chat.limiter import Limit
from mascope.chat.pacing import Pacer
from mascope.chat.scripted import Scripted
from mascope.chat.types import Reply, Request
from mascope.errors import BudgetReached, CallFailed, CorruptJournal, FailureKind
from mascope.halt import Halt
from mascope.judging.llm import Calling
from mascope.judging.setting import Setting
from mascope.records import (
    Abstained,
    Coding,
    Unanswered,
    Unreadable,
)
from mascope.store.layout import Results
from tests.judging.small_study import (
    NO,
    USAGE,
    YES,
    a_judge,
    a_panel,
    ask,
    events,
    every_item,
    failing,
    items,
    target,
    verdicts,
)

# Answers that cannot be read -------------------------------------------------------------------------------


def test_an_unreadable_answer_is_asked_for_twice_more_and_then_stays_unreadable(results: Results) -> None:
    chat = Scripted(
        lambda request: "I would rather not say." if target(request) == "words of A 1 a 0." else NO
    )

    summary = ask(results, a_panel(), chat)

    assert len(chat.requests) == 48 + 2
    assert verdicts(results)["A-run01|Agent-A|R0"] == Unreadable(
        "A-run01|Agent-A|R0", "I would rather not say.", "no JSON object that answers the flags"
    )
    assert (summary.coders[0].unreadable, summary.coders[0].coded) == (1, 47)
    (line,) = events(results, "unreadable")
    assert line["asked"] == 3
    assert line["usage"] == {
        "prompt": sum(_words(r) for r in _of(chat, "words of A 1 a 0.")),
        "completion": 15,
    }


def _of(chat: Scripted, text: str) -> list[Request]:
    return [request for request in chat.requests if target(request) == text]


def _words(request: Request) -> int:
    return sum(len(turn.text.split()) for turn in request.turns)


def test_an_answer_that_can_be_read_the_second_time_counts(results: Results) -> None:
    chat = Scripted(
        lambda request: YES if "could not be read" in request.turns[-1].text else '{"LEAD": "yes"}'
    )

    summary = ask(results, a_panel(), chat)

    assert summary.coders[0].coded == 48
    assert len(chat.requests) == 96


def test_an_answer_cut_off_is_not_read_even_if_it_seems_whole(results: Results) -> None:
    ask(results, a_panel(), lambda request: Reply(YES, "length", USAGE))

    assert {type(verdict) for verdict in verdicts(results).values()} == {Unreadable}


@pytest.mark.parametrize("reason", ["content_filter", "refusal"])
def test_a_judge_that_declines_abstains_and_is_not_asked_again(results: Results, reason: str) -> None:
    chat = Scripted(lambda request: Reply("", reason, USAGE))

    summary = ask(results, a_panel(), chat)
    ask(results, a_panel(), chat)

    assert len(chat.requests) == 48
    assert verdicts(results)["A-run01|Agent-A|R0"] == Abstained("A-run01|Agent-A|R0", reason)
    assert summary.coders[0].abstained == 48


def test_a_filtered_call_is_an_abstention(results: Results) -> None:
    def filtered(request: Request) -> str:
        raise CallFailed(FailureKind.CONTENT_FILTER, "not allowed")

    ask(results, a_panel(), filtered)

    assert verdicts(results)["A-run01|Agent-A|R0"] == Abstained("A-run01|Agent-A|R0", "not allowed")


# Calls that fail -------------------------------------------------------------------------------------------


def test_a_call_that_fails_is_retried_noted_and_left_for_the_next_time(results: Results) -> None:
    summary = ask(results, a_panel(), failing(FailureKind.SERVER, "words of A 1 b 3."))

    assert verdicts(results)["A-run01|Agent-B|R3"] == Unanswered("A-run01|Agent-B|R3", "server", "detail")
    assert [(line["message"], line["attempt"]) for line in events(results, "error")] == [
        ("A-run01|Agent-B|R3", 1),
        ("A-run01|Agent-B|R3", 2),
    ]
    assert summary.coders[0].failures == {"server": 1}
    assert not summary.complete

    again = Scripted(lambda request: YES)
    summary = ask(results, a_panel(), again)

    assert len(again.requests) == 1
    assert (summary.coders[0].settled, summary.coders[0].coded) == (47, 1)
    assert isinstance(verdicts(results)["A-run01|Agent-B|R3"], Coding)


def test_a_judge_whose_model_is_gone_stops_and_the_other_goes_on(results: Results) -> None:
    asked: Counter[str] = Counter()

    def answer(request: Request) -> str:
        asked[request.model.key] += 1
        if request.model.key == "gone":
            raise CallFailed(FailureKind.NOT_FOUND, "the model was withdrawn")
        return NO

    summary = ask(results, a_panel(a_judge("gone", concurrency=4), a_judge("there")), answer)

    assert asked["there"] == 48
    assert asked["gone"] <= 4
    gone, there = summary.coders
    assert gone.stopped == "not_found: the model was withdrawn"
    assert (there.stopped, there.coded) == (None, 48)


def test_a_budget_that_is_reached_ends_it_after_the_answers_under_way(results: Results) -> None:
    @dataclass
    class Purse:
        calls: int = 0

        async def complete(self, request: Request) -> Reply:
            self.calls += 1
            if self.calls > 10:
                raise BudgetReached("no more")
            for _ in range(50):
                await asyncio.sleep(0)
            return Reply(NO, "stop", USAGE)

        async def aclose(self) -> None:
            pass

    with pytest.raises(BudgetReached, match="no more"):
        ask(results, a_panel(a_judge(concurrency=20)), Purse())

    assert len(verdicts(results)) == 10


def test_what_an_unreadable_answer_cost_is_kept_when_the_budget_ends_the_asking(results: Results) -> None:
    def answer(request: Request) -> Reply:
        if "could not be read" in request.turns[-1].text:
            raise BudgetReached("no more")
        return Reply("hm", "stop", USAGE, cost_usd=1.0)

    with pytest.raises(BudgetReached):
        ask(results, a_panel(a_judge(concurrency=1)), answer)

    (line,) = events(results, "unanswered")
    assert line["cost_usd"] == 1.0
    assert ask(results, a_panel(), lambda request: NO).coders[0].coded == 48


def test_a_halt_lets_answers_under_way_come_in_and_begins_no_others(results: Results) -> None:
    halt = Halt()

    def answer(request: Request) -> str:
        halt.ask("interrupted")
        return NO

    summary = ask(results, a_panel(a_judge(concurrency=1)), answer, Setting(halt=halt))

    assert len(verdicts(results)) == 1
    assert summary.halted == "interrupted"
    assert not summary.complete


def test_an_error_in_a_journal_is_raised_as_it_is(results: Results) -> None:
    results.journal("A-run02").write_text("not json\n")

    with pytest.raises(CorruptJournal, match="A-run02"):
        ask(results, a_panel(), lambda request: NO)


# Batches ---------------------------------------------------------------------------------------------------


def test_a_batch_is_one_call_and_its_cost_is_counted_once(results: Results) -> None:
    chat = Scripted(lambda request: Reply(every_item(request), "stop", USAGE, cost_usd=0.5))

    summary = ask(results, a_panel(batch=10), chat)

    assert sorted(len(items(request)) for request in chat.requests) == [8, 10, 10, 10, 10]
    assert {request.sampling.max_tokens for request in chat.requests} == {800, 1000}
    assert summary.coders[0].coded == 48
    assert (summary.coders[0].prompt_tokens, summary.coders[0].cost_usd) == (500, 2.5)
    assert {line.get("batch") for line in events(results, "coding")} == {8, 10}


def test_what_a_batch_lacks_is_asked_alone(results: Results) -> None:
    def without_the_second(request: Request) -> str:
        answer = json.loads(every_item(request))
        return json.dumps({"items": [item for item in answer["items"] if item["item"] != 2]})

    chat = Scripted(without_the_second)

    summary = ask(results, a_panel(batch=10), chat)

    assert sorted(len(items(request)) for request in chat.requests) == [1] * 5 + [8] + [10] * 4
    assert not any("could not be read" in request.turns[-1].text for request in chat.requests)
    assert summary.coders[0].coded == 48


def test_an_item_that_cannot_be_read_is_asked_alone_twice_at_most(results: Results) -> None:
    def perhaps(request: Request) -> str:
        answer = json.loads(every_item(request))
        answer["items"][0]["LEAD"] = "perhaps"
        return json.dumps(answer)

    chat = Scripted(perhaps)

    summary = ask(results, a_panel(batch=16), chat)

    assert [len(items(request)) for request in chat.requests].count(1) == 3 * 2
    assert (summary.coders[0].unreadable, summary.coders[0].coded) == (3, 45)


def test_one_message_that_no_call_can_hold_does_not_take_its_batch_with_it(results: Results) -> None:
    def too_long(request: Request) -> str:
        if "words of A 1 b 3." in items(request):
            raise CallFailed(FailureKind.CONTEXT, "too long")
        return every_item(request)

    summary = ask(results, a_panel(batch=10), too_long)

    assert (summary.coders[0].coded, summary.coders[0].failures) == (47, {"context": 1})


def test_a_halt_keeps_back_the_calls_that_wait_for_their_turn(results: Results) -> None:
    halt = Halt()

    async def answer(request: Request) -> Reply:
        halt.ask("interrupted")
        await asyncio.sleep(0.001)
        return Reply(NO, "stop", USAGE)

    chat = Scripted(answer)
    pacer = Pacer(Limit(start=3, maximum=3, adaptive=False))
    ask(results, a_panel(), chat, Setting(calling=Calling(gate=pacer), halt=halt))

    assert len(chat.requests) == 1
    assert len(verdicts(results)) == 1
