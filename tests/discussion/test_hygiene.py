import pytest

from mascope.discussion.hygiene import clean, split_reasoning
from mascope.names import MentionFinder
from mascope.records import Agent
from mascope.study.condition import Hygiene

ME = Agent("e", "Agent-E", "Agent-E", "m", "x/y", "M", 0)
FINDER = MentionFinder({"e": ["Agent-E"], "b": ["Agent-B"]})
ALL = Hygiene(reasoning=True, own_name=True, peer_voice=True, empty="keep", ask_again=2)
NONE = Hygiene(reasoning=False, own_name=False, peer_voice=False, empty="keep", ask_again=2)


@pytest.mark.parametrize(
    ("text", "answer", "reasoning"),
    [
        ("<think>a</think>Tea.", "Tea.", "a"),
        ("<think>a</think>Tea<think>b</think>.", "Tea.", "a\nb"),
        ("<THINKING>\na\n</THINKING>\n\nTea.", "Tea.", "a"),
        ("a lone end</think>Tea.", "Tea.", "a lone end"),
        ("Tea.<think>never closed", "Tea.", "never closed"),
        ("<think>never closed", "", "never closed"),
        (
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Tea.<|return|>",
            "Tea.",
            "hm",
        ),
        ("<|channel|>analysis<|message|>only that", "", "only that"),
        ("<|channel|>analysis<|message|>hm<|end|>Tea.", "Tea.", "hm"),
        ("[THINK]a[/THINK]Tea.", "Tea.", "a"),
        ("a[/THINK]Tea.", "Tea.", "a"),
        ("[THINK]never closed", "", "never closed"),
        ("[think]not a mark[/think]", "[think]not a mark[/think]", None),
        ("<thought>a</thought>Tea.", "Tea.", "a"),
        ('<think time="3" kind=deep>a</think>Tea.', "Tea.", "a"),
        ("◁think▷a◁/think▷Tea.", "Tea.", "a"),
        ("a◁/think▷Tea.", "Tea.", "a"),
        (
            "<|channel|>commentary to=f <|constrain|>json<|message|>{}<|call|>"
            "<|start|>assistant<|channel|>final <|constrain|>json<|message|>Tea.<|return|>",
            "Tea.",
            "{}",
        ),
        ("<think>a</think>Tea.<|im_end|>", "Tea.", "a"),
        ("I think <b>tea</b>.", "I think <b>tea</b>.", None),
        ("", "", None),
    ],
)
def test_reasoning_is_split_off_in_every_form_it_comes_in(
    text: str, answer: str, reasoning: str | None
) -> None:
    assert split_reasoning(text) == (answer, reasoning)


def test_each_step_says_that_it_acted() -> None:
    cleaned = clean("<think>x</think>[Agent-E]: Tea.\n[Agent-B]: Milk!", ALL, ME, FINDER)

    assert cleaned.text == "Tea."
    assert cleaned.changes == ("reasoning", "own_name", "peer_voice")


@pytest.mark.parametrize(
    "text",
    [
        "Tea.<|end|>",
        "Tea.\n<|return|>\n",
        "Tea.<|im_end|>",
        "Tea.<|im_end|><|endoftext|>",
        "<|channel|>final<|message|>Tea.<|return|>",
        "<|channel|>final <|constrain|>json<|message|>Tea.",
        "<think/>Tea.",
        "<think />\n\nTea.",
    ],
)
def test_marks_that_hold_no_reasoning_go_too_and_it_is_said(text: str) -> None:
    cleaned = clean(text, ALL, ME, FINDER)

    assert (cleaned.text, cleaned.changes, cleaned.reasoning) == ("Tea.", ("markers",), None)


def test_a_mark_in_the_middle_of_a_sentence_is_what_somebody_wrote() -> None:
    text = "The token <|im_end|> ends a turn."

    assert clean(text, ALL, ME, FINDER).text == text
    assert clean(text, ALL, ME, FINDER).changes == ()


def test_what_is_switched_off_does_nothing() -> None:
    text = "<think>x</think>[Agent-E]: Tea.\n[Agent-B]: Milk!"

    assert clean(text, NONE, ME, FINDER).text == text
    assert clean(text, NONE, ME, FINDER).changes == ()


def test_an_address_to_a_peer_is_not_its_voice() -> None:
    text = "@Agent-B: could you choose?\nAgent-B should choose."

    assert clean(text, ALL, ME, FINDER).text == text
