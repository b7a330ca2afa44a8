"""The table of all keys in docs/treatments.md, made from the schema. `python -m tests.study.treatments_page`
writes it there; a test checks that it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mascope.study.schema import ConditionFile, ModelFile
from mascope.study.schema_analysis import AnalysisFile

PAGE = Path(__file__).resolve().parents[2] / "docs" / "treatments.md"
BEGIN, END = "<!-- keys: begin -->", "<!-- keys: end -->"


def rendered() -> str:
    files: dict[str, type[BaseModel]] = {"": ConditionFile, "models.*.": ModelFile, "analysis.": AnalysisFile}
    rows = [row for prefix, file in files.items() for row in _rows(prefix, file.model_json_schema())]
    head = ["| key | values | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _rows(prefix: str, schema: dict[str, Any]) -> Iterator[str]:
    defs = schema.get("$defs", {})
    for key, field in schema["properties"].items():
        nested = _nested(field, defs)
        if nested is None:
            yield _row(prefix + key, field, key in schema.get("required", ()))
        else:
            star = ".*" if field.get("type") == "array" else ""
            yield from _rows(f"{prefix}{key}{star}.", {**nested, "$defs": defs})


def _nested(field: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any] | None:
    """The mapping that a key holds, itself or as the items of a list."""
    reference = field.get("$ref") or field.get("items", {}).get("$ref")
    found: dict[str, Any] | None = defs[reference.rpartition("/")[2]] if reference else None
    return found


def _row(key: str, field: dict[str, Any], required: bool) -> str:
    default = "needed" if required else _value(field.get("default"))
    return f"| `{key}` | {_values(field)} | {default} | {field.get('description', '')} |"


def _value(default: Any) -> str:
    if default is None or default in ([], {}):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{', '.join(default) if isinstance(default, list) else default}`"


WORDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "true, false",
    "object": "mapping",
}


def _values(field: dict[str, Any]) -> str:
    """What may stand there, in the words of somebody who writes YAML."""
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        kinds = [_values(kind) for kind in field["anyOf"] if kind.get("type") != "null"]
        return ", ".join(dict.fromkeys(kinds))
    if field.get("type") == "array":
        return f"list of {_values(field['items'])}" if "items" in field else "list"
    return WORDS.get(str(field.get("type")), "any")


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{rendered()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
