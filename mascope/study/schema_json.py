"""JSON Schema (draft 2020-12) of study and panel files, for editors: made from the models that read them.

Pydantic knows the shape that a file has after its short forms are written out. What a person may write in
their stead, and what one key demands of another, is added here: `ALSO`, `MORE`, `RULES`. The loader has the
last word: it knows more than a schema can say (that a model is declared, that a round comes).
"""

import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

from mascope.codebook import ADJUDICATION_RULES, CODER_NAME, FLAG_NAME, PANEL_NAME
from mascope.codebook import RULES as RULE_CODER
from mascope.names.naming import NAMINGS
from mascope.panelfile import PanelFile
from mascope.prompting import ATTRIBUTIONS
from mascope.study.measures import OF_OPTIONS, PROBE_MEASURES, RUN_MEASURES
from mascope.study.schema import ConditionFile, StudyFile

Schema: TypeAlias = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAME: Schema = {"pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"}
ROUTED: Schema = {"pattern": r"^[^/\s]+/\S"}
ADDRESS: Schema = {"pattern": "^https?://"}
VARIABLE: Schema = {"pattern": r"^\w+$"}
_PROBED = "|".join(dict.fromkeys(itertools.chain(*PROBE_MEASURES.values())))
OF_PROBE = rf"^[A-Za-z0-9][A-Za-z0-9._-]*\.({_PROBED}|({'|'.join(OF_OPTIONS)})=.+)$"
"""A measure of the answers to a probe."""
LIST: Schema = {"type": "array", "items": {"type": "string"}}
PARTICIPANT: Schema = {"$ref": "#/$defs/ParticipantFile"}
MODEL_EXAMPLES = ["groq/llama-3.3-70b-versatile", "openai/my-model", "local/smollm2", "rehearsal/leader"]
JUDGE_EXAMPLES = ["gemini/gemini-2.5-flash", "anthropic/claude-sonnet-4-5", "rehearsal/judge"]


def _one_of(*values: Any) -> Schema:
    return {"enum": list(values)}


