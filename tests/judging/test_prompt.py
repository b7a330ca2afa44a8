import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mascope.chat.types import Model, Sampling
from mascope.codebook import Ask, Codebook, Example, Flag, Judge, Panel, Thresholds
from mascope.errors import InvalidInput
from mascope.judging.blinding import Question, Quoted
from mascope.judging.coders import coder_digest
from mascope.judging.fencing import mark
from mascope.judging.prompt import form, user_turn

LEAD = Flag(
    "LEAD", "Assigns a task.", True, {}, (Example("Bob, do it.", "yes", why="named"),), {"phrases": ["do"]}
)
COMP = Flag(
    "COMP",
    "Refers to the absent.",
    False,
    {"L1": "notes", "L2": "covers"},
    (Example("Gone.", "yes", "L1"),),
    {},
)
CODEBOOK = Codebook("Code each message.", (LEAD, COMP))
JUDGE = Judge("one", Model("one", "groq/x", "X"), Sampling(0.0, 200))
PANEL = Panel("p", Path("p.yaml"), CODEBOOK, (JUDGE,), False, "intersection", 3, 1, True, Thresholds(), 0)


def question(text: str = "Bob, do it.", mark_: str = "aaaaaaaaaa") -> Question:
    return Question("A|Bob|R1", mark_, Quoted("Speaker K", text), (Quoted("Speaker M", "Hello."),), (), 3, 0)


def test_the_first_turn_is_the_codebook_and_never_changes() -> None:
    one, other = form(CODEBOOK, Ask(), batched=False), form(CODEBOOK, Ask(), batched=False)

    assert one.system == other.system
    assert one.system.role == "system"
    for words in (
        "Code each message.",
        "Assigns a task.",
        '"Bob, do it." → yes (named)',
        '"Gone." → L1',
        "- L2: covers",
    ):
        assert words in one.system.text


def test_the_codebook_comes_before_everything_else() -> None:
    text = form(CODEBOOK, Ask(), batched=False).system.text

    assert text.startswith("Code each message.")
    assert (
        text.index("# LEAD")
        < text.index("# COMP")
        < text.index("# The messages")
        < text.index("# Your answer")
    )


def test_the_cues_of_the_rule_based_coder_are_not_shown_to_judges() -> None:
    assert "phrases" not in form(CODEBOOK, Ask(), batched=False).system.text


def test_the_context_stands_before_the_message_and_the_request_last() -> None:
    assert user_turn([question()], batched=False).text == (
        "Words in the target: 3.\n"
        '<context-1-aaaaaaaaaa speaker="Speaker M">\nHello.\n</context-1-aaaaaaaaaa>\n'
        '<target-aaaaaaaaaa speaker="Speaker K">\nBob, do it.\n</target-aaaaaaaaaa>\n\n'
        "Answer with the JSON object only."
    )


def test_whoever_fell_silent_is_named_before_the_context() -> None:
    turn = user_turn(
        [replace(question(), silent=("Speaker P (just now)", "Speaker Q (just now)"))], batched=False
    )

    first = turn.text.split("\n")[0]
    assert first == "Silent when the target was written: Speaker P (just now), Speaker Q (just now)."


def test_a_batch_is_numbered_and_each_item_has_its_own_fence() -> None:
    text = user_turn([question("one"), question("two", "bbbbbbbbbb")], batched=True).text

    assert re.findall(r'<target-(\w+) item="(\d)"', text) == [("aaaaaaaaaa", "1"), ("bbbbbbbbbb", "2")]
    assert text.index("Item 1:") < text.index("one\n</target-aaaaaaaaaa>") < text.index("Item 2:")


def test_asking_again_says_so_and_differs_each_time() -> None:
    turns = {user_turn([question()], batched=False, again=again).text for again in range(3)}

    assert len(turns) == 3


def test_the_mark_is_the_same_for_a_message_and_different_for_every_other() -> None:
    marks = [mark(0, f"A-run01|Bob|R{n}", []) for n in range(1000)]

    assert marks[0] == mark(0, "A-run01|Bob|R0", [])
    assert len(set(marks)) == 1000
    assert mark(1, "A-run01|Bob|R0", []) != marks[0]


