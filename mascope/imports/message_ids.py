"""By which ids the messages of a results directory are known, here and elsewhere."""

import re
from collections.abc import Iterable
from functools import cached_property

from mascope.records import Failure
from mascope.store import journal
from mascope.store.layout import Results, run_id

NUMBERED = re.compile(r"(?P<name>.+)-run(?P<number>\d+)", re.ASCII)


class MessageIds:
    """Finds messages by their ids, reading only the journals that are asked for."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._read: dict[str, dict[str, bool]] = {}

    def find(self, id_: str) -> str | None:
        """The id here of the turn that `id_` names; None where it names none, or more than one."""
        run, bar, rest = id_.partition("|")
        here = self._run(run) if bar else None
        if here is not None and f"{here}|{rest}" in self._turns(here):
            return f"{here}|{rest}"
        return self._given.get(id_)

    def is_failure(self, message: str) -> bool:
        return self._turns(message.partition("|")[0])[message]

    def _turns(self, run: str) -> dict[str, bool]:
        """Id of each turn of a run → whether it is a failure."""
        if run not in self._read:
            turns = journal.read(self._results.journal(run)).turns
            self._read[run] = {turn.id: isinstance(turn, Failure) for turn in turns}
        return self._read[run]

    def _run(self, name: str) -> str | None:
        """The run called `name`: by its id, by another name in full, or by one without the number at its end.

        The number is what settles a name that several runs share (runs of one minute); a name that
        still fits several names none.
        """
        if name in self._runs:
            return name
        numbered = NUMBERED.fullmatch(name)
        names = [name]
        if numbered:
            series, number = numbered["name"], int(numbered["number"])
            if (padded := run_id(series, number)) in self._runs:
                return padded
            names += [f"{series}-run{number}", series]
        return next((self._aliases[other] for other in names if other in self._aliases), None)

    @cached_property
    def _runs(self) -> dict[str, tuple[str, ...]]:
        """Each run → its other names."""
        headers = (journal.read_header(file) for file in self._results.journals())
        return {header.run: header.aliases for header in headers if header is not None}

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return _unambiguous((alias, run) for run, aliases in self._runs.items() for alias in aliases)

    @cached_property
    def _given(self) -> dict[str, str]:
        """Ids that an imported table gave its messages → ours."""
        return _unambiguous(
            (note["alias"], note["message"])
            for file in self._results.journals()
            for note in journal.read(file).extra
            if note["event"] == "alias"
        )


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    several = set()
    for name, meant in pairs:
        if found.setdefault(name, meant) != meant:
            several.add(name)
    return {name: meant for name, meant in found.items() if name not in several}
