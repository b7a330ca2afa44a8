import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from mascope.chat.rehearsal import PERSONAS, check, open_rehearsal, true_rates
from mascope.chat.rehearsed_agent import FLAGS, truth
from mascope.chat.types import ChatTurn, Model, Reply, Request, Sampling
from mascope.errors import CallFailed, FailureKind, InvalidInput

SYSTEM = ChatTurn("system", "You are Agent-A in a group chat.\nOther agents: Agent-B, Agent-C, Agent-D")
BRIEF = ChatTurn("user", "A client wants an app.")
NOTICE = ChatTurn("user", "[System]: Agent-D has left the discussion.")


def model(persona: str = "plain", key: str = "m", **parameters: Any) -> Model:
    return Model(key, f"rehearsal/{persona}", persona, parameters=parameters)


def ask(
    model: Model, turns: Iterable[ChatTurn] = (SYSTEM, BRIEF), seeds: int = 1, **sampling: Any
) -> list[Reply]:
    """The answers to one prompt under the seeds 0, 1, 2, …"""

    async def all_() -> list[Reply]:
        chat = open_rehearsal(model)
        prompts = (Request(model, tuple(turns), Sampling(seed=seed, **sampling)) for seed in range(seeds))
        return [await chat.complete(prompt) for prompt in prompts]

    return asyncio.run(all_())


def texts(model: Model, turns: Iterable[ChatTurn] = (SYSTEM, BRIEF), seeds: int = 1) -> list[str]:
    return [reply.text for reply in ask(model, turns, seeds)]


def shares(messages: list[str]) -> Mapping[str, float]:
    counts = Counter(flag for text in messages for flag, shown in truth(text).flags.items() if shown)
    return {flag: counts[flag] / len(messages) for flag in FLAGS}


def assert_binomial(share: float, rate: float, n: int) -> None:
    """Within 4.5 standard errors: missed by one in 150,000 where the rate is right."""
    assert abs(share - rate) <= 4.5 * math.sqrt(rate * (1 - rate) / n) + 1e-12


# What agents say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("persona", PERSONAS)
def test_flags_come_at_their_true_rates(persona: str, language: str) -> None:
    simulated = model(persona, language=language)
    said = shares(texts(simulated, (SYSTEM, BRIEF, NOTICE), seeds=1500))

    for flag, rate in true_rates(simulated, failed=True).items():
        assert_binomial(said[flag], rate, 1500)


def test_rates_given_as_options_are_the_true_rates() -> None:
    simulated = model("plain", rates={"LEAD": 0.4, "PHATIC": 0.3})
    rates = true_rates(simulated)
    said = shares(texts(simulated, seeds=2000))

    assert (rates["LEAD"], rates["PHATIC"], rates["ARCH"]) == (0.4, 0.3, PERSONAS["plain"].rates["ARCH"])
    assert_binomial(said["LEAD"], 0.4, 2000)
    assert_binomial(said["PHATIC"], 0.3, 2000)


def test_flags_other_than_small_talk_are_drawn_independently() -> None:
    codes = [
        truth(text).flags for text in texts(model(rates={"LEAD": 0.4, "ARCH": 0.5, "PHATIC": 0}), seeds=3000)
    ]
    both = sum(code["LEAD"] and code["ARCH"] for code in codes) / len(codes)

    assert_binomial(both, 0.4 * 0.5, 3000)


def test_small_talk_shows_nothing_else_and_is_short() -> None:
    said = texts(model(rates={"PHATIC": 0.5, "AGREE": 0.5, "LEAD": 0.5}), seeds=400)
    small = [text for text in said if truth(text).flags["PHATIC"]]

    assert len(small) > 100
    assert all(sum(truth(text).flags.values()) == 1 for text in small)
    assert max(len(text.split()) for text in small) < 15
    assert min(len(text.split()) for text in said if text not in small) >= 15


def test_nobody_to_name_means_neither_leading_nor_agreeing() -> None:
    alone = (ChatTurn("system", "You are an AI assistant."), BRIEF)
    simulated = model("follower")
    said = shares(texts(simulated, alone, seeds=300))

    assert (said["LEAD"], said["AGREE"]) == (0, 0)
    assert true_rates(simulated, peers=False)["AGREE"] == 0


def test_only_a_notice_makes_an_agent_speak_of_a_failure() -> None:
    simulated = model(rates={"COMP": 0.9})

    assert shares(texts(simulated, seeds=200))["COMP"] == 0
    assert shares(texts(simulated, (SYSTEM, BRIEF, NOTICE), seeds=200))["COMP"] > 0.8
    assert true_rates(simulated)["COMP"] == 0
    assert true_rates(simulated, failed=True)["COMP"] == 0.9


