"""What one annotator has said, as it lies on disk: codes files like any other coder's, one a run.

A message has a line for each time that it was finished, changed or taken back; the last one counts. A line
also holds the message's weight in the sample, the annotator's note, and the seconds that it took.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

from mascope.codebook import Codebook
from mascope.errors import InvalidInput
from mascope.judging.units import Unit
from mascope.records import Abstained, Answer, Coding, Mark, Unanswered, Verdict
from mascope.store import codes, lines
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.layout import Results

SKIPPED = "skipped by the coder"
WITHDRAWN = Unanswered("", "withdrawn", "taken back by the coder")


@dataclass(frozen=True, slots=True)
class Task:
    unit: Unit
    weight: float

    @property
    def message(self) -> str:
        return self.unit.message.id


@dataclass(frozen=True, slots=True)
class Entry:
    """What an annotator has said of one message."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Of the flags that were touched."""
    note: str = ""
    skipped: bool = False

    def marked(self, flag: str, mark: Mark) -> "Entry":
        return replace(self, marks={**self.marks, flag: mark}, skipped=False)

    def answer(self, flag: str) -> Answer | None:
        return self.marks[flag].answer if flag in self.marks else None


EMPTY = Entry()


def human_header(coder: str, codebook: Codebook, context: int) -> CoderHeader:
    """Whoever codes by another codebook, or sees more context, is another coder. Cues are not for humans."""
    flags = [asdict(replace(flag, cues={})) for flag in codebook.flags]
    parts = json.dumps(["human", codebook.preamble, flags, context], sort_keys=True, default=str)
    return CoderHeader(coder, "human", hashlib.sha256(parts.encode()).hexdigest(), codebook.names)


class Notebook:
    """The codes files of one annotator."""

    def __init__(
        self, results: Results, header: CoderHeader, sample: str, clock: lines.Clock = lines.utc_now
    ) -> None:
        self._results, self._header, self._sample, self._clock = results, header, sample, clock

    def entries(self) -> dict[str, Entry]:
        """Message → what was said of it, of those that are finished or skipped."""
        files = self._results.codes_of(self._header.coder)
        return {message: entry for file in files for message, entry in _entries_in(codes.read(file))}

    def write(self, task: Task, entry: Entry | None, seconds: float | None = None) -> None:
        """One more line; None takes back what was said."""
        about: dict[str, object] = {"sample": self._sample, "weight": task.weight}
        if entry is not None and entry.note:
            about["note"] = entry.note
        if seconds is not None:
            about["seconds"] = round(seconds, 1)
        file = self._results.codes(self._header.coder, task.unit.run)
        recorder = CodesRecorder(file, self._header, self._clock)
        try:
            recorder.verdict(_verdict(task.message, entry, self._header.flags), **about)
        finally:
            recorder.close()


def _verdict(message: str, entry: Entry | None, flags: Iterable[str]) -> Verdict:
    if entry is None:
        return replace(WITHDRAWN, message=message)
    if entry.skipped:
        return Abstained(message, SKIPPED)
    return Coding(message, {flag: entry.marks.get(flag, Mark("no")) for flag in flags})


def _entries_in(found: codes.Codes) -> Iterable[tuple[str, Entry]]:
    notes = {str(line.get("message")): str(line.get("note", "")) for line in lines.read(found.file)}
    for verdict in found.verdicts:
        note = notes[verdict.message]
        if isinstance(verdict, Coding):
            yield verdict.message, Entry(verdict.marks, note)
        elif isinstance(verdict, Abstained):
            yield verdict.message, Entry(note=note, skipped=True)


def sample_of(results: Results, header: CoderHeader) -> str | None:
    """The sample that the annotator has begun; None before the first message.

    `InvalidInput` where the codes under this name were not made here, or not by this codebook.
    """
    for file in results.codes_of(header.coder):
        found = codes.read_header(file)
        if found is None:
            continue
        for line in reversed(lines.read(file)):
            if "sample" in line:
                _check_same(found, header)
                return str(line["sample"])
        raise InvalidInput(
            f"{file.parent.parent} holds codes by {header.coder!r} that were not made by `mascope annotate`; "
            "choose another --coder"
        )
    return None


def _check_same(found: CoderHeader, now: CoderHeader) -> None:
    if found.digest != now.digest:
        raise InvalidInput(
            f"{now.coder!r} began to code by another codebook (digest {found.digest[:12]}, the panel now "
            f"says {now.digest[:12]}). Codes made under different instructions are not mixed: give the panel "
            "they were begun with (--panel), or choose another --coder"
        )
