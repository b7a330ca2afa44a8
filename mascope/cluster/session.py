"""What one command tells the workers of a cluster: small plain values, no transcript and no key."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from mascope import __version__
from mascope.errors import BudgetReached, InvalidInput, MascopeError, MissingPrerequisite

Stage: TypeAlias = Literal["run", "judge", "report"]
Outcome: TypeAlias = Mapping[str, Any]
"""What a task returns: `value`, or `error` (an exit code) with its `text`."""

ERRORS: Mapping[int, type[MascopeError]] = {
    error.exit_code: error for error in (MascopeError, InvalidInput, MissingPrerequisite, BudgetReached)
}


@dataclass(frozen=True, slots=True)
class Session:
    """One command at work on a cluster."""

    stage: Stage
    root: str
    """The results directory, under the same path on every machine."""
    jobs: int = 1
    """Tasks that a worker has in hand at once."""
    budgeted: bool = False
    prices: str | None = None
    """The user's own price table, as the file has it."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the stage needs besides."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    version: str = __version__

    @property
    def writes(self) -> bool:
        """Whether workers write to the directory, on which the command then holds a lock."""
        return self.stage != "report"

    @property
    def name(self) -> str:
        """Of its plug-ins and its calls to the scheduler."""
        return f"mascope_{self.id}"


def failed(error: MascopeError, where: str) -> Outcome:
    """The outcome of a task that one of our errors ended. Exceptions themselves do not travel."""
    return {"error": error.exit_code, "text": f"{where}: {error}"}


def value_of(outcome: Outcome) -> Any:
    """What a task came to; raises the error that ended it."""
    if "error" in outcome:
        raise ERRORS.get(outcome["error"], MascopeError)(outcome["text"])
    return outcome["value"]
