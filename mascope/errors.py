"""Every error that mascope raises on purpose, as one tree.

    MascopeError                    exit code
    ├── InvalidInput                2   a file, option or directory that cannot be used as it is
    │   ├── InvalidFile             2   a study, panel or codes file; knows file, line and key
    │   ├── CorruptJournal          2   a line that is not torn but broken; knows file and line
    │   ├── ForeignResults          2   a results directory that belongs to another study
    │   └── ResultsLocked           2   another live process writes there
    ├── MissingPrerequisite         3   a key, an extra or a model is not there
    ├── BudgetReached               4   the next call could exceed --budget
    └── CallFailed                      one attempt at one model call; never ends the program

Each message says what is wrong and what to do next. Exit codes are read in one place (`cli/`).
"""

from enum import StrEnum
from pathlib import Path


class MascopeError(Exception):
    exit_code = 1


class InvalidInput(MascopeError):
    exit_code = 2


class InvalidFile(InvalidInput):
    """A file that a person wrote and that cannot be used. Prints as `file:line: key: problem`."""

    def __init__(self, file: Path, problem: str, *, line: int | None = None, key: str | None = None) -> None:
        self.file, self.problem, self.line, self.key = file, problem, line, key
        place = f"{file}:{line}" if line else str(file)
        super().__init__(": ".join(part for part in (place, key, problem) if part))


class CorruptJournal(InvalidInput):
    def __init__(self, file: Path, line: int, problem: str) -> None:
        self.file, self.line, self.problem = file, line, problem
        super().__init__(
            f"{file}:{line}: {problem}. The line is complete but cannot be read, so it was not cut off by a "
            "crash; restore the file from a copy, or move it away to have the run done again"
        )

    def __reduce__(self) -> tuple[type["CorruptJournal"], tuple[Path, int, str]]:
        return type(self), (self.file, self.line, self.problem)  # journals are read by other processes too


class ForeignResults(InvalidInput):
    pass


class ResultsLocked(InvalidInput):
    pass


class MissingPrerequisite(MascopeError):
    exit_code = 3


class BudgetReached(MascopeError):
    exit_code = 4


class FailureKind(StrEnum):
    """Why a call brought no answer. The first group is worth another attempt, the second is not."""

    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    DROPPED = "dropped"
    BAD_BODY = "bad_body"

    QUOTA = "quota"
    AUTHENTICATION = "authentication"
    NOT_FOUND = "not_found"
    CONTEXT = "context"
    CONTENT_FILTER = "content_filter"
    REJECTED = "rejected"

    @property
    def may_be_billed(self) -> bool:
        """Whether the provider may have done the work (and charge for it) although no answer came."""
        return self in (FailureKind.TIMEOUT, FailureKind.DROPPED, FailureKind.BAD_BODY)


class CallFailed(MascopeError):
    """One attempt that brought no usable answer.

    `detail` is for the researcher only: redacted of keys, and never shown to another agent.
    `retry_after` is in seconds, where the server asked for a wait. `attempts` is how many were made in all,
    where the call was retried; `cost_usd` the most that this one can have cost, where a budget is kept.
    """

    def __init__(
        self, kind: FailureKind, detail: str, retry_after: float | None = None, *, attempts: int = 1
    ) -> None:
        self.kind, self.detail, self.retry_after, self.attempts = kind, detail, retry_after, attempts
        self.cost_usd: float | None = None
        super().__init__(f"{kind}: {detail}")
