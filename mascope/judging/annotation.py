"""A human at work on a sample: what is answered so far, and how to change it or take it back.

Nothing here draws a screen. What is finished is in the notebook at once; what is not is only in memory.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from mascope.codebook import Codebook, Flag, Panel
from mascope.judging.blinding import Blindings, Quoted
from mascope.judging.notebook import EMPTY, Entry, Notebook, Task
from mascope.judging.units import Unit
from mascope.records import Answer, Mark

NEXT_ANSWER: Mapping[Answer | None, Answer] = {None: "yes", "yes": "unsure", "unsure": "no", "no": "yes"}
"""What a flag's key makes of its answer. A flag that nobody touched is no once the message is finished."""
PACE_OVER = 20
"""Messages whose median time is the pace: a break then does not spoil it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as an annotator sees it: with neutral names, whole, without series, model or round."""

    speaker: str
    text: str
    context: tuple[Quoted, ...]
    silent: tuple[str, ...]
    """Who had fallen silent and since when, in words; only where a flag depends on it."""
    words: int


class Showing:
    """Blinds units as judges are shown them, but never cuts them."""

    def __init__(self, panel: Panel) -> None:
        self._blindings = Blindings(panel.seed, blind=True)
        self._tell_absences = any(not flag.trait for flag in panel.codebook.flags)

    def __call__(self, unit: Unit) -> Shown:
        blinding = self._blindings.of(unit)
        question = blinding.question(unit, tell_absences=self._tell_absences)
        context = tuple(Quoted(blinding.names[said.agent], blinding.text(said)) for said in unit.context)
        text = blinding.text(unit.message)
        return Shown(question.target.speaker, text, context, question.silent, question.words)


@dataclass(frozen=True, slots=True)
class _Step:
    """How things stood before something was done."""

    place: int
    draft: Entry
    recorded: Entry | None


class Session:
    """One annotator's way through a sample."""

    def __init__(
        self,
        tasks: Sequence[Task],
        codebook: Codebook,
        notebook: Notebook,
        show: Callable[[Unit], Shown],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tasks, self.codebook = tuple(tasks), codebook
        self._notebook, self._show, self._clock = notebook, show, clock
        known = {task.message for task in tasks}
        self._recorded = {m: entry for m, entry in notebook.entries().items() if m in known}
        self._drafts: dict[str, Entry] = {}
        self._steps: list[_Step] = []
        self._times: list[float] = []
        self._since = clock()
        self.place = self._first_open(0)
        """The number of the message on the screen, from 0; one past the last at the end."""

    # What is on the screen

    @property
    def ended(self) -> bool:
        """Whether the annotator is past the last message."""
        return self.place >= len(self.tasks)

    @property
    def task(self) -> Task:
        return self.tasks[self.place]

    @property
    def entry(self) -> Entry:
        """What is said of the message on the screen: as changed, else as recorded."""
        message = self.task.message
        return self._drafts.get(message) or self._recorded.get(message, EMPTY)

    @property
    def is_recorded(self) -> bool:
        """Whether what is on the screen is on disk."""
        return self._recorded.get(self.task.message) == self.entry

    def shown(self) -> Shown:
        return self._show(self.task.unit)

    # How far one is

    @property
    def coded(self) -> int:
        return sum(not entry.skipped for entry in self._recorded.values())

    @property
    def skipped(self) -> int:
        return sum(entry.skipped for entry in self._recorded.values())

    @property
    def seconds_each(self) -> float | None:
        """Median time for a message lately; None before the first."""
        return median(self._times[-PACE_OVER:]) if self._times else None

    @property
    def seconds_left(self) -> float | None:
        each = self.seconds_each
        return None if each is None else each * (len(self.tasks) - len(self._recorded))

    # What can be done

    def toggle(self, flag: str) -> None:
        """no → yes → unsure → no; the level goes with the yes."""
        self._change(self.entry.marked(flag, Mark(NEXT_ANSWER[self.entry.answer(flag)])))

    def level(self, flag: str, level: str) -> None:
        """Yes, on this level."""
        self._change(self.entry.marked(flag, Mark("yes", level)))

    def note(self, text: str) -> None:
        self._change(replace(self.entry, note=text.strip()))

    def next(self) -> str | None:
        """Record the message and go to the next one; or say what is still missing."""
        missing = [flag.name for flag in self.codebook.flags if _lacks_level(flag, self.entry)]
        if missing:
            return f"{missing[0]}: which level?"
        self._finish(replace(self.entry, skipped=False))
        return None

    def skip(self) -> None:
        """Leave the message without codes; the note is kept."""
        self._finish(Entry(note=self.entry.note, skipped=True))

    def back(self) -> None:
        self._go(max(0, self.place - 1))

    def go_to_open(self) -> None:
        """To the next message that has no codes, be it new or skipped; from the last on from the start."""
        after = self._first_open(self.place + 1, skipped=True)
        self._go(after if after < len(self.tasks) else self._first_open(0, skipped=True))

    def undo(self) -> bool:
        """Take the last thing back, wherever it was done; False where there is none."""
        if not self._steps:
            return False
        step = self._steps.pop()
        self._go(step.place)
        self._set_draft(step.draft)
        if self._recorded.get(self.task.message) != step.recorded:
            self._record(step.recorded)
        return True

    def _finish(self, entry: Entry) -> None:
        before = self._step()
        marks = (
            {} if entry.skipped else {flag: Mark("no") for flag in self.codebook.names} | dict(entry.marks)
        )
        entry = replace(entry, marks=marks)
        if self._recorded.get(self.task.message) != entry:
            seconds = self._clock() - self._since
            self._record(entry, seconds)
            self._times.append(seconds)
            self._steps.append(before)
        self._drafts.pop(self.task.message, None)
        self._go(self.place + 1)

    def _record(self, entry: Entry | None, seconds: float | None = None) -> None:
        self._notebook.write(self.task, entry, seconds)
        if entry is None:
            self._recorded.pop(self.task.message, None)
        else:
            self._recorded[self.task.message] = entry

    def _change(self, entry: Entry) -> None:
        self._steps.append(self._step())
        self._set_draft(entry)

    def _set_draft(self, entry: Entry) -> None:
        self._drafts[self.task.message] = entry

    def _step(self) -> _Step:
        return _Step(self.place, self.entry, self._recorded.get(self.task.message))

    def _go(self, place: int) -> None:
        self.place, self._since = place, self._clock()

    def _first_open(self, start: int, *, skipped: bool = False) -> int:
        """The first message from `start` on that is not recorded (or, if asked for, skipped)."""
        for place in range(start, len(self.tasks)):
            entry = self._recorded.get(self.tasks[place].message)
            if entry is None or (skipped and entry.skipped):
                return place
        return len(self.tasks)


def _lacks_level(flag: Flag, entry: Entry) -> bool:
    mark = entry.marks.get(flag.name)
    return bool(flag.levels) and mark is not None and mark.answer == "yes" and mark.level is None
