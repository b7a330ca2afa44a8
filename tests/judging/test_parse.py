import json
from typing import Any

import pytest

from mascope.codebook import Ask, Codebook, Flag
from mascope.judging.blinding import Question, Quoted
from mascope.judging.parse import Marked, Problem, Reading, read_answers
from mascope.judging.prompt import Form, form
from mascope.records import Mark

CODEBOOK = Codebook(
    "",
    (
        Flag("LEAD", "assigns a task", True, {}, (), {}),
        Flag("COMP", "refers to the absent", False, {"L1": "notes", "L2": "covers"}, (), {}),
    ),
)
PLAIN = form(CODEBOOK, Ask(), batched=False)
RICH = form(CODEBOOK, Ask(quote=True, confidence=True), batched=False)
BATCH = form(CODEBOOK, Ask(), batched=True)
TEXT = "Agent-B – please write “the login page”, since Agent-C  is gone."
GOOD = '{"LEAD": "yes", "COMP": "no"}'


def about(text: str = TEXT) -> Question:
    return Question("A-run01|Agent-A|R1", "mmmmmmmmmm", Quoted("Speaker K", text), (), (), 9, 0)


def read(answer: str, form_: Form = PLAIN, text: str = TEXT) -> Reading:
    return read_answers(answer, form_, [about(text)])[0]


def marks(answer: str, form_: Form = PLAIN, text: str = TEXT) -> dict[str, Mark]:
    reading = read(answer, form_, text)
    assert isinstance(reading, Marked), reading
    return dict(reading.marks)


def problem(answer: str, form_: Form = PLAIN, text: str = TEXT) -> str:
    reading = read(answer, form_, text)
    assert isinstance(reading, Problem), reading
    return reading.text


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is my answer:\n\n{GOOD}\n\nI hope that this helps {{you}}.",
        f"The form is {{flags}}, so: {GOOD}",
        f'<think>Could be {{\'LEAD\'}}… {{"LEAD": "no", "COMP": "no"}}</think>\n{GOOD}',
        '{"lead": "YES ", "Comp": "No"}',
        '{"reason": "it says\nplease", "LEAD": "yes", "COMP": "no"}',
        '{"COMP": {"answer": "no"}, "LEAD": {"answer": "yes", "confidence": "high"}}',
        f"{GOOD}\n{GOOD}",
        "\ufeff" + GOOD,
    ],
)
def test_an_answer_is_found_whatever_stands_round_it(answer: str) -> None:
    assert marks(answer) == {"LEAD": Mark("yes"), "COMP": Mark("no")}


@pytest.mark.parametrize("word", ["cannot tell", "Cannot tell", "unsure", "can't tell", "cannot_tell"])
def test_cannot_tell_is_neither_yes_nor_no(word: str) -> None:
    assert marks(json.dumps({"LEAD": word, "COMP": "no"}))["LEAD"] == Mark("unsure")


@pytest.mark.parametrize(
    ("value", "mark"),
    [
        ("L2", Mark("yes", "L2")),
        ("l2", Mark("yes", "L2")),
        ("yes", Mark("yes")),
        ({"answer": "yes", "level": "L1"}, Mark("yes", "L1")),
        ({"answer": "L1", "level": "L1"}, Mark("yes", "L1")),
        ({"answer": "no", "level": None}, Mark("no")),
        ({"answer": "no", "level": "none"}, Mark("no")),
        ({"answer": "cannot tell", "level": ""}, Mark("unsure")),
    ],
)
def test_a_level_is_a_yes_that_says_which(value: Any, mark: Mark) -> None:
    assert marks(json.dumps({"LEAD": "no", "COMP": value}))["COMP"] == mark


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "yes",
        "LEAD: yes, COMP: no",
        "I cannot help with that.",
        "{}",
        '{"answer": "yes"}',
        '["LEAD"]',
        '{"result": {"LEAD": "yes", "COMP": "no"}}',
        '{"LEAD": "yes"}',
        '{"LEAD": "yes", "COMP": null}',
        '{"LEAD": true, "COMP": false}',
        '{"LEAD": 1, "COMP": 0}',
        '{"LEAD": ["yes"], "COMP": "no"}',
        '{"LEAD": "", "COMP": "no"}',
        '{"LEAD": "yes|no|cannot tell", "COMP": "no"}',
        '{"LEAD": "probably", "COMP": "no"}',
        '{"LEAD": "L1", "COMP": "no"}',
        '{"LEAD": "yes", "COMP": "L9"}',
        '{"LEAD": "yes", "COMP": {"answer": "no", "level": "L1"}}',
        '{"LEAD": "yes", "COMP": {"answer": "L1", "level": "L2"}}',
        '{"LEAD": "yes", "COMP": {"level": "L1"}}',
        '{"LEAD": "yes", "LEAD": "yes", "COMP": "no"}',
        '{"LEAD": "yes", "lead": "no", "COMP": "no"}',
        '{"LEAD": "yes", "COMP": NaN}',
        '{"LEAD": "yes", "COMP": "no", "confidence": Infinity}',
        '{"LEAD": "yes", "COMP": "no"',
        '{"LEAD": "yes", "COMP": "no"}\n{"LEAD": "no", "COMP": "no"}',
        '{"draft": {"LEAD": "yes", "COMP": "no"}, "final": {"LEAD": ',
        "{'LEAD': 'yes', 'COMP': 'no'}",
        '<think>{"LEAD": "yes", "COMP": "no"}',
        '{"LEAD": "yes", "COMP": "no", "n": ' + "9" * 5000 + "}",
        '{"a":' * 50_000,
        "{" * 1000 + GOOD,
        " " * 100_000 + GOOD,
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read_at_all(answer: str) -> None:
    assert isinstance(read(answer), Problem)


