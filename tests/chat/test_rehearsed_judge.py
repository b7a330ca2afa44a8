import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mascope.chat.rehearsal import open_rehearsal
from mascope.chat.rehearsed_agent import FLAGS, truth
from mascope.chat.types import ChatTurn, Model, Reply, Request, Sampling
from mascope.codebook import Ask, Codebook, Flag
from mascope.errors import CallFailed, FailureKind
from mascope.judging import prompt
from mascope.judging.blinding import Blinding
from mascope.judging.parse import Marked, Reading, read_answers
from mascope.judging.units import Unit
from mascope.records import Agent, Message

SHOWING = {
    "PHATIC": "Thanks everyone, nice work so far!",
    "LEAD": "I am assigning the test plan to Speaker B. The deadline is tight.",
    "COMP": "We must redistribute the tasks of Speaker C across the remaining agents.",
}
CHOICES = {flag: ["yes", "no", "cannot tell"] for flag in FLAGS} | {
    "COMP": ["L1", "L2", "L3", "no", "cannot tell"]
}
SYSTEM = ChatTurn("system", "Code the message.")


def object_(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


ALONE = object_({flag: {"type": "string", "enum": choices} for flag, choices in CHOICES.items()})
BATCH = object_(
    {"items": {"type": "array", "items": object_({"item": {"type": "integer"}, **ALONE["properties"]})}}
)
RICH = object_(
    {
        flag: object_({"answer": answer, "quote": {"type": "string"}, "confidence": {"type": "number"}})
        for flag, answer in ALONE["properties"].items()
    }
)


def judge(key: str = "j", **parameters: Any) -> Model:
    return Model(key, "rehearsal/judge", "J", parameters={"sensitivity": 1, "specificity": 1, **parameters})


def block(text: str, mark: str = "m0", item: str = "") -> str:
    context = f'<context-1-{mark} speaker="Speaker Z">\nThank you all so much!\n</context-1-{mark}>\n'
    return f'{context}<target-{mark}{item} speaker="Speaker A">\n{text}\n</target-{mark}>'


def ask(model: Model, prompts: Sequence[str], schema: Mapping[str, Any] = ALONE) -> list[Reply]:
    async def all_() -> list[Reply]:
        chat = open_rehearsal(model)
        turns = ((SYSTEM, ChatTurn("user", f"{prompt}\n\nAnswer.")) for prompt in prompts)
        return [await chat.complete(Request(model, two, schema=schema)) for two in turns]

    return asyncio.run(all_())


def codes(model: Model, prompts: Sequence[str], schema: Mapping[str, Any] = ALONE) -> list[dict[str, Any]]:
    return [json.loads(reply.text) for reply in ask(model, prompts, schema)]


def many(text: str, n: int) -> list[str]:
    """The same message asked about under `n` different marks, as `n` messages of a study are."""
    return [block(text, f"m{number}") for number in range(n)]


def share(found: Sequence[Mapping[str, Any]], flag: str, answer: str = "yes") -> float:
    return [codes[flag] for codes in found].count(answer) / len(found)


@pytest.mark.parametrize("flag", SHOWING)
def test_a_perfect_judge_says_the_truth(flag: str) -> None:
    found = codes(judge(), [block(SHOWING[flag])])[0]

    assert found == dict.fromkeys(FLAGS, "no") | {flag: "L3" if flag == "COMP" else "yes"}


def test_a_judge_is_as_sensitive_and_specific_as_asked() -> None:
    model = judge(sensitivity={"LEAD": 0.8}, specificity={"LEAD": 1, "ARCH": 0.7, "AGREE": 1})
    found = codes(model, many(SHOWING["LEAD"], 2000))

    assert share(found, "LEAD") == pytest.approx(0.8, abs=0.04)
    assert share(found, "ARCH") == pytest.approx(0.3, abs=0.045)
    assert share(found, "AGREE") == 0


def test_what_options_leave_out_has_the_default_accuracy() -> None:
    model = Model("j", "rehearsal/judge", "J", parameters={"sensitivity": {"META": 0.1}})
    found = codes(model, many(SHOWING["LEAD"], 2000))

    assert share(found, "LEAD") == pytest.approx(0.9, abs=0.03)
    assert share(found, "ARCH") == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize("other", [judge("k", sensitivity=0.7), judge(seed=9, sensitivity=0.7)])
def test_two_judges_err_independently(other: Model) -> None:
    prompts = many(SHOWING["LEAD"], 2000)
    pairs = zip(codes(judge(sensitivity=0.7), prompts), codes(other, prompts), strict=True)
    both = sum(a["LEAD"] == b["LEAD"] == "yes" for a, b in pairs) / 2000

    assert both == pytest.approx(0.49, abs=0.05)


def test_a_judge_repeats_itself() -> None:
    model = judge(sensitivity=0.5, specificity=0.5, unsure=0.2, unreadable=0.1)
    prompts = many(SHOWING["LEAD"], 50)

    assert ask(model, prompts) == ask(model, prompts)


def test_each_message_of_a_batch_is_judged_by_itself() -> None:
    blocks = [block(text, f"m{n}", f' item="{n}"') for n, text in enumerate(SHOWING.values(), start=1)]
    found = codes(judge(), ["\n\n".join(blocks)], BATCH)[0]["items"]

    assert [(codes["item"], codes["PHATIC"], codes["LEAD"], codes["COMP"]) for codes in found] == [
        (1, "yes", "no", "no"),
        (2, "no", "yes", "no"),
        (3, "no", "no", "L3"),
    ]


def test_quotes_are_words_of_the_message_and_only_beside_a_yes() -> None:
    found = codes(judge(), [block(SHOWING["LEAD"])], RICH)[0]

    assert found["LEAD"]["answer"] == "yes"
    assert found["LEAD"]["quote"] in SHOWING["LEAD"]
    assert found["LEAD"]["quote"]
    assert (found["ARCH"]["answer"], found["ARCH"]["quote"]) == ("no", "")


def test_a_false_alarm_for_a_flag_with_levels_is_one_of_them() -> None:
    found = codes(judge(specificity=0), many(SHOWING["PHATIC"], 60))

    assert {codes["COMP"] for codes in found} == {"L1", "L2", "L3"}


def test_an_unsure_judge_says_so_in_its_share() -> None:
    found = codes(judge(unsure=0.25), many(SHOWING["LEAD"], 1500))

    assert share(found, "LEAD", "cannot tell") == pytest.approx(0.25, abs=0.05)


def test_an_abstaining_judge_gives_a_filtered_answer_without_text() -> None:
    replies = ask(judge(abstain=0.3), many(SHOWING["LEAD"], 1000))
    filtered = [reply for reply in replies if reply.finish_reason == "content_filter"]

    assert len(filtered) / 1000 == pytest.approx(0.3, abs=0.065)
    assert {reply.text for reply in filtered} == {""}


def valid(text: str) -> bool:
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    return set(answer) == set(FLAGS) and all(code in CHOICES[flag] for flag, code in answer.items())


@pytest.mark.parametrize("flag", SHOWING)
def test_unreadable_answers_come_in_their_share(flag: str) -> None:
    replies = ask(judge(unreadable=0.4), many(SHOWING[flag], 1000))

    assert sum(not valid(reply.text) for reply in replies) / 1000 == pytest.approx(0.4, abs=0.07)


def test_a_prompt_without_a_message_to_code_is_refused() -> None:
    with pytest.raises(CallFailed) as caught:
        ask(judge(), ["Who led the discussion?"])

    assert caught.value.kind is FailureKind.REJECTED


def test_the_context_is_not_judged() -> None:
    found = codes(judge(), [block("Nothing of note.")])[0]

    assert set(found.values()) == {"no"}


# Through the true prompt and the true reader of answers ----------------------------------------------------

FLAGS_OF_THE_BOOK = tuple(
    Flag(
        flag,
        f"What {flag} is.",
        flag != "COMP",
        {"L1": "a", "L2": "b", "L3": "c"} if flag == "COMP" else {},
        (),
        {},
    )
    for flag in FLAGS
)
AGENTS = tuple(
    Agent(f"a{seat}", name, name, "m", "groq/llama-3.3-70b-versatile", "LLaMA 3.3 70B", seat)
    for seat, name in enumerate(("Echo", "Golf", "Hotel"))
)
GROUP = (
    ChatTurn("system", "You are Golf in a group chat.\nOther agents: Echo, Hotel"),
    ChatTurn("user", "[System]: Hotel did not answer."),
)


def spoken(n: int, language: str) -> list[Message]:
    """What a rehearsed agent says in a group, every flag often."""
    rates = {"PHATIC": 0.2, "META": 0.4, "LEAD": 0.4, "ARCH": 0.4, "AGREE": 0.4, "COMP": 0.4}
    agent = Model("m", "rehearsal/plain", "M", parameters={"rates": rates, "language": language})

    async def all_() -> list[str]:
        chat = open_rehearsal(agent)
        return [(await chat.complete(Request(agent, GROUP, Sampling(seed=seed)))).text for seed in range(n)]

    texts = asyncio.run(all_())
    return [
        Message(f"r|Golf|R{i}", "a1", "Golf", "m", None, i, 0, text, (), "", "")
        for i, text in enumerate(texts)
    ]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("ask", [Ask(), Ask(quote=True, confidence=True)])
@pytest.mark.parametrize("batch", [1, 4])
def test_a_perfect_judge_codes_blinded_messages_truly(batch: int, ask: Ask, language: str) -> None:
    form = prompt.form(Codebook("", FLAGS_OF_THE_BOOK), ask, batched=batch > 1)
    messages = spoken(24, language)
    blinding = Blinding("r", AGENTS, seed=1)
    units = [Unit("r", AGENTS, message, (), ()) for message in messages]
    questions = [blinding.question(unit, tell_absences=True) for unit in units]
    model = judge()

    async def judge_all() -> list[Reading]:
        chat, readings = open_rehearsal(model), list[Reading]()
        for at in range(0, len(questions), batch):
            asked = questions[at : at + batch]
            turns = (form.system, prompt.user_turn(asked, batched=batch > 1))
            reply = await chat.complete(Request(model, turns, schema=form.schema))
            readings += read_answers(reply.text, form, asked)
        return readings

    readings = asyncio.run(judge_all())
    found = [reading.marks if isinstance(reading, Marked) else {} for reading in readings]
    said = [{flag for flag, mark in marks.items() if mark.answer == "yes"} for marks in found]
    true = [truth(message.text) for message in messages]

    assert said == [{flag for flag, shown in each.flags.items() if shown} for each in true]
    assert [marks["COMP"].level for marks in found] == [each.levels.get("COMP") for each in true]
    assert not any(reading.dropped for reading in readings if isinstance(reading, Marked))
