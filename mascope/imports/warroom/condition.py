"""What a WarRoom transcript says about its condition, in the keys of a study file.

So an imported study.yaml is itself a study: `mascope run` can repeat it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import ValidationError

from mascope.errors import InvalidFile
from mascope.imports.warroom.naming import Source, by_series
from mascope.imports.warroom.transcript import Seat, Transcript
from mascope.names import NAMINGS, name_agents
from mascope.prompting import PARTS
from mascope.study.schema import ConditionFile

ROUTE = "groq"
"""All models of the study were served by one provider."""
MAX_TOKENS = 1024
"""Set in the platform's code, not in its files."""
PEERS = "Other agents:"
EMPTY = "(empty)"

Condition: TypeAlias = dict[str, Any]


def served_by(seat: Seat) -> str:
    return f"{ROUTE}/{seat.model}"


def model_keys(sources: Iterable[Source]) -> dict[str, str]:
    """Served model → its key in `models:`, the shortest key of a seat that is not a clone's."""
    keys: dict[str, str] = {}
    for transcript in (source.transcript for source in sources):
        for seat in transcript.seats:
            cloned = transcript.condition.clone_label is not None
            key = seat.model.rpartition("/")[2] if cloned else seat.key
            if seat.model not in keys or not cloned:
                keys[seat.model] = key
    return keys


def models(sources: Sequence[Source]) -> dict[str, dict[str, str]]:
    """The `models:` of the study file."""
    keys = model_keys(sources)
    found: dict[str, dict[str, str]] = {}
    for transcript in (source.transcript for source in sources):
        for seat in transcript.seats:
            found.setdefault(keys[seat.model], {"model": served_by(seat), "label": label(transcript, seat)})
    return found


def label(transcript: Transcript, seat: Seat) -> str:
    """The model's name as a reader knows it; clones are listed under their names in the chat."""
    return transcript.condition.clone_label or seat.name


def conditions(sources: Iterable[Source], keys: Mapping[str, str]) -> dict[str, Condition]:
    """The condition of each run, as resolved."""
    resolved: dict[str, Condition] = {}
    for runs in by_series(sources).values():
        orders = {tuple(seat.key for seat in source.transcript.seats) for source in runs}
        for source in runs:
            resolved[source.run] = _resolved(source, keys, shuffled=len(orders) > 1)
    return resolved


def _resolved(source: Source, keys: Mapping[str, str], *, shuffled: bool) -> Condition:
    try:
        file = ConditionFile.model_validate(_condition(source.transcript, keys, shuffled=shuffled))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InvalidFile(source.file, f"its condition cannot be read: {first['msg']}", key=key) from error
    return file.model_dump(mode="json", exclude={"runs"})


def _condition(transcript: Transcript, keys: Mapping[str, str], *, shuffled: bool) -> Condition:
    # Shuffled seats deal the names anew, as the platform names agents by their place in the order.
    seats = sorted(transcript.seats, key=lambda seat: seat.key) if shuffled else transcript.seats
    names = _names(transcript)
    own = names if any("{name}" in line for line in _prompt(transcript)) else None
    return {
        "brief": transcript.conversation.brief,
        "participants": _participants([keys[seat.model] for seat in seats]),
        "rounds": transcript.rounds,
        "sampling": {"temperature": transcript.condition.temperature, "max_tokens": MAX_TOKENS},
        "names": {"own": own, "peers": names, "permute": shuffled},
        "scaffold": _scaffold(transcript),
        "schedule": {
            "order": "shuffled" if shuffled else "fixed",
            "visibility": "staggered",
            "stagger": transcript.environment.stagger_ms / 1000,
            "interaction": "isolation" if transcript.isolated else "group",
        },
        "on_failure": {"then": "skip", "peers_see": "nothing" if transcript.isolated else "raw"},
        "hygiene": {"reasoning": True},
    }


def _participants(models: Sequence[str]) -> list[dict[str, Any]]:
    seats: list[dict[str, Any]] = []
    for model in models:
        if seats and seats[-1]["model"] == model:
            seats[-1]["count"] += 1
        else:
            seats.append({"model": model, "count": 1})
    return seats


def _names(transcript: Transcript) -> str | list[str]:
    given = tuple(seat.nickname for seat in transcript.seats)
    labels = [label(transcript, seat) for seat in transcript.seats]
    return next((scheme for scheme in NAMINGS if name_agents(scheme, labels) == given), list(given))


def _prompt(transcript: Transcript) -> list[str]:
    template = transcript.environment.template
    return [] if template == EMPTY else [line for line in template.splitlines() if line.strip()]


def _scaffold(transcript: Transcript) -> dict[str, bool | str]:
    # Lines that begin with "+" only say what else was put in.
    lines = [line for line in _prompt(transcript) if not line.startswith("+")]
    identity = "\n".join(line for line in lines if not line.startswith(PEERS))
    peers = next((line for line in lines if line.startswith(PEERS)), "")
    return {
        "identity": identity == PARTS["identity"].default or identity or False,
        "peers": peers == PARTS["peers"].default or peers or False,
        "statuses": transcript.condition.statuses,
        "clock": transcript.condition.clock,
    }


def own_name(transcript: Transcript, seat: Seat) -> str | None:
    """What the agent's own system prompt calls it."""
    return seat.nickname if any("{name}" in line for line in _prompt(transcript)) else None
