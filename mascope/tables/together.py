"""Tables built side by side: each core takes the next that is not begun."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import TypeAlias

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mascope.spread import cores, spread
from mascope.tables.analysis import PART, Analysis
from mascope.tables.gate import GATES, gates
from mascope.tables.table import Table

Builder: TypeAlias = Callable[[Analysis], Table]

WORTH_A_PROCESS = 5_000
"""Messages from which several processes build the tables sooner than one."""
SHARING: Mapping[str, str] = MappingProxyType({
    "contrasts": "hypotheses", "sensitivity": "hypotheses", "audit": "hypotheses",
    "convergence": "vectors", "temporal": "vectors", "takeover": "vectors",
    "similarity": "null", "series": "null",
    "adoption": "adoption",
    "network": "network",
    "text": "text",
    "compensation": "events", "events": "events",
})  # fmt: skip
"""Table → what it shares with others (`Analysis.once`): those are built by one process, the longest first."""
OF_A_PART = frozenset({
    "convergence", "temporal", "network", "adoption", "takeover", "stances", "text",
})  # fmt: skip
"""Tables of measures that each run has by itself, and that take long: see `Analysis.part`."""
COPIED = frozenset({"conditions", "runs", "messages"})
"""Tables that are columns of the frames: to send them from another process costs more than to build them."""


def built(builders: Mapping[str, Builder], analysis: Analysis) -> Iterator[Table]:
    """Every table, in the order of the builders. They are the same however many processes build them."""
    # On several threads a sum may be taken in another order, and its last bits depend on the machine.
    with threadpool_limits(1, user_api="blas"):
        if len(analysis.frames.messages) < WORTH_A_PROCESS or cores() == 1:
            yield from (_built(name, build, analysis) for name, build in builders.items())
            return
        analysis.prepare()
        found = {name: build(analysis) for name, build in builders.items() if name in COPIED}
        groups = groups_of([name for name in builders if name not in COPIED])
        work = _Work(builders, analysis)
        for group, tables in zip(groups, spread(work.tables, groups), strict=True):
            found |= zip(group, tables, strict=True)
        yield from (found[name] for name in builders)


class _Work:
    def __init__(self, builders: Mapping[str, Builder], analysis: Analysis) -> None:
        self._builders, self._analysis = builders, analysis

    def tables(self, names: Sequence[str]) -> list[Table]:
        return [_built(name, self._builders[name], self._analysis) for name in names]


def _built(name: str, build: Builder, analysis: Analysis) -> Table:
    part = analysis.part() if name in OF_A_PART else analysis
    if part is analysis:
        return build(analysis)
    part.once(GATES, lambda: gates(analysis))  # how far coders agree is known from all that they coded
    table = build(part)
    runs, every = len(part.frames.runs), len(analysis.frames.runs)
    note = (
        f"Of {runs:,} of the {every:,} runs, drawn by chance from the study's seed, of each series the same "
        f"share: there are more than {PART:,} messages. Intervals and n are of these runs."
    )
    return replace(table, notes=(*table.notes, note))


def groups_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Tables that share something together, in the order of `SHARING`; all others alone after them."""
    places = list(dict.fromkeys(SHARING.values()))
    ordered = sorted(names, key=lambda name: places.index(SHARING[name]) if name in SHARING else len(places))
    return [tuple(group) for _, group in groupby(ordered, key=lambda name: SHARING.get(name, name))]
