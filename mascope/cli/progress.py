"""Live progress on standard error; where that is not a terminal, a plain line now and then."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mascope.cli.show import err, json_line, note, one_line
from mascope.discussion.transcript import Transcript
from mascope.records import Message

if TYPE_CHECKING:
    from mascope.errors import CallFailed
    from mascope.judging.coders import Judged
    from mascope.pipeline.running import Prepared
    from mascope.records import Turn
    from mascope.study import Run


EVERY_S = 30.0
"""Between two plain lines."""


def bar() -> Progress:
    console = err()
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[about]}"),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


class Now:
    """Plain lines where no bar is seen: one for half a minute of work, and one for the first retry."""

    def __init__(self, seen: bool, clock: Callable[[], float]) -> None:
        """`seen`: whether there is a bar, so that these lines are not needed."""
        self._seen, self._clock = seen, clock
        self._said = clock()
        self._retried = False

    def say(self, text: Callable[[], str]) -> None:
        if not self._seen and self._clock() - self._said >= EVERY_S:
            self._said = self._clock()
            note(text())

    def retrying(self, error: "CallFailed", wait_s: float) -> None:
        if not self._seen and not self._retried:
            self._retried = True
            note(f"retrying after {one_line(str(error))}; again in {wait_s:.1f} s (said once)")


class RunProgress:
    """Turns done of turns planned, with rounds, tokens, spend and failures.

    With `lines`, a script reads the same as one line of JSON on standard error at the end of each run.
    """

    def __init__(
        self, prepared: "Prepared", clock: Callable[[], float] = time.monotonic, *, lines: bool = False
    ) -> None:
        self._bar = bar()
        self._bar.disable = self._bar.disable or lines
        self._now = Now(lines or not self._bar.disable, clock)
        self._lines, self._clock, self._begun = lines, clock, clock()
        self._rounds: set[tuple[str, int]] = set()
        self._turns = 0
        self._runs = len(prepared.to_do)
        by_series = {run.series: run for run in prepared.to_do}
        taken = {series: _turns(run) for series, run in by_series.items()}  # the same in each of its runs
        turns = sum(taken[run.series] for run in prepared.to_do)
        self._task = self._bar.add_task("discussions", total=turns, about="")
        self._ended = self._tokens = self._failures = self._retries = 0
        self._usd = 0.0

    def __enter__(self) -> "RunProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def started(self, run: "Run", turns_so_far: int) -> None:
        self._bar.advance(self._task, turns_so_far)

    def spoke(self, run: "Run", turn: "Turn") -> None:
        if isinstance(turn, Message):
            self._tokens += turn.usage.completion if turn.usage else 0
            self._usd += turn.cost_usd or 0.0
        else:
            self._failures += turn.origin == "organic"
        self._turns += 1
        self._rounds.add((run.id, turn.round))
        self._bar.update(self._task, advance=1, about=self._about())
        self._now.say(self._line)

    def paid(self, run: "Run", tokens: int, cost_usd: float) -> None:
        self._tokens += tokens
        self._usd += cost_usd
        self._bar.update(self._task, about=self._about())
        self._now.say(self._line)

    def retrying(self, run: "Run", error: "CallFailed", wait_s: float) -> None:
        self._retries += 1
        self._now.retrying(error, wait_s)
        self._now.say(self._line)

    def ended(self, run: "Run", status: str) -> None:
        self._ended += 1
        self._bar.update(self._task, about=self._about())
        if self._lines:
            json_line(self._state(run, status))

    def _state(self, run: "Run", status: str) -> dict[str, Any]:
        seconds = self._clock() - self._begun
        left = self._runs - self._ended
        return {
            "run": run.id,
            "status": status,
            "runs_ended": self._ended,
            "runs_left": left,
            "rounds": len(self._rounds),
            "turns": self._turns,
            "tokens_per_s": self._tokens / seconds if seconds else None,
            "cost_usd": self._usd,
            "failures": self._failures,
            "retries": self._retries,
            "eta_s": seconds / self._ended * left,
        }

    def _line(self) -> str:
        task = self._bar.tasks[self._task]
        return f"{task.completed:,.0f} of {task.total or 0:,.0f} turns · {self._about()}"

    def _about(self) -> str:
        seconds = self._bar.tasks[self._task].elapsed or 0.0
        speed = f"{self._tokens / seconds:,.0f} tokens/s" if seconds else ""
        trouble = (
            f"{self._failures} failed, {self._retries} retried" if self._failures or self._retries else ""
        )
        spent = f"${self._usd:.2f}" if self._usd else ""
        runs = f"{self._ended}/{self._runs} runs, {len(self._rounds)} rounds"
        return " · ".join(part for part in (runs, speed, spent, trouble) if part)


def _turns(run: "Run") -> int:
    """Turns of the whole run, if nothing fails but what the study asks for; no other can be known before."""
    transcript = Transcript(run)
    return sum(len(transcript.speakers(round_)) for round_ in range(run.condition.rounds))


class JudgeProgress:
    """Messages coded, a bar for each coder."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._bar = bar()
        self._now = Now(not self._bar.disable, clock)
        self._tasks: dict[str, TaskID] = {}
        self._usd: dict[str, float] = {}

    def __enter__(self) -> "JudgeProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def started(self, coder: str, runs: int) -> None:
        self._tasks[coder] = self._bar.add_task(coder, total=None, about="")

    def found(self, coder: str, runs: int, messages: int, settled: int) -> None:
        task = self._bar.tasks[self._tasks[coder]]
        self._bar.update(task.id, total=(task.total or 0) + messages, advance=settled)

    def judged(self, coder: str, judged: "Judged") -> None:
        self._bar.advance(self._tasks[coder])
        self._now.say(self._line)

    def retrying(self, coder: str, error: "CallFailed", wait_s: float) -> None:
        self._bar.update(self._tasks[coder], about=f"{error.kind}, again in {wait_s:.0f} s")
        self._now.retrying(error, wait_s)
        self._now.say(self._line)

    def ended(self, coder: str, stopped: str | None) -> None:
        self._bar.update(self._tasks[coder], about=stopped or "")

    def _line(self) -> str:
        done = (
            f"{task.description} {task.completed:,.0f} of {task.total or 0:,.0f}" for task in self._bar.tasks
        )
        return f"messages coded: {', '.join(done)}"
