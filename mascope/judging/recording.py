"""The codes files of one coder while it codes: what is settled already, and what is written now."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mascope.errors import CallFailed, InvalidInput
from mascope.judging.coders import Judged
from mascope.judging.units import Unit
from mascope.records import Unanswered, Unreadable, Verdict
from mascope.store import codes
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.layout import Results
from mascope.store.lines import unwritable

SET_ASIDE = "superseded"
"""Folder of a results directory that keeps codes made under an earlier digest."""


@dataclass(frozen=True, slots=True)
class Again:
    """What is done anew although it was done before."""

    unreadable: bool = False
    """Ask again for what could not be read."""
    all: bool = False
    """Put codes of another digest aside and code everything."""


class Recording:
    """Writes what one coder says. A run's file is open while messages of it are to be coded."""

    def __init__(self, results: Results, header: CoderHeader, again: Again) -> None:
        self._results, self._header, self._again = results, header, again
        self._open: dict[str, CodesRecorder] = {}
        self._expected: Counter[str] = Counter()
        self._run_of: dict[str, str] = {}

    def prepare(self) -> None:
        """Codes of another digest are moved away if that is asked for, else `InvalidInput`."""
        for file in self._results.codes_of(self._header.coder):
            found = codes.read_header(file)
            if found is not None and found.digest != self._header.digest:
                if not self._again.all:
                    raise InvalidInput(_mixed(file, found, self._header))
                self._set_aside(found)
                return

    def _set_aside(self, found: CoderHeader) -> None:
        folder = self._results.root / SET_ASIDE
        place = folder / f"{found.coder}-{found.digest[:8]}"
        number = 2
        while place.exists():
            place, number = folder / f"{found.coder}-{found.digest[:8]}-{number}", number + 1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (self._results.root / "codes" / found.coder).rename(place)
        except OSError as error:
            raise unwritable(place, error) from error

    def settled(self, runs: Iterable[str]) -> frozenset[str]:
        """The messages of these runs that need not be coded again."""
        files = (self._results.codes(self._header.coder, run) for run in runs)
        verdicts = (verdict for file in files for verdict in codes.read(file).verdicts)
        return frozenset(verdict.message for verdict in verdicts if self._final(verdict))

    def _final(self, verdict: Verdict) -> bool:
        if isinstance(verdict, Unreadable):
            return not self._again.unreadable
        return not isinstance(verdict, Unanswered)

    def expect(self, units: Iterable[Unit]) -> None:
        """These are going to be coded."""
        for unit in units:
            self._run_of[unit.message.id] = unit.run
            self._expected[unit.run] += 1

    def record(self, judged: Judged) -> None:
        run = self._run_of.pop(judged.verdict.message)
        self._recorder(run).verdict(judged.verdict, **judged.about)
        self._expected[run] -= 1
        if not self._expected[run]:
            self._open.pop(run).close()

    def sending(self, messages: Sequence[str], request: str, attempt: int) -> None:
        for message in messages:
            about = {"message": message, "attempt": attempt, "request": request}
            self._recorder(self._run_of[message]).call(**about)

    def failed(
        self, messages: Sequence[str], attempt: int, error: CallFailed, retry_in: float | None
    ) -> None:
        about = {"kind": str(error.kind), "detail": error.detail, "may_be_billed": error.kind.may_be_billed}
        cost = error.cost_usd  # of the call, so it stands at the first of its messages only
        for message in messages:
            recorder = self._recorder(self._run_of[message])
            recorder.error(message=message, attempt=attempt, retry_in=retry_in, **about, cost_usd=cost)
            cost = None

    def _recorder(self, run: str) -> CodesRecorder:
        recorder = self._open.get(run)
        if recorder is None:
            file = self._results.codes(self._header.coder, run)
            recorder = self._open[run] = CodesRecorder(file, self._header)
        return recorder

    def close(self) -> None:
        for recorder in self._open.values():
            recorder.close()
        self._open.clear()


def _mixed(file: Path, found: CoderHeader, now: CoderHeader) -> str:
    return (
        f"{file}: {found.coder!r} has coded here under digest {found.digest[:12]} ({_who(found)}), and the "
        f"panel now says digest {now.digest[:12]} ({_who(now)}): another model, codebook, prompt or setting. "
        "Codes made under different instructions are not mixed: give the coder another name in the panel "
        f"file, or use --recode to put its codes aside (into {SET_ASIDE}/) and have everything coded anew"
    )


def _who(header: CoderHeader) -> str:
    return header.model or header.kind
