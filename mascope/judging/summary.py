"""What a run of a panel came to, in numbers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from mascope.judging.coders import Coder, Judged
from mascope.judging.families import kin
from mascope.records import Abstained, Coding, Unanswered, Unreadable


@dataclass(frozen=True, slots=True)
class CoderSummary:
    """What one coder did this time, and what was there before."""

    coder: str
    model: str | None
    messages: int
    """Codable messages that it came to."""
    settled: int
    """Of these, coded before."""
    coded: int
    unreadable: int
    abstained: int
    unanswered: int
    """Asked again when judging is resumed."""
    repeated: int
    """Codings of messages that were coded before, to see whether the coder agrees with itself."""
    failures: Mapping[str, int]
    """Kind of failure → messages that it left without an answer."""
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where the cost of some call is unknown."""
    kin: tuple[str, ...]
    """Participants of the same family of models as the judge."""
    stopped: str | None
    """Why the coder gave up before it came to the end; None if it did not."""


@dataclass(frozen=True, slots=True)
class JudgingSummary:
    coders: tuple[CoderSummary, ...]
    halted: str | None = None
    """Why judging was ended from outside; None if it was not."""

    @property
    def complete(self) -> bool:
        """Whether every coder has been given every message and answered."""
        return self.halted is None and all(
            coder.stopped is None and not coder.unanswered for coder in self.coders
        )


@dataclass(slots=True)
class Tally:
    """Counts one coder's verdicts as they come."""

    messages: int = 0
    settled: int = 0
    repeated: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    cost_usd: float = 0.0
    cost_known: bool = True

    def found(self, messages: int, settled: int) -> None:
        self.messages += messages
        self.settled += settled

    def count(self, judged: Judged, *, repeats: bool = False) -> None:
        self._spend(judged.about)
        if repeats:
            self.repeated += 1
            return
        match judged.verdict:
            case Coding():
                self.outcomes["coded"] += 1
            case Unreadable():
                self.outcomes["unreadable"] += 1
            case Abstained():
                self.outcomes["abstained"] += 1
            case Unanswered(kind=kind):
                self.outcomes["unanswered"] += 1
                self.failures[kind] += 1
            case _:
                assert_never(judged.verdict)

    def _spend(self, about: Mapping[str, Any]) -> None:
        self.tokens.update(about.get("usage", {}))
        cost = about.get("cost_usd", 0.0)
        self.cost_known = self.cost_known and cost is not None
        self.cost_usd += cost or 0.0

    def summary(
        self, coder: Coder, participants: Iterable[tuple[str, str]], stopped: str | None
    ) -> CoderSummary:
        model = coder.header.model
        return CoderSummary(
            coder=coder.header.coder,
            model=model,
            messages=self.messages,
            settled=self.settled,
            coded=self.outcomes["coded"],
            unreadable=self.outcomes["unreadable"],
            abstained=self.outcomes["abstained"],
            unanswered=self.outcomes["unanswered"],
            repeated=self.repeated,
            failures=dict(self.failures),
            prompt_tokens=self.tokens["prompt"],
            completion_tokens=self.tokens["completion"],
            cost_usd=self.cost_usd if self.cost_known else None,
            kin=kin(model, participants) if model else (),
            stopped=stopped,
        )
