"""Lines of a journal → messages, failures and private answers: each read, and held against its run."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mascope.records import Agent, Failure, Message, ProbeAnswer, Turn, message_id
from mascope.store.fields import FAILURE, MESSAGE, PROBE

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

    def message(self, line: Mapping[str, Any] | bytes) -> Message:
        """Of a line that is read, or as it stands; then `MISFIT` is no last word on it."""
        found = MESSAGE.at_once(line) if isinstance(line, bytes) else MESSAGE.read(line)
        self._place(found)
        return found

    def failure(self, line: Mapping[str, Any]) -> Failure:
        found = FAILURE.read(line)
        self._place(found)
        return found

    def _place(self, turn: Turn) -> None:
        agent, name = turn.agent, turn.name
        if agent not in self._names:
            raise ValueError(f"'agent' is {agent!r}, who is not among the agents of this run")
        if name != self._names[agent]:
            raise ValueError(
                f"'name' is {name!r}, but {agent!r} is called {self._names[agent]!r} in this run"
            )
        expected = message_id(self._run, name, turn.round)
        if turn.id != expected and not self._again(turn.id, expected):
            raise ValueError(f"'id' is {turn.id!r}; by its run, name and round it would be {expected!r}")
        if turn.id in self._read:
            raise ValueError(f"{turn.id!r} stands in this journal already")
        self._read.add(turn.id)

    @staticmethod
    def _again(id_: str, expected: str) -> bool:
        return id_.startswith(expected) and AGAIN.fullmatch(id_, len(expected)) is not None


def probe_answer(line: Mapping[str, Any]) -> ProbeAnswer:
    """A private answer. `ValueError` says what is wrong with its line."""
    return PROBE.read(line)
