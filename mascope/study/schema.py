"""The shape of a study file, key by key. Only reads and checks; `load` turns it into the nouns of a study."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mascope.modelfile import EndpointFile
from mascope.study.schema_analysis import AnalysisFile
from mascope.study.schema_parts import (
    ContextFile,
    Faults,
    HygieneFile,
    Layout,
    Name,
    NamesFile,
    OrganicFile,
    Participants,
    ProbeFile,
    SamplingFile,
    ScaffoldFile,
    ScheduleFile,
    TurnsFile,
)
from mascope.yamlfile import Strict


class ModelFile(EndpointFile):
    """A model that participants can use."""

    context: int | None = Field(
        default=None, ge=1, description="Tokens of prompt and answer together, at most"
    )
    turns: Layout | None = Field(default=None, description="Layout of this model's prompts, if its own")


class ConditionFile(Strict):
    """What one series fixes. `base:` holds what is shared; a series holds what differs."""

    brief: str = Field(min_length=1, description="The task given to the group")
    participants: Participants = Field(description="Who takes part: keys of `models:`, copies, confederates")
    runs: int = Field(default=1, ge=1, le=100_000, description="Replicates")
    rounds: int = Field(default=1, ge=1, le=10_000, description="Turns that each participant takes")
    sampling: SamplingFile = SamplingFile()
    names: NamesFile = NamesFile()
    scaffold: ScaffoldFile = ScaffoldFile()
    schedule: ScheduleFile = ScheduleFile()
    turns: TurnsFile = TurnsFile()
    faults: Faults = Field(default=(), description="Failures that the study asks for; a list, or by name")
    on_failure: OrganicFile = Field(
        default=OrganicFile(), description="What is done when a model really fails; or its `then` alone"
    )
    hygiene: HygieneFile = HygieneFile()
    context: ContextFile = ContextFile()
    probes: tuple[ProbeFile, ...] = Field(default=(), description="Private questions to each agent")

    @field_validator("on_failure", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"then": value} if isinstance(value, str) else value


class HypothesisFile(Strict):
    """A comparison declared before the first run."""

    id: Name = Field(description="Its name in tables")
    measure: str = Field(default="similarity", description="A measure of the run, or a flag (its rate)")
    compare: tuple[str, str] = Field(description="Two series; forks of a series too, by their name")
    direction: Literal["less", "greater", "two-sided", "equivalent"] = Field(
        default="two-sided", description="Of the first series against the second; equivalent needs a margin"
    )
    family: str = Field(default="primary", description="Whose p-values are adjusted together")
    margin: float | None = Field(
        default=None, gt=0, description="Largest difference of means that would not matter"
    )
    matched_by: Literal["replicate", "parent"] | None = Field(
        default=None, description="Runs belong together by number, or by the run they were forked from"
    )

    @model_validator(mode="after")
    def _bounded(self) -> "HypothesisFile":
        if self.direction == "equivalent" and self.margin is None:
            raise ValueError(
                "direction `equivalent` needs a `margin`: how small a difference does not matter"
            )
        return self


class StudyFile(Strict):
    """A study file."""

    study: Name = Field(description="Its name; results go to results/NAME")
    mascope: dict[str, Any] = Field(default={}, description="Stamp of a resolved study; written, not read")
    panel: str | None = Field(default=None, description="Panel file, relative to this one")
    seed: int = Field(default=0, ge=0, description="Whence the seeds of all runs are derived")
    brief: str | None = Field(default=None, min_length=1, description="The task given to every group")
    models: dict[Name, ModelFile] = Field(min_length=1, description="The models that may take part, by a key")
    base: dict[str, Any] = Field(default={}, description="What all series share")
    series: dict[Name, dict[str, Any] | None] = Field(
        default={}, description="Conditions by name, each what it changes in `base:`"
    )
    factors: dict[Name, dict[Name, dict[str, Any] | None]] = Field(
        default={}, description="Factor → level → what the level changes; crossed into series"
    )
    hypotheses: tuple[HypothesisFile, ...] = Field(
        default=(), description="Comparisons declared before the first run"
    )
    analysis: AnalysisFile = Field(default=AnalysisFile(), description="How the results are looked at")

    @model_validator(mode="after")
    def _some_series(self) -> "StudyFile":
        if not self.series and not self.factors:
            raise ValueError("no series: give `series:`, `factors:` or both")
        return self
