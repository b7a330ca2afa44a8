"""What a local model reads: turns made safe, and a plain transcript for base models.

A base model knows no roles. It goes on writing what it is shown, so it is shown a chat that ends with its own
name, and is stopped where somebody else's line would begin.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mascope.chat.types import ChatTurn

_OWN_NAME = re.compile(
    r"\b(?:[Yy]ou are|[Vv]ous êtes|[Tt]u es) "
    r"(?!(?:an?|the|one|in|given|now|une?|le|la|dans)\b)([^\n,;:]{1,80}?)"
    r"(?= (?:in|dans) |[.!](?:\s|$)|[\n,;:]|$)"  # a full stop inside a name (LLaMA 3.3) does not end it
)


@dataclass(frozen=True, slots=True)
class Attribution:
    """A way to write who speaks, and how to find it in a turn."""

    speaker: re.Pattern[str]
    form: str


BRACKETS = Attribution(re.compile(r"^\[([^\[\]\n]{1,80})\]: ", re.MULTILINE), "[{}]:")
SAYS = Attribution(re.compile(r"^([^\n:]{1,80}?) says: "), "{} says:")
ATTRIBUTIONS = (BRACKETS, SAYS)


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    stops: tuple[str, ...]
    """Where the model's own turn is over."""


def safe(text: str, control_words: re.Pattern[str] | None) -> str:
    """The text with nothing in it that the model's tokenizer would obey.

    A message that holds `<|im_end|>` would otherwise end its own turn and could go on as somebody else. One
    space takes the word apart; a lone surrogate, which no tokenizer accepts, becomes a question mark.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    if control_words is None:
        return text
    # Taking one word apart can complete another from its pieces.
    while (parted := control_words.sub(lambda word: f"{word[0][0]} {word[0][1:]}", text)) != text:
        text = parted
    return text


def task(turns: Sequence[ChatTurn]) -> Transcript:
    """A question as plain text that ends where the answer begins."""
    return _written(turns, "Answer:", "\n\n", ("\n\nAnswer:",))


def transcript(turns: Sequence[ChatTurn]) -> Transcript:
    """A chat as plain text, one line a turn, that ends where the model's own line begins.

    Where no name is known (neither its own from the system turn nor others' before their messages) there is
    no group chat, and the turns are written as a task.
    """
    name = _own_name(turns)
    style, others = _speakers(turns)
    if name is None and not others:
        return task(turns)
    names = dict.fromkeys([*([name] if name else []), *others])
    stops = ["\n\n", *(["\n["] if style is BRACKETS else []), *(style.form.format(known) for known in names)]
    return _written(turns, style.form.format(name or "Me"), "\n", tuple(stops))


def _written(turns: Sequence[ChatTurn], label: str, between: str, stops: tuple[str, ...]) -> Transcript:
    lines = [f"{label} {turn.text}" if turn.role == "assistant" else turn.text for turn in turns if turn.text]
    return Transcript(between.join([*lines, label]), stops)


def _own_name(turns: Sequence[ChatTurn]) -> str | None:
    for turn in turns:
        if turn.role == "system" and (found := _OWN_NAME.search(turn.text)):
            return found[1].strip()
    return None


def _speakers(turns: Sequence[ChatTurn]) -> tuple[Attribution, list[str]]:
    for style in ATTRIBUTIONS:
        if found := [
            name for turn in turns if turn.role == "user" for name in style.speaker.findall(turn.text)
        ]:
            return style, found
    return BRACKETS, []