def test_the_levels_of_compensation_come_in_their_shares() -> None:
    levels = {"L1": 0.2, "L2": 0.5, "L3": 0.3}
    simulated = model(rates={"COMP": 0.9}, levels=levels)
    found = [truth(text).levels for text in texts(simulated, (SYSTEM, BRIEF, NOTICE), seeds=1500)]
    counts = Counter(level["COMP"] for level in found if level)

    for level, share in levels.items():
        assert_binomial(counts[level] / counts.total(), share, counts.total())


def test_messages_have_about_the_words_asked_for_and_vary_in_length() -> None:
    lengths = [len(text.split()) for text in texts(model(words=120, rates={"PHATIC": 0}), seeds=1500)]

    assert sum(lengths) / len(lengths) == pytest.approx(120, rel=0.06)
    assert min(lengths) < 60
    assert max(lengths) > 200


def test_texts_hardly_ever_repeat() -> None:
    said = texts(model(rates={"PHATIC": 0}), seeds=500)

    assert len(set(said)) > 490


def test_messages_name_peers_of_the_prompt_and_never_their_author_or_who_is_gone() -> None:
    said = texts(model(rates={"LEAD": 0.8, "AGREE": 0.8, "COMP": 0}), (SYSTEM, BRIEF, NOTICE), seeds=200)

    assert any("Agent-B" in text for text in said)
    assert any("Agent-C" in text for text in said)
    assert not any("Agent-A" in text or "Agent-D" in text for text in said)


def test_the_truth_survives_a_change_of_names() -> None:
    said = texts(model(rates={"LEAD": 0.5, "AGREE": 0.5, "COMP": 0.5}), (SYSTEM, BRIEF, NOTICE), seeds=200)
    blind = [text.replace("Agent-", "Member Ü ") for text in said]

    assert [truth(text) for text in blind] == [truth(text) for text in said]


# Determinism -----------------------------------------------------------------------------------------------


def test_the_same_request_has_the_same_answer_in_another_process_of_the_study() -> None:
    assert ask(model(), seeds=3) == ask(model(), seeds=3)


@pytest.mark.parametrize(
    "other",
    [model(key="other"), model("leader"), model(seed=1)],
    ids=["another key", "another persona", "another seed in the options"],
)
def test_another_model_answers_something_else(other: Model) -> None:
    assert texts(other) != texts(model())


def test_another_prompt_has_another_answer() -> None:
    assert texts(model(), (SYSTEM, BRIEF, NOTICE)) != texts(model(), (SYSTEM, BRIEF))


def test_raising_one_rate_changes_no_other_flag() -> None:
    before = [truth(text).flags for text in texts(model(rates={"LEAD": 0.1}), seeds=300)]
    after = [truth(text).flags for text in texts(model(rates={"LEAD": 0.6}), seeds=300)]

    assert [{**a, "LEAD": None} for a in before] == [{**b, "LEAD": None} for b in after]
    assert all(b["LEAD"] for a, b in zip(before, after, strict=True) if a["LEAD"])


# What calls look like --------------------------------------------------------------------------------------


def test_usage_is_estimated_and_costs_nothing() -> None:
    reply = ask(model())[0]

    assert reply.usage is not None
    assert reply.usage.prompt == math.ceil((len(SYSTEM.text) + len(BRIEF.text)) / 4)
    assert reply.usage.completion == math.ceil(len(reply.text) / 4)
    assert (reply.finish_reason, reply.served_model, reply.cost_usd) == ("stop", "rehearsal/plain", 0.0)


def test_an_answer_is_cut_at_max_tokens() -> None:
    whole, cut = ask(model(rates={"PHATIC": 0}))[0], ask(model(rates={"PHATIC": 0}), max_tokens=10)[0]

    assert (cut.finish_reason, len(cut.text)) == ("length", 40)
    assert cut.usage is not None
    assert cut.usage.completion == 10
    assert whole.finish_reason == "stop"


def test_empty_answers_spent_their_tokens_on_reasoning() -> None:
    replies = ask(model(empty=0.3), seeds=1000)
    empty = [reply for reply in replies if not reply.text]

    assert_binomial(len(empty) / 1000, 0.3, 1000)
    assert {(reply.finish_reason, reply.usage and reply.usage.reasoning) for reply in empty} == {
        ("length", 1024)
    }


