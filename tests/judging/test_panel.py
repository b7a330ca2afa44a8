import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from mascope.chat.retrying import RetryPolicy
from mascope.chat.scripted import Scripted
from mascope.chat.types import Reply, Request
from mascope.codebook import Codebook, Panel
from mascope.errors import CallFailed, FailureKind, InvalidInput
from mascope.judging.coders import Judged
from mascope.judging.llm import Calling
from mascope.judging.panel import judge
from mascope.judging.setting import Setting, Unobserved
from mascope.records import Coding
from mascope.store import lines
from mascope.store.layout import Results
from tests.judging.small_study import (
    FLAGS,
    NO,
    USAGE,
    YES,
    a_judge,
    a_panel,
    ask,
    events,
    failing,
    no_wait,
    target,
    verdicts,
)

# What is asked, and in which order -------------------------------------------------------------------------


def test_every_message_is_coded_once_by_every_judge(results: Results) -> None:
    asked: Counter[str] = Counter()

    def answer(request: Request) -> str:
        asked[f"{request.model.key} {target(request)}"] += 1
        return YES

    summary = ask(results, a_panel(a_judge("one"), a_judge("two")), answer)

    assert len(asked) == 96
    assert set(asked.values()) == {1}
    assert set(verdicts(results, "one")) == set(verdicts(results, "two"))
    assert all(isinstance(v, Coding) and v.marks["LEAD"].answer == "yes" for v in verdicts(results).values())
    assert [(c.coder, c.messages, c.coded) for c in summary.coders] == [("one", 48, 48), ("two", 48, 48)]
    assert summary.complete


def test_messages_of_all_series_come_mixed_and_in_the_same_order_each_time(
    results: Results, tmp_path: Path
) -> None:
    def order(panel: Panel) -> list[str]:
        chat = Scripted(lambda request: NO)
        ask(Results(results.root), panel, chat)
        for folder in (results.root / "codes").glob("*"):
            folder.rename(tmp_path / f"{len(list(tmp_path.iterdir()))}")
        return [target(request) for request in chat.requests]

    panel = a_panel(a_judge(concurrency=1))
    first, again, other = order(panel), order(panel), order(replace(panel, seed=1))

    assert first == again
    assert first != other
    changes = sum(a.split()[2] != b.split()[2] for a, b in pairwise(first))
    assert changes > 10  # in the order of the files there is one change of series


def test_a_judge_is_told_no_name_model_series_run_or_round(results: Results) -> None:
    chat = Scripted(lambda request: NO)

    ask(results, a_panel(), chat)

    for request in chat.requests:
        sent = "\n".join(turn.text for turn in request.turns)
        assert not re.search(r"Agent-|llama|run0|\bR\d\b|study", sent, re.IGNORECASE)


def test_the_codebook_is_the_same_turn_in_all_requests(results: Results) -> None:
    chat = Scripted(lambda request: NO)

    ask(results, a_panel(), chat)

    assert len({id(request.turns[0]) for request in chat.requests}) == 1
    assert {request.turns[0].role for request in chat.requests} == {"system"}


# What is recorded ------------------------------------------------------------------------------------------


def test_a_verdict_says_how_it_came_about_and_a_call_is_noted_before_it(results: Results) -> None:
    chat = Scripted(
        lambda request: Reply(NO, "stop", USAGE, served_model="snapshot-1", cost_usd=0.25, latency_s=1.5)
    )

    summary = ask(results, a_panel(), chat)

    kinds = [line["event"] for line in lines.read(results.codes("one", "A-run01"))]
    assert kinds[0] == "coder"
    assert sorted(kinds[1:]) == ["call"] * 8 + ["coding"] * 8
    coding = events(results, "coding")[0]
    assert coding["usage"] == {"prompt": 100, "completion": 10}
    assert (coding["cost_usd"], coding["latency_s"], coding["attempts"]) == (0.25, 1.5, 1)
    assert coding["served_model"] == "snapshot-1"
    digests = {request.digest() for request in chat.requests}
    assert {line["request"] for line in events(results, "coding")} == digests
    assert {line["request"] for line in events(results, "call")} == digests
    (coder,) = summary.coders
    assert (coder.prompt_tokens, coder.completion_tokens, coder.cost_usd) == (4800, 480, 12.0)


