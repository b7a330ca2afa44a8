"""The parts of a series in a study file, key by key. Only reads and checks; `build` makes nouns of them."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from mascope.prompting import ATTRIBUTIONS, CUE, PARTS, placeholders
from mascope.study.condition import SILENCING
from mascope.study.probes import PROBE_KINDS, PROBE_PLACEHOLDERS
from mascope.yamlfile import Strict, nearest


def _name(value: str) -> str:
    # It becomes part of file names and message ids.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", value):
        raise ValueError(f"{value!r} cannot be a name here; use letters a-z, digits, '.', '_' and '-'")
    return value


Name = Annotated[str, AfterValidator(_name)]
"""Of studies, series, models, confederates, probes and hypotheses."""
PeersSee = Literal["nothing", "notice", "raw"]
Layout = Literal["separate", "merged", "single"]
Scheme = str | tuple[str, ...]
Switch = bool | str
RoundNumber = Annotated[int, Field(ge=0)]


def template(text: str, allowed: frozenset[str]) -> str:
    """`text`, if each of its placeholders is one of `allowed`."""
    for name in sorted(placeholders(text) - allowed):
        raise ValueError(f"unknown placeholder {{{name}}}{nearest(name, allowed)}")
    return text


def as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class SamplingFile(Strict):
    """Parameters of every answer."""

    temperature: float | None = Field(default=None, ge=0, le=2, description="Left out: the provider's own")
    max_tokens: int = Field(default=1024, ge=1, description="Of an answer, reasoning included")
    top_p: float | None = Field(default=None, gt=0, le=1, description="Nucleus sampling")
    extra: dict[str, Any] = Field(default={}, description="Sent to the provider as it is")


def _by_round(lines: Any) -> Any:
    """A list gives the lines of rounds 0, 1, … in order."""
    return dict(enumerate(lines)) if isinstance(lines, list) else lines


Lines = Annotated[dict[RoundNumber, Annotated[str, Field(min_length=1)]], BeforeValidator(_by_round)]


class ParticipantFile(Strict):
    """One seat, or several with copies of one model; or a confederate, which only says what it is given."""

    short_forms: ClassVar[tuple[str, ...]] = ("clones_of",)

    model: str | None = Field(default=None, description="A key of `models:`")
    count: int = Field(default=1, ge=1, le=1000, description="So many seats alike")
    persona: str | None = Field(default=None, description="Text added to this seat's system prompt")
    sampling: dict[str, Any] = Field(default={}, description="What differs from the series' sampling")
    turns: Layout | None = Field(default=None, description="Layout of this seat's prompts, if its own")
    lines: Lines = Field(default={}, description="Round → what it says there; no model is asked")
    confederate: Name | None = Field(default=None, description="A name instead of a model: says lines only")
    label: str | None = Field(default=None, min_length=1, description="The model a confederate passes for")

    @model_validator(mode="after")
    def _one_kind(self) -> "ParticipantFile":
        if (self.model is None) == (self.confederate is None):
            raise ValueError("a participant needs either `model` or `confederate`")
        if self.confederate is None:
            if self.label is not None:
                raise ValueError("`label` is a confederate's; a model has its label under `models:`")
        elif not self.lines:
            raise ValueError(f"the confederate {self.confederate!r} has no `lines` to say")
        elif self.sampling or self.persona is not None or self.turns is not None:
            raise ValueError(
                "a confederate is no model: `sampling`, `persona` and `turns` mean nothing to it"
            )
        return self


def _participant(entry: Any) -> Any:
    """`llama` and `{clones_of: llama, count: 8}` are short for `{model: llama, count: …}`."""
    if isinstance(entry, str):
        return {"model": entry}
    if isinstance(entry, dict) and "clones_of" in entry and "model" not in entry:
        return {"model" if key == "clones_of" else key: value for key, value in entry.items()}
    return entry


def _participants(entries: Any) -> Any:
    return [_participant(entry) for entry in as_list(entries)]


Participants = Annotated[tuple[ParticipantFile, ...], BeforeValidator(_participants), Field(min_length=1)]


class NamesFile(Strict):
    """What agents are called: their own name, their peers' names and the attribution are separate factors."""

    own: Scheme | None = Field(default="neutral", description="neutral, real, nato, none, or a list")
    peers: Scheme = Field(default="neutral", description="neutral, real, nato, or a list")
    permute: bool = Field(default=False, description="Deal names to seats anew in each replicate")
    attribution: str = Field(default="bracket", description="bracket, says, none, or a template with {name}")

    @field_validator("own", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if value in ("none", False) else value

    @field_validator("attribution")
    @classmethod
    def _attribution(cls, value: str) -> str:
        return value if value in ATTRIBUTIONS else template(value, frozenset({"name"}))


class ScaffoldFile(Strict):
    """The parts of the system prompt: on (true), off (false), or a template of your own."""

    identity: Switch = Field(default=True, description="Who the agent is; {name}")
    peers: Switch = Field(
        default=True, description="Who the others are; {name}, {others}, {count}; alone, left out: false"
    )
    statuses: Switch = Field(default=False, description="Who is silent; {name}, {silent}, {active}")
    clock: Switch = Field(default=False, description="Which round it is; {name}, {round}, {rounds}")
    rules: Switch = Field(default=False, description="House rules; {name}")

    @model_validator(mode="after")
    def _templates(self) -> "ScaffoldFile":
        for part in PARTS:
            value = getattr(self, part)
            if isinstance(value, str):
                template(value, PARTS[part].placeholders)
        return self


class ScheduleFile(Strict):
    """Who speaks when, and who sees what."""

    order: Literal["fixed", "reversed", "shuffled", "shuffled_rounds", "latin"] = Field(
        default="fixed", description="Of speaking: as listed, backwards, by chance per run or round, balanced"
    )
    visibility: Literal["simultaneous", "sequential", "staggered"] = Field(
        default="simultaneous", description="All see the rounds before; those before them; what has arrived"
    )
    interaction: Literal["group", "isolation", "solo"] = Field(
        default="group", description="Sees all; the brief alone; its own turns alone"
    )
    stagger: float = Field(default=1.2, ge=0, description="Seconds between starts, if staggered")


class TurnsFile(Strict):
    """How the transcript becomes a provider's list of messages."""

    layout: Layout = Field(default="separate", description="A turn a message; roles alternate; all in one")
    cue: str = Field(
        default=CUE,
        min_length=1,
        description="Said where a prompt would end with own words; alone, left out: Continue.",
    )


SHOWN = ("peers_see", "notice", "error")
"""Keys of a fault that say what the others are told of it."""


class FaultFile(Strict):
    """A failure that the study asks for."""

    agent: str = Field(description="A model's key, with its number where it has several seats; a confederate")
    round: RoundNumber = Field(description="Round from which it holds, counted from 0")
    kind: Literal["crash", "mute", "garble", "truncate"] = Field(
        default="crash", description="Gone; silent; letters shuffled; cut short"
    )
    rounds: int | None = Field(default=None, ge=1, description="For how many rounds; left out: for good")
    peers_see: PeersSee = Field(default="notice", description="What the others see of a crash or mute, once")
    notice: str | None = Field(default=None, description="Template; {name}; left out: has left, or is silent")
    error: str = Field(default="Error: the model is not available.", description="What peers see under raw")
    on_return: str | None = Field(default=None, description="Notice shown when it speaks again; a template")

    @field_validator("notice", "on_return")
    @classmethod
    def _notice(cls, value: str | None) -> str | None:
        return None if value is None else template(value, frozenset({"name"}))

    @model_validator(mode="after")
    def _comes_back(self) -> "FaultFile":
        if self.on_return is not None and (self.rounds is None or self.kind not in SILENCING):
            raise ValueError("`on_return` needs an absence that ends: a crash or mute with `rounds`")
        return self

    @model_validator(mode="after")
    def _shows(self) -> "FaultFile":
        unseen = {key: getattr(self, key) for key in SHOWN if key in self.model_fields_set}
        if self.kind not in SILENCING and unseen and unseen != {"peers_see": "nothing"}:
            raise ValueError(
                f"`{min(unseen, key=SHOWN.index)}` belongs to a crash or mute; of a {self.kind} the others "
                "see the changed text and are told nothing"
            )
        return self

    def resolved(self) -> dict[str, Any]:
        """As plain data that says the same when it is read again."""
        data = self.model_dump(mode="json")
        return {key: data[key] for key in data if self.kind in SILENCING or key not in SHOWN}


def _named(faults: Any) -> Any:
    """Faults by names of the study's own: so that factors can each set a part of one."""
    return list(faults.values()) if isinstance(faults, dict) else faults


Faults = Annotated[tuple[FaultFile, ...], BeforeValidator(_named)]


class OrganicFile(Strict):
    """What is done when a model really fails, after every retry."""

    then: Literal["skip", "remove", "abort"] = Field(
        default="skip", description="Skip the turn; the agent leaves; the run is started anew"
    )
    peers_see: PeersSee = Field(
        default="nothing", description="What the others see; raw: the provider's words"
    )
    notice: str = Field(default="[System]: {name} did not answer.", description="Template; {name}")
    restarts: int = Field(default=2, ge=0, le=10, description="How often an aborted run is started anew")

    @field_validator("notice")
    @classmethod
    def _notice(cls, value: str) -> str:
        return template(value, frozenset({"name"}))


class HygieneFile(Strict):
    """What is taken out of an answer before the others read it."""

    reasoning: bool = Field(default=True, description="Think tags and channel markers, and what they hold")
    own_name: bool = Field(default=False, description="The agent's own name at the start")
    peer_voice: bool = Field(default=False, description="Lines in a peer's voice, and all after them")
    empty: Literal["keep", "ask_again", "fail"] = Field(default="keep", description="What an empty answer is")
    ask_again: int = Field(default=2, ge=1, le=10, description="How often at most, under ask_again")


class ContextFile(Strict):
    """How much of the transcript an agent is shown; left out: all."""

    messages: int | None = Field(default=None, ge=0, description="The last so many")
    tokens: int | None = Field(default=None, ge=1, description="The last that fit, as estimated")
    overflow: Literal["fail", "cut"] = Field(
        default="fail",
        description="Where a prompt exceeds its model's `context`: no call, or oldest turns cut",
    )


When = Literal["before", "after", "each"] | RoundNumber


class ProbeFile(Strict):
    """A private question to each agent; no other agent ever sees it or its answer."""

    id: Name = Field(description="Its name in journals and tables")
    ask: str = Field(min_length=1, description="The question, as the agent reads it")
    kind: Literal["scale", "choice", "agent", "text"] = Field(
        default="text", description="A number; one of `options`; a member of the group; free"
    )
    when: Annotated[tuple[When, ...], BeforeValidator(as_list)] = Field(
        default=("after",),
        min_length=1,
        description="Before the first, after each, after the last, or after rounds",
    )
    low: float | None = Field(default=None, description="Lowest number of a scale [1]")
    high: float | None = Field(default=None, description="Highest number of a scale [7]")
    options: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), description="Of a choice")
    instruct: Switch = Field(default=True, description="How to answer: the kind's words, yours, or none")
    max_tokens: int | None = Field(default=None, ge=1, description="For the answer, if not as in the chat")

    @model_validator(mode="after")
    def _answerable(self) -> "ProbeFile":
        if problem := PROBE_KINDS[self.kind].problem(self.low, self.high, self.options):
            raise ValueError(problem)
        if isinstance(self.instruct, str):
            template(self.instruct, PROBE_PLACEHOLDERS)
        return self