def test_reasoning_stands_between_tags_and_shows_no_flag() -> None:
    with_it, without = texts(model(reasoning=1), seeds=50), texts(model(), seeds=50)

    assert all(text.startswith("<think>\n") for text in with_it)
    assert [text.partition("</think>\n\n")[2] for text in with_it] == without
    assert not any(any(truth(text.partition("</think>")[0]).flags.values()) for text in with_it)


def attempts_until_answered(simulated: Model, seed: int) -> list[FailureKind]:
    """The failures before the first answer to one request."""

    async def ask_again() -> list[FailureKind]:
        chat, failures = open_rehearsal(simulated), []
        request = Request(simulated, (SYSTEM, BRIEF), Sampling(seed=seed))
        while True:
            try:
                await chat.complete(request)
            except CallFailed as error:
                failures.append(error.kind)
            else:
                return failures

    return asyncio.run(ask_again())


def test_failures_come_at_their_rates_and_the_next_attempt_has_other_luck() -> None:
    simulated = model(failures={"rate_limit": 0.2, "server": 0.1})
    runs = [attempts_until_answered(simulated, seed) for seed in range(1500)]
    first = Counter(run[0] if run else None for run in runs)

    assert_binomial(first[FailureKind.RATE_LIMIT] / 1500, 0.2, 1500)
    assert_binomial(first[FailureKind.SERVER] / 1500, 0.1, 1500)
    assert Counter(len(run) for run in runs)[2] > 0
    assert runs[:50] == [attempts_until_answered(simulated, seed) for seed in range(50)]


def test_a_failure_changes_nothing_in_the_answer_that_follows() -> None:
    async def stubborn() -> Reply:
        simulated = model(failures={"server": 0.9})
        chat, request = open_rehearsal(simulated), Request(simulated, (SYSTEM, BRIEF))
        while True:
            try:
                return await chat.complete(request)
            except CallFailed:
                continue

    simulated = model()
    steady = asyncio.run(open_rehearsal(simulated).complete(Request(simulated, (SYSTEM, BRIEF))))

    assert asyncio.run(stubborn()) == steady


def test_latency_is_recorded_and_spread_round_its_mean() -> None:
    latencies = [reply.latency_s for reply in ask(model(latency=0.002), seeds=60)]
    known = [latency for latency in latencies if latency is not None]

    assert len(set(known)) == 60
    assert all(0.001 <= latency <= 0.003 for latency in known)
    assert ask(model())[0].latency_s == 0


def test_an_answer_later_than_the_deadline_is_a_timeout() -> None:
    slow = Model("m", "rehearsal/plain", "P", deadline_s=0.001, parameters={"latency": 60})

    with pytest.raises(CallFailed) as caught:
        ask(slow)

    assert caught.value.kind is FailureKind.TIMEOUT


def test_a_late_answer_may_come_in_time_at_the_next_attempt() -> None:
    sometimes_late = Model("m", "rehearsal/plain", "P", deadline_s=0.001, parameters={"latency": 0.001})
    runs = [attempts_until_answered(sometimes_late, seed) for seed in range(20)]

    assert {kind for run in runs for kind in run} == {FailureKind.TIMEOUT}
    assert max(len(run) for run in runs) > 1


# Options that cannot be ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (model("leadr"), "did you mean 'leader'"),
        (model(rate={}), "parameters.rate: unknown key; did you mean 'rates'"),
        (model(rates={"LEED": 0.1}), "parameters.rates.LEED: unknown key; did you mean 'LEAD'"),
        (model(rates={"LEAD": 1.1}), "parameters.rates.LEAD"),
        (model(rates={"PHATIC": 0.6, "LEAD": 0.5}), "LEAD 0.5 and PHATIC 0.6 add up to more than 1"),
        (model(levels={"L1": 0.5}), "must add up to 1"),
        (model(failures={"servr": 0.1}), "parameters.failures"),
        (model(failures={"server": 0.7, "quota": 0.7}), "more than 1"),
        (model(language="de"), "parameters.language"),
        (model(latency=-1), "parameters.latency"),
        (model(sensitivity={"LEAD": "high"}), "parameters.sensitivity.LEAD"),
        (model(words=float("nan")), "parameters.words"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_persona_or_option_that_cannot_be_is_named(wrong: Model, says: str) -> None:
    with pytest.raises(InvalidInput, match="model 'm'") as caught:
        check(wrong)

    assert says in str(caught.value)