def test_a_mark_that_a_text_holds_is_drawn_again() -> None:
    first = mark(0, "m", [])
    second = mark(0, "m", [f"I bet on {first.upper()}"])
    third = mark(0, "m", [first, "and " + second])

    assert len({first, second, third}) == 3


# The schema -------------------------------------------------------------------------------------------------


def test_the_schema_allows_the_answers_of_the_codebook_and_nothing_more() -> None:
    assert form(CODEBOOK, Ask(), batched=False).schema == {
        "type": "object",
        "properties": {
            "LEAD": {"type": "string", "enum": ["yes", "no", "cannot tell"]},
            "COMP": {"type": "string", "enum": ["L1", "L2", "no", "cannot tell"]},
        },
        "required": ["LEAD", "COMP"],
        "additionalProperties": False,
    }


def test_quotes_and_confidence_are_asked_for_only_if_the_panel_wants_them() -> None:
    plain, rich = (form(CODEBOOK, ask, batched=False) for ask in (Ask(), Ask(quote=True, confidence=True)))

    assert "quote" not in plain.system.text
    assert "confidence" not in plain.system.text
    assert list(rich.schema["properties"]["LEAD"]["properties"]) == ["answer", "quote", "confidence"]
    assert '"quote"' in rich.system.text
    assert '"confidence"' in rich.system.text


def test_the_form_shown_to_the_judge_has_the_keys_of_the_schema() -> None:
    for batched in (False, True):
        for ask in (Ask(), Ask(quote=True), Ask(confidence=True)):
            one = form(CODEBOOK, ask, batched=batched)
            shown = json.loads(one.system.text.rsplit("\n", 1)[1])
            entry, schema = (
                (shown["items"][0], one.schema["properties"]["items"]["items"])
                if batched
                else (shown, one.schema)
            )

            assert list(entry) == schema["required"]


@pytest.mark.parametrize("level", ["no", "Yes", "cannot tell "])
def test_a_level_that_is_also_an_answer_is_refused(level: str) -> None:
    with pytest.raises(InvalidInput, match=f"COMP.*{level}"):
        form(Codebook("", (replace(COMP, levels={level: "?"}),)), Ask(), batched=False)


# The digest -------------------------------------------------------------------------------------------------


def test_the_digest_of_a_judge_changes_with_all_that_can_change_a_code() -> None:
    model, sampling = JUDGE.model, JUDGE.sampling
    judges = [
        replace(JUDGE, model=replace(model, served_by="groq/y")),
        replace(JUDGE, model=replace(model, base_url="http://127.0.0.1/v1")),
        replace(JUDGE, model=replace(model, parameters={"context": 1})),
        replace(JUDGE, sampling=replace(sampling, temperature=0.5)),
        replace(JUDGE, sampling=replace(sampling, max_tokens=100)),
        replace(JUDGE, sampling=replace(sampling, extra={"top_k": 1})),
    ]
    panels = [
        replace(PANEL, codebook=replace(CODEBOOK, preamble="Code!")),
        replace(PANEL, codebook=Codebook(CODEBOOK.preamble, (replace(LEAD, definition="Commands."), COMP))),
        replace(PANEL, context=2),
        replace(PANEL, batch=2),
        replace(PANEL, blind=False),
        replace(PANEL, seed=1),
        replace(PANEL, ask=Ask(quote=True)),
    ]
    digests = {coder_digest(JUDGE, PANEL)}
    digests |= {coder_digest(judge, PANEL) for judge in judges} | {
        coder_digest(JUDGE, panel) for panel in panels
    }

    assert len(digests) == 1 + len(judges) + len(panels)


def test_the_digest_of_a_judge_stays_where_only_speed_or_rules_change() -> None:
    faster = replace(JUDGE, model=replace(JUDGE.model, concurrency=99, deadline_s=1.0, key_env="OTHER"))
    recued = replace(PANEL, codebook=Codebook(CODEBOOK.preamble, (replace(LEAD, cues={}), COMP)))

    assert coder_digest(faster, PANEL) == coder_digest(JUDGE, recued) == coder_digest(JUDGE, PANEL)
