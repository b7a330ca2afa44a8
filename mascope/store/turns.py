"""Lines of a journal → messages, failures and private answers, none of them taken on trust."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mascope.records import Agent, Failure, Message, ProbeAnswer, Usage, message_id
from mascope.store import fields

AGAIN = re.compile(r"(#\d+)?", re.ASCII)
"""What may follow an id: importers number what an agent said more than once in a round."""


class Turns:
    """The turns of one run as they are read; each fits the run, and stands there once.

    `ValueError` says what is wrong with a line.
    """

    def __init__(self, run: str, agents: Iterable[Agent]) -> None:
        self._run = run
        self._names = {agent.id: agent.name for agent in agents}
        self._read: set[str] = set()

    def message(self, line: Mapping[str, Any]) -> Message:
        fields.MESSAGE.check(line)
        self._place(line)
        said = {name: line[name] for name in Message.__slots__ if name in line}
        said["changes"] = tuple(line.get("changes", ()))
        return Message(**{**said, **_shown(line)})

    def failure(self, line: Mapping[str, Any]) -> Failure:
        fields.FAILURE.check(line)
        self._place(line)
        return Failure(**{name: line[name] for name in Failure.__slots__ if name in line})

    def _place(self, line: Mapping[str, Any]) -> None:
        id_, agent, name = line["id"], line["agent"], line["name"]
        if agent not in self._names:
            raise ValueError(f"'agent' is {agent!r}, who is not among the agents of this run")
        if name != self._names[agent]:
            raise ValueError(
                f"'name' is {name!r}, but {agent!r} is called {self._names[agent]!r} in this run"
            )
        expected = message_id(self._run, name, line["round"])
        if not id_.startswith(expected) or not AGAIN.fullmatch(id_, len(expected)):
            raise ValueError(f"'id' is {id_!r}; by its run, name and round it would be {expected!r}")
        if id_ in self._read:
            raise ValueError(f"{id_!r} stands in this journal already")
        self._read.add(id_)


def probe_answer(line: Mapping[str, Any]) -> ProbeAnswer:
    """A private answer. `ValueError` says what is wrong with its line."""
    fields.PROBE.check(line)
    said = {name: line[name] for name in ProbeAnswer.__slots__ if name in line}
    return ProbeAnswer(**{**said, **_shown(line)})


def _shown(line: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are no plain values, of a message as of a private answer."""
    usage = line.get("usage")
    if usage is not None:
        fields.USAGE.check(usage, "usage.")
    return {
        "seen": tuple(line["seen"]),
        "cut": tuple(line.get("cut", ())),
        "usage": None if usage is None else Usage(**usage),
    }
