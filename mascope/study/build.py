"""One series of a study file → `Condition`."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mascope.chat.types import NOTHING, Model, Sampling
from mascope.errors import InvalidFile
from mascope.names import name_agents
from mascope.prompting import ATTRIBUTIONS, CUE_ALONE, PARTS, Scaffold, TurnFormat
from mascope.study import schema
from mascope.study import schema_parts as parts
from mascope.study.condition import (
    ALONE,
    Condition,
    Fault,
    Hygiene,
    Naming,
    OrganicPolicy,
    Participant,
    Schedule,
    Telling,
    Window,
)
from mascope.study.probes import BEFORE, HIGH, LOW, PROBE_KINDS, Probe
from mascope.yamlfile import Document, Place, Places, nearest, validate

LEFT = "[System]: {name} has left the discussion."
"""What the others are told of a crash, unless the study words it."""
SILENT = "[System]: {name} is silent."
"""The same of a mute: it is still there. No word of how long, which is a factor of its own."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in the file the parts of a merged series stand, so that an error can point there."""

    document: Document
    places: Places

    def error(self, where: Place, problem: str) -> InvalidFile:
        return self.document.error_in(self.places, where, problem)


def digest(value: Any) -> str:
    """SHA-256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Cast:
    """The models that a study declares."""

    models: Mapping[str, Model]
    layouts: Mapping[str, str]
    """Layouts that models bring along, by their keys."""


def build_condition(origin: Origin, data: Mapping[str, Any], cast: Cast) -> Condition:
    """The condition that `data` (base and patch merged) describes, or `InvalidFile`."""
    raw = _for_the_alone(validate(schema.ConditionFile, origin.document, data=data, places=origin.places))
    participants = _participants(origin, raw, cast)
    _check_names(origin, raw, [label_of(participant, cast.models) for participant in participants])
    faults = tuple(_fault(fault) for fault in raw.faults)
    _check_faults(origin, data, faults)
    resolved = raw.model_dump(mode="json", exclude={"runs"})
    resolved["faults"] = [fault.resolved() for fault in raw.faults]
    used = {p.model: _identity(cast.models[p.model]) for p in participants if p.model is not None}
    return Condition(
        brief=raw.brief,
        participants=participants,
        runs=raw.runs,
        rounds=raw.rounds,
        names=Naming(raw.names.own, raw.names.peers, raw.names.permute),
        scaffold=_scaffold(raw.scaffold, alone=raw.schedule.interaction in ALONE),
        form=_form(raw),
        schedule=_schedule(raw.schedule),
        faults=faults,
        organic=_organic(raw.on_failure),
        hygiene=Hygiene(**raw.hygiene.model_dump()),
        window=Window(raw.context.messages, raw.context.tokens, raw.context.overflow),
        probes=_probes(origin, raw),
        resolved=resolved,
        digest=digest([resolved, used, [participant.layout for participant in participants]]),
    )


def _for_the_alone(raw: schema.ConditionFile) -> schema.ConditionFile:
    """Where agents are alone, nothing that is not in the file speaks to them of others."""
    if raw.schedule.interaction not in ALONE:
        return raw
    changed: dict[str, Any] = {}
    if "peers" not in raw.scaffold.model_fields_set:
        changed["scaffold"] = raw.scaffold.model_copy(update={"peers": False})
    if "cue" not in raw.turns.model_fields_set:
        changed["turns"] = raw.turns.model_copy(update={"cue": CUE_ALONE})
    return raw.model_copy(update=changed)


def label_of(participant: Participant, models: Mapping[str, Model]) -> str:
    """The name by which a reader knows what sits there."""
    if participant.model is None:
        return participant.label or participant.id
    return models[participant.model].label


def _participants(origin: Origin, raw: schema.ConditionFile, cast: Cast) -> tuple[Participant, ...]:
    """One entry a seat. A model with one seat lends it its key; with several, they are numbered."""
    keys = [_key(origin, n, entry, cast.models) for n, entry in enumerate(raw.participants)]
    copies = Counter(dict.fromkeys(keys, 0))
    for key, entry in zip(keys, raw.participants, strict=True):
        copies[key] += entry.count
    seats: list[Participant] = []
    taken: Counter[str] = Counter()
    for n, (key, entry) in enumerate(zip(keys, raw.participants, strict=True)):
        _check_lines(origin, n, entry, raw.rounds)
        seat = Participant(
            id=key,
            model=entry.model,
            sampling=_sampling(origin, n, raw.sampling, entry.sampling),
            persona=entry.persona,
            layout=entry.turns or cast.layouts.get(key) or raw.turns.layout,
            lines=entry.lines,
            label=entry.label,
        )
        for _ in range(entry.count):
            taken[key] += 1
            seats.append(seat if copies[key] == 1 else replace(seat, id=f"{key}-{taken[key]}"))
    doubles = [id_ for id_, count in Counter(seat.id for seat in seats).items() if count > 1]
    if doubles:
        raise origin.error(
            ("participants",), f"two seats would both be called {doubles[0]!r}; rename a model"
        )
    return tuple(seats)


def _key(origin: Origin, n: int, entry: parts.ParticipantFile, models: Mapping[str, Model]) -> str:
    """What the seat is called after: its model's key, or the confederate's own."""
    if entry.model is not None:
        if entry.model not in models:
            problem = f"no model {entry.model!r} under `models:`{nearest(entry.model, models)}"
            raise origin.error(("participants", n), problem)
        return entry.model
    key = str(entry.confederate)
    if key in models:
        raise origin.error(("participants", n, "confederate"), f"{key!r} is a model; call it something else")
    return key


def _check_lines(origin: Origin, n: int, entry: parts.ParticipantFile, rounds: int) -> None:
    late = [round_ for round_ in entry.lines if round_ >= rounds]
    if late:
        problem = f"round {late[0]} never comes: there are {rounds}, counted from 0"
        raise origin.error(("participants", n, "lines"), problem)


def _sampling(origin: Origin, n: int, shared: parts.SamplingFile, own: Mapping[str, Any]) -> Sampling:
    places = tuple((*place, "participants", n, "sampling") for place in origin.places)
    merged = {**shared.model_dump(), **own}
    raw = validate(parts.SamplingFile, origin.document, data=merged, places=places)
    return Sampling(raw.temperature, raw.max_tokens, top_p=raw.top_p, extra=raw.extra or NOTHING)


def _check_names(origin: Origin, raw: schema.ConditionFile, labels: list[str]) -> None:
    """Each seat gets a name of its own that can stand in an id and on one line."""
    for factor, scheme in (("own", raw.names.own), ("peers", raw.names.peers)):
        try:
            if scheme is not None:
                name_agents(scheme, labels)
        except ValueError as error:
            raise origin.error(("names", factor), str(error)) from error


def _scaffold(raw: parts.ScaffoldFile, *, alone: bool) -> Scaffold:
    templates = {}
    for part, meaning in PARTS.items():
        value = getattr(raw, part)
        default = meaning.alone if alone and meaning.alone is not None else meaning.default
        if value:
            templates[part] = value if isinstance(value, str) else default
    return Scaffold(templates)


def _form(raw: schema.ConditionFile) -> TurnFormat:
    attribution = ATTRIBUTIONS.get(raw.names.attribution, raw.names.attribution)
    return TurnFormat(attribution, raw.turns.layout, raw.turns.cue)


def _schedule(raw: parts.ScheduleFile) -> Schedule:
    return Schedule(raw.order, raw.visibility, raw.interaction, raw.stagger)


def _fault(raw: parts.FaultFile) -> Fault:
    notice = SILENT if raw.kind == "mute" else LEFT
    telling = Telling(raw.peers_see, notice if raw.notice is None else raw.notice)
    return Fault(raw.agent, raw.round, raw.kind, raw.rounds, telling, raw.error, raw.on_return)


def _check_faults(origin: Origin, data: Mapping[str, Any], faults: tuple[Fault, ...]) -> None:
    """No two faults of one agent hold in the same round: which of them would be a matter of their order."""
    for n, fault in enumerate(faults):
        for before in faults[:n]:
            if before.agent == fault.agent and before.round < fault.until and fault.round < before.until:
                both = max(before.round, fault.round)
                problem = (
                    f"{fault.agent!r} already has the fault {before.kind!r} in round {both} (it begins in "
                    f"round {before.round}); give the earlier fault `rounds` so that it ends before"
                )
                raise origin.error(fault_place(data, n), problem)


def fault_place(data: Mapping[str, Any], n: int) -> Place:
    """Where the n-th fault of a series stands: in a list, or under a name of the study's own."""
    faults = data["faults"]
    return ("faults", list(faults)[n] if isinstance(faults, Mapping) else n)


