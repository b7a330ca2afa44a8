"""Which hypotheses were there before the first run: their digests stand in the stamp of study.yaml."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from mascope.study.build import digest

Status: TypeAlias = Literal["declared", "exploratory"]
STAMP = "hypotheses"
"""Key of the stamp under which they stand: id → digest."""


def declaration(hypotheses: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Id → SHA-256 of each hypothesis as plain data. A key that says nothing changes no digest."""
    return {str(h["id"]): digest({k: v for k, v in h.items() if v is not None}) for h in hypotheses}


def first_declared(stored: Mapping[str, Any]) -> dict[str, str]:
    """What a stored study.yaml says was declared before its first run; nothing where it does not say."""
    found = (stored.get("mascope") or {}).get(STAMP) or {}
    return {str(id_): str(value) for id_, value in found.items()}


def status_of(hypothesis: Mapping[str, Any], declared: Mapping[str, str]) -> Status:
    """`declared` where it stood in the first stamp as it is; `exploratory` where it came or changed later."""
    (id_, found), *_ = declaration([hypothesis]).items()
    return "declared" if declared.get(id_) == found else "exploratory"
