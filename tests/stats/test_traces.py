from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mascope.names import MentionFinder, opens_with_name, peer_lines
from mascope.stats import traces as module
from mascope.stats.audit_counts import Journaled, tallies
from mascope.stats.language import languages
from mascope.stats.traces import REASONING, names_tell_models, notices_with_model, other_spellings, traces

NEUTRAL = pd.DataFrame(
    [
        ("A-run01", "A", "llama", "Agent-A", "LLaMA 3.3 70B", "groq/llama-3.3-70b-versatile"),
        ("A-run01", "A", "kimi", "Agent-B", "Kimi K2", "groq/moonshotai/kimi-k2-instruct-0905"),
    ],
    columns=["run", "series", "agent", "name", "label", "served_by"],
).assign(own_name=lambda frame: frame["name"])
REAL = NEUTRAL.assign(run="C-run01", series="C", name=NEUTRAL["label"], own_name=NEUTRAL["label"])
NOBODY: frozenset[str] = frozenset()


def said(*texts: str, run: str = "A-run01", agent: str = "llama") -> pd.DataFrame:
    return pd.DataFrame({"run": run, "agent": agent, "text": list(texts)})


def test_names_that_are_models_labels_tell_the_models() -> None:
    assert names_tell_models(pd.concat([NEUTRAL, REAL])) == {"C-run01"}


def test_a_models_name_is_a_leak_where_names_are_neutral() -> None:
    texts = said("Kimi K2 is out", "ask kimi-k2-instruct-0905", "Agent-B is out", "the LLaMA 3.3 70B model")

    assert traces(texts, NEUTRAL, NOBODY).names_model.tolist() == [True, True, False, True]


def test_a_models_name_is_no_leak_where_it_is_a_name_in_the_chat() -> None:
    found = traces(said("Kimi K2, go on", run="C-run01"), REAL, names_tell_models(REAL))

    assert not found.names_model.any()


def test_clones_of_one_model_leak_its_name_too() -> None:
    clones = NEUTRAL.assign(label="LLaMA 3.3 70B", served_by="groq/llama-3.3-70b-versatile")

    assert traces(said("I am LLaMA 3.3 70B"), clones, NOBODY).names_model.tolist() == [True]


def test_own_names_peers_voices_and_tags_are_seen() -> None:
    texts = said("[Agent-A]: hello", "Agent-B: fine", "[Agent-B]: I agree with you", "<think>hm", "plain")
    found = traces(texts, NEUTRAL, NOBODY)

    assert found.own_name.tolist() == [True, False, False, False, False]
    assert found.peer_voice.tolist() == [False, False, True, False, False]
    assert found.think_tags.tolist() == [False, False, False, True, False]


def test_only_a_notice_that_was_shown_can_leak() -> None:
    notices = ["The model `kimi-k2-instruct-0905` is over capacity", None, "Agent-B has left."]
    failures = pd.DataFrame({"run": "A-run01", "notice": notices})

    assert notices_with_model(failures, NEUTRAL, NOBODY).tolist() == [True, False, False]


def test_languages_are_told_by_function_words() -> None:
    texts = [
        "Je propose que nous commencions par les maquettes et le budget pour la ville",
        "We should start with the mockups and then discuss the budget for this city",
        "Wir sollten mit dem Budget anfangen und das ist nicht für die Stadt",
        "OK!",
        "",
    ]

    assert languages(texts).tolist() == ["fr", "en", "de", None, None]


def journaled(messages: pd.DataFrame, failures: pd.DataFrame | None = None) -> Journaled:
    runs = pd.DataFrame(
        {"run": ["A-run01"], "series": "A", "rounds": 2, "agents": 2, "messages": len(messages), "empty": 1}
    )
    spoken = NEUTRAL["agent"].map(messages["agent"].value_counts()).fillna(0).astype(int)
    none = pd.DataFrame({n: [] for n in ("run", "origin", "kind", "told", "notice")}, dtype=object)
    return Journaled(
        runs, NEUTRAL.assign(messages=spoken), messages, none if failures is None else failures,
        traces(messages, NEUTRAL, names_tell_models(NEUTRAL)), languages(list(messages["text"])),
    )  # fmt: skip


def messages(**columns: Any) -> pd.DataFrame:
    base = pd.DataFrame({
        "run": "A-run01", "series": "A", "agent": ["llama", "llama"], "model": "llama", "round": [0, 1],
        "position": 0, "seen": [0, 2], "finish_reason": ["stop", "length"], "changes": ["", "own_name"],
        "served_model": ["m-1", "m-1"], "attempts": [1, 3], "text": ["hello", "well"],
        "mentions": pd.Series([(), ()], dtype=object),
    })  # fmt: skip
    return base.assign(**columns)


def rates(data: Journaled) -> dict[tuple[str, str], list[float]]:
    return {(t.measure, t.detail): [float(t.count.sum()), float(t.of.sum())] for t in tallies(data)}


