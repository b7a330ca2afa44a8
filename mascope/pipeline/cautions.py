"""What may not be as it was meant: seen in the plan, before anything is sent. None of it is an error."""

from collections import defaultdict
from collections.abc import Iterator

from mascope.study import Condition, Study
from mascope.study.estimate import Overflow, overflows


def cautions(study: Study) -> tuple[str, ...]:
    """Sentences for the researcher, each about one thing."""
    of_series = (said for name, condition in study.series.items() for said in _of(name, condition))
    return (*_too_long(study), *of_series)


def _of(name: str, condition: Condition) -> Iterator[str]:
    yield from _unbalanced(name, condition)
    yield from _never(name, condition)
    if condition.schedule.alone:
        yield from _alone(name, condition)


def _unbalanced(name: str, condition: Condition) -> Iterator[str]:
    seats, runs = len(condition.participants), condition.runs
    if condition.schedule.order == "latin" and runs % seats:
        below, above = runs - runs % seats, runs - runs % seats + seats
        either = f"{below} or {above}" if below else str(above)
        yield (
            f"{name}: a Latin square of {seats} seats is balanced over multiples of {seats} runs; "
            f"{runs} are not ({either} would be)"
        )


def _never(name: str, condition: Condition) -> Iterator[str]:
    """Faults of the base that a series is too short for; in a series' own they are an error."""
    seated = {participant.id for participant in condition.participants}
    for fault in condition.faults:
        if fault.agent in seated and fault.round >= condition.rounds:
            yield (
                f"{name}: the fault {fault.kind!r} of {fault.agent!r} never happens: round {fault.round} is "
                f"not among its rounds 0 to {condition.rounds - 1}"
            )


def _alone(name: str, condition: Condition) -> Iterator[str]:
    """What agents that are alone are told of others."""
    templates = condition.scaffold.templates
    told = [part for part in ("peers", "statuses") if part in templates]
    if told:
        parts = " and ".join(f"`scaffold.{part}`" for part in told)
        tell = "tell" if len(told) > 1 else "tells"
        yield f"{name}: each agent is alone, and yet the study's {parts} {tell} it of others"
    else:
        yield f"{name}: each agent is alone, so that its system prompt does not speak of others"
    for probe in condition.probes:
        if probe.kind == "agent":
            yield f"{name}: each agent is alone, and yet the probe {probe.id!r} asks it about the others"


def _too_long(study: Study) -> Iterator[str]:
    """One sentence for each model and what is done with it, whatever the number of series."""
    found: dict[tuple[str, str], list[Overflow]] = defaultdict(list)
    for overflow in overflows(study):
        found[overflow.model, study.series[overflow.series].window.overflow].append(overflow)
    for (key, done), series in found.items():
        model = study.models[key]
        then = "the oldest turns are cut" if done == "cut" else "its turns fail without a call"
        hint = "" if done == "cut" else "; `context: {overflow: cut}` would cut the oldest turns instead"
        where = ", ".join(map(_where, series))
        held = f"{model.label} holds {series[0].limit:,} tokens"
        yield f"{held}, which prompts may exceed ({where}): {then}{hint}"


def _where(overflow: Overflow) -> str:
    may = f"{overflow.series} from round {overflow.may} on"
    return may if overflow.must is None else f"{may}, for certain from round {overflow.must} on"
