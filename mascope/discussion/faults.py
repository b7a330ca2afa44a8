"""Failures that the study asks for.

A silencing fault puts a Failure in a turn's place; an altering one changes the text that the others read.
"""

import random
import re
from collections.abc import Callable, Mapping

from mascope.discussion.clusters import clusters
from mascope.records import Agent, Failure, message_id
from mascope.seeds import derive
from mascope.study import Fault, Run
from mascope.study.condition import SILENCING, Telling


def silenced(run: Run, agent: Agent, round_: int) -> Fault | None:
    """The fault that keeps `agent` from being asked in `round_`, if any."""
    for fault in run.condition.faults:
        if fault.kind in SILENCING and fault.holds(agent.id, round_):
            return fault
    return None


def gone(run: Run, agent: Agent, round_: int) -> bool:
    """Whether `agent` crashed in an earlier round and is not back: it has no turn, not even a failed one."""
    fault = silenced(run, agent, round_)
    return fault is not None and fault.kind == "crash" and fault.round < round_


def returning(run: Run, agent: Agent, round_: int, last_spoke: int | None) -> str | None:
    """The notice that `agent` is back, where it speaks in `round_` for the first time since an absence."""
    for fault in run.condition.faults:
        absent = fault.kind in SILENCING and fault.agent == agent.id
        since = last_spoke is None or last_spoke < fault.round
        if absent and fault.on_return is not None and fault.until <= round_ and since:
            return fault.on_return.format(name=agent.name)
    return None


def injected(run: Run, agent: Agent, round_: int, position: int, fault: Fault) -> Failure:
    """What stands in the place of a turn that `fault` silenced. The others are told once, at the start."""
    return Failure(
        id=message_id(run.id, agent.name, round_),
        agent=agent.id,
        name=agent.name,
        round=round_,
        position=position,
        kind=fault.kind,
        origin="injected",
        detail=f"asked for by the study from round {fault.round}",
        told=told(fault.telling, agent, fault.error) if round_ == fault.round else None,
    )


def told(telling: Telling, agent: Agent, raw: str) -> str | None:
    """What the others see of a failure of `agent`."""
    match telling.peers_see:
        case "notice":
            return telling.notice.format(name=agent.name)
        case "raw":
            return raw
        case _:
            return None


def altered(run: Run, agent: Agent, round_: int, text: str) -> tuple[str, str | None]:
    """`text` as a garbling or truncating fault leaves it, and which fault that was."""
    for fault in run.condition.faults:
        if fault.kind in ALTERATIONS and fault.holds(agent.id, round_):
            draw = random.Random(derive(run.seed, "fault", agent.id, round_))  # noqa: S311 - not a secret
            return ALTERATIONS[fault.kind](text, draw), fault.kind
    return text, None


def _garble(text: str, draw: random.Random) -> str:
    """The letters of each word shuffled, so that length, lines and layout stay what they were."""

    def shuffled(word: re.Match[str]) -> str:
        letters = list(clusters(word[0]))
        return "".join(draw.sample(letters, len(letters)))

    return re.sub(r"\S+", shuffled, text)


def _truncate(text: str, draw: random.Random) -> str:
    """Cut between a fifth and a half of the way, after a whole letter."""
    letters = list(clusters(text))
    return "".join(letters[: max(1, int(len(letters) * draw.uniform(0.2, 0.5)))])


ALTERATIONS: Mapping[str, Callable[[str, random.Random], str]] = {"garble": _garble, "truncate": _truncate}