def test_turns_are_lost_by_agent_and_in_all() -> None:
    found = rates(journaled(messages()))

    assert found["lost_turns", ""] == [2, 4]
    assert found["lost_turns", "kimi"] == [2, 2]
    assert found["lost_turns", "llama"] == [0, 2]
    assert found["silent_agents", ""] == [1, 1]
    assert found["empty", ""] == [1, 3]


def test_failures_are_counted_by_origin_and_kind() -> None:
    failures = pd.DataFrame({
        "run": "A-run01", "origin": ["injected", "organic", "organic"], "kind": ["crash", "server", "server"],
        "told": [True, False, True], "notice": ["Agent-B has left.", None, "Kimi K2 is over capacity"],
    })  # fmt: skip
    found = rates(journaled(messages(), failures))

    assert found["failures_injected", ""] == [1, 4]
    assert found["failures_organic", "server"] == [2, 4]
    assert found["notices", ""] == [2, 1]
    assert found["notices_with_model", ""] == [1, 1]


def test_what_the_journal_says_of_messages_is_counted() -> None:
    found = rates(journaled(messages()))

    assert found["truncated", ""] == [1, 2]
    assert found["cleaned", ""] == [1, 2]
    assert found["retried", ""] == [1, 2]
    assert found["prompt_unknown", ""] == [0, 1]
    assert found["served_model_drift", ""] == [0, 2]


def test_a_model_that_is_served_by_another_in_between_has_drifted() -> None:
    many = pd.concat(
        [messages(), messages(served_model=["m-1", "m-2"]), messages(served_model=[None, "m-1"])]
    )
    found = rates(journaled(many.reset_index(drop=True)))

    assert found["served_model_drift", ""] == [1, 5]


def test_drift_is_from_the_model_that_serves_most_in_the_same_series_and_of_the_same_model() -> None:
    many = pd.concat([
        messages(series="A", served_model=["m-2", "m-2"]),
        messages(series="B", served_model=["m-1", "m-1"]),
        messages(series="A", model=None, served_model=["m-1", "m-1"]),
        messages(series="C", served_model=["m-2", "m-1"]),  # as often one as the other: m-1 by its name
    ])  # fmt: skip

    found = rates(journaled(many.reset_index(drop=True).astype({"model": "category", "series": "category"})))

    assert found["served_model_drift", ""] == [1, 8]


def test_where_nobody_tells_what_served_nothing_can_drift() -> None:
    assert rates(journaled(messages(served_model=[None, None])))["served_model_drift", ""] == [0, 0]


def test_speakers_of_a_round_who_saw_unequal_numbers_of_turns_were_not_simultaneous() -> None:
    same = messages(agent=["llama", "kimi"], round=1, seen=[2, 2])
    other = messages(agent=["llama", "kimi"], round=1, seen=[2, 3])

    assert rates(journaled(same))["unequal_views", ""] == [0, 1]
    assert rates(journaled(other))["unequal_views", ""] == [1, 1]


def test_another_language_than_most_is_a_switch() -> None:
    french = "Je propose que nous commencions par les maquettes et le budget pour la ville"
    english = "We should start with the mockups and then discuss the budget for this city"
    many = pd.concat([messages(text=[french, french]), messages(text=[english, "ok"])]).reset_index(drop=True)

    assert rates(journaled(many))["language_switches", ""] == [1, 3]


def test_a_switch_is_from_the_language_of_the_same_series() -> None:
    french = "Je propose que nous commencions par les maquettes et le budget pour la ville"
    english = "We should start with the mockups and then discuss the budget for this city"
    told = {
        "A": [french, french, english],
        "B": [english, english, french],
        "C": [english, french, "ok"],
        "D": ["ok"],
    }
    rows = [(series, text) for series, texts in told.items() for text in texts]
    spoken = pd.concat([messages()] * 5, ignore_index=True).assign(
        series=[series for series, _ in rows], text=[text for _, text in rows]
    )

    # Of the two languages that C speaks equally often it is the one that came first.
    assert rates(journaled(spoken))["language_switches", ""] == [3, 8]


def test_without_texts_only_what_needs_them_is_left_out() -> None:
    data = journaled(messages())
    without = Journaled(data.runs, data.agents, data.messages.drop(columns="text"), data.failures)

    missing = {measure for measure, _ in rates(data)} - {measure for measure, _ in rates(without)}
    assert missing == {
        "name_leaks", "own_name", "peer_voice", "think_tags", "language_switches", "other_spellings",
    }  # fmt: skip


def test_no_message_at_all_is_all_turns_lost() -> None:
    data = journaled(messages().iloc[:0])
    found = rates(data)

    assert found["lost_turns", ""] == [4, 4]
    assert found["name_leaks", ""] == [0, 0]
    assert np.isfinite(found["unequal_messages", ""]).all()


