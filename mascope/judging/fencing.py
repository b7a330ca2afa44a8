"""Quoting what somebody wrote so that it stays a quotation.

A text is shown between two lines that hold a mark. The mark is drawn from the seed of the panel and the id of
the message, and drawn again until it occurs in none of the texts: so no text can close its own fence. What a
tokenizer or a reader could take for structure (template tokens, control and invisible characters, other line
breaks) is made plain before.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

TARGET_LIMIT = 12_000
"""Characters of the coded message that are shown; a turn of 1,024 tokens has about 4,000."""
CONTEXT_LIMIT = 1_500
"""Characters of each message of its context that are shown."""
HEAD = 0.75
"""Share of the limit that the beginning gets, where a text is cut; the end gets the rest."""

_LINE_BREAKS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # joints and writing directions
    r"\ufff9-\ufffb\U000e0000-\U000e0fff]"  # annotations; tags and selectors that can smuggle whole texts
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
_UNUSABLE = re.compile(r"[\x80-\x84\x86-\x9f\ud800-\udfff]")

_TEMPLATE_TOKEN = re.compile(
    r"<(?=[|｜])|(?<=[|｜])>"  # <|im_start|>, <｜User｜>
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|sop|eop|user|assistant|system|human|model|tool|think|thinking|channel)>)"
    r"|<(?=/?[a-z0-9]*_[a-z0-9_]*>)"  # <start_of_turn>: no tag of HTML holds an underscore
    r"|<(?=<?/?<?/?SYS>)"
    r"|<(?=/?(?:target|context)[-\d])",  # our own fence
    re.IGNORECASE,
)
_BRACKET_TOKEN = re.compile(
    r"\[(/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w+|gMASK|CLS|SEP))\]", re.IGNORECASE
)
_LOOKALIKE = {"<": "‹", ">": "›"}

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_MARK_LENGTH = 10


def plain(text: str) -> str:
    """`text` as one could copy it by hand: one kind of line break, no control or invisible characters."""
    text = _LINE_BREAKS.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _CONTROL.sub(lambda found: "␡" if found[0] == "\x7f" else chr(0x2400 + ord(found[0])), text)
    return _UNUSABLE.sub("\ufffd", text)


def disarmed(text: str) -> str:
    """`text` with the brackets of chat-template tokens replaced by ones that no tokenizer knows."""
    if "<" in text or ">" in text:
        text = _TEMPLATE_TOKEN.sub(lambda found: _LOOKALIKE[found[0]], text)
    return _BRACKET_TOKEN.sub(r"⟦\1⟧", text)


def cut(text: str, limit: int) -> str:
    """The beginning and the end of a text that is longer than `limit`, with a note of what is left out."""
    if len(text) <= limit:
        return text
    head = int(limit * HEAD)
    left_out = len(text) - limit
    return f"{text[:head]}\n[… {left_out} characters left out …]\n{text[len(text) - (limit - head) :]}"


def mark(seed: int, message: str, texts: Iterable[str]) -> str:
    """The mark of one message's fences: the same each time, and found in none of `texts`."""
    whole = "\n".join(texts).lower()
    attempt = 0
    while (drawn := _draw(seed, message, attempt)) in whole:
        attempt += 1
    return drawn


def _draw(seed: int, message: str, attempt: int) -> str:
    source = f"{seed}\x1f{message}\x1f{attempt}".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(b"fence\x1f" + source).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:_MARK_LENGTH])


@dataclass(frozen=True, slots=True)
class Fence:
    """The two lines round one text: `<target-k3j9x0a2bq speaker="Speaker K">` … `</target-k3j9x0a2bq>`."""

    name: str
    speaker: str
    item: int | None = None
    """Number of the message in its batch."""

    @property
    def opening(self) -> str:
        item = f' item="{self.item}"' if self.item is not None else ""
        return f'<{self.name}{item} speaker="{self.speaker}">'

    @property
    def closing(self) -> str:
        return f"</{self.name}>"

    def around(self, text: str) -> str:
        return f"{self.opening}\n{text}\n{self.closing}"
