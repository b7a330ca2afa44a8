"""Which vectors a study wants its texts to have."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from mascope.chat.types import Model
from mascope.errors import InvalidInput
from mascope.study.schema_analysis import AnalysisFile

BATCH = 64


@dataclass(frozen=True, slots=True)
class Embedding:
    """A model, or Python code of one's own, that makes vectors of texts."""

    model: Model | None
    python: str | None
    """`module:name`"""
    batch: int = BATCH
    """Texts in one request."""

    @property
    def name(self) -> str:
        return str(self.python) if self.model is None else self.model.served_by

    @property
    def folder(self) -> str:
        """Under which its vectors are kept: those of another model, or another address, are others."""
        about = [self.name, self.model.base_url if self.model else None]
        digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:8]
        return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', self.name)}-{digest}"


def built_in(study: Mapping[str, Any]) -> str | None:
    """`lsa` or `tfidf` where a study, as stored, wants one of them."""
    return _analysis(study).embeddings.method


def embedding_of(study: Mapping[str, Any]) -> Embedding | None:
    """What a study, as stored, wants; None where that is built in."""
    found = _analysis(study).embeddings
    if found.method is not None:
        return None
    if found.model is None:
        return Embedding(None, found.python, found.batch)
    model = Model(
        key="embeddings", served_by=found.model, label=found.model.rpartition("/")[2],
        base_url=found.base_url, key_env=found.key_env, deadline_s=found.deadline,
    )  # fmt: skip
    return Embedding(model, None, found.batch)


def _analysis(study: Mapping[str, Any]) -> AnalysisFile:
    try:
        return AnalysisFile.model_validate(study.get("analysis") or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("analysis", *first["loc"]))
        raise InvalidInput(f"study.yaml: {place}: {first['msg']}") from error
