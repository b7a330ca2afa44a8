"""What all coders of a panel share while they are at work."""

from dataclasses import dataclass, field
from typing import Protocol

from mascope.errors import CallFailed
from mascope.halt import Halt
from mascope.judging.coders import Judged
from mascope.judging.llm import Calling
from mascope.judging.recording import Again


class Observer(Protocol):
    """Whoever wants to know how judging goes on; called on the event loop, so it must be quick."""

    def started(self, coder: str, runs: int) -> None:
        """A coder begins on the messages of so many runs."""
        ...

    def found(self, coder: str, runs: int, messages: int, settled: int) -> None:
        """Some more of these runs were read: how many messages they hold, and how many are coded already."""
        ...

    def judged(self, coder: str, judged: Judged) -> None: ...
    def retrying(self, coder: str, error: CallFailed, wait_s: float) -> None: ...
    def ended(self, coder: str, stopped: str | None) -> None: ...


class Unobserved:
    """Watches nothing."""

    def started(self, coder: str, runs: int) -> None:
        pass

    def found(self, coder: str, runs: int, messages: int, settled: int) -> None:
        pass

    def judged(self, coder: str, judged: Judged) -> None:
        pass

    def retrying(self, coder: str, error: CallFailed, wait_s: float) -> None:
        pass

    def ended(self, coder: str, stopped: str | None) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Setting:
    """How judges are asked, who watches, and what is done anew."""

    calling: Calling = field(default_factory=Calling)
    observer: Observer = field(default_factory=Unobserved)
    halt: Halt = field(default_factory=Halt)
    again: Again = field(default_factory=Again)
    checked: bool = False
    """Whether somebody else has looked for codes of another digest already."""