def test_an_unknown_cost_is_not_zero(results: Results) -> None:
    summary = ask(results, a_panel(), lambda request: Reply(NO, "stop", USAGE))

    assert summary.coders[0].cost_usd is None


def test_kin_of_a_judge_are_named(results: Results) -> None:
    summary = ask(results, a_panel(a_judge(served_by="meta/llama-4")), lambda request: NO)

    assert summary.coders[0].kin == ("LLaMA 3.3",)


# Scale and observers ---------------------------------------------------------------------------------------


def test_no_more_calls_are_under_way_than_the_judge_allows(results: Results) -> None:
    @dataclass
    class Counting:
        now: int = 0
        most: int = 0

        async def complete(self, request: Request) -> Reply:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.001)
            self.now -= 1
            return Reply(NO, "stop", USAGE)

        async def aclose(self) -> None:
            pass

    chat = Counting()
    ask(results, a_panel(a_judge(concurrency=5)), chat)

    assert chat.most == 5


def test_an_observer_is_told_of_runs_messages_and_verdicts(results: Results) -> None:
    @dataclass
    class Log(Unobserved):
        told: list[tuple[object, ...]] = field(default_factory=list)

        def started(self, coder: str, runs: int) -> None:
            self.told.append(("started", coder, runs))

        def found(self, coder: str, runs: int, messages: int, settled: int) -> None:
            self.told.append(("found", runs, messages, settled))

        def judged(self, coder: str, judged: Judged) -> None:
            self.told.append(("judged",))

        def retrying(self, coder: str, error: CallFailed, wait_s: float) -> None:
            self.told.append(("retrying", str(error.kind)))

        def ended(self, coder: str, stopped: str | None) -> None:
            self.told.append(("ended", stopped))

    log = Log()
    calling = Calling(policy=RetryPolicy(attempts=2), sleep=no_wait)
    ask(
        results,
        a_panel(),
        failing(FailureKind.SERVER, "words of B 2 a 1."),
        Setting(calling=calling, observer=log),
    )

    assert log.told[:2] == [("started", "one", 6), ("found", 6, 48, 0)]
    assert log.told.count(("judged",)) == 48
    assert log.told.count(("retrying", "server")) >= 1
    assert log.told[-1] == ("ended", None)


def test_a_judge_without_a_chat_is_an_error_of_the_caller(results: Results) -> None:
    with pytest.raises(InvalidInput, match="one"):
        asyncio.run(judge(results, a_panel(), {}))


def test_results_without_runs_are_judged_in_no_time(tmp_path: Path) -> None:
    summary = ask(Results(tmp_path), a_panel(), lambda request: NO)

    assert summary.coders[0].messages == 0
    assert summary.complete


def test_the_rule_based_coder_is_a_coder_like_the_others(results: Results) -> None:
    cue = {"rules": [{"name": "one run", "phrases": ["of a 1"]}]}
    flags = (replace(FLAGS[0], cues=cue), replace(FLAGS[1], cues={}))
    panel = replace(a_panel(), rules=True, codebook=Codebook("Code.", flags))
    chat = Scripted(lambda request: NO)

    summary = ask(results, panel, chat)
    again = ask(results, panel, chat)

    found = {id_: v for id_, v in verdicts(results, "rules").items() if isinstance(v, Coding)}
    leads = [id_ for id_, verdict in found.items() if verdict.marks["LEAD"].answer == "yes"]
    assert len(found) == 48
    assert {id_.partition("|")[0] for id_ in leads} == {"A-run01"}
    assert len(leads) == 8
    assert [(c.coder, c.coded, c.cost_usd) for c in summary.coders][1] == ("rules", 48, 0.0)
    assert [(c.settled, c.coded) for c in again.coders] == [(48, 0), (48, 0)]


def test_rules_that_change_are_another_digest(results: Results) -> None:
    panel = replace(a_panel(), judges=(), rules=True)
    ask(results, panel, lambda request: NO)
    changed = replace(FLAGS[0], cues={"rules": [{"name": "new", "phrases": ["words"]}]})

    with pytest.raises(InvalidInput, match="rules"):
        ask(results, replace(panel, codebook=Codebook("Code.", (changed, FLAGS[1]))), lambda request: NO)
