"""What of the machinery is left in messages: models' names, own names, peers' voices, reasoning tags."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.names import MentionFinder, opens_with_name, peer_lines
from mascope.spread import spread

Bools = npt.NDArray[np.bool_]

REASONING = re.compile(
    r"</?(?:think|thinking|thoughts?|reasoning)(?:\s[^<>]*)?>|<\|(?:channel|message|start|end)\|>"
    r"|◁/?think▷|(?-i:\[/?THINK\])",
    re.IGNORECASE,
)
OPENINGS = ("<", "◁", "[")
"""One of these stands in every tag: most messages hold none, and need not be searched."""
_AT_ONCE = 20_000  # messages that one process reads
MARK = "\x00"
"""What stands for a model's name once it is found: in no text that a model writes."""


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """(messages,) each, of the texts as the others could read them."""

    own_name: Bools
    peer_voice: Bools
    think_tags: Bools
    names_model: Bools
    """Names a model of the group, though no name in the chat tells it."""


def traces(messages: pd.DataFrame, agents: pd.DataFrame, told: frozenset[str]) -> Traces:
    """messages: `run`, `agent`, `text`; agents: `run`, `agent`, `name`, `own_name`, `label`, `served_by`.

    told: the runs in which names tell models, as `names_tell_models` finds them.
    """
    casts = _casts(agents)
    columns = [messages[name] for name in ("run", "agent", "text")]
    portions = [slice(first, first + _AT_ONCE) for first in range(0, len(messages), _AT_ONCE)]

    def read(portion: slice) -> npt.NDArray[np.bool_]:
        rows = zip(*(column.iloc[portion].tolist() for column in columns), strict=True)
        found = [_traces_of(casts[run], run in told, agent, text) for run, agent, text in rows]
        return np.array(found, dtype=np.bool_)

    found = np.concatenate([np.zeros((0, 4), dtype=np.bool_), *spread(read, portions)])
    return Traces(*found.T)


def _traces_of(cast: "_Cast", told: bool, agent: str, text: str) -> tuple[bool, bool, bool, bool]:
    return (
        opens_with_name(text, cast.names[agent]),
        bool(peer_lines(text, cast.finder, agent)),
        any(mark in text for mark in OPENINGS) and REASONING.search(text) is not None,
        not told and cast.names_model(text),
    )


def other_spellings(messages: pd.DataFrame, agents: pd.DataFrame) -> Bools:
    """(messages,): whether an agent is named, but nowhere by the very characters of its name in the chat.

    messages: `run`, `mentions` (tuples of agents), `text`; agents: `run`, `agent`, `name`. A search for names
    as they stand (a plain hyphen, one space) misses such a mention.
    """
    called = {
        (run, agent): name
        for run, agent, name in zip(
            *(agents[name].astype(str) for name in ("run", "agent", "name")), strict=True
        )
    }
    rows = zip(messages["run"].astype(str), messages["mentions"], messages["text"], strict=True)
    missed = (any(called[run, agent] not in text for agent in named) for run, named, text in rows)
    return np.fromiter(missed, np.bool_, len(messages))


def names_tell_models(agents: pd.DataFrame) -> frozenset[str]:
    """The runs where an agent's name in the chat spells the name of a model of the group."""
    return frozenset(run for run, cast in _casts(agents).items() if any(map(cast.names_model, cast.public)))


def notices_with_model(failures: pd.DataFrame, agents: pd.DataFrame, told: frozenset[str]) -> Bools:
    """(failures,): whether others were shown a notice that names a model, though no name in the chat does."""
    casts = _casts(agents)
    rows = zip(failures["run"], failures["notice"], strict=True)
    leaks = (
        isinstance(notice, str) and run not in told and casts[run].names_model(notice) for run, notice in rows
    )
    return np.fromiter(leaks, np.bool_, len(failures))


@dataclass(frozen=True, slots=True)
class _Cast:
    """Who is in a run, and how to find them and their models."""

    names: dict[str, tuple[str, ...]]
    """Agent → what it is called, by others and by itself."""
    finder: MentionFinder
    models: MentionFinder
    model_ids: tuple[str, ...]

    @property
    def public(self) -> Iterator[str]:
        return (names[0] for names in self.names.values())

    def names_model(self, text: str) -> bool:
        replaced = self.models.replace(text, dict.fromkeys(self.model_ids, MARK), shared=MARK)
        return MARK in replaced


def _casts(agents: pd.DataFrame) -> dict[str, _Cast]:
    columns = ("run", "agent", "name", "own_name", "label", "served_by")
    rows = list(zip(*(agents[name] for name in columns), strict=True))
    made: dict[tuple[tuple[str, ...], ...], _Cast] = {}
    found: dict[str, _Cast] = {}
    for run, members in groupby(rows, key=lambda row: row[0]):
        key = tuple(_known(row[1:]) for row in members)
        if key not in made:
            made[key] = _cast(key)
        found[run] = made[key]
    return found


def _known(cells: Iterable[object]) -> tuple[str, ...]:
    return tuple(cell if isinstance(cell, str) else "" for cell in cells)


def _cast(seats: Sequence[tuple[str, ...]]) -> _Cast:
    names: dict[str, tuple[str, ...]] = {agent: (name, own or name) for agent, name, own, _, _ in seats}
    aliases = {agent: (name, own or name, label) for agent, name, own, label, _ in seats}
    models = {served: (label, *_identifier(served)) for *_, label, served in seats}
    return _Cast(names, MentionFinder(aliases), MentionFinder(models), tuple(models))


def _identifier(served: str) -> tuple[str, ...]:
    """The model's own part of `groq/openai/gpt-oss-120b`; nothing where that is a plain word or a file."""
    tail = served.rpartition("/")[2]
    return (tail,) if re.search(r"\d", tail) and not tail.endswith(".gguf") else ()
