"""Judges behind a real HTTP server that answers badly: each message gets the verdict it should."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from mascope.chat.remote import Remote, import_litellm
from mascope.chat.retrying import RetryPolicy
from mascope.judging.llm import Calling
from mascope.judging.panel import judge
from mascope.judging.setting import Setting
from mascope.judging.summary import JudgingSummary
from mascope.records import Coding, Unreadable
from mascope.store.layout import Results
from tests.judging.small_study import NO, YES, a_judge, a_panel, events, no_wait, small_study, verdicts
from tests.real.misbehaviours import at_random
from tests.real.openai_server import OpenAIServer, Received, answering, serving

FAULTY = {"rate_limit": 0.1, "server_error": 0.1, "reset_in_body": 0.05, "truncated_json": 0.05}


@pytest.fixture(scope="module", autouse=True)
def _litellm() -> None:
    import_litellm()


def ask(results: Results, server: OpenAIServer, batch: int = 1) -> JudgingSummary:
    async def main() -> JudgingSummary:
        chat = Remote()
        try:
            return await judge(results, panel, {"one": chat}, setting)
        finally:
            await chat.aclose()

    model = a_judge(served_by="openai/some-model", base_url=server.url, deadline_s=10.0, concurrency=8)
    panel = a_panel(model, batch=batch)
    setting = Setting(calling=Calling(policy=RetryPolicy(attempts=20, doubtful_attempts=20), sleep=no_wait))
    return asyncio.run(main())


def by_what_is_asked(received: Received) -> str:
    """Yes where the message is of the first run, and nothing readable where it is the last."""
    target = received.body["messages"][-1]["content"].rpartition("<target-")[2]
    if " 3 b 3." in target:
        return "I see no clear answer."
    return YES if " 1 " in target else NO


def test_a_server_that_fails_a_third_of_all_calls_costs_no_verdict(tmp_path: Path) -> None:
    results = small_study(tmp_path)
    with serving(at_random(FAULTY, seed=3, otherwise=answering(by_what_is_asked))) as server:
        summary = ask(results, server)
        requests = server.bodies

    found = verdicts(results)
    codings = {
        id_: verdict.marks["LEAD"].answer for id_, verdict in found.items() if isinstance(verdict, Coding)
    }
    assert len(found) == 48
    assert {id_.partition("|")[0] for id_, answer in codings.items() if answer == "yes"} == {
        "A-run01",
        "B-run01",
    }
    assert [id_ for id_, verdict in found.items() if isinstance(verdict, Unreadable)] == [
        "A-run03|Agent-B|R3",
        "B-run03|Agent-B|R3",
    ]
    assert len(requests) == len(events(results, "call"))  # each attempt that was sent was noted before
    assert len(events(results, "error")) == len(requests) - 46 - 2 * 3
    assert summary.complete


def test_the_schema_goes_with_the_request_and_a_reading_never_relies_on_it(tmp_path: Path) -> None:
    results = small_study(tmp_path)
    with serving(lambda received: answering(f"```json\n{NO}\n```\nThat is all.")) as server:
        ask(results, server)
        body = server.bodies[0]

    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["LEAD", "META"]
    assert body["messages"][0]["role"] == "system"
    assert Counter(type(verdict) for verdict in verdicts(results).values()) == {Coding: 48}


def test_a_batch_is_answered_item_by_item(tmp_path: Path) -> None:
    def one_missing(received: Received) -> str:
        count = received.body["messages"][-1]["content"].count(" item=")
        items = [{"item": n, **json.loads(NO)} for n in range(count, 1 if count > 1 else 0, -1)]
        return json.dumps({"items": items})

    results = small_study(tmp_path)
    with serving(lambda received: answering(one_missing)) as server:
        summary = ask(results, server, batch=12)

    assert summary.coders[0].coded == 48
    assert server.count == 4 + 4
