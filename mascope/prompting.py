"""From a scaffold and a transcript to the chat turns that a model is sent: no clock, no files, no models.

Own messages go to a model as `assistant`, everything else as `user`. What is shown (`seen`) is decided by the
discussion; this module decides only how it reads.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from mascope.chat.types import ChatTurn
from mascope.records import Agent, Message, Turn

ATTRIBUTIONS: Mapping[str, str] = {"bracket": "[{name}]: ", "says": "{name} says: ", "none": ""}
"""How a message in the transcript names its author; any other template with {name} may be given."""

CUE = "Continue the discussion."
"""Shown where a prompt would otherwise end with the agent's own words, which several providers refuse."""
CUE_ALONE = "Continue."
"""The same for an agent that is alone: there is no discussion."""


@dataclass(frozen=True, slots=True)
class Part:
    """One switchable line of the system prompt."""

    default: str
    placeholders: frozenset[str]
    alone: str | None = None
    """Its default where the agent is alone, if that is another: it must not speak of others."""


PARTS: Mapping[str, Part] = {
    "identity": Part("You are {name} in a group chat.", frozenset({"name"}), "You are {name}."),
    "peers": Part("Other agents: {others}", frozenset({"name", "others", "count"})),
    "statuses": Part("No longer answering: {silent}", frozenset({"name", "silent", "active"})),
    "clock": Part("This is round {round} of {rounds}.", frozenset({"name", "round", "rounds"})),
    "rules": Part("Speak only for yourself.", frozenset({"name"})),
}
"""The parts of a scaffold, in the order they appear. `{round}` is counted from 1 here, as people count."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The system prompt: the template of each part that is on."""

    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TurnFormat:
    """How a transcript becomes chat turns."""

    attribution: str = ATTRIBUTIONS["bracket"]
    layout: str = "separate"
    """A key of `LAYOUTS`."""
    cue: str = CUE


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a speaker stands when it is asked."""

    agent: Agent
    own_name: str | None
    others: tuple[str, ...]
    """Names of the other agents, in the order of their seats."""
    silent: tuple[str, ...]
    """Those of them that no longer answer."""
    round: int
    rounds: int
    persona: str | None = None
    layout: str | None = None
    """A key of `LAYOUTS`, where its model needs another than the series'."""


def placeholders(template: str) -> set[str]:
    """The names in braces; `ValueError` where the braces do not match or hold anything but a name."""
    found = set()
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} is not a placeholder; write {{{{ and }}}} for braces that stay")
        found.add(name)
    return found


def system_text(scaffold: Scaffold, situation: Situation) -> str:
    """The system prompt; empty when every part is off and there is no persona.

    An agent that is told no name is not told it by a part that would say it: such a part is left out.
    """
    active = [name for name in situation.others if name not in situation.silent]
    values = {
        "name": situation.own_name,
        "others": ", ".join(situation.others),
        "count": len(situation.others),
        "silent": ", ".join(situation.silent) or "none",
        "active": ", ".join(active) or "none",
        "round": situation.round + 1,
        "rounds": situation.rounds,
    }
    templates = [scaffold.templates[part] for part in PARTS if part in scaffold.templates]
    if situation.own_name is None:
        templates = [template for template in templates if "name" not in placeholders(template)]
    parts = [template.format(**values) for template in templates]
    return "\n".join([*parts, *([situation.persona] if situation.persona else [])])


class Prompter:
    """Builds the prompts of one discussion. A message is rendered once and shared by every later prompt."""

    def __init__(self, scaffold: Scaffold, form: TurnFormat, brief: str) -> None:
        self._scaffold, self._form = scaffold, form
        self._brief = ChatTurn("user", brief)
        self._heard: dict[str, ChatTurn] = {}
        self._own: dict[str, ChatTurn] = {}
        self._systems: dict[str, ChatTurn] = {}

    def prompt(self, situation: Situation, seen: Sequence[Turn]) -> tuple[ChatTurn, ...]:
        """All that `situation.agent` is sent when it is shown `seen`."""
        body = self._body(situation, seen)
        if body[-1].role == "assistant":
            body.append(ChatTurn("user", self._form.cue))
        return (*self._system(situation), *body)

    def private(self, situation: Situation, seen: Sequence[Turn], question: str) -> tuple[ChatTurn, ...]:
        """The same, with a question that is put to this agent alone in the place of its turn."""
        body = self._body(situation, seen)
        if self.layout(situation) != "separate" and body[-1].role == "user":
            body.append(ChatTurn("user", f"{body.pop().text}\n\n{question}"))
        else:
            body.append(ChatTurn("user", question))
        return (*self._system(situation), *body)

    def layout(self, situation: Situation) -> str:
        return situation.layout or self._form.layout

    def _body(self, situation: Situation, seen: Sequence[Turn]) -> list[ChatTurn]:
        return LAYOUTS[self.layout(situation)](self, situation.agent, seen)

    def _system(self, situation: Situation) -> tuple[ChatTurn, ...]:
        text = system_text(self._scaffold, situation)
        if text not in self._systems:
            self._systems[text] = ChatTurn("system", text)
        return (self._systems[text],) if text else ()

    def separate(self, agent: Agent, seen: Sequence[Turn]) -> list[ChatTurn]:
        """Each message a turn of its own."""
        heard, speaker = self._heard.get, agent.id
        return [
            self._brief,
            *[(turn.agent != speaker and heard(turn.id)) or self._turn(agent, turn) for turn in seen],
        ]

    def merged(self, agent: Agent, seen: Sequence[Turn]) -> list[ChatTurn]:
        """Neighbouring turns of one role as one: for providers that demand alternating roles."""
        turns = groupby(self.separate(agent, seen), key=lambda turn: turn.role)
        return [ChatTurn(role, "\n\n".join(turn.text for turn in group)) for role, group in turns]

    def single(self, agent: Agent, seen: Sequence[Turn]) -> list[ChatTurn]:
        """The whole transcript in one user turn; the agent's own words under the name it is told it has."""
        told = (self._as_told(agent, turn) for turn in seen)
        return [ChatTurn("user", "\n\n".join([self._brief.text, *told]))]

    def _as_told(self, agent: Agent, turn: Turn) -> str:
        if turn.agent != agent.id or not isinstance(turn, Message):
            return self.heard(turn).text
        # No notice of its own return, and no name where it is told none: as if they were `assistant` turns.
        return turn.text if agent.own_name is None else self._said(agent.own_name, turn.text)

    def _turn(self, agent: Agent, turn: Turn) -> ChatTurn:
        return self.own(turn) if isinstance(turn, Message) and turn.agent == agent.id else self.heard(turn)

    def heard(self, turn: Turn) -> ChatTurn:
        """A message as the others read it, or the notice that stands in for a failure."""
        if turn.id not in self._heard:
            text = self._attributed(turn) if isinstance(turn, Message) else turn.told or ""
            self._heard[turn.id] = ChatTurn("user", text)
        return self._heard[turn.id]

    def own(self, message: Message) -> ChatTurn:
        if message.id not in self._own:
            self._own[message.id] = ChatTurn("assistant", message.text)
        return self._own[message.id]

    def _attributed(self, message: Message) -> str:
        said = self._said(message.name, message.text)
        return f"{message.announced}\n\n{said}" if message.announced else said

    def _said(self, name: str, text: str) -> str:
        return self._form.attribution.format(name=name) + text


LAYOUTS: Mapping[str, Callable[[Prompter, Agent, Sequence[Turn]], list[ChatTurn]]] = {
    "separate": Prompter.separate,
    "merged": Prompter.merged,
    "single": Prompter.single,
}
