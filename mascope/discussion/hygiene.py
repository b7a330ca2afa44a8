"""Taking traces of the machinery out of an answer.

Each step is switchable and says that it acted; the caller keeps the raw text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mascope.names import MentionFinder, own_prefix, peer_lines
from mascope.records import Agent
from mascope.study.condition import Hygiene

TAG = r"(?:think|thinking|thoughts?|reasoning)"
OPENING = rf"(?:<{TAG}(?:\s[^<>]*)?(?<!/)>|\[THINK\]|◁think▷)"
CLOSING = rf"(?:</{TAG}\s*>|\[/THINK\]|◁/think▷)"
"""As models mark what they think: tags in any case, with attributes or without; the signs of others."""
EMPTY_TAG = rf"<{TAG}\s*/>"


def _pattern(text: str) -> re.Pattern[str]:
    ignoring = text.replace(TAG, f"(?i:{TAG})")  # the signs in brackets are never written in small letters
    return re.compile(ignoring, re.DOTALL)


ANY_TAG = _pattern(f"{OPENING}|{CLOSING}")
BLOCK = _pattern(f"{OPENING}.*?{CLOSING}")
LONE_CLOSING = _pattern(f"^.*{CLOSING}")
UNCLOSED = _pattern(f"{OPENING}.*$")
NOTHING_THOUGHT = _pattern(rf"{EMPTY_TAG}\s*")
CHANNEL = re.compile(
    r"<\|channel\|>\s*(?P<name>\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"
    r"(?P<text>.*?)(?=<\|(?:end|start|channel|return|call)\|>|$)",
    re.DOTALL,
)
MARKER = re.compile(r"<\|start\|>\w*|<\|(?:end|return|call|channel|message|constrain)\|>")
END_OF_TURN = re.compile(
    r"(?:\s*(?:<\|(?:end|return|call|im_end|eot_id|endoftext|end_of_text)\|>|<end_of_turn>|</s>))+\s*$"
)
"""What ends a turn in the usual chat templates; taken off the end only, where a server let it through."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    text: str
    changes: tuple[str, ...]
    """Names of the steps that changed something; `markers` where marks went that held no reasoning."""
    reasoning: str | None
    """What was taken out as reasoning."""


def clean(text: str, hygiene: Hygiene, agent: Agent, finder: MentionFinder) -> Cleaned:
    """`text` as the others should read it. `finder` knows the names of the run."""
    changes: list[str] = []
    answer, reasoning = split_reasoning(text) if hygiene.reasoning else (text, None)
    if answer != text:
        changes.append("markers" if reasoning is None else "reasoning")
    steps: tuple[tuple[str, bool, Callable[[str, Agent, MentionFinder], str]], ...] = (
        ("own_name", hygiene.own_name, without_own_name),
        ("peer_voice", hygiene.peer_voice, without_peer_voice),
    )
    for name, on, step in steps:
        kept = step(answer, agent, finder) if on else answer
        if kept != answer:
            answer = kept
            changes.append(name)
    return Cleaned(answer, tuple(changes), reasoning)


def without_own_name(text: str, agent: Agent, finder: MentionFinder) -> str:
    """`text` without the speaker's introduction of itself."""
    return text[own_prefix(text, [name for name in (agent.name, agent.own_name) if name]) :]


def without_peer_voice(text: str, agent: Agent, finder: MentionFinder) -> str:
    """`text` up to the first line in a peer's voice: what follows is a scene played out alone."""
    lines = peer_lines(text, finder, agent.id)
    return text[: lines[0].start].rstrip() if lines else text


def split_reasoning(text: str) -> tuple[str, str | None]:
    """(answer, reasoning); reasoning is None where there is none.

    Complete blocks, however many; what precedes a lone closing tag; what follows an unclosed one; and every
    channel but the last final one of models that mark channels. Marks without reasoning go too.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(ANY_TAG.sub("", match[0]))
        return ""

    if channels := list(CHANNEL.finditer(text)):
        outside = text[: channels[0].start()] + text[channels[-1].end() :]
        text = next((c["text"] for c in reversed(channels) if c["name"] == "final"), outside)
        found += [c["text"] for c in channels if c["name"] != "final"]
        text = MARKER.sub("", text)
    for pattern in (END_OF_TURN, NOTHING_THOUGHT):
        text = pattern.sub("", text)
    for pattern in (BLOCK, LONE_CLOSING, UNCLOSED):
        text = pattern.sub(take, text)
    return (text.strip(), "\n".join(found).strip()) if found else (text, None)
