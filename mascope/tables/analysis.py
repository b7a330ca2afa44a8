"""What every table is made from: the frames of a results directory, labelled by the panel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from mascope.codebook import Thresholds
from mascope.errors import InvalidInput
from mascope.judging.adjudication import adjudicate
from mascope.seeds import derive
from mascope.stats.words import Words, words
from mascope.store.frames import Frames
from mascope.study import Hypothesis
from mascope.yamlfile import nearest

LABEL_KEYS = ["message", "run", "series", "agent", "round", "position"]
RESAMPLES = 10_000

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
        return self.once("words", lambda: words(self.frames.messages["text"].tolist()))

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made for the first table that asks and kept for the others."""
        if name not in self._made:
            self._made[name] = make()
        kept: T = self._made[name]
        return kept

    @property
    def coded(self) -> bool:
        """Whether any flag of any message is decided."""
        return bool(self.flags) and bool(self.labelled[list(self.flags)].notna().to_numpy().any())


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
    known = set(frames.codes["coder"].astype(str))
    return {labels: _codes_of(frames, labels, flags)} if labels in known else {}


def _codes_of(frames: Frames, coder: str, flags: Sequence[str]) -> pd.DataFrame:
    """A coder's codes for each codable message, in their order: NaN where there is none."""
    rows = frames.codes[frames.codes["coder"] == coder]
    return rows.set_index("message")[list(flags)].reindex(frames.messages["message"])
