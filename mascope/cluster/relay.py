"""Progress on its way from a worker to the observer at the client: who, when and how much, never what."""

from collections.abc import Callable, Mapping
from typing import Any

from mascope.discussion.engine import Observer as RunObserver
from mascope.errors import CallFailed, FailureKind
from mascope.judging.coders import Judged
from mascope.judging.setting import Observer as JudgeObserver
from mascope.records import Abstained, Coding, Failure, Message, Turn, Unanswered, Unreadable, Usage, Verdict
from mascope.study import Run

DETAIL = 300
"""Characters of what a provider said about a failed attempt."""

News = list[list[Any]]


class RunNews:
    """Notes what happens in discussions, as an observer of them."""

    def __init__(self, news: Callable[[list[Any]], None]) -> None:
        self._tell = news

    def started(self, run: Run, turns_so_far: int) -> None:
        self._tell(["started", run.id, turns_so_far])

    def spoke(self, run: Run, turn: Turn) -> None:
        if isinstance(turn, Message):
            tokens = (turn.usage.prompt, turn.usage.completion) if turn.usage else None
            self._tell(["spoke", run.id, turn.agent, turn.round, tokens, turn.cost_usd])
        else:
            self._tell(["failed", run.id, turn.agent, turn.round, turn.kind, turn.origin])

    def paid(self, run: Run, tokens: int, cost_usd: float) -> None:
        self._tell(["paid", run.id, tokens, cost_usd])

    def retrying(self, run: Run, error: CallFailed, wait_s: float) -> None:
        self._tell(["retrying", run.id, *_about(error), wait_s])

    def ended(self, run: Run, status: str) -> None:
        self._tell(["ended", run.id, status])


def replay_run(observer: RunObserver, runs: Mapping[str, Run], news: list[Any]) -> None:
    """Tell an observer here what happened there. Turns come without their texts."""
    match news:
        case ["started", run, int(turns)]:
            observer.started(runs[run], turns)
        case ["spoke", run, agent, round_, tokens, cost]:
            observer.spoke(runs[run], _message(runs[run], agent, round_, tokens, cost))
        case ["failed", run, agent, round_, kind, origin]:
            observer.spoke(runs[run], Failure("", agent, "", round_, 0, kind, origin, "", None))
        case ["paid", run, int(tokens), cost]:
            observer.paid(runs[run], tokens, cost)
        case ["retrying", run, kind, detail, wait_s]:
            observer.retrying(runs[run], CallFailed(FailureKind(kind), detail), wait_s)
        case ["ended", run, status]:
            observer.ended(runs[run], status)
        case _:
            raise ValueError(f"unknown news {news[:1]}")


def _message(run: Run, agent: str, round_: int, tokens: list[int] | None, cost: float | None) -> Message:
    return Message(
        id="",
        agent=agent,
        name="",
        model="",
        served_model=None,
        round=round_,
        position=0,
        text="",
        seen=(),
        prompt_digest="",
        usage=Usage(*tokens) if tokens else None,
        cost_usd=cost,
    )


class JudgeNews:
    """Notes how judging goes on, as an observer of it. When coders start and end, the client knows itself."""

    def __init__(self, news: Callable[[list[Any]], None]) -> None:
        self._tell = news

    def started(self, coder: str, runs: int) -> None:
        pass

    def found(self, coder: str, runs: int, messages: int, settled: int) -> None:
        self._tell(["found", coder, runs, messages, settled])

    def judged(self, coder: str, judged: Judged) -> None:
        outcome = type(judged.verdict).__name__
        self._tell(["judged", coder, outcome, judged.verdict.message, judged.about.get("cost_usd")])

    def retrying(self, coder: str, error: CallFailed, wait_s: float) -> None:
        self._tell(["retrying", coder, *_about(error), wait_s])

    def ended(self, coder: str, stopped: str | None) -> None:
        pass


def replay_judging(observer: JudgeObserver, news: list[Any]) -> None:
    """As `replay_run`. Verdicts come without marks, answers and reasons."""
    match news:
        case ["found", coder, runs, messages, settled]:
            observer.found(coder, runs, messages, settled)
        case ["judged", coder, outcome, message, cost]:
            observer.judged(coder, Judged(VERDICTS[outcome](message), {"cost_usd": cost}))
        case ["retrying", coder, kind, detail, wait_s]:
            observer.retrying(coder, CallFailed(FailureKind(kind), detail), wait_s)
        case _:
            raise ValueError(f"unknown news {news[:1]}")


VERDICTS: Mapping[str, Callable[[str], Verdict]] = {
    "Coding": lambda message: Coding(message, {}),
    "Unreadable": lambda message: Unreadable(message, "", ""),
    "Abstained": lambda message: Abstained(message, ""),
    "Unanswered": lambda message: Unanswered(message, "", ""),
}


def _about(error: CallFailed) -> tuple[str, str]:
    return str(error.kind), error.detail[:DETAIL]
