"""A study against a server that fails a third of all calls completes, and each attempt is accounted for."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from mascope.chat.limiter import Limit
from mascope.chat.pacing import Pacer
from mascope.chat.remote import Remote, import_litellm
from mascope.discussion.channel import Models
from mascope.discussion.engine import Setting, Unobserved
from mascope.discussion.runs import hold_runs
from mascope.records import Failure, Message
from mascope.store import journal, lines
from mascope.store.layout import Results
from mascope.study import load_study, plan
from tests.discussion.holding import no_sleep
from tests.real.misbehaviours import at_random
from tests.real.openai_server import OpenAIServer, serving

SHARES = {
    **{"rate_limit": 0.08, "server_error": 0.06, "unavailable": 0.04, "reset_in_body": 0.05},
    **{"closed_before_answer": 0.03, "truncated_json": 0.03, "context": 0.06},
}
STUDY = """\
study: storm
brief: Choose a tea.
models: {{m: {{model: openai/m, base_url: "{url}", key_env: KEY, deadline: 30}}}}
base:
  participants: {{clones_of: m, count: 3}}
  runs: 4
  rounds: 6
  probes: [{{id: p, ask: "Which?", kind: text}}]
series: {{X: {{}}}}
"""


@dataclass
class Storm:
    statuses: dict[str, str]
    results: Results
    at_the_server: int


async def weathered(folder: Path, server: OpenAIServer) -> Storm:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(url=server.url))
    study, results, remote = load_study(file), Results(folder / "results"), Remote()
    models = Models({"m": remote}, Pacer(Limit(start=8)), sleep=no_sleep)
    try:
        statuses = await hold_runs(study, plan(study), results, Setting(models, Unobserved()), jobs=4)
    finally:
        await remote.aclose()
    return Storm(statuses, results, server.count)


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Storm:
    import_litellm()
    with pytest.MonkeyPatch.context() as environment, serving(at_random(SHARES, seed=5)) as server:
        environment.setenv("KEY", "nothing-secret")
        return asyncio.run(weathered(tmp_path_factory.mktemp("storm"), server))


def test_in_a_storm_the_study_completes_and_every_turn_is_there_once(storm: Storm) -> None:
    assert storm.statuses == {f"X-run0{n}": "done" for n in range(1, 5)}
    for file in storm.results.journals():
        turns = journal.read(file).turns
        assert len(turns) == len({turn.id for turn in turns}) == 3 * 6
        assert sum(isinstance(turn, Message) for turn in turns) > 9


def test_in_a_storm_every_attempt_is_journaled_once_and_bounded(storm: Storm) -> None:
    sent = unseen = 0
    for file in storm.results.journals():
        events = lines.read(file)
        calls = Counter((e["agent"], e["round"]) for e in events if e["event"] == "call")
        errors = Counter((e["agent"], e["round"]) for e in events if e["event"] == "error")
        for turn in journal.read(file).turns:
            place = (turn.agent, turn.round)
            assert calls[place] == turn.attempts <= 6
            assert errors[place] == turn.attempts - isinstance(turn, Message)
        sent += sum(event["event"] in ("call", "probe-call") for event in events)
        unseen += sum(event.get("kind") in ("connect", "timeout", "dropped") for event in events)
    assert sent - unseen <= storm.at_the_server <= sent


def test_in_a_storm_a_turn_that_failed_for_good_is_an_organic_failure(storm: Storm) -> None:
    turns = [turn for file in storm.results.journals() for turn in journal.read(file).turns]
    failures = [turn for turn in turns if isinstance(turn, Failure)]

    assert failures
    assert {failure.origin for failure in failures} == {"organic"}
    assert {failure.told for failure in failures} == {None}


def test_in_a_storm_many_calls_did_fail(storm: Storm) -> None:
    events = [event for file in storm.results.journals() for event in lines.read(file)]

    kinds = Counter(event["event"] for event in events)
    assert kinds["error"] > 0.2 * kinds["call"]
    assert kinds["probe"] == 12
