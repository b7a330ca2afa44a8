"""What a journal holds beside messages that can be coded: private answers, scripted lines, who saw what.

Rows for the columns of `columns`, run by run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mascope.records import Message, ProbeAnswer
from mascope.store.journal import Header, Journal, probe_answers

SEPARATOR = "\x1f"
"""Between the parts of a cell that holds several; no part holds it."""
BEFORE = -1
"""The round of a private answer that was asked for before the first."""


class Views:
    """Which of a run's codable messages were in a prompt, told by their places: `0-6,8`.

    Places count the run's codable messages by round and position, from 0. All speakers of a simultaneous
    round were shown the same, so that few different views make up a study.
    """

    def __init__(self, codable: Iterable[Message]) -> None:
        """codable: by round and position."""
        self._place = {message.id: place for place, message in enumerate(codable)}
        self._last: tuple[tuple[str, ...], str] = ((), "")

    def of(self, seen: tuple[str, ...]) -> str:
        if seen != self._last[0]:
            self._last = seen, ranges(sorted({self._place[id_] for id_ in seen if id_ in self._place}))
        return self._last[1]


def ranges(places: Sequence[int]) -> str:
    """Ascending numbers as `0-6,8`; empty for none."""
    breaks = [n for n in range(1, len(places)) if places[n] != places[n - 1] + 1]
    bounds = zip([0, *breaks], [*breaks, len(places)], strict=True) if places else ()
    parts = ((places[first], places[after - 1]) for first, after in bounds)
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def private_rows(found: Journal, header: Header) -> Iterator[tuple[Any, ...]]:
    """One row a private answer, as `columns.PROBES`."""
    asked = {str(probe.get("id")): probe for probe in header.condition.get("probes") or ()}
    for answer in probe_answers(found):
        if answer.copied_from is not None:
            continue  # a fork's copy: it is the parent's answer, and counted there
        yield (*_about(answer, header), *_answered(answer), *_scale(asked.get(answer.probe, {})))


def _about(answer: ProbeAnswer, header: Header) -> tuple[Any, ...]:
    round_ = BEFORE if answer.round is None else answer.round
    return answer.id, header.run, header.series, answer.agent, answer.name, answer.probe, answer.kind, round_


def _answered(answer: ProbeAnswer) -> tuple[Any, ...]:
    said, own = answer.answer, f"|{answer.name}|"
    return (
        answer.outcome,
        said if isinstance(said, str) else None,
        float(said) if isinstance(said, int | float) else None,
        sum(own not in id_ for id_ in answer.seen),
    )


def _scale(probe: Mapping[str, Any]) -> tuple[Any, ...]:
    """Its ends and its options, as the study gives them."""
    return probe.get("low"), probe.get("high"), SEPARATOR.join(map(str, probe.get("options") or ()))


def scripted_rows(found: Journal, header: Header) -> Iterator[tuple[Any, ...]]:
    """One row a line that the study itself gave, as `columns.SCRIPTED`."""
    for turn in found.turns:
        if isinstance(turn, Message) and turn.scripted:
            yield header.run, header.series, turn.agent, turn.name, turn.round, turn.position, turn.text
