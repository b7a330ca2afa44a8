"""Taking traces of the machinery out of an answer.

Each step is switchable and says that it acted; the caller keeps the raw text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mascope.names import MentionFinder, own_prefix, peer_lines
from mascope.records import Agent
from mascope.study.condition import Hygiene

TAG = r"(?:think|thinking|reasoning)"
ANY_TAG = re.compile(rf"</?{TAG}>", re.IGNORECASE)
BLOCK = re.compile(rf"<{TAG}>.*?</{TAG}>", re.DOTALL | re.IGNORECASE)
LONE_CLOSING = re.compile(rf"^.*</{TAG}>", re.DOTALL | re.IGNORECASE)
UNCLOSED = re.compile(rf"<{TAG}>.*$", re.DOTALL | re.IGNORECASE)
CHANNEL = re.compile(
    r"<\|channel\|>(?P<name>\w+)[^<]*<\|message\|>(?P<text>.*?)(?=<\|(?:end|start|channel|return)\|>|$)",
    re.DOTALL,
)
MARKER = re.compile(r"<\|(?:start|end|return|channel|message)\|>")


@dataclass(frozen=True, slots=True)
class Cleaned:
    text: str
    changes: tuple[str, ...]
    """Names of the steps that changed something."""
    reasoning: str | None
    """What was taken out as reasoning."""


def clean(text: str, hygiene: Hygiene, agent: Agent, finder: MentionFinder) -> Cleaned:
    """`text` as the others should read it. `finder` knows the names of the run."""
    changes: list[str] = []
    answer, reasoning = split_reasoning(text) if hygiene.reasoning else (text, None)
    if reasoning is not None:
        changes.append("reasoning")
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
    channel but the last of models that mark channels.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(ANY_TAG.sub("", match[0]))
        return ""

    if channels := list(CHANNEL.finditer(text)):
        answer = next((c["text"] for c in reversed(channels) if c["name"] == "final"), "")
        found += [c["text"] for c in channels if c["name"] != "final"]
        text = MARKER.sub("", answer)
    for pattern in (BLOCK, LONE_CLOSING, UNCLOSED):
        text = pattern.sub(take, text)
    return (text.strip(), "\n".join(found).strip()) if found else (text, None)
