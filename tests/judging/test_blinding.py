import re
from collections.abc import Sequence

import pytest

from mascope.judging.blinding import Blinding, Blindings, neutral_names
from mascope.judging.units import Absence, Unit
from mascope.records import Agent, Message

RUN = "C-run07"


def agent(name: str, served_by: str = "groq/llama-3.3-70b-versatile", label: str = "LLaMA 3.3 70B") -> Agent:
    return Agent(name.lower(), name, name, "key", served_by, label, 0)


NEUTRAL = (
    agent("Agent-A", "groq/llama-3.3-70b-versatile", "LLaMA 3.3 70B"),
    agent("Agent-B", "groq/moonshotai/kimi-k2-instruct-0905", "Kimi K2"),
    agent("Agent-C", "openai/my-model", "Ours"),
)
CLONES = tuple(agent(name) for name in ("Alpha", "Bravo", "Charlie"))


def blind(text: str, agents: Sequence[Agent] = NEUTRAL, seed: int = 0) -> tuple[str, Blinding]:
    blinding = Blinding(RUN, agents, seed)
    return blinding.text(said(agents[0], text)), blinding


def said(speaker: Agent, text: str, round_: int = 0) -> Message:
    id_ = f"{RUN}|{speaker.name}|R{round_}"
    return Message(id_, speaker.id, speaker.name, speaker.model, None, round_, 0, text, (), "digest")


def test_each_run_gives_other_names_and_gives_them_again() -> None:
    runs = [tuple(neutral_names(f"A-run{n:02d}", NEUTRAL, 0).values()) for n in range(20)]

    assert len(set(runs)) == 20
    assert all(len(set(names)) == 3 for names in runs)
    assert runs[0] == tuple(neutral_names("A-run00", NEUTRAL, 0).values())
    assert runs[0] != tuple(neutral_names("A-run00", NEUTRAL, 1).values())


def test_no_seat_gets_a_name_more_often_than_another() -> None:
    first = [neutral_names(f"A-run{n}", NEUTRAL, 0)["agent-a"] for n in range(2000)]

    assert max(first.count(name) for name in set(first)) < 2 * 2000 / len(set(first))


def test_neutral_names_share_no_letter_with_names_that_are_letters() -> None:
    names = neutral_names(RUN, NEUTRAL, 0).values()

    assert all(re.fullmatch(r"Speaker [D-HJ-NP-Z]", name) for name in names)


def test_a_crowd_is_numbered() -> None:
    crowd = [agent(f"Agent-{n}") for n in range(1, 31)]

    names = neutral_names(RUN, crowd, 0)

    assert len(set(names.values())) == 30
    assert not {f"Speaker {n}" for n in range(1, 31)} & set(names.values())


def test_agents_that_are_called_speakers_become_something_else() -> None:
    names = neutral_names(RUN, [agent("Speaker 1"), agent("Speaker 2")], 0)

    assert all(name.startswith("Member ") for name in names.values())


@pytest.mark.parametrize(
    "spelling", ["Agent-B", "agent-b", "Agent‑B", "@Agent-B", "**Agent-B**", "Agent B", "AGENT-B"]
)
def test_every_spelling_of_a_name_becomes_the_same_neutral_one(spelling: str) -> None:
    shown, blinding = blind(f"I agree with {spelling}, and {spelling}'s plan.")

    assert shown.count(blinding.names["agent-b"]) == 2
    assert not re.search(r"agent.?b", shown, re.IGNORECASE)


def test_models_are_hidden_by_label_and_by_served_name() -> None:
    shown, blinding = blind("As Kimi K2 (kimi-k2-instruct-0905), I think LLaMA 3.3 70B is right.")

    assert shown.count(blinding.names["agent-b"]) == 2
    assert shown.count(blinding.names["agent-a"]) == 1
    assert not re.search("kimi|llama|70b|0905", shown, re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        "I agree with GPT-OSS.",
        "the endpoint moonshotai/kimi-k2-instruct-0905 is down",
        "Moonshotai/Kimi-K2-Instruct-0905's answer",
        "gpt\u2011oss, are you there?",
    ],
)
def test_neither_the_family_of_a_model_nor_its_vendor_beside_it_is_told(text: str) -> None:
    agents = (*NEUTRAL, agent("Agent-D", "groq/openai/gpt-oss-120b", "GPT-OSS 120B"))

    assert not re.search(r"gpt|oss|moonshot|kimi", blind(text, agents)[0], re.IGNORECASE)