def _probes(origin: Origin, raw: schema.ConditionFile) -> tuple[Probe, ...]:
    doubles = [id_ for id_, count in Counter(probe.id for probe in raw.probes).items() if count > 1]
    if doubles:
        raise origin.error(("probes",), f"two probes are called {doubles[0]!r}")
    return tuple(_probe(origin, n, probe, raw.rounds) for n, probe in enumerate(raw.probes))


def _probe(origin: Origin, n: int, raw: parts.ProbeFile, rounds: int) -> Probe:
    moments: set[int] = set()
    for when in raw.when:
        if isinstance(when, int) and when >= rounds:
            problem = f"round {when} never comes: there are {rounds}, counted from 0"
            raise origin.error(("probes", n, "when"), problem)
        moments.update(_moments(when, rounds))
    own = raw.instruct if isinstance(raw.instruct, str) else PROBE_KINDS[raw.kind].instruct
    return Probe(
        id=raw.id,
        ask=raw.ask,
        kind=raw.kind,
        moments=tuple(sorted(moments)),
        instruct=own if raw.instruct else "",
        low=LOW if raw.low is None else raw.low,
        high=HIGH if raw.high is None else raw.high,
        options=tuple(option.strip() for option in raw.options),
        max_tokens=raw.max_tokens,
    )


def _moments(when: parts.When, rounds: int) -> Iterable[int]:
    match when:
        case "before":
            return (BEFORE,)
        case "after":
            return (rounds - 1,)
        case "each":
            return range(rounds)
        case _:
            return (when,)


def _organic(raw: parts.OrganicFile) -> OrganicPolicy:
    return OrganicPolicy(raw.then, Telling(raw.peers_see, raw.notice), raw.restarts)


def _identity(model: Model) -> dict[str, Any]:
    """What of a model can change its answers; its key's variable and its pace cannot."""
    context = {} if model.context_tokens is None else {"context": model.context_tokens}
    return {
        "served_by": model.served_by,
        "label": model.label,
        "base_url": model.base_url,
        "parameters": dict(model.parameters),
        **context,
    }
