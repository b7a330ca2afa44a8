"""What a series fixes about its discussions: the nouns of a study, after the file has been read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mascope.chat.types import Model, Sampling
from mascope.prompting import Scaffold, TurnFormat
from mascope.records import Agent, ProbeAnswer, Turn
from mascope.study.probes import Probe

SCRIPT = "script/lines"
"""What answers for a confederate, and for a participant in the rounds of its given lines."""
SILENCING = frozenset({"crash", "mute"})
"""Faults under which an agent is not asked at all."""
ALONE = frozenset({"isolation", "solo"})
"""Interactions in which an agent is shown nothing by others."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Who takes a seat, before it has a name."""

    id: str
    model: str | None
    """A key of the study's models; None for a confederate, which says its lines and nothing else."""
    sampling: Sampling
    persona: str | None = None
    layout: str = "separate"
    """A key of `prompting.LAYOUTS`: its own, its model's or the series'."""
    lines: Mapping[int, str] = field(default_factory=dict)
    """Round → what it says there, without a call."""
    label: str | None = None
    """The model that a confederate passes for."""

    def asked(self, round_: int) -> bool:
        """Whether its model is asked in `round_`."""
        return self.model is not None and round_ not in self.lines

    def speaks(self, round_: int) -> bool:
        return self.model is not None or round_ in self.lines


@dataclass(frozen=True, slots=True)
class Naming:
    own: str | tuple[str, ...] | None
    """A key of `names.NAMINGS`, a list of names, or None: the agent is told no name."""
    peers: str | tuple[str, ...]
    """What the others call it."""
    permute: bool
    """Whether names are dealt to seats anew in each replicate."""


@dataclass(frozen=True, slots=True)
class Schedule:
    order: str
    """A key of `ORDERS`."""
    visibility: str
    """A key of `VISIBILITIES`."""
    interaction: str
    """`group`, `isolation` (the brief alone) or `solo` (the brief and one's own turns)."""
    stagger_s: float
    """Seconds between starts under `staggered` visibility."""

    @property
    def alone(self) -> bool:
        """Whether no agent is shown anything by another."""
        return self.interaction in ALONE


@dataclass(frozen=True, slots=True)
class Telling:
    """What the others see of a failure."""

    peers_see: str
    """`nothing`, `notice` or `raw`."""
    notice: str
    """Template with {name}."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure that the study asks for."""

    agent: str
    round: int
    kind: str
    """A key of `FAULTS`."""
    rounds: int | None
    """For how many rounds; None is for good."""
    telling: Telling
    error: str
    """The text that others see under `raw`."""
    on_return: str | None = None
    """Template with {name}: what the others read just before it speaks again; None for nothing."""

    def holds(self, agent: str, round_: int) -> bool:
        """Whether it is on for the agent of that id in `round_`."""
        return self.agent == agent and self.round <= round_ < self.until

    @property
    def until(self) -> float:
        """The first round in which it is over; infinite when it is for good."""
        return float("inf") if self.rounds is None else self.round + self.rounds


@dataclass(frozen=True, slots=True)
class OrganicPolicy:
    """What is done when a model really fails."""

    then: str
    """`skip` the turn, `remove` the agent, or `abort` the run and start it anew."""
    telling: Telling
    restarts: int


@dataclass(frozen=True, slots=True)
class Hygiene:
    """Which traces of the machinery are taken out of an answer; the raw text is kept."""

    reasoning: bool
    own_name: bool
    peer_voice: bool
    empty: str
    """`keep`, `ask_again` or `fail`."""
    ask_again: int


@dataclass(frozen=True, slots=True)
class Window:
    """How much of the transcript an agent is shown; None is all of it."""

    messages: int | None
    tokens: int | None
    """As estimated (`chat/tokens.py`)."""
    overflow: str = "fail"
    """Where a prompt exceeds its model's own limit: `fail` without a call, or `cut` the oldest turns."""