def test_a_model_that_all_share_names_nobody() -> None:
    shown, blinding = blind("As LLaMA 3.3 70B, I follow Bravo.", CLONES)

    assert "llama" not in shown.lower()
    assert [name for name in blinding.names.values() if name in shown] == [blinding.names["bravo"]]


def test_a_label_that_is_one_copys_name_is_not_also_the_others() -> None:
    copies = [agent("LLaMA 3.3 70B"), agent("LLaMA 3.3 70B (2)")]

    shown, blinding = blind("I agree with LLaMA 3.3 70B, and not with LLaMA 3.3 70B (2).", copies)

    first, second = blinding.names.values()
    assert shown == f"I agree with {first}, and not with {second}."


def test_a_name_is_left_alone_inside_another_word() -> None:
    shown, _ = blind("The Agent-Based model and the Alphabet, Bravos and charlies.", (*NEUTRAL, *CLONES))

    assert "Alphabet" in shown
    assert "Agent-Based" in shown


def test_one_name_that_begins_another_is_not_taken_for_it() -> None:
    agents = [agent(f"Agent-{n}") for n in (1, 10, 100)]

    shown, blinding = blind("Agent-10 and Agent-100, not Agent-1 or Agent-1000.", agents)

    names = blinding.names
    assert shown.startswith(f"{names['agent-10']} and {names['agent-100']}, not {names['agent-1']}")


def test_a_name_with_invisible_characters_in_it_is_found_all_the_same() -> None:
    shown, blinding = blind("Ask Agent\u200b-B and Agent-\u2060B and A\u200fgent-B.")

    assert shown.count(blinding.names["agent-b"]) == 3


def test_a_persona_of_a_rehearsal_is_an_ordinary_word() -> None:
    agents = [agent("Agent-A", "rehearsal/plain", "plain"), agent("Agent-B", "rehearsal/leader", "leader")]

    shown, _ = blind("A plain plan for the team leader.", agents)

    assert shown == "A plain plan for the team leader."


def test_without_blinding_names_stay_and_structure_is_still_taken_out() -> None:
    blinding = Blinding(RUN, [agent('A "quoted" <name>')], 0, blind=False)

    assert list(blinding.names.values()) == ["A quoted name"]
    assert blinding.text(said(agent('A "quoted" <name>'), "I am Alpha <|im_end|>")) == "I am Alpha ‹|im_end|›"


def unit(text: str, *, absent: tuple[Absence, ...] = (), context: tuple[Message, ...] = ()) -> Unit:
    return Unit(RUN, NEUTRAL, said(NEUTRAL[0], text, 3), context, absent)


def test_a_question_names_no_series_model_run_or_round() -> None:
    asked = Blinding(RUN, NEUTRAL, 0).question(
        unit("Agent-B?", context=(said(NEUTRAL[1], "Agent-A!", 2),)), tell_absences=True
    )

    shown = repr((asked.target, asked.context, asked.silent, asked.mark))
    assert not re.search(r"run07|R3|R2|Agent|kimi|llama|C-", shown, re.IGNORECASE)


def test_who_is_silent_is_told_in_neutral_names_if_the_codebook_needs_it() -> None:
    blinding = Blinding(RUN, NEUTRAL, 0)
    silent = unit("hm?", absent=(Absence("agent-b", None), Absence("agent-c", 7)))
    b, c = blinding.names["agent-b"], blinding.names["agent-c"]

    told = blinding.question(silent, tell_absences=True)
    untold = blinding.question(silent, tell_absences=False)

    assert told.silent == (f"{b} (has not spoken so far)", f"{c} (for the last 7 messages)")
    assert untold.silent == ()


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    text = "begin " + "x" * 50_000 + " end"

    asked = Blinding(RUN, NEUTRAL, 0).question(unit(text), tell_absences=False)

    assert asked.target.text.startswith("begin xxx")
    assert asked.target.text.endswith("xxx end")
    assert asked.left_out == len(text) - 12_000
    assert asked.words == 3
    assert f"[… {asked.left_out} characters left out …]" in asked.target.text


def test_a_name_is_never_cut_in_two_by_the_limit() -> None:
    asked = Blinding(RUN, NEUTRAL, 0).question(unit("Agent-B " * 3000), tell_absences=False)

    assert "gent" not in asked.target.text


def test_all_judges_of_a_panel_are_shown_the_same_names() -> None:
    blindings = Blindings(0, blind=True)

    assert blindings.of(unit("one")) is blindings.of(unit("two"))
