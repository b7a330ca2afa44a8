"""What the stages of a study hand to each other: plain values, no behaviour, no files.

The annotations say what each field may hold. Nobody checks records made in the process; what is read from a
file is held against them (`store.fields`).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

_LARGEST = 2**63 - 1
"""What a column of whole numbers can hold."""
Whole: TypeAlias = Annotated[int, Meta(ge=-_LARGEST - 1, le=_LARGEST, description="a whole number")]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=_LARGEST, description="a whole number from 0 on")]
_FINITE = sys.float_info.max
Number: TypeAlias = Annotated[float, Meta(ge=-_FINITE, le=_FINITE, description="a number")]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=_FINITE, description="a number from 0 on")]
Moment: TypeAlias = Annotated[str, Meta(description="a time in ISO 8601")]


def message_id(run: str, name: str, round_: int) -> str:
    """The id of what one agent said (or failed to say) in one round: `A-run07|Agent-H|R10`."""
    return f"{run}|{name}|R{round_}"


@dataclass(frozen=True, slots=True)
class Agent:
    """A seat in the chat."""

    id: str
    """The participant's key, the same in every series: `llama`, or `llama-3` for the third copy."""
    name: str
    """What the others call it; unique in a run, and part of message ids."""
    own_name: str | None
    """What its own system prompt calls it; None where it is told no name."""
    model: str
    """The key of its model in the study's `models`; `script/lines` for a confederate, which has none."""
    served_by: str
    """The route and model that answer for it: `groq/llama-3.3-70b-versatile`; `script/lines`."""
    label: str
    """The model's name as a reader knows it."""
    seat: Count
    """Place in the list of participants, from 0; the speaking order may differ."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer as the provider counted them; `reasoning` is part of `completion`."""

    prompt: Count
    completion: Count
    reasoning: Count | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What an agent said, and all that is needed to say how it came about."""

    id: str
    agent: str
    name: str
    model: str
    served_model: str | None
    round: Count
    position: Count
    """Place in the speaking order of the round, from 0."""
    text: str
    seen: tuple[str, ...]
    """Ids of the messages and failure notices in its prompt, in the order shown."""
    prompt_digest: str
    at: str = ""
    """When it was journaled: ISO 8601, UTC; empty until then."""
    cut: tuple[str, ...] = ()
    """Ids of what its context window left out."""
    raw: str | None = None
    """The text as it arrived, where hygiene changed it."""
    changes: tuple[str, ...] = ()
    """What hygiene changed, by name: `reasoning`, `own_name`, …"""
    reasoning: str | None = None
    finish_reason: str | None = None
    fingerprint: str | None = None
    usage: Usage | None = None
    cost_usd: Amount | None = None
    latency_s: Amount | None = None
    attempts: Count = 1
    seed: Whole | None = None
    layout: str | None = None
    """How the transcript was laid out for the model; a key of `prompting.LAYOUTS`."""
    scripted: bool = False
    """Whether these are the study's lines: no model was asked. Never codable, so counted apart."""
    announced: str | None = None
    """The notice that the others read just before it: that the agent is back."""
    copied_from: str | None = None
    """In a fork, the parent's message that this one repeats; the parent paid for it."""


Origin: TypeAlias = Literal["injected", "organic"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What came instead of a message."""

    id: str
    agent: str
    name: str
    round: Count
    position: Count
    kind: str
    """A `FailureKind` where organic; the name of the fault where injected."""
    origin: Origin
    detail: str
    """For the researcher: redacted, never shown to agents."""
    told: str | None
    """The notice that the other agents see in its place; None when they see nothing."""
    at: str = ""
    attempts: Count = 0
    copied_from: str | None = None
    """In a fork, the parent's failure that this one repeats."""


Turn: TypeAlias = Message | Failure
"""What one agent's place in one round holds."""

SHORTEST_CODABLE = 2
"""Characters that a message must have, blanks round it not counted, to be coded; else it counts as empty."""


def spoken(turn: Turn) -> bool:
    """Whether it is somebody's behaviour, and long enough to be coded: a scripted line is nobody's."""
    return isinstance(turn, Message) and not turn.scripted and len(turn.text.strip()) >= SHORTEST_CODABLE


def codable(turn: Turn) -> bool:
    """Whether it is to be coded: in a fork, what was copied is the parent's, and is coded there."""
    return turn.copied_from is None and spoken(turn)


ProbeOutcome: TypeAlias = Literal["answered", "unreadable", "failed"]


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What an agent answered in private. It stands outside the transcript: no prompt ever holds it."""

    id: str
    """`<run>|<name>|P:<probe>|R<round>`; `|before` in the round's place where nobody had spoken."""
    probe: str
    agent: str
    name: str
    round: Count | None
    """The round after whose end it was asked; None before the first."""
    kind: str
    """A key of `probes.PROBE_KINDS`."""
    outcome: ProbeOutcome
    answer: Whole | Number | str | None
    """As parsed: a number on a scale, an option, an agent's id or a text; None unless `answered`."""
    text: str | None
    """As it arrived; None where no answer came."""
    seen: tuple[str, ...]
    prompt_digest: str
    at: str = ""
    """When it was journaled; empty until then."""
    detail: str | None = None
    """Why no answer came: for the researcher."""
    model: str | None = None
    served_model: str | None = None
    layout: str | None = None
    cut: tuple[str, ...] = ()
    finish_reason: str | None = None
    reasoning: str | None = None
    usage: Usage | None = None
    cost_usd: Amount | None = None
    latency_s: Amount | None = None
    attempts: Count = 0
    seed: Whole | None = None
    copied_from: str | None = None


Answer: TypeAlias = Literal["yes", "no", "unsure"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One coder's answer for one flag of one message."""

    answer: Answer
    level: str | None = None
    quote: str | None = None
    confidence: Number | None = None


@dataclass(frozen=True, slots=True)
class Coding:
    """A readable judgement of one message."""

    message: str
    marks: Mapping[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The coder answered, but not in a form that can be read. Never "no"."""

    message: str
    answer: str
    problem: str


@dataclass(frozen=True, slots=True)
class Abstained:
    """The coder declined to judge (a content filter, a refusal)."""

    message: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came; asked again when judging resumes."""

    message: str
    kind: str
    detail: str


Verdict: TypeAlias = Coding | Unreadable | Abstained | Unanswered
