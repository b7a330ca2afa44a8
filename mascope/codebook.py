"""What coders look for, and who codes: a panel file → Codebook, Flag, Judge, Panel."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mascope.chat.types import NOTHING, Client, Model, Sampling
from mascope.cues import CuesFile, Known, check, check_known, cues
from mascope.yamlfile import Document, Routed, Strict, read, validate

RULES = "rules"
"""The coder that applies the codebook's cues; it needs no model."""


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    answer: Literal["yes", "no"]
    level: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A behaviour that a message shows or does not show."""

    name: str
    definition: str
    trait: bool
    """Part of an agent's profile. Off for flags that answer to an event (COMP), not to a character."""
    levels: Mapping[str, str]
    """Level → what it means; empty for a flag that is only yes or no. From the weakest to the strongest."""
    examples: tuple[Example, ...]
    cues: Mapping[str, Any]
    """What the rule-based coder looks for: a `Cues` as plain data; empty where it cannot code the flag."""


@dataclass(frozen=True, slots=True)
class Codebook:
    preamble: str
    """What the coder is told before the flags: what is coded, and how to decide."""
    flags: tuple[Flag, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(flag.name for flag in self.flags)

    @property
    def traits(self) -> tuple[str, ...]:
        return tuple(flag.name for flag in self.flags if flag.trait)

    def digest(self) -> str:
        """SHA-256 of all that can change a code."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Judge:
    """A coder that is a language model."""

    name: str
    model: Model
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Kappa from which a flag's results may be interpreted at all, and freely."""

    care: float = 0.6
    good: float = 0.8


@dataclass(frozen=True, slots=True)
class Ask:
    """What judges are asked for beside the answers."""

    quote: bool = False
    """The words of the message that decide a yes."""
    confidence: bool = False
    """From 0 to 1, for each flag."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """What judges are given again, to see whether they agree with themselves. Labels never come from it."""

    sample: int = 0
    """Messages that are coded several times."""
    times: int = 2
    """How often, the first coding counted."""
    anchors: int = 0
    """Messages that are coded anew again and again."""
    every: int = 500
    """Messages between two codings of the anchors."""


@dataclass(frozen=True, slots=True)
class Panel:
    name: str
    file: Path
    codebook: Codebook
    judges: tuple[Judge, ...]
    rules: bool
    """Whether the rule-based coder is on the panel."""
    adjudication: str
    context: int
    """Messages before the coded one that a judge is shown."""
    batch: int
    """Messages coded by one call."""
    blind: bool
    thresholds: Thresholds
    seed: int
    ask: Ask = Ask()
    repeats: Repeats = Repeats()

    @property
    def coders(self) -> tuple[str, ...]:
        return tuple(judge.name for judge in self.judges) + ((RULES,) if self.rules else ())

    @property
    def simulated(self) -> bool:
        return any(judge.model.simulated for judge in self.judges)


# The file's shape ---------------------------------------------------------------------------------------


class ExampleFile(Strict):
    text: str
    answer: Literal["yes", "no"] = "yes"
    level: str | None = None
    why: str | None = None

    @field_validator("answer", mode="before")
    @classmethod
    def _yes_or_no(cls, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


class FlagFile(Strict):
    definition: str = Field(min_length=1)
    trait: bool = True
    levels: dict[str, str] = {}
    examples: tuple[ExampleFile, ...] = ()
    cues: CuesFile = CuesFile()


class JudgeFile(Strict):
    model: Routed
    label: str | None = None
    base_url: str | None = None
    key_env: str | None = None
    concurrency: int | None = Field(default=None, ge=1)
    deadline: float = Field(default=120.0, gt=0)
    route: Client | None = None
    """Who sends its requests; None for the fastest that can."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=512, ge=1)
    parameters: dict[str, Any] = {}
    extra: dict[str, Any] = {}


class ThresholdsFile(Strict):
    care: float = Field(default=0.6, ge=0, le=1)
    good: float = Field(default=0.8, ge=0, le=1)


class AskFile(Strict):
    quote: bool = False
    confidence: bool = False


class RepeatsFile(Strict):
    sample: int = Field(default=0, ge=0)
    times: int = Field(default=2, ge=2, le=20)
    anchors: int = Field(default=0, ge=0, le=1000)
    every: int = Field(default=500, ge=1)


class PanelFile(Strict):
    panel: str
    codebook: str | None = None
    """Another panel file whose preamble and flags are used."""
    preamble: str | None = None
    flags: dict[str, FlagFile] = {}
    terms: dict[str, tuple[str, ...]] = {}
    """Lists of words that the cues of several flags name."""
    coders: dict[str, JudgeFile | None] = Field(min_length=1)
    adjudication: str = "intersection"
    context: int = Field(default=3, ge=0, le=100)
    batch: int = Field(default=1, ge=1, le=50)
    blind: bool = True
    thresholds: ThresholdsFile = ThresholdsFile()
    seed: int = 0
    ask: AskFile = AskFile()
    repeats: RepeatsFile = RepeatsFile()

    @field_validator("panel")
    @classmethod
    def _named(cls, value: str) -> str:
        if not re.fullmatch(PANEL_NAME, value):
            raise ValueError(f"{value!r} cannot be a name here; use letters a-z, digits, '_' and '-'")
        return value

    @model_validator(mode="after")
    def _one_source_of_flags(self) -> "PanelFile":
        if bool(self.flags) == bool(self.codebook):
            raise ValueError("give either `flags`, or `codebook` (another panel file that has them)")
        return self


PANEL_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
FLAG_NAME = r"^[A-Z][A-Z0-9_]*$"
CODER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


def load_panel(file: Path) -> Panel:
    """The panel in `file`, or `InvalidFile`."""
    document = read(file)
    raw = validate(PanelFile, document)
    _check_names(raw, document)
    return Panel(
        name=raw.panel,
        file=file,
        codebook=_codebook(raw, document),
        judges=tuple(_judge(name, judge) for name, judge in raw.coders.items() if judge is not None),
        rules=RULES in raw.coders,
        adjudication=raw.adjudication,
        context=raw.context,
        batch=raw.batch,
        blind=raw.blind,
        thresholds=Thresholds(raw.thresholds.care, raw.thresholds.good),
        seed=raw.seed,
        ask=Ask(raw.ask.quote, raw.ask.confidence),
        repeats=Repeats(**raw.repeats.model_dump()),
    )


def _check_names(raw: PanelFile, document: Document) -> None:
    for name, judge in raw.coders.items():
        if not re.fullmatch(CODER_NAME, name):
            raise document.error(("coders", name), "a coder's name may hold letters, digits, . _ and - only")
        if (name == RULES) != (judge is None):
            hint = "takes no settings" if name == RULES else "needs a `model:`"
            raise document.error(("coders", name), f"the coder {name!r} {hint}")
    for name in raw.flags:
        if not re.fullmatch(FLAG_NAME, name):
            raise document.error(("flags", name), "a flag's name is capitals, digits and _ (PHATIC, LEAD_2)")


def _codebook(raw: PanelFile, document: Document) -> Codebook:
    if raw.codebook is None:
        _check_flags(raw, document)
        flags = tuple(_flag(name, flag, raw.terms) for name, flag in raw.flags.items())
        return Codebook(raw.preamble or "", flags)
    source = document.file.parent / raw.codebook
    if source.resolve() == document.file.resolve():
        raise document.error(("codebook",), "names this very file")
    if not source.is_file():
        raise document.error(("codebook",), f"there is no file {source}")
    other = read(source)
    shared = validate(PanelFile, other)
    if shared.codebook is not None:
        raise document.error(("codebook",), f"{source} has no flags of its own; name the file that has them")
    _check_names(shared, other)
    return _codebook(shared.model_copy(update={"preamble": raw.preamble or shared.preamble}), other)


def _check_flags(raw: PanelFile, document: Document) -> None:
    """What one part of the flags says of another: levels, lists of terms, and flags that void a rule."""
    for name, flag in raw.flags.items():
        levels = [example.level for example in flag.examples if example.level is not None]
        check_known("level", levels, flag.levels, document, ("flags", name, "examples"))
        check(flag.cues, Known(flag.levels, raw.terms, raw.flags), document, ("flags", name, "cues"))
    void = {name: {f for rule in flag.cues.rules for f in rule.unless} for name, flag in raw.flags.items()}
    try:
        TopologicalSorter(void).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise document.error(("flags",), f"the rules of these flags void each other: {circle}") from error


def _flag(name: str, raw: FlagFile, terms: Mapping[str, tuple[str, ...]]) -> Flag:
    examples = tuple(Example(e.text, e.answer, e.level, e.why) for e in raw.examples)
    found = asdict(cues(raw.cues, terms)) if raw.cues.rules else {}
    return Flag(name, raw.definition.strip(), raw.trait, raw.levels, examples, found)


def _judge(name: str, raw: JudgeFile) -> Judge:
    model = Model(
        key=name,
        served_by=raw.model,
        label=raw.label or raw.model.partition("/")[2],
        base_url=raw.base_url,
        key_env=raw.key_env,
        concurrency=raw.concurrency,
        deadline_s=raw.deadline,
        parameters=raw.parameters or NOTHING,
        client=raw.route,
    )
    return Judge(name, model, Sampling(raw.temperature, raw.max_tokens, extra=raw.extra or NOTHING))
