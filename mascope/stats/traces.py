"""What of the machinery is left in messages: models' names, own names, peers' voices, reasoning tags."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mascope.names import MentionFinder, opens_with_name, peer_lines
from mascope.spread import spread

Bools = npt.NDArray[np.bool_]

REASONING = re.compile(
    r"</?(?:think|thinking|thoughts?|reasoning)(?:\s[^<>]*)?>|<\|(?:channel|message|start|end)\|>"
    r"|◁/?think▷|(?-i:\[/?THINK\])",
    re.IGNORECASE,
)
_TAG = rb"</?[RrTt]|<\||\xe2\x97\x81|\[/?T"
"""How these tags begin, in UTF-8."""
_LINE_BEGINS = rb"(?m)^[^0-9A-Za-z\n]*"
_WORD_BEGINS = rb"(?:^|[^0-9A-Za-z])"
_AT_ONCE = 20_000  # messages that one process reads


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

    def read(portion: slice) -> Bools:
        runs, speakers, texts = (column.iloc[portion].to_numpy(dtype=object) for column in columns)
        number, names = pd.factorize(runs)
        kinds: dict[tuple[_Cast, bool], int] = {}
        kind = [kinds.setdefault((casts[name], name in told), len(kinds)) for name in names]
        found = np.zeros((len(runs), 4), dtype=np.bool_)
        for (cast, known), one in kinds.items():
            said = np.flatnonzero(np.array(kind)[number] == one)
            found[said] = _traces_of(cast, known, speakers[said].tolist(), texts[said].tolist())
        return found

    return Traces(*np.concatenate([np.zeros((0, 4), dtype=np.bool_), *spread(read, portions)]).T)


def _traces_of(cast: "_Cast", told: bool, speakers: Sequence[str], texts: Sequence[str]) -> Bools:
    """(messages, 4) of messages by one cast.

    Most hold none of the traces: Arrow sees of all at once which may, and only these are read with care.
    """
    encoded = pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.large_binary())
    found = np.zeros((len(texts), 4), dtype=np.bool_)
    for place in _where(encoded, _LINE_BEGINS + cast.name):
        found[place, 0] = opens_with_name(texts[place], cast.own[speakers[place]])
        found[place, 1] = bool(peer_lines(texts[place], cast.finder, speakers[place]))
    for place in _where(encoded, _TAG):
        found[place, 2] = REASONING.search(texts[place]) is not None
    for place in () if told else _where(encoded, _WORD_BEGINS + cast.model):
        found[place, 3] = cast.models.names_any(texts[place])
    return found


def _where(encoded: pa.LargeBinaryArray, pattern: bytes) -> list[int]:
    found: list[int] = np.flatnonzero(pc.match_substring_regex(encoded, pattern)).tolist()
    return found


def _begun(*finders: MentionFinder) -> bytes:
    """A regular expression (RE2, of bytes) for how any name that these know may begin."""
    heads = frozenset[str]().union(*(finder.heads for finder in finders))
    either = (re.escape(head.encode("utf-8", "surrogatepass")) for head in sorted(heads))
    return b"(?i:" + b"|".join(either) + b")"


def other_spellings(messages: pd.DataFrame, agents: pd.DataFrame) -> Bools:
    """(messages,): whether an agent is named, but nowhere by the very characters of its name in the chat.

    messages: `run`, `mentions` (tuples of agents), `text`; agents: `run`, `agent`, `name`. A search for names
    as they stand (a plain hyphen, one space) misses such a mention.
    """
    runs, seats, names = (agents[name].tolist() for name in ("run", "agent", "name"))
    called = dict(zip(zip(runs, seats, strict=True), names, strict=True))
    naming = np.flatnonzero(messages["mentions"].to_numpy().astype(np.bool_))
    rows = zip(*(messages[name].iloc[naming].tolist() for name in ("run", "mentions", "text")), strict=True)
    missed = np.zeros(len(messages), dtype=np.bool_)
    missed[naming] = [any(called[run, agent] not in text for agent in named) for run, named, text in rows]
    return missed


def names_tell_models(agents: pd.DataFrame) -> frozenset[str]:
    """The runs where an agent's name in the chat spells the name of a model of the group."""
    casts = _casts(agents)
    telling = {cast for cast in set(casts.values()) if any(map(cast.models.names_any, cast.public))}
    return frozenset(run for run, cast in casts.items() if cast in telling)


def notices_with_model(failures: pd.DataFrame, agents: pd.DataFrame, told: frozenset[str]) -> Bools:
    """(failures,): whether others were shown a notice that names a model, though no name in the chat does."""
    casts = _casts(agents)
    rows = zip(failures["run"], failures["notice"], strict=True)
    leaks = (
        isinstance(notice, str) and run not in told and casts[run].models.names_any(notice)
        for run, notice in rows
    )
    return np.fromiter(leaks, np.bool_, len(failures))


@dataclass(frozen=True, slots=True, eq=False)
class _Cast:
    """Who is in a run, and how to find them and their models."""

    public: tuple[str, ...]
    own: Mapping[str, MentionFinder]
    """Agent → what it is called, by others and by itself."""
    finder: MentionFinder
    models: MentionFinder
    name: bytes
    """How names of agents may begin, as `_begun` writes it."""
    model: bytes
    """How names of models may begin."""


def _casts(agents: pd.DataFrame) -> dict[str, _Cast]:
    columns = (_known(agents[name]) for name in ("run", "agent", "name", "own_name", "label", "served_by"))
    made: dict[tuple[tuple[str, ...], ...], _Cast] = {}
    found: dict[str, _Cast] = {}
    for run, members in groupby(zip(*columns, strict=True), key=itemgetter(0)):
        key = tuple(row[1:] for row in members)
        if key not in made:
            made[key] = _cast(key)
        found[run] = made[key]
    return found


def _known(column: "pd.Series[Any]") -> list[str]:
    return [cell if isinstance(cell, str) else "" for cell in column.tolist()]


def _cast(seats: Sequence[tuple[str, ...]]) -> _Cast:
    own = {agent: MentionFinder({"": (name, own or name)}, parts=False) for agent, name, own, _, _ in seats}
    finder = MentionFinder({agent: (name, own or name, label) for agent, name, own, label, _ in seats})
    models = MentionFinder({served: (label, *_identifier(served)) for *_, label, served in seats})
    public = tuple(name for _, name, *_ in seats)
    return _Cast(public, own, finder, models, _begun(finder, *own.values()), _begun(models))


def _identifier(served: str) -> tuple[str, ...]:
    """The model's own part of `groq/openai/gpt-oss-120b`; nothing where that is a plain word or a file."""
    tail = served.rpartition("/")[2]
    return (tail,) if re.search(r"\d", tail) and not tail.endswith(".gguf") else ()
