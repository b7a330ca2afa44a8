from dataclasses import replace

import pytest

from mascope.prompting import PARTS, Prompter, Scaffold, Situation, TurnFormat, placeholders, system_text
from mascope.records import Agent, Failure, Message

ME = Agent("ann", "Ann", "Ann", "m", "rehearsal/plain", "M", 0)


def message(name: str, round_: int, text: str) -> Message:
    return Message(f"r|{name}|R{round_}", name.lower(), name, "m", None, round_, 0, text, (), "")


def notice(text: str | None) -> Failure:
    return Failure("r|Cy|R0", "cy", "Cy", 0, 2, "crash", "injected", "secret detail", text)


def situation(**changes: object) -> Situation:
    fields = {
        "own_name": "Ann",
        "others": ("Bob", "Cy"),
        "silent": ("Cy",),
        "round": 1,
        "rounds": 4,
    } | changes
    return Situation(ME, **fields)  # type: ignore[arg-type]


def scaffold(*parts: str) -> Scaffold:
    return Scaffold({part: PARTS[part].default for part in parts})


SEEN = (message("Ann", 0, "Tea."), message("Bob", 0, "Milk."), notice("[System]: Cy has left."))


def turns(layout: str, seen: tuple[Message | Failure, ...] = SEEN) -> list[tuple[str, str]]:
    prompter = Prompter(scaffold(), TurnFormat(layout=layout), "Choose.")
    return [(turn.role, turn.text) for turn in prompter.prompt(situation(), seen)]


def test_the_scaffold_is_the_parts_that_are_on_in_their_order() -> None:
    text = system_text(scaffold("rules", "peers", "identity"), situation())

    assert text == "You are Ann in a group chat.\nOther agents: Bob, Cy\nSpeak only for yourself."


def test_statuses_and_clock_say_who_is_silent_and_which_round_it_is() -> None:
    text = system_text(scaffold("statuses", "clock"), situation())

    assert text == "No longer answering: Cy\nThis is round 2 of 4."


def test_a_persona_stands_after_the_scaffold() -> None:
    assert system_text(scaffold("rules"), situation(persona="You are shy.")).endswith("\nYou are shy.")


def test_an_empty_scaffold_sends_no_system_turn() -> None:
    assert turns("separate")[0] == ("user", "Choose.")


def test_own_messages_are_the_assistants_and_all_others_are_attributed() -> None:
    assert turns("separate") == [
        ("user", "Choose."),
        ("assistant", "Tea."),
        ("user", "[Bob]: Milk."),
        ("user", "[System]: Cy has left."),
    ]


def test_merged_turns_alternate() -> None:
    assert turns("merged") == [
        ("user", "Choose."),
        ("assistant", "Tea."),
        ("user", "[Bob]: Milk.\n\n[System]: Cy has left."),
    ]


def test_a_single_turn_holds_the_whole_transcript() -> None:
    assert turns("single") == [("user", "Choose.\n\n[Ann]: Tea.\n\n[Bob]: Milk.\n\n[System]: Cy has left.")]


@pytest.mark.parametrize("layout", ["separate", "merged"])
def test_a_prompt_never_ends_with_the_agents_own_words(layout: str) -> None:
    assert turns(layout, SEEN[:1])[-1] == ("user", "Continue the discussion.")


def test_what_the_researcher_reads_of_a_failure_is_not_what_agents_read() -> None:
    assert not any("secret" in text for _, text in turns("separate"))


@pytest.mark.parametrize("template", ["{a!r}", "{a:>3}", "{0}", "{a.b}", "{", "}"])
def test_a_template_holds_plain_placeholders_only(template: str) -> None:
    with pytest.raises(ValueError, match=r"placeholder|[{}]"):
        placeholders(template)


def test_a_message_is_rendered_once_for_all_prompts() -> None:
    prompter = Prompter(scaffold(), TurnFormat(), "Choose.")

    first, second = (prompter.prompt(situation(), SEEN) for _ in range(2))

    assert all(a is b for a, b in zip(first, second, strict=True))


def test_an_agent_that_is_told_no_name_is_told_it_by_no_part() -> None:
    text = system_text(scaffold("identity", "peers", "rules"), situation(own_name=None))

    assert text == "Other agents: Bob, Cy\nSpeak only for yourself."


def test_a_return_is_announced_before_the_words_and_to_the_others_only() -> None:
    back = replace(message("Ann", 0, "Tea."), announced="[System]: Ann is back.")
    prompter = Prompter(scaffold(), TurnFormat(), "Choose.")

    assert prompter.heard(back).text == "[System]: Ann is back.\n\n[Ann]: Tea."
    assert prompter.own(back).text == "Tea."


@pytest.mark.parametrize(
    ("layout", "roles"),
    [("separate", ["user", "assistant", "user", "user", "user"]), ("merged", ["user", "assistant", "user"])],
)
def test_a_private_question_stands_last_as_the_layout_wants_it(layout: str, roles: list[str]) -> None:
    prompter = Prompter(scaffold(), TurnFormat(layout=layout), "Choose.")

    asked = prompter.private(situation(), SEEN, "Which?")

    assert [turn.role for turn in asked] == roles
    assert asked[-1].text.endswith("Which?")
    assert "Which?" not in "".join(turn.text for turn in prompter.prompt(situation(), SEEN))


def test_a_seat_can_have_a_layout_of_its_own() -> None:
    prompter = Prompter(scaffold(), TurnFormat(layout="separate"), "Choose.")

    assert len(prompter.prompt(situation(layout="single"), SEEN)) == 1


@pytest.mark.parametrize(
    ("own", "words"), [("Ann", "[Ann]: Tea."), ("Kimi K2", "[Kimi K2]: Tea."), (None, "Tea.")]
)
def test_in_a_single_turn_own_words_stand_under_the_name_that_the_agent_is_told(
    own: str | None, words: str
) -> None:
    me = situation(layout="single")
    me = replace(me, own_name=own, agent=replace(me.agent, own_name=own))
    back = replace(message("Ann", 0, "Tea."), agent=me.agent.id, announced="[System]: Ann is back.")

    (turn,) = Prompter(scaffold(), TurnFormat(), "Choose.").prompt(me, [back, SEEN[1]])

    assert turn.text == f"Choose.\n\n{words}\n\n[Bob]: Milk."
