"""How a rehearsed judge answers: the truth, wrong at known rates.

What it needs to know of a judging prompt is here: each message to code stands between `<target-MARK …>` and
`</target-MARK>`, and the schema of the answer has a property for each flag (in a batch, in the items of a
list), whose choices are `no`, `cannot tell`, and `yes` or the flag's levels.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mascope.chat.draws import Draws
from mascope.chat.phrases import marks
from mascope.chat.rehearsed_agent import truth

NO, UNSURE = "no", "cannot tell"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How a judge errs. Errors are independent between flags, messages and judges."""

    sensitivity: Mapping[str, float]
    """Flag → share of the messages that show it which the judge says show it, of those it decides on."""
    specificity: Mapping[str, float]
    """Flag → share of the messages that do not show it which the judge says do not."""
    unsure: float = 0.0
    """Share of answers that are "cannot tell"."""


@dataclass(frozen=True, slots=True)
class Target:
    """A message to code."""

    item: int
    """Its number in the batch; 1 where it is alone."""
    text: str


_OPENING = re.compile(r'<(target-\w+)(?: item="(\d+)")? speaker="[^"\n]*">\n')


def targets(prompt: str) -> tuple[Target, ...]:
    """The messages that a judging prompt asks about."""
    found = []
    for opening in _OPENING.finditer(prompt):
        end = prompt.find(f"\n</{opening[1]}>", opening.end() - 1)
        if end >= 0:
            found.append(Target(int(opening[2] or 1), prompt[opening.end() : end]))
    return tuple(found)


def judgement(accuracy: Accuracy, asked: Sequence[Target], schema: Mapping[str, Any], draws: Draws) -> str:
    """The JSON that answers for all of `asked`."""
    properties = schema["properties"]
    if "items" not in properties:
        return json.dumps(_codes(accuracy, asked[0], properties, draws))
    one = properties["items"]["items"]["properties"]
    items = [{"item": target.item, **_codes(accuracy, target, one, draws)} for target in asked]
    return json.dumps({"items": items})


def _codes(accuracy: Accuracy, target: Target, properties: Mapping[str, Any], draws: Draws) -> dict[str, Any]:
    true = truth(target.text)
    codes = {}
    for flag, shape in properties.items():
        if flag == "item":
            continue
        name = f"{target.item} {flag}"
        shown = true.flags.get(flag, False)
        yes = _says_yes(accuracy, flag, shown, draws.uniform(name))
        answer = _choice(shape, true.levels.get(flag), draws, name) if yes else NO
        answer = UNSURE if draws.chance(f"{name} unsure", accuracy.unsure) else answer
        codes[flag] = _shaped(shape, answer, target.text, flag)
    return codes


def _says_yes(accuracy: Accuracy, flag: str, shown: bool, draw: float) -> bool:
    if shown:
        return draw < accuracy.sensitivity.get(flag, 1.0)
    return draw >= accuracy.specificity.get(flag, 1.0)


def _choice(shape: Mapping[str, Any], level: str | None, draws: Draws, name: str) -> str:
    """What stands for a yes: the true level where there is one, any of them in a false alarm."""
    answer = shape["properties"]["answer"] if "properties" in shape else shape
    choices: list[str] = [choice for choice in answer["enum"] if choice not in (NO, UNSURE)]
    return level if level is not None and level in choices else draws.choice(f"{name} level", choices)


def _shaped(shape: Mapping[str, Any], answer: str, text: str, flag: str) -> Any:
    if "properties" not in shape:
        return answer
    decided = answer not in (NO, UNSURE)
    extras: dict[str, Any] = {
        "answer": answer,
        "quote": _quote(text, flag) if decided else "",
        "confidence": 0.5 if answer == UNSURE else 0.9,
    }
    return {key: extras[key] for key in shape["properties"]}


def _quote(text: str, flag: str) -> str:
    return next((words.strip() for name, _, words in marks() if name == flag and words in text), "")


UNREADABLE: tuple[Callable[[str], str], ...] = (
    lambda answer: answer[: len(answer) // 2],
    lambda answer: "I would say that most of the flags apply here, more or less.",
    lambda answer: answer.replace('"no"', '"perhaps"').replace('"yes"', '"perhaps"'),
    lambda answer: "{}",
)
"""What an answer that cannot be read looks like."""
