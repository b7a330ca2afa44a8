"""What every table is made from: the frames of a results directory, labelled by the panel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from mascope.codebook import Thresholds
from mascope.errors import InvalidInput
from mascope.judging.adjudication import adjudicate
from mascope.seeds import derive
from mascope.stats.language import Names, languages
from mascope.stats.resampling import Floats
from mascope.stats.traces import Traces, names_tell_models, traces
from mascope.stats.words import Words, words
from mascope.store.frames import Frames, rows_of
from mascope.store.recodings import Recodings
from mascope.study import Hypothesis
from mascope.yamlfile import nearest

LABEL_KEYS = ["message", "run", "series", "agent", "round", "position"]
RESAMPLES = 10_000
PART = 100_000
"""Messages from which on measures of texts and of graphs are taken of a part of the runs."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Analysis:
    """One way of looking at one results directory."""

    frames: Frames
    series: tuple[str, ...]
    """In the order of the study."""
    flags: tuple[str, ...]
    traits: tuple[str, ...]
    coders: tuple[str, ...]
    """Whose codes are adjudicated."""
    references: tuple[str, ...]
    """Coders who are compared but not adjudicated: humans, where a panel has coded too."""
    labels: str
    """How the codes are adjudicated, or whose they are."""
    labelled: pd.DataFrame
    """One row a codable message: `LABEL_KEYS` and a column a flag (1 yes, 0 no, NaN undecided)."""
    hypotheses: tuple[Hypothesis, ...]
    thresholds: Thresholds
    seed: int
    resamples: int = RESAMPLES
    exploratory: tuple[str, ...] = ()
    """Ids of the hypotheses that did not stand as they are before the first run."""
    withdrawn: tuple[str, ...] = ()
    """Ids of those that stood there, and are gone from the study."""
    reconcile: str = "majority"
    """How several humans become one reference: a key of `ADJUDICATIONS`."""
    recodings: Recodings | None = None
    """What coders said when they were asked again, and how they were asked; None where it was not read."""
    study: Mapping[str, Any] = field(default_factory=dict)
    """study.yaml as it is stored."""
    power: Mapping[str, Any] = field(default_factory=dict)
    """What `mascope power` simulated of it, where that was kept."""
    embedded: Floats | None = None
    """(messages, dimensions), by the model that the study names for its texts; None without one."""
    instructed: Mapping[str, str] = field(default_factory=dict)
    """Coder of the panel → digest of the model, prompt and codebook that the panel file gives it now."""
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What several tables share, once one of them has asked for it."""

    def rng(self, table: str) -> np.random.Generator:
        """A generator of its own for each table, so that one table's draws do not move another's."""
        return np.random.default_rng(derive(self.seed, "tables", table, self.labels))

    @property
    def has_texts(self) -> bool:
        return "text" in self.frames.messages

    def words(self) -> Words:
        """The words of all codable messages, in their order: cut once for all tables that need them."""
        return self.once("words", lambda: words(self.frames.messages["text"]))

    def traces(self) -> Traces:
        """What of the machinery is left in all codable messages."""
        messages, agents = self.frames.messages, self.frames.agents
        return self.once("traces", lambda: traces(messages, agents, names_tell_models(agents)))

    def languages(self) -> Names:
        """The language of each codable message."""
        return self.once("languages", lambda: languages(self.frames.messages["text"]))

    def part(self) -> "Analysis":
        """The same of whole runs that hold `PART` messages, where there are more; else all of it.

        What is measured in each run and then averaged needs no million messages: the runs are drawn by chance
        from the study's seed, of each series the same share (two at the least), and intervals are of them.
        """
        return self.once("part", self._part) if len(self.frames.messages) > PART else self

    def _part(self) -> "Analysis":
        runs = self.frames.runs
        share = PART / len(self.frames.messages)
        rng, chosen = np.random.default_rng(derive(self.seed, "tables", "part")), []
        for _, of_series in runs.groupby("series", observed=True, sort=False):
            names = of_series["run"].astype(str).to_numpy(dtype=object)
            chosen += list(rng.permutation(names)[: max(2, round(share * len(names)))])
        kept = self.labelled["run"].isin(chosen).to_numpy()
        labelled = self.labelled[kept].reset_index(drop=True)
        embedded = None if self.embedded is None else self.embedded[kept]
        part = replace(self, frames=self.frames.of_runs(chosen), labelled=labelled, embedded=embedded)
        if "languages" in self._made:  # of each text by itself, so that nothing need be told twice
            part.once("languages", lambda: self.languages()[kept])
        return part

    def prepare(self) -> None:
        """Make now what many tables share: processes that are forked to build them inherit it."""
        if self.has_texts:
            self.languages()
            self.traces()
            self.part().words()

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made for the first table that asks and kept for the others."""
        if name not in self._made:
            self._made[name] = make()
        kept: T = self._made[name]
        return kept

    @property
    def coded(self) -> bool:
        """Whether any flag of any message is decided."""
        return any(bool(self.labelled[flag].notna().any()) for flag in self.flags)


def panel_and_references(
    frames: Frames, chosen: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whose codes make the labels, and who is only compared with them.

    Unless `chosen`, humans are the reference wherever anybody else has coded: they mostly code a sample.
    """
    kinds = frames.codes.drop_duplicates("coder").set_index("coder")["kind"].astype(str)
    everyone = tuple(str(coder) for coder in kinds.index)
    for coder in chosen or ():
        if coder not in everyone:
            raise InvalidInput(f"--coders: no codes by {coder!r}{nearest(coder, everyone)}")
    panel = tuple(chosen or (coder for coder in everyone if kinds[coder] != "human")) or everyone
    return panel, tuple(coder for coder in everyone if coder not in panel)


def label_messages(frames: Frames, flags: Sequence[str], coders: Sequence[str], labels: str) -> pd.DataFrame:
    """The codable messages with their adjudicated labels; all undecided where nobody has coded."""
    frame = frames.messages[LABEL_KEYS].copy()
    if not coders:
        return frame.assign(**dict.fromkeys(flags, np.nan))
    codes = {coder: _codes_of(frames, coder, flags) for coder in coders}
    others = {} if labels in coders else _single(frames, labels, flags)
    for flag in flags:
        by_coder = {
            coder: columns[flag].to_numpy(dtype=np.float64) for coder, columns in (codes | others).items()
        }
        frame[flag] = by_coder[labels] if labels in others else adjudicate(by_coder, labels)
    return frame


def _single(frames: Frames, labels: str, flags: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The codes of a coder who is not on the panel but whose own codes were asked for as labels."""
    known = set(frames.codes["coder"].unique())
    return {labels: _codes_of(frames, labels, flags)} if labels in known else {}


def _codes_of(frames: Frames, coder: str, flags: Sequence[str]) -> pd.DataFrame:
    """A coder's codes for each codable message, in their order: NaN where there is none."""
    rows = rows_of(frames.codes, coder)
    if rows["message"].array.equals(frames.messages["message"].array):
        return rows[list(flags)]  # each message once: nothing need be looked up
    return rows.set_index("message")[list(flags)].reindex(frames.messages["message"])