def test_a_name_in_another_spelling_is_one_that_a_plain_search_misses() -> None:
    texts = said("Agent-B, go on", "Agent\u2011B, go on", "ask agent b", "nobody", "Agent-B and Agent\u2011B")
    named: list[tuple[str, ...]] = [("kimi",), ("kimi",), ("kimi",), (), ("kimi",)]
    mentioning = texts.assign(mentions=pd.Series(named, dtype=object))

    assert other_spellings(mentioning, NEUTRAL).tolist() == [False, True, True, False, False]


def test_tags_of_reasoning_are_found_in_every_form() -> None:
    texts = said("<think>so", "◁think▷so", "[THINK]so", "[think] in plain words", "I think so")

    assert traces(texts, NEUTRAL, NOBODY).think_tags.tolist() == [True, True, True, False, False]


NAMES = (
    "Agent-A", "agent\u2011b", "Agents A et B", "Kimi K2", "KIMI-k2-instruct-0905", "LLaMA 3.3", "Élodie",
    "o3", "Z\u030cofie",
)  # fmt: skip
AROUND = (
    "[", "]", ": ", "：", "**", "\n", " \n\u2028 ", "I agree", "merci", "- ", "<think>", "</ThinK", ">",
    "◁think▷", "<|ſtart|>", "[THINK]", "[/think]", "é", "K", "\ud800", "\r\n", "x", " ", "",
)  # fmt: skip
ODD = NEUTRAL.assign(run="O-run01", name=["Élodie", "o3"], own_name=["", "Agent-A"], label=["A", "Žofie"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(NAMES + AROUND), max_size=8).map("".join), max_size=8))
def test_traces_of_many_messages_are_those_of_each(texts: list[str]) -> None:
    for agents in (NEUTRAL, ODD):
        seats = agents.to_dict("records")
        called = {seat["agent"]: (seat["name"], seat["own_name"] or seat["name"]) for seat in seats}
        finder = MentionFinder({seat["agent"]: (*called[seat["agent"]], seat["label"]) for seat in seats})
        own = MentionFinder({"llama": called["llama"]}, parts=False)
        models = MentionFinder({
            seat["label"]: (seat["label"], seat["served_by"].rpartition("/")[2]) for seat in seats
        })  # fmt: skip
        # Half surrogates are in no column of texts but in lists of them.
        messages = said(*[""] * len(texts), run=seats[0]["run"]).assign(text=pd.Series(texts, dtype=object))
        found = traces(messages, agents, NOBODY)

        assert found.own_name.tolist() == [opens_with_name(text, own) for text in texts]
        assert found.peer_voice.tolist() == [bool(peer_lines(text, finder, "llama")) for text in texts]
        assert found.think_tags.tolist() == [REASONING.search(text) is not None for text in texts]
        assert found.names_model.tolist() == [models.names_any(text) for text in texts]


def test_traces_are_seen_wherever_they_stand_in_a_text() -> None:
    texts = said(
        "Yes.\n **[agent\u2011b]:** no", "so <THINK>", "a</Reasoning>", "\u2028> Agent-A, hello", "Agent"
    )
    found = traces(texts, NEUTRAL, NOBODY)

    assert found.peer_voice.tolist() == [True, False, False, False, False]
    assert found.think_tags.tolist() == [False, True, True, False, False]
    assert found.own_name.tolist() == [False, False, False, True, False]


def test_an_own_name_is_seen_where_another_agents_differs_by_a_gap_alone() -> None:
    alike = NEUTRAL.assign(name=["AnnaLou", "Anna Lou"], own_name=None, label=["Quark", "Muon"])

    assert traces(said("Anna Lou, hello", agent="kimi"), alike, NOBODY).own_name.tolist() == [True]


def test_runs_of_different_casts_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = pd.concat([NEUTRAL, REAL, ODD])
    leak = "Kimi K2 is out"
    both = [
        said("Agent-A, hello", leak),
        said(leak, "Kimi K2: I agree", run="C-run01"),
        said("o3", run="O-run01"),
    ]
    texts = pd.concat([*both, *both[::-1]], ignore_index=True)
    told = names_tell_models(agents)
    at_once = traces(texts, agents, told)
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    by_portions = traces(texts, agents, told)

    assert told == {"C-run01"}
    assert at_once.names_model.tolist() == [False, True] + [False] * 7 + [True]
    assert at_once.own_name.tolist() == [True] + [False] * 7 + [True, False]
    assert at_once.peer_voice.tolist() == [False, False, False, True, False, False, False, True, False, False]
    assert by_portions.names_model.tolist() == at_once.names_model.tolist()
    assert by_portions.peer_voice.tolist() == at_once.peer_voice.tolist()


def test_a_control_character_is_no_models_name() -> None:
    assert not traces(said("zero \x00 byte"), NEUTRAL, NOBODY).names_model.any()


def test_without_any_name_of_a_model_none_is_found() -> None:
    nameless = NEUTRAL.assign(label=None, served_by=None)

    assert not traces(said("Agent-A: Kimi K2"), nameless, NOBODY).names_model.any()


def test_no_messages_have_no_traces() -> None:
    assert traces(said(), NEUTRAL, NOBODY).names_model.tolist() == []
