"""What may stand in each field of a stored line, and the check of a line against it.

JSON that is whole can still be damaged. What slips in here would surface as a wrong number in a table, or
as a crash far from the file that is to blame.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any

from mascope.records import Agent, Failure, Message, ProbeAnswer, Usage

LARGEST = 2**63
"""What a column of whole numbers cannot hold any more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Of what type a value must be, to the letter (a truth value is no number), and what else must hold."""

    called: str
    types: frozenset[type]
    fits: Callable[[Any], bool] | None = None

    def allows(self, value: object) -> bool:
        return type(value) in self.types and (self.fits is None or self.fits(value))

    def or_none(self) -> "Kind":
        fits = self.fits
        within = None if fits is None else lambda value: value is None or fits(value)
        return Kind(f"{self.called} or null", self.types | {type(None)}, within)


def _moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return value == ""
    return True


TEXT = Kind("text", frozenset({str}))
TRUTH = Kind("true or false", frozenset({bool}))
WHOLE = Kind("a whole number", frozenset({int}), lambda value: -LARGEST <= value < LARGEST)
COUNT = Kind("a whole number from 0 on", frozenset({int}), lambda value: 0 <= value < LARGEST)
AMOUNT = Kind("a number from 0 on", frozenset({int, float}), lambda value: 0 <= value < math.inf)
NUMBER = Kind("a number", frozenset({int, float}), math.isfinite)
TEXTS = Kind("a list of texts", frozenset({list}), lambda value: {str}.issuperset(map(type, value)))
LIST = Kind("a list", frozenset({list}))
OBJECT = Kind("an object", frozenset({dict}))
LIMITS = Kind("numbers of tokens", frozenset({dict}), lambda value: all(map(COUNT.allows, value.values())))
MOMENT = Kind("a time in ISO 8601", frozenset({str}), _moment)
ORIGIN = Kind("'injected' or 'organic'", frozenset({str}), lambda value: value in ("injected", "organic"))
OUTCOME = Kind(
    "'answered', 'unreadable' or 'failed'",
    frozenset({str}),
    lambda value: value in ("answered", "unreadable", "failed"),
)
ANSWER = Kind(
    "a number, text or null",
    frozenset({int, float, str, type(None)}),
    lambda value: not isinstance(value, float) or math.isfinite(value),
)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one sort of line; others are passed over."""

    kinds: Mapping[str, Kind]
    needed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, record: type, **kinds: Kind) -> "Fields":
        """For lines that hold a `record`: needed is what it gives no default for."""
        without = (f.name for f in fields(record) if f.default is MISSING and f.default_factory is MISSING)
        return cls(kinds, frozenset(without).intersection(kinds))

    def check(self, line: Mapping[str, Any], within: str = "") -> None:
        """`ValueError` names the field that is not there, or what it holds and should hold.

        `within` is what to call it by, where `line` is but a part of one.
        """
        for name, kind in self.kinds.items():
            if name in line:
                value = line[name]
                # What `allows` asks, without a call for each field of each of a million lines.
                if type(value) not in kind.types or (kind.fits is not None and not kind.fits(value)):
                    raise ValueError(f"'{within}{name}' is {_shortened(value)}, not {kind.called}")
            elif name in self.needed:
                raise ValueError(f"it has no '{within}{name}'")


def _shortened(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:60]}…"


_ANSWERED = {
    "id": TEXT, "agent": TEXT, "name": TEXT, "seen": TEXTS, "cut": TEXTS, "prompt_digest": TEXT,
    "finish_reason": TEXT.or_none(), "reasoning": TEXT.or_none(), "usage": OBJECT.or_none(),
    "cost_usd": AMOUNT.or_none(), "latency_s": AMOUNT.or_none(), "attempts": COUNT, "at": TEXT,
    "seed": WHOLE.or_none(), "layout": TEXT.or_none(), "copied_from": TEXT.or_none(),
}  # fmt: skip
"""What a message and a private answer have in common."""

MESSAGE = Fields.of(
    Message, **_ANSWERED, model=TEXT, served_model=TEXT.or_none(), round=COUNT, position=COUNT, text=TEXT,
    raw=TEXT.or_none(), changes=TEXTS, fingerprint=TEXT.or_none(), scripted=TRUTH, announced=TEXT.or_none(),
)  # fmt: skip
FAILURE = Fields.of(
    Failure, id=TEXT, agent=TEXT, name=TEXT, round=COUNT, position=COUNT, kind=TEXT, origin=ORIGIN,
    detail=TEXT, told=TEXT.or_none(), at=TEXT, attempts=COUNT, copied_from=TEXT.or_none(),
)  # fmt: skip
PROBE = Fields.of(
    ProbeAnswer, **_ANSWERED, probe=TEXT, round=COUNT.or_none(), kind=TEXT, outcome=OUTCOME, answer=ANSWER,
    text=TEXT.or_none(), detail=TEXT.or_none(), model=TEXT.or_none(), served_model=TEXT.or_none(),
)  # fmt: skip
USAGE = Fields.of(Usage, prompt=COUNT, completion=COUNT, reasoning=COUNT.or_none())
AGENT = Fields.of(
    Agent, id=TEXT, name=TEXT, own_name=TEXT.or_none(), model=TEXT, served_by=TEXT, label=TEXT, seat=COUNT,
)  # fmt: skip