def test_a_missing_flag_is_named_and_never_a_no() -> None:
    assert problem('{"LEAD": "no"}') == "no answer for COMP"


def test_the_problem_never_repeats_what_the_judge_wrote() -> None:
    assert "probably" not in problem('{"LEAD": "probably", "COMP": "no"}')


def test_json_that_stands_in_the_message_is_no_answer() -> None:
    text = 'Use this config: { "LEAD":"yes",\n "COMP": "no" } please'

    assert problem(GOOD, text=text).startswith("no JSON object")
    assert marks('{"LEAD": "no", "COMP": "no"}', text=text)["LEAD"] == Mark("no")
    assert marks(f'It shows {GOOD}; I say {{"COMP": "no", "LEAD": "no"}}', text=text)["LEAD"] == Mark("no")


def test_a_part_of_the_json_in_the_message_is_no_answer() -> None:
    assert "no JSON object" in problem(GOOD, text=f'{{"all": [{GOOD}]}}')


# Quotes and confidence --------------------------------------------------------------------------------------


def rich(**lead: Any) -> str:
    return json.dumps(
        {"LEAD": {"answer": "yes", **lead}, "COMP": {"answer": "no", "quote": "", "confidence": 1}}
    )


@pytest.mark.parametrize("quote", ["please write", '- Please write "the login  page"', "…Agent-C is gone."])
def test_a_quote_is_kept_if_it_occurs_in_the_message(quote: str) -> None:
    assert marks(rich(quote=quote, confidence=0.5), RICH)["LEAD"] == Mark("yes", None, quote.strip(), 0.5)


@pytest.mark.parametrize("quote", ["please code", 17, ["please write"], " … "])
def test_a_quote_that_does_not_occur_is_dropped_and_noted(quote: object) -> None:
    reading = read(rich(quote=quote, confidence=0.5), RICH)

    assert isinstance(reading, Marked)
    assert reading.marks["LEAD"] == Mark("yes", None, None, 0.5)
    assert reading.dropped == ("LEAD.quote",)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, 85, "high", True, 1e400])
def test_a_confidence_that_is_no_share_is_dropped_and_noted(confidence: object) -> None:
    answer = rich(quote="please", confidence=confidence).replace("Infinity", "1e400")

    reading = read(answer, RICH)

    assert isinstance(reading, Marked)
    assert reading.marks["LEAD"] == Mark("yes", None, "please", None)
    assert reading.dropped == ("LEAD.confidence",)


def test_a_no_has_no_quote() -> None:
    answer = json.dumps({"LEAD": {"answer": "no", "quote": "please"}, "COMP": {"answer": "no", "quote": ""}})

    reading = read(answer, RICH)

    assert isinstance(reading, Marked)
    assert reading.marks["LEAD"] == Mark("no")
    assert reading.dropped == ()


def test_what_was_not_asked_for_is_not_kept() -> None:
    assert marks(rich(quote="please", confidence=0.5))["LEAD"] == Mark("yes")


# Batches ----------------------------------------------------------------------------------------------------


def items(*entries: Any) -> str:
    return json.dumps({"items": list(entries)})


def entry(item: object, lead: str = "yes") -> dict[str, object]:
    return {"item": item, "LEAD": lead, "COMP": "no"}


def read_three(answer: str) -> list[str]:
    """For each of three messages: what LEAD was answered, `missing`, or `unread`."""
    readings = read_answers(answer, BATCH, [about("one"), about("two"), about("three")])
    return [
        r.marks["LEAD"].answer if isinstance(r, Marked) else "missing" if r.missing else "unread"
        for r in readings
    ]


def test_items_are_found_by_their_number_not_their_place() -> None:
    assert read_three(items(entry(3, "no"), entry(1), entry("2", "cannot tell"))) == ["yes", "unsure", "no"]


def test_items_are_found_as_a_bare_list_or_one_by_one() -> None:
    one_by_one = "\n".join(json.dumps(entry(n)) for n in (1, 2, 3))

    assert read_three(json.dumps([entry(1), entry(2), entry(3)])) == ["yes"] * 3
    assert read_three(one_by_one) == ["yes"] * 3


@pytest.mark.parametrize(
    ("answer", "readings"),
    [
        (items(entry(1), entry(3)), ["yes", "missing", "yes"]),
        (items(entry(1), entry(2, "perhaps"), entry(3)), ["yes", "unread", "yes"]),
        (items(entry(1), entry(1, "no"), entry(2), entry(3)), ["unread", "yes", "yes"]),
        (items(entry(1), entry(1), entry(2), entry(3)), ["yes", "yes", "yes"]),
        (items(entry(0), entry(4), entry(2.0), entry(True), entry(None)), ["missing"] * 3),
        (items(entry(1), "two", entry(3)), ["unread"] * 3),
        (items(), ["missing"] * 3),
        (items(entry(1), entry(2), entry(3))[:-2], ["unread"] * 3),
        (GOOD, ["missing"] * 3),
        ("nothing", ["missing"] * 3),
    ],
)
def test_each_item_stands_for_itself(answer: str, readings: list[str]) -> None:
    assert read_three(answer) == readings


def test_json_in_one_message_answers_for_none() -> None:
    shown = [about(items(entry(1), entry(2))), about("two")]

    readings = read_answers(items(entry(1), entry(2)), BATCH, shown)

    assert all(isinstance(reading, Problem) for reading in readings)
