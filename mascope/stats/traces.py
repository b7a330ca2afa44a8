"""What of the machinery is left in messages: models' names, own names, peers' voices, reasoning tags."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.names import MentionFinder, opens_with_name, peer_lines

Bools = npt.NDArray[np.bool_]

REASONING = re.compile(r"</?(?:think|thinking|reasoning)>|<\|(?:channel|message|start|end)\|>", re.IGNORECASE)
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
    found = np.zeros((4, len(messages)), dtype=np.bool_)
    rows = zip(messages["run"], messages["agent"], messages["text"], strict=True)
    for place, (run, agent, text) in enumerate(rows):
        cast = casts[run]
        found[:, place] = (
            opens_with_name(text, cast.names[agent]),
            bool(peer_lines(text, cast.finder, agent)),
            REASONING.search(text) is not None,
            run not in told and cast.names_model(text),
        )
    return Traces(*found)


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
