"""What is looked for, and by whom: flags, codebook, coders, panel. `panelfile.py` reads them from YAML."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mascope.chat.types import Model, Sampling

RULES = "rules"
"""The coder that applies the codebook's cues; it needs no model."""
ADJUDICATION_RULES = ("intersection", "union", "majority", "dawid_skene")
"""How several coders become one label; `judging.adjudication` says what each does."""
ANSWER_WORDS = frozenset({
    "yes", "no", "unsure", "cannot tell", "can't tell", "cannot_tell", "true", "false",
    "none", "null", "n/a", "-",
})  # fmt: skip
"""What coders answer by, or what means no answer: no level can be called so."""
PANEL_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
FLAG_NAME = r"^[A-Z][A-Z0-9_]*$"
CODER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


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
    alone: int = 0
    """Messages that were coded in a batch and are coded once more, each by itself."""


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
    humans: str = "majority"
    """How several humans become one reference, by the name of a rule of adjudication."""

    @property
    def coders(self) -> tuple[str, ...]:
        return tuple(judge.name for judge in self.judges) + ((RULES,) if self.rules else ())

    @property
    def simulated(self) -> bool:
        return any(judge.model.simulated for judge in self.judges)
