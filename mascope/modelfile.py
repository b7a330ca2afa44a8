"""How a model is named and reached, in a file: the same keys in a study and in a panel."""

import re
from typing import Any

from pydantic import Field, field_validator

from mascope.chat.types import NOTHING, Client, Model, usual_label
from mascope.yamlfile import Routed, Strict


class EndpointFile(Strict):
    """A model, and where it answers."""

    model: Routed = Field(description="Route and name: groq/…, local/…, rehearsal/…")
    label: str | None = Field(default=None, min_length=1, description="The name a reader knows it by")
    base_url: str | None = Field(default=None, description="Endpoint, if its own")
    key_env: str | None = Field(default=None, description="Variable that holds the key")
    concurrency: int | None = Field(default=None, ge=1, description="Calls under way at once, at most")
    deadline: float = Field(default=120.0, gt=0, description="Seconds that one attempt may take")
    route: Client | None = Field(default=None, description="Who sends its requests: direct or litellm")
    parameters: dict[str, Any] = Field(default={}, description="Options of the route itself")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must be an address that begins with http:// or https://")
        return value

    @field_validator("key_env")
    @classmethod
    def _variable(cls, value: str | None) -> str | None:
        # Not shown: it may be the key itself.
        if value is not None and not re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII):
            raise ValueError("must be the name of an environment variable: letters, digits and _")
        return value

    def reached(self, key: str, context: int | None = None) -> Model:
        """The model as the rest of the program knows it, by `key`; `context` in tokens."""
        return Model(
            key=key,
            served_by=self.model,
            label=self.label or usual_label(self.model),
            base_url=self.base_url,
            key_env=self.key_env,
            concurrency=self.concurrency,
            deadline_s=self.deadline,
            parameters=self.parameters or NOTHING,
            context_tokens=context,
            client=self.route,
        )
