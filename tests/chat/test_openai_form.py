"""What requests in OpenAI's form have in common."""

from typing import Any

import pytest

from mascope.chat.openai_form import is_closed
from tests.chat.remote_routes import SCHEMA


@pytest.mark.parametrize(
    ("schema", "closed"),
    [
        (dict(SCHEMA), True),
        ({**SCHEMA, "additionalProperties": True}, False),
        ({**SCHEMA, "required": []}, False),
        ({"type": "object", "properties": {}}, False),
        ({"type": "array", "items": dict(SCHEMA)}, True),
        ({"type": "array", "items": {**SCHEMA, "required": []}}, False),
        ({"anyOf": [dict(SCHEMA), {"type": "object"}]}, False),
        ({"type": "string"}, True),
    ],
)
def test_a_schema_is_strict_only_where_every_object_is_exact(schema: dict[str, Any], closed: bool) -> None:
    assert is_closed(schema) is closed
