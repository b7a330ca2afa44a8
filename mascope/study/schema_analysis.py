"""The key `analysis:` of a study file: how its results are looked at. It changes nothing in discussions."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from mascope.yamlfile import Strict, nearest

BUILT_IN = ("lsa", "tfidf")
ENTRY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
"""`package.module:name`"""


class EmbeddingFile(Strict):
    """What makes vectors of texts: a method of ours, a remote model, or Python code of one's own."""

    method: Literal["lsa", "tfidf"] | None = Field(default=None, description="One that is built in")
    model: str | None = Field(default=None, pattern=r"^[\w.-]+/.+$", description="Route and name")
    base_url: str | None = Field(default=None, pattern=r"^https?://", description="Endpoint, if its own")
    key_env: str | None = Field(default=None, pattern=r"^\w+$", description="Variable that holds the key")
    batch: int = Field(default=64, ge=1, le=2048, description="Texts in one request")
    deadline: float = Field(default=120.0, gt=0, description="Seconds that one attempt may take")
    python: str | None = Field(default=None, description="module:name of a function, or of what can encode")

    @field_validator("python")
    @classmethod
    def _entry(cls, value: str | None) -> str | None:
        if value is not None and not ENTRY.fullmatch(value):
            raise ValueError("must be module:name, as in my_vectors:model")
        return value

    @model_validator(mode="after")
    def _one(self) -> "EmbeddingFile":
        if sum(given is not None for given in (self.method, self.model, self.python)) != 1:
            raise ValueError("an embedding needs one of `method`, `model` and `python`")
        if self.model is None and (self.base_url or self.key_env):
            raise ValueError("`base_url` and `key_env` are a model's, and mean nothing without one")
        return self


def _short(value: Any) -> Any:
    """`tfidf` is short for `{method: tfidf}`, and `openai/vectors` for `{model: openai/vectors}`."""
    if not isinstance(value, str):
        return value
    if value not in BUILT_IN and "/" not in value:
        raise ValueError(f"no embedding {value!r}{nearest(value, BUILT_IN)} (or a model as route/name)")
    return {"method": value} if value in BUILT_IN else {"model": value}


class AnalysisFile(Strict):
    """How the results are looked at."""

    embeddings: Annotated[EmbeddingFile, BeforeValidator(_short)] = Field(
        default=EmbeddingFile(method="lsa"), description="Vectors of texts: lsa, tfidf, or a model's"
    )