@dataclass(frozen=True, slots=True)
class Condition:
    """All that is the same in every run of a series."""

    brief: str
    participants: tuple[Participant, ...]
    runs: int
    rounds: int
    names: Naming
    scaffold: Scaffold
    form: TurnFormat
    schedule: Schedule
    faults: tuple[Fault, ...]
    organic: OrganicPolicy
    hygiene: Hygiene
    window: Window
    probes: tuple[Probe, ...]
    resolved: Mapping[str, Any]
    """The same as plain data, as it stands in study.yaml and in journals."""
    digest: str
    """SHA-256 of `resolved` (without the number of runs) and of the models used."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    id: str
    measure: str
    series_a: str
    series_b: str
    direction: str
    """`less`, `greater` or `two-sided`: a compared with b; `equivalent`: within ±margin of it."""
    family: str
    margin: float | None = None
    """The largest difference of means that would not matter, in the measure's unit."""
    matched_by: str | None = None
    """What runs that belong together share: `replicate`, or `parent` (of forks). None: independent runs."""


@dataclass(frozen=True, slots=True)
class Study:
    """One study file, resolved."""

    name: str
    file: Path
    seed: int
    models: Mapping[str, Model]
    series: Mapping[str, Condition]
    hypotheses: tuple[Hypothesis, ...]
    panel: Path | None
    resolved: Mapping[str, Any]
    digest: str
    places: Mapping[str, str] = field(default_factory=dict)
    """Model → where in the file it is declared, `file:line`."""
    analysis: Mapping[str, Any] = field(default_factory=dict)
    """How its results are looked at, as plain data; no part of the digest, for discussions do not change."""

    def models_of(self, series: str) -> tuple[Model, ...]:
        return self.models_in(self.series[series])

    def models_in(self, condition: Condition) -> tuple[Model, ...]:
        """Those that it seats, in the order of the file."""
        keys = {participant.model for participant in condition.participants}
        return tuple(model for key, model in self.models.items() if key in keys)

    @property
    def simulated(self) -> bool:
        return any(model.simulated for name in self.series for model in self.models_of(name))

    def limited(self, limits: Mapping[str, int | None]) -> "Study":
        """The same study, where the models in `limits` hold so many tokens; it is planned the same way."""
        held = {key: replace(self.models[key], context_tokens=n) for key, n in limits.items()}
        return replace(self, models={**self.models, **held})


@dataclass(frozen=True, slots=True)
class Branch:
    """Where a fork comes from: all that was said before its first round is the parent's."""

    parent: str
    """The run it was forked from."""
    number: int
    """Which fork of that run, from 1: each has its own draws of the models."""
    round: int
    """The first round of its own."""
    turns: tuple[Turn, ...]
    """Of the rounds before, copied."""
    answers: tuple[ProbeAnswer, ...] = ()
    restarts: int = 0
    """How often it was aborted and started anew: each time, its models draw anew."""


@dataclass(frozen=True, slots=True)
class Run:
    """One replicate of a series, as planned."""

    id: str
    series: str
    replicate: int
    """Counted from 1."""
    seed: int
    agents: tuple[Agent, ...]
    """In the order of their seats."""
    condition: Condition
    models: Mapping[str, Model]
    simulated: bool
    branch: Branch | None = None

    @property
    def rounds(self) -> range:
        """Those to be held: a fork begins later."""
        return range(self.branch.round if self.branch else 0, self.condition.rounds)

    def draw(self, *what: str | int) -> tuple[str | int, ...]:
        """What the seed of an answer is derived from. A fork keeps its parent's orders, not its answers."""
        if self.branch is None:
            return (self.seed, *what)
        again = ("restart", self.branch.restarts) if self.branch.restarts else ()
        return (self.seed, "fork", self.branch.parent, self.branch.number, *again, *what)

    def limited(self, limits: Mapping[str, int | None]) -> "Run":
        """The same run, where its models hold what `limits` says, and any other as much as it takes."""
        held = {key: replace(model, context_tokens=limits.get(key)) for key, model in self.models.items()}
        return replace(self, models=held)

    def participant(self, agent: Agent) -> Participant:
        return self.condition.participants[agent.seat]
