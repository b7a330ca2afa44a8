"""What an answer to a private question is read as. In doubt it is not read at all."""

import pytest

from mascope.names import MentionFinder
from mascope.study.probes import HIGH, LOW, PROBE_KINDS, Probe

FINDER = MentionFinder({"ann": ["Agent-A"], "bob": ["Agent-B"], "zoe": ["Agent-AB"]})


def probe(kind: str, low: float = LOW, high: float = HIGH, options: tuple[str, ...] = ()) -> Probe:
    return Probe("p", "Well?", kind, (0,), PROBE_KINDS[kind].instruct, low, high, options)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5", 5.0),
        (" **5** ", 5.0),
        ("I would say 5.", 5.0),
        ("5/7", 5.0),
        ("5 out of 7", 5.0),
        ("7 out of 7", 7.0),
        ("7/7", 7.0),
        ("4,5", 4.5),
        ("4.5", 4.5),
        ("5. Yes, 5!", 5.0),
        ("8", None),
        ("0", None),
        ("-3", None),
        ("between 3 and 5", None),
        ("3-5", None),
        ("five", None),
        ("", None),
        ("GPT-4", None),
        ("v2x", None),
        ("1.000.000", None),
        ("6 on a scale from 1 to 7", 6.0),
        ("On a scale of 1–7: 6", 6.0),
        ("1 to 7", None),
        ("not 5", None),
        ("I can't say 5", None),
        (">5", None),
        ("5+", None),
        ("5%", None),
    ],
)
def test_a_scale_takes_the_one_number_that_lies_on_it(text: str, answer: float | None) -> None:
    assert probe("scale").parse(text, FINDER) == answer


@pytest.mark.parametrize(("text", "answer"), [("-2", -2.0), ("−2", -2.0), ("+2", 2.0), ("2/3", 2.0)])
def test_a_scale_can_go_below_zero(text: str, answer: float) -> None:
    assert probe("scale", -3, 3).parse(text, FINDER) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("green tea", "Green tea"),
        ("“Green tea.”", "Green tea"),
        ("I vote for **tea**", "Tea"),
        ("My vote: green   tea, clearly.", "Green tea"),
        ("Not tea but green tea", None),
        ("coffee", None),
        ("teapot", None),
        ("", None),
        ("N/A", None),
    ],
)
def test_a_choice_takes_the_one_option_named(text: str, answer: str | None) -> None:
    assert probe("choice", options=("Tea", "Green tea")).parse(text, FINDER) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("not New York", None),
        ("It isn't really New York.", None),
        ("Ce n'est pas New York", None),
        ("Nicht New York", None),
        ("Neither Rome nor New York", None),
        ("I do not know much of the others: New York", "New York"),
        ("No. New York!", "New York"),
        ("Not sure; Rome", "Rome"),
    ],
)
def test_an_option_that_is_denied_is_no_answer(text: str, answer: str | None) -> None:
    assert probe("choice", options=("New York", "Rome")).parse(text, FINDER) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("No.", "no"),
        ("My answer is no", "no"),
        ("No idea", None),
        ("There is no doubt", None),
        ("For!", "for"),
        ("I am for, all in all", "for"),
        ("For me, it is late", None),
    ],
)
def test_an_option_that_is_a_word_of_grammar_is_none_before_another_word(
    text: str, answer: str | None
) -> None:
    assert probe("choice", options=("for", "no")).parse(text, FINDER) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Agent-B", "bob"),
        ("It was Agent‑B, no doubt.", "bob"),
        ("Agent AB.", "zoe"),
        ("Agent-A and Agent-B", None),
        ("Not Agent-A.", None),
        ("I am not sure. Agent-A", "ann"),
        ("nobody", None),
    ],
)
def test_a_name_is_read_as_the_agent_that_has_it(text: str, answer: str | None) -> None:
    assert probe("agent").parse(text, FINDER) == answer


def test_a_text_is_taken_as_it_is_and_nothing_is_no_answer() -> None:
    assert probe("text").parse("  because  ", FINDER) == "because"
    assert probe("text").parse(" \n", FINDER) is None


def test_the_question_says_how_to_answer() -> None:
    assert "from 1 to 7" in probe("scale").question(["Agent-A"])
    assert "Tea, Green tea" in probe("choice", options=("Tea", "Green tea")).question([])
    assert "Agent-A, Agent-B" in probe("agent").question(["Agent-A", "Agent-B"])


def test_the_words_can_be_the_studys_own_or_none() -> None:
    own = Probe("p", "Well?", "scale", (0,), "{low}..{high}")
    none = Probe("p", "Well {sic}?", "scale", (0,), "")

    assert own.question([]) == "Well?\n\n1..7"
    assert none.question([]) == "Well {sic}?"
