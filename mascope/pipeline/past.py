"""What a fork cannot change: the rounds that it has from its parent went as they went.

A setting that speaks of them would stand in the fork's condition without ever having held.
"""

from collections.abc import Hashable, Iterable
from dataclasses import replace

from mascope.errors import InvalidInput
from mascope.study import Condition, Fault
from mascope.study.probes import BEFORE


def check_past(before: Condition, after: Condition, round_: int, change: str) -> None:
    """`InvalidInput` where `after` differs from `before` in what happened before `round_`."""
    found = (problem for check in (_faults, _lines, _probes) for problem in check(before, after, round_))
    for problem in found:
        raise InvalidInput(f"--set {change}: {problem}; the rounds before {round_} are the parent's")


def _faults(before: Condition, after: Condition, round_: int) -> Iterable[str]:
    was, would_be = (
        {_happened(fault, round_): fault for fault in condition.faults if fault.round < round_}
        for condition in (before, after)
    )
    for happened, fault in (was | would_be).items():
        if happened in was and happened in would_be:
            continue
        yield (
            f"the fault {fault.kind!r} of {fault.agent!r} in round {fault.round} is past: leave it as it was "
            f"up to there, and set faults from round {round_} on"
        )


def _happened(fault: Fault, round_: int) -> Hashable:
    """What there was of it before `round_`: how long it goes on may still change, and what is said then."""
    over = fault.until < round_
    shown = (fault.telling, fault.error if fault.telling.peers_see == "raw" else None)
    returned = fault.on_return if over else None
    return fault.agent, fault.round, fault.kind, shown, min(fault.until, round_), returned


def _lines(before: Condition, after: Condition, round_: int) -> Iterable[str]:
    for seat, (was, is_) in enumerate(zip(before.participants, after.participants, strict=True)):
        for past in range(round_):
            if was.lines.get(past) != is_.lines.get(past):
                yield (
                    f"participants.{seat}.lines: the line of round {past} is past: leave it as it was, and "
                    f"set lines from round {round_} on"
                )


def _probes(before: Condition, after: Condition, round_: int) -> Iterable[str]:
    asked = {probe.id: probe for probe in before.probes if probe.moments[0] < round_}
    for probe in after.probes:
        was = asked.get(probe.id)
        if was is not None and replace(was, moments=()) != replace(probe, moments=()):
            asked_then = f"the probe {probe.id!r} was asked {_moment(was.moments[0])} in other words"
            yield f"{asked_then}: give the new one another id"
        # After the round just before, a fork still asks what nobody has asked there.
        never = [m for m in probe.moments if m < round_ - 1 and (was is None or m not in was.moments)]
        if never:
            yield (
                f"the probe {probe.id!r} would have been asked {_moment(never[0])}, which is past: say "
                f"`when:` in rounds from {round_ - 1} on"
            )


def _moment(moment: int) -> str:
    return "before the first round" if moment == BEFORE else f"after round {moment}"
