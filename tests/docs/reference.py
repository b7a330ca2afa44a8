"""The parts of the reference pages that are made from the program. `python -m tests.docs.reference` writes
them there; a test checks that it was.

A page holds a part between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import typer.main

from mascope.cli import app
from mascope.study.schema_json import panel_schema, study_schema
from tests.docs.reference_results import (
    audit,
    cell,
    columns_of_frames,
    events,
    hypothesis_measures,
    tables,
    verdicts,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
PART = re.compile(r"(<!-- (?P<name>[a-z-]+): begin -->\n).*?(\n?<!-- (?P=name): end -->)", re.DOTALL)


# Study and panel --------------------------------------------------------------------------------------------

ELSEWHERE = ("ConditionFile", "ModelFile")
"""Definitions whose keys are in the table of docs/treatments.md."""


def keys(schema: Mapping[str, Any]) -> str:
    """A table of all keys of a file, with the values that each may have."""
    rows = [_row(*row) for row in _keys(schema, schema, "")]
    return "\n".join(["| key | values | default | meaning |", "|---|---|---|---|", *rows])


def _keys(
    schema: Mapping[str, Any], whole: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for key, field in schema.get("properties", {}).items():
        inside, star = _inside(field, whole)
        place = f"{prefix}{key}"
        if not inside or field.get("description"):
            yield place, field, key in schema.get("required", ())
        if inside:
            yield from _keys(inside, whole, f"{place}{star}.")


def _inside(field: Mapping[str, Any], whole: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The mapping that a key holds: itself, as the items of a list, or under names."""
    for star, holder in (("", field), (".*", field.get("items")), (".*", field.get("additionalProperties"))):
        if isinstance(holder, dict) and "$ref" in holder:
            name = holder["$ref"].rpartition("/")[2]
            return ({} if name in ELSEWHERE else whole["$defs"][name]), star
    return {}, ""


def _row(place: str, field: Mapping[str, Any], required: bool) -> str:
    default = "needed" if required else _default(field.get("default"))
    return f"| `{place}` | {_values(field)} | {default} | {cell(field.get('description', ''))} |"


def _default(value: Any) -> str:
    if value is None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


MOST_NAMED = 12
"""Words that a cell lists; more have a page of their own."""
WORDS = {
    "string": "text", "integer": "number", "number": "number", "boolean": "true, false",
    "object": "mapping", "array": "list", "null": "nothing",
}  # fmt: skip


def _values(field: Mapping[str, Any]) -> str:
    """What may stand there, in the words of somebody who writes YAML."""
    if len(field.get("enum", ())) > MOST_NAMED:
        return "a name"
    if "enum" in field:
        return ", ".join(f"`{_word(value)}`" for value in field["enum"])
    if "anyOf" in field and "type" not in field:
        kinds = [_values(kind) for kind in field["anyOf"] if kind.get("type") != "null"]
        return ", ".join(dict.fromkeys(kinds))
    kind = WORDS.get(str(field.get("type")), "mapping")
    if kind == "list" and "prefixItems" in field:
        return f"{len(field['prefixItems'])} names"
    return f"list of {_values(field['items'])}" if kind == "list" and "items" in field else kind


def _word(value: Any) -> str:
    return {True: "true", False: "false", None: "null"}.get(value, str(value))


# Commands ---------------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options."""
    return "\n\n".join(_commands(typer.main.get_command(app), "mascope"))


def _commands(command: Any, path: str) -> Iterator[str]:
    for name, sub in command.commands.items():
        if hasattr(sub, "commands"):
            yield from _commands(sub, f"{path} {name}")
        else:
            yield _command(sub, f"{path} {name}")


def _command(command: Any, path: str) -> str:
    arguments = [one.metavar or one.name.upper() for one in command.params if _is_argument(one)]
    usage = " ".join([path, *arguments, "[OPTIONS]"])
    rows = [_parameter(one) for one in command.params]
    table = ["| | default | meaning |", "|---|---|---|", *rows]
    return "\n".join([f"### {path}", "", f"`{usage}`", "", " ".join(command.help.split()), "", *table])


def _is_argument(one: Any) -> bool:
    return bool(one.param_type_name == "argument")


def _parameter(one: Any) -> str:
    value = cell(one.metavar or _value(one))
    name = value if _is_argument(one) else f"{', '.join([*one.opts, *one.secondary_opts])} {value}".strip()
    default = "needed" if one.required else _default_of(one)
    return f"| `{name}` | {default} | {cell(one.help or '')} |"


def _default_of(one: Any) -> str:
    plain = one.default.value if isinstance(one.default, Enum) else one.default
    return f"`{plain}`" if isinstance(plain, str | int | float) and not isinstance(plain, bool) else ""


def _value(one: Any) -> str:
    """What stands after an option."""
    kind = one.type_descriptor.annotation
    if kind is bool:
        return ""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(member.value) for member in kind)
    return {Path: "PATH", int: "N", float: "NUMBER"}.get(kind, "TEXT")


# The pages --------------------------------------------------------------------------------------------------

PARTS: Mapping[str, Callable[[], str]] = {
    "study-keys": lambda: keys(study_schema()),
    "panel-keys": lambda: keys(panel_schema()),
    "commands": commands,
    "events": events,
    "verdicts": verdicts,
    "frames": columns_of_frames,
    "tables": tables,
    "audit": audit,
    "hypothesis-measures": hypothesis_measures,
}
"""What pages may hold, by name."""


def rendered(page: str) -> str:
    """The page with each of its parts as the program gives it now."""

    def anew(found: re.Match[str]) -> str:
        make = PARTS.get(found["name"])
        return found[0] if make is None else f"{found[1]}{make()}\n{found[3].lstrip()}"

    return PART.sub(anew, page)


def main() -> None:
    for file in sorted(DOCS.glob("*.md")):
        page = file.read_text(encoding="utf-8")
        if (anew := rendered(page)) != page:
            file.write_text(anew, encoding="utf-8")


if __name__ == "__main__":
    main()
