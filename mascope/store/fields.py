"""Lines of stored files → records, none of them taken on trust.

JSON that is whole can still be damaged. What slips in here would surface as a wrong number in a table, or
as a crash far from the file that is to blame. What each field may hold stands in the record's annotations;
msgspec holds the line against them and makes the record in one go.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from mascope.records import Agent, Failure, Message, ProbeAnswer, Usage

Record = TypeVar("Record")

MISFIT = (msgspec.DecodeError, OverflowError, UnicodeEncodeError, RecursionError)
"""What msgspec raises of a value that is not what it should be: of a number beyond all floats, of half a
character, of brackets nested by the thousand."""


@dataclass(frozen=True, slots=True)
class Fields(Generic[Record]):
    """The fields of one sort of line; others in it are passed over."""

    record: type[Record]
    kinds: Mapping[str, Any]
    """Field → its annotation."""
    needed: frozenset[str]
    """Those that the record has no default for."""
    at_once: Callable[[bytes], Record]
    """The record in a line as it stands. `MISFIT` where there is none, or where only `read` can tell."""

    @classmethod
    def of(cls, record: type[Record]) -> "Fields[Record]":
        if not is_dataclass(record):
            raise TypeError(f"{record!r} has no fields")
        without = (f.name for f in fields(record) if f.default is MISSING and f.default_factory is MISSING)
        decode = msgspec.json.Decoder(record).decode
        return cls(record, get_type_hints(record, include_extras=True), frozenset(without), decode)

    def read(self, line: Any) -> Record:
        """The record in a line. `ValueError` names the field that is missing, or what it holds and should."""
        try:
            return msgspec.convert(line, self.record)
        except MISFIT as error:
            raise ValueError(self._problem(line) or str(error)) from error

    def told(self) -> Mapping[str, str]:
        """Field → what it may hold, in words."""
        return {name: called(kind) for name, kind in self.kinds.items()}

    def _problem(self, line: Any, within: str = "") -> str | None:
        if not isinstance(line, dict):
            return f"'{within.rstrip('.')}' is {_shortened(line)}, not an object" if within else None
        for name, kind in self.kinds.items():
            if name not in line and name in self.needed:
                return f"it has no '{within}{name}'"
            if name in line and not _fits(line[name], kind):
                return _misfit(kind, line[name], f"{within}{name}")
        return None


def _misfit(kind: Any, value: Any, name: str) -> str:
    """What is wrong with a value, or within it."""
    return _nested(kind, value, name) or f"'{name}' is {_shortened(value)}, not {called(kind)}"


def _nested(kind: Any, value: Any, name: str) -> str | None:
    """What is wrong within a record that is a field of another, or with one of several values."""
    for part in (kind, *get_args(kind)):
        if isinstance(part, type) and is_dataclass(part) and isinstance(value, dict):
            return Fields.of(part)._problem(value, f"{name}.")
        if (several := _several(part, value, name)) is not None:
            of_one = get_args(part)[-1 if get_origin(part) is Mapping else 0]
            problems = (_misfit(of_one, one, which) for which, one in several if not _fits(one, of_one))
            return next(problems, None)
    return None


def _several(kind: Any, value: Any, name: str) -> Iterable[tuple[str, Any]] | None:
    """The values of an object or a list that may hold just one kind, each with what to call it."""
    if get_origin(kind) is Mapping and isinstance(value, dict):
        return [(f"{name}.{key}", one) for key, one in value.items()]
    if get_origin(kind) is tuple and isinstance(value, list):
        return [
            (name if isinstance(one, dict) else f"{name}[{place}]", one) for place, one in enumerate(value)
        ]
    return None


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except MISFIT:
        return False
    return True


def called(kind: Any) -> str:
    """What a field may hold, in words."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return str(kind.__metadata__[0].description)
    if origin is Literal:
        return " or ".join(map(repr, parts)) if len(parts) < 3 else _listed([repr(part) for part in parts])
    if origin in (Union, types.UnionType):
        return _listed(["null" if part is type(None) else called(part) for part in parts])
    if origin is tuple:
        return "a list of texts" if parts[0] is str else "a list"
    if origin is Mapping and parts[1] is not Any:
        return f"an object (values: {called(parts[1])})"
    return _PLAIN.get(kind, "an object")


_PLAIN: Mapping[Any, str] = {str: "text", bool: "true or false", int: "a whole number"}


def _listed(words: "list[str]") -> str:
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last


def _shortened(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:60]}…"


MESSAGE = Fields.of(Message)
FAILURE = Fields.of(Failure)
PROBE = Fields.of(ProbeAnswer)
USAGE = Fields.of(Usage)
AGENT = Fields.of(Agent)