def _named(part: str) -> Schema:
    """A mapping of names to `part`, whose needed keys may come from elsewhere: it is merged with others."""
    return {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{part}"}}


ALSO: Mapping[tuple[str, str], tuple[Schema, ...]] = {
    ("ConditionFile", "participants"): (
        {"type": "string", "description": "One seat: a key of `models:`"},
        {"$ref": "#/$defs/ParticipantFilePart"},
    ),
    ("ConditionFile", "faults"): (_named("FaultFilePart"),),
    ("ConditionFile", "on_failure"): (_one_of("skip", "remove", "abort"),),
    ("NamesFile", "attribution"): (_one_of(*ATTRIBUTIONS),),
    ("ParticipantFile", "lines"): ({"type": "array", "items": {"type": "string", "minLength": 1}},),
    ("ProbeFile", "when"): (_one_of("before", "after", "each"), {"type": "integer", "minimum": 0}),
    ("HypothesisFile", "measure"): (_one_of(*RUN_MEASURES),),
    ("ExampleFile", "answer"): ({"type": "boolean"},),
    ("PanelFile", "adjudication"): (_one_of(*ADJUDICATION_RULES),),
}
"""(definition, key) → what may be written instead: short forms, and the words that are known."""

MORE: Mapping[tuple[str, str], Schema] = {
    ("StudyFile", "study"): {**NAME, "examples": ["whoami"]},
    ("StudyFile", "panel"): {"examples": ["../judges/behaviour.yaml"]},
    ("StudyFile", "models"): {"propertyNames": NAME},
    ("StudyFile", "series"): {
        "propertyNames": NAME,
        "examples": [{"A": {}, "B": {"names": {"own": "real"}}}],
    },
    ("StudyFile", "factors"): {
        "propertyNames": NAME,
        "examples": [{"names": {"neutral": {}, "real": {"names": {"own": "real", "peers": "real"}}}}],
    },
    ("ModelFile", "model"): {**ROUTED, "examples": MODEL_EXAMPLES},
    ("ModelFile", "base_url"): {**ADDRESS, "examples": ["http://127.0.0.1:8000/v1"]},
    ("ModelFile", "key_env"): {**VARIABLE, "examples": ["GROQ_API_KEY"]},
    ("ConditionFile", "participants"): {
        "minItems": 1,
        "examples": [["llama", "kimi"], {"clones_of": "llama", "count": 8}],
    },
    ("ConditionFile", "faults"): {"examples": [[{"agent": "kimi", "round": 3, "kind": "crash"}]]},
    ("ConditionFile", "probes"): {
        "examples": [[{"id": "vote", "ask": "Tea?", "kind": "choice", "options": ["for", "against"]}]],
    },
    ("ParticipantFile", "confederate"): NAME,
    ("ParticipantFile", "lines"): {
        "propertyNames": {"pattern": "^[0-9]+$"},
        "examples": [{"0": "I vote for tea."}],
    },
    ("NamesFile", "own"): {"anyOf": [_one_of(*NAMINGS, "none", False, None), LIST]},
    ("NamesFile", "peers"): {"anyOf": [_one_of(*NAMINGS), LIST]},
    ("NamesFile", "attribution"): {"examples": ["{name} wrote: "]},
    ("SamplingFile", "temperature"): {"examples": [0.8]},
    ("ProbeFile", "id"): NAME,
    ("HypothesisFile", "id"): NAME,
    ("HypothesisFile", "measure"): {
        "pattern": f"{FLAG_NAME}|{OF_PROBE}",
        "examples": ["similarity", "LEAD", "vote.flips"],
    },
    ("HypothesisFile", "compare"): {"examples": [["mixed", "clones"]]},
    ("PanelFile", "panel"): {"pattern": f"^{PANEL_NAME}$"},
    ("PanelFile", "flags"): {"propertyNames": {"pattern": FLAG_NAME}},
    ("PanelFile", "adjudication"): {"pattern": CODER_NAME},
    ("PanelFile", "humans"): _one_of(*ADJUDICATION_RULES),
    ("PanelFile", "coders"): {
        "propertyNames": {"pattern": CODER_NAME},
        "properties": {RULE_CODER: {"type": "null", "description": "The rule-based coder: no settings"}},
        "additionalProperties": {"$ref": "#/$defs/JudgeFile"},
        "examples": [{"rules": None, "sonnet": {"model": "anthropic/claude-sonnet-4-5"}}],
    },
    ("JudgeFile", "model"): {**ROUTED, "examples": JUDGE_EXAMPLES},
    ("JudgeFile", "base_url"): ADDRESS,
    ("JudgeFile", "key_env"): VARIABLE,
}  # fmt: skip
"""(definition, key) → keywords beside those that pydantic gives, or in their stead."""

_SOME: Schema = {"minProperties": 1}
RULES: Mapping[str, Schema] = {
    "StudyFile": {
        "anyOf": [
            {"required": ["series"], "properties": {"series": _SOME}},
            {"required": ["factors"], "properties": {"factors": _SOME}},
        ]
    },
    "ParticipantFile": {
        "oneOf": [
            {"required": ["model"], "properties": {"model": {"type": "string"}}},
            {"required": ["clones_of"]},
            {"required": ["confederate", "lines"], "properties": {"confederate": {"type": "string"}}},
        ],
        "dependentSchemas": {
            "label": {
                "anyOf": [{"required": ["confederate"]}, {"properties": {"label": {"type": "null"}}}],
            }
        },
    },
    "HypothesisFile": {
        "if": {"required": ["direction"], "properties": {"direction": {"const": "equivalent"}}},
        "then": {"required": ["margin"]},
    },
    "ProbeFile": {
        "if": {"required": ["kind"], "properties": {"kind": {"const": "choice"}}},
        "then": {"required": ["options"], "properties": {"options": {"minItems": 2}}},
        "else": {"properties": {"options": {"maxItems": 0}}},
    },
    "PanelFile": {
        "oneOf": [
            {"required": ["flags"], "properties": {"flags": _SOME}},
            {"required": ["codebook"], "properties": {"codebook": {"type": "string", "minLength": 1}}},
        ]
    },
}
"""Definition → what its keys demand of each other."""


def study_schema() -> Schema:
    """What a study file may hold. Its series, levels and `base:` are patches: each may hold any part."""
    schema = _amended(_definitions(StudyFile, ConditionFile))
    definitions = schema["$defs"]
    _add_clones_of(definitions["ParticipantFile"])
    for whole in ("ParticipantFile", "FaultFile"):
        definitions[f"{whole}Part"] = _part(definitions[whole])
    definitions["ConditionFile"] = _part(definitions["ConditionFile"])
    _patches(definitions["StudyFile"]["properties"])
    return _rooted(schema, "StudyFile", "A study of mascope")


def panel_schema() -> Schema:
    """What a panel file may hold."""
    return _rooted(_amended(_definitions(PanelFile)), "PanelFile", "A panel of mascope")


SCHEMAS: Mapping[str, Callable[[], Schema]] = {"study": study_schema, "panel": panel_schema}
"""The files that people write."""


def _definitions(*models: type[BaseModel]) -> Schema:
    """The definitions of `models` and of all that is in them, without what says nothing to a reader."""
    found: Schema = {}
    for model in models:
        schema = model.model_json_schema()
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    for definition in found.values():
        definition.pop("title", None)
        definition["properties"] = {key: _plain(one) for key, one in definition["properties"].items()}
    return found


def _plain(field: Schema) -> Schema:
    """Without the title, which is the key again, and a default that is nothing or a whole mapping."""
    telling = {key: value for key, value in field.items() if key != "title"}
    if telling.get("default") in (None, [], {}) or isinstance(telling["default"], dict):
        telling.pop("default", None)
    return telling


_SPOKEN = ("description", "default", "examples")
"""Keywords that tell of a key, whichever form its value has."""


def _amended(definitions: Schema) -> Schema:
    for (name, key), more in MORE.items():
        if name in definitions:
            definitions[name]["properties"][key].update(more)
    for (name, key), also in ALSO.items():
        if name in definitions:
            field = definitions[name]["properties"][key]
            said = {word: field.pop(word) for word in _SPOKEN if word in field}
            definitions[name]["properties"][key] = {**said, "anyOf": [*also, field]}
    for name, rules in RULES.items():
        if name in definitions:
            definitions[name].update(rules)
    _short_participants(definitions)
    return {"$defs": definitions}


def _short_participants(definitions: Schema) -> None:
    if "ConditionFile" in definitions:
        listed = definitions["ConditionFile"]["properties"]["participants"]["anyOf"][-1]
        listed["items"] = {"anyOf": [{"type": "string"}, PARTICIPANT]}


def _add_clones_of(participant: Schema) -> None:
    clones = {"type": "string", "description": "A key of `models:`; short for `model`, read with `count`"}
    participant["properties"] = {"clones_of": clones, **participant["properties"]}


def _part(definition: Schema) -> Schema:
    """A definition of which any part may be given: the rest comes from what it is merged with."""
    whole = ("required", "oneOf", "dependentSchemas")
    return {key: value for key, value in definition.items() if key not in whole}


def _patches(study: Schema) -> None:
    patch = {"$ref": "#/$defs/ConditionFile"}
    or_nothing = {"anyOf": [patch, {"type": "null"}]}
    study["base"] |= patch
    study["series"]["additionalProperties"] = or_nothing
    study["factors"]["additionalProperties"] = {
        "type": "object",
        "propertyNames": NAME,
        "additionalProperties": or_nothing,
    }


def _rooted(schema: Schema, root: str, title: str) -> Schema:
    top = schema["$defs"].pop(root)
    return {"$schema": DRAFT, "title": title, **top, "$defs": dict(sorted(schema["$defs"].items()))}
