"""A panel's YAML file → Panel: the file's shape, and what one part of it says of another."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mascope.chat.types import NOTHING, Sampling
from mascope.codebook import (
    ADJUDICATION_RULES,
    ANSWER_WORDS,
    CODER_NAME,
    FLAG_NAME,
    PANEL_NAME,
    RULES,
    Ask,
    Codebook,
    Example,
    Flag,
    Judge,
    Panel,
    Repeats,
    Thresholds,
)
from mascope.cues import CuesFile, Known, check, check_known, cues
from mascope.modelfile import EndpointFile
from mascope.yamlfile import Document, Place, Strict, read, validate


class ExampleFile(Strict):
    """A message that coders are shown with its right answer."""

    text: str = Field(description="What the message says")
    answer: Literal["yes", "no"] = Field(default="yes", description="Whether it shows the flag")
    level: str | None = Field(default=None, description="Its level, where the flag has levels")
    why: str | None = Field(default=None, description="The reason, in a few words")

    @field_validator("answer", mode="before")
    @classmethod
    def _yes_or_no(cls, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


class FlagFile(Strict):
    """A behaviour that a message shows or does not show."""

    definition: str = Field(min_length=1, description="When a message shows it, as coders read it")
    trait: bool = Field(default=True, description="Part of an agent's profile; false for answers to an event")
    levels: dict[str, str] = Field(default={}, description="Level → what it means, from the weakest on")
    examples: tuple[ExampleFile, ...] = Field(default=(), description="Anchors that coders are shown")
    cues: CuesFile = CuesFile()


class JudgeFile(EndpointFile):
    """A coder that is a language model."""

    temperature: float | None = Field(default=0.0, ge=0, le=2, description="null: the provider's own")
    max_tokens: int = Field(default=512, ge=1, description="Of an answer, reasoning included")
    extra: dict[str, Any] = Field(default={}, description="Sent to the provider as it is")


class ThresholdsFile(Strict):
    """What kappa a flag needs before its results are interpreted."""

    care: float = Field(default=0.6, ge=0, le=1, description="Kappa from which with care; below, not at all")
    good: float = Field(default=0.8, ge=0, le=1, description="Kappa from which freely")


class AskFile(Strict):
    """What judges are asked for beside the answers."""

    quote: bool = Field(default=False, description="The words of the message that decide a yes")
    confidence: bool = Field(default=False, description="From 0 to 1, for each flag")


class RepeatsFile(Strict):
    """What judges are given again, to see whether they agree with themselves."""

    sample: int = Field(default=0, ge=0, description="Messages that are coded several times")
    times: int = Field(default=2, ge=2, le=20, description="How often, the first coding counted")
    anchors: int = Field(default=0, ge=0, le=1000, description="Messages coded anew again and again")
    every: int = Field(default=500, ge=1, description="Messages between two codings of the anchors")
    alone: int = Field(default=0, ge=0, description="Of batches: messages coded once more, each by itself")


class PanelFile(Strict):
    """A panel file."""

    panel: str = Field(description="Its name")
    codebook: str | None = Field(default=None, description="Another panel file, whose flags are used")
    preamble: str | None = Field(default=None, description="What coders are told before the flags")
    flags: dict[str, FlagFile] = Field(default={}, description="Behaviours to code, by a name in capitals")
    terms: dict[str, tuple[str, ...]] = Field(default={}, description="Lists of words that cues name")
    coders: dict[str, JudgeFile | None] = Field(
        min_length=1, description="Who codes, by name; `rules:` with nothing is the rule-based coder"
    )
    adjudication: str = Field(
        default="intersection", description="Which label holds: a rule of adjudication, or one coder's name"
    )
    context: int = Field(default=3, ge=0, le=100, description="Messages before the coded one that are shown")
    batch: int = Field(default=1, ge=1, le=50, description="Messages coded by one call")
    blind: bool = Field(default=True, description="Replace all names by neutral ones")
    thresholds: ThresholdsFile = ThresholdsFile()
    seed: int = Field(default=0, description="Of blind names, order and samples")
    ask: AskFile = AskFile()
    repeats: RepeatsFile = RepeatsFile()
    humans: str = Field(
        default="majority", description="How several humans become one reference: a rule of adjudication"
    )

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


# From the file to the panel -----------------------------------------------------------------------------


def load_panel(file: Path) -> Panel:
    """The panel in `file`, or `InvalidFile`."""
    document = read(file)
    raw = validate(PanelFile, document)
    _check_names(raw, document)
    _check_rules_of_labels(raw, document)
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
        humans=raw.humans,
    )


def _check_names(raw: PanelFile, document: Document) -> None:
    if raw.repeats.alone and raw.batch == 1:
        raise document.error(
            ("repeats", "alone"), "every message is coded by itself already; set `batch:`, or leave this out"
        )
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
        _check_levels(flag.levels, document, ("flags", name, "levels"))
        levels = [example.level for example in flag.examples if example.level is not None]
        check_known("level", levels, flag.levels, document, ("flags", name, "examples"))
        check(flag.cues, Known(flag.levels, raw.terms, raw.flags), document, ("flags", name, "cues"))
    void = {name: {f for rule in flag.cues.rules for f in rule.unless} for name, flag in raw.flags.items()}
    try:
        TopologicalSorter(void).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise document.error(("flags",), f"the rules of these flags void each other: {circle}") from error


def _check_levels(levels: Collection[str], document: Document, place: Place) -> None:
    """A level is an answer of its own, so it must be no other answer, in whatever case a judge writes it."""
    folded: dict[str, str] = {}
    for level in levels:
        word = level.strip().casefold()
        if not word or word in ANSWER_WORDS:
            raise document.error(
                (*place, level),
                f"the level {level!r} is an answer in itself; give it another name (L1, weak, …)",
            )
        if word in folded:
            raise document.error((*place, level), f"the same level as {folded[word]!r}; rename one of them")
        folded[word] = level


def _check_rules_of_labels(raw: PanelFile, document: Document) -> None:
    """Before anybody is asked: labels that nobody can make would be found out only after all is paid for."""
    check_known("rule of adjudication", [raw.humans], ADJUDICATION_RULES, document, ("humans",))
    known = (*ADJUDICATION_RULES, *raw.coders)
    check_known("rule of adjudication or coder", [raw.adjudication], known, document, ("adjudication",))


def _flag(name: str, raw: FlagFile, terms: Mapping[str, tuple[str, ...]]) -> Flag:
    examples = tuple(Example(e.text, e.answer, e.level, e.why) for e in raw.examples)
    found = asdict(cues(raw.cues, terms)) if raw.cues.rules else {}
    return Flag(name, raw.definition.strip(), raw.trait, raw.levels, examples, found)


def _judge(name: str, raw: JudgeFile) -> Judge:
    sampling = Sampling(raw.temperature, raw.max_tokens, extra=raw.extra or NOTHING)
    return Judge(name, raw.reached(name), sampling)
