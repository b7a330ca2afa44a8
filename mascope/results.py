"""The public door to what a study left on disk, for notebooks and scripts.

    from mascope import Results

    r = Results("results/whoami")              # or Results() for the newest under results/
    r.messages, r.runs, r.codes, r.failures    # as they were recorded, as pandas frames
    r.contrasts, r.table("similarity")         # each table of the report, as a pandas frame
    r.figure("similarity")                     # an Altair chart, drawn inline
    r.message("A-run07|Agent-H|R10")           # a message, with what its speaker saw and every coder's codes
    Results("results/whoami", labels="union")  # the same under other labels

Stable names: `Results` and its `path`, `study`, `simulated`, `runs`, `messages`, `failures`, `codes`,
`agents`, `labelled`, `tables`, `table`, `figures`, `figure`, `message`, `report` and `write`; and the names
of tables, figures and columns that a release has documented. None of them is renamed or taken away before a
release with another minor number has warned of it (`DeprecationWarning`). All else may change.

Files are read once, when they are first needed; make another `Results` to read anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mascope.errors import InvalidInput
from mascope.pipeline import reporting
from mascope.pipeline.reporting import Options
from mascope.records import Failure, Message, Turn
from mascope.report import Report, write_report
from mascope.store import journal
from mascope.store.layout import Results as Layout
from mascope.store.layout import newest
from mascope.tables import Table
from mascope.tables.catalog import TABLES, build, wanted
from mascope.yamlfile import nearest

if TYPE_CHECKING:
    import pandas as pd

    from mascope.report.figures import Chart
    from mascope.tables.analysis import Analysis


Told: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A message, what its speaker saw when it wrote it, and what the coders say of it."""

    message: Message
    saw: tuple[Turn, ...]
    """Messages and notices of failures, in the order in which they were shown."""
    codes: "pd.DataFrame"
    """One row a coder."""

    def __str__(self) -> str:
        before = [f"{turn.name}: {_words(turn)}" for turn in self.saw]
        return "\n".join([*before, f"→ {self.message.name}: {self.message.text}"])


def _words(turn: Turn) -> str:
    return turn.text if isinstance(turn, Message) else turn.told or f"({turn.kind})"


class Tables(Mapping[str, Table]):
    """The tables by name, with titles, notes and definitions; each is computed when it is first asked for."""

    def __init__(self, analysis: "Analysis") -> None:
        self._analysis = analysis
        self._made: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        if name not in TABLES:
            raise InvalidInput(f"no table {name!r}{nearest(name, TABLES)}")
        return self.of([name])[0]

    def of(self, names: Sequence[str], told: Told = lambda step: None) -> list[Table]:
        """These tables, in their order. Those that are not there yet are built, side by side where it pays.

        `told` hears of each.
        """
        for table in build(self._analysis, [name for name in names if name not in self._made]):
            self._made[table.name] = table
            told(table.name)
        return [self._made[name] for name in names]

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def __contains__(self, name: object) -> bool:
        return name in TABLES

    def __repr__(self) -> str:
        return f"<tables: {', '.join(TABLES)}>"


class Results:
    """One results directory, under one way of labelling.

    `labels`, `coders` and `panel` are what `mascope report` takes: how the codes are adjudicated (or whose
    they are), who is adjudicated, and the panel file.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        labels: str | None = None,
        coders: Sequence[str] | None = None,
        panel: str | Path | None = None,
    ) -> None:
        self._layout = newest() if path is None else Layout(Path(path))
        self.study: Mapping[str, Any] = self._layout.study()
        """study.yaml, as it was resolved."""
        self._options = Options(labels, coders, None if panel is None else Path(panel))

    @property
    def path(self) -> Path:
        return self._layout.root

    @cached_property
    def _analysis(self) -> "Analysis":
        return reporting.analyse(self._layout, self._options)

    # As recorded ------------------------------------------------------------------------------------------

    @property
    def runs(self) -> "pd.DataFrame":
        """One row a run that has begun."""
        return _given(self._analysis.frames.runs)

    @property
    def messages(self) -> "pd.DataFrame":
        """One row a codable message, with its `text`."""
        return _given(self._analysis.frames.messages)

    @property
    def failures(self) -> "pd.DataFrame":
        """One row a turn that brought no message."""
        return _given(self._analysis.frames.failures)

    @property
    def codes(self) -> "pd.DataFrame":
        """One row a coder's verdict on a message, a column a flag: 1 yes, 0 no, NaN undecided."""
        return _given(self._analysis.frames.codes)

    @property
    def agents(self) -> "pd.DataFrame":
        """One row an agent of a run, whether or not it ever spoke."""
        return _given(self._analysis.frames.agents)

    @property
    def labelled(self) -> "pd.DataFrame":
        """One row a codable message, a column a flag: the labels after adjudication."""
        return _given(self._analysis.labelled)

    @property
    def simulated(self) -> bool:
        """Whether any agent or judge was rehearsed, so that no finding may be drawn from these results."""
        stamped = bool((self.study.get("mascope") or {}).get("simulated"))
        return stamped or bool(self._analysis.frames.runs["simulated"].astype(bool).any())

    def message(self, id_: str) -> Said:
        """The message of that id, as `<run>|<name>|R<round>`; `InvalidInput` names the nearest."""
        file = self._layout.journal(id_.partition("|")[0])
        turns = {turn.id: turn for turn in journal.read(file).turns} if file.is_file() else {}
        found = turns.get(id_)
        if found is None:
            known = turns or dict.fromkeys(self._analysis.frames.runs["run"].astype(str))
            raise InvalidInput(f"no message {id_!r} in {self.path}{nearest(id_, known)}")
        if isinstance(found, Failure):
            raise InvalidInput(f"{id_} is no message but a failure ({found.kind}); see `failures`")
        codes = self._analysis.frames.codes
        mine = _given(codes[codes["message"] == id_].reset_index(drop=True))
        return Said(found, tuple(turns[seen] for seen in found.seen if seen in turns), mine)

    # As reported ------------------------------------------------------------------------------------------

    @cached_property
    def tables(self) -> Tables:
        """The tables by name."""
        return Tables(self._analysis)

    def table(self, name: str) -> "pd.DataFrame":
        """A table of the report as a frame; its `attrs` hold title, notes and the columns' definitions."""
        table = self.tables[name]
        frame = _given(table.frame)
        frame.attrs = {
            "title": table.title,
            "notes": table.notes,
            "definitions": {column.name: column.definition for column in table.columns},
            "simulated": self.simulated,
        }
        return frame

    def __getattr__(self, name: str) -> "pd.DataFrame":
        if name in TABLES:
            return self.table(name)
        hint = "" if name.startswith("_") else nearest(name, [*TABLES, *_NAMES])
        raise AttributeError(f"'Results' object has no attribute {name!r}{hint}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *TABLES})

    @property
    def figures(self) -> tuple[str, ...]:
        """The names that `figure` knows."""
        from mascope.report.figures import FIGURES

        return tuple(FIGURES)

    def figure(self, name: str) -> "Chart":
        """A figure of the report as an Altair chart; `InvalidInput` says why one cannot be drawn."""
        from mascope.report.figures import CONFIGS, FIGURES, NotDrawn, titled

        if name not in FIGURES:
            raise InvalidInput(f"no figure {name!r}{nearest(name, FIGURES)}")
        drawn = titled(FIGURES[name](self.tables), simulated=self.simulated)
        if isinstance(drawn, NotDrawn):
            raise InvalidInput(f"the figure {name!r} cannot be drawn: {drawn.reason}")
        return drawn.chart.properties(config={**CONFIGS["light"], "background": "white"})

    def report(
        self,
        *,
        labels: str | None = None,
        coders: Sequence[str] | None = None,
        panel: str | Path | None = None,
        only: Sequence[str] | None = None,
        told: Told = lambda step: None,
    ) -> Report:
        """The whole report, or `only` some of its tables; under other labels where they are named.

        `told` hears of each table once it is there.
        """
        if labels is not None or coders is not None or panel is not None:
            asked = self._options
            other = Results(
                self.path,
                labels=labels or asked.labels,
                coders=coders if coders is not None else asked.coders,
                panel=panel or asked.panel,
            )
            return other.report(only=only, told=told)
        tables = self.tables.of(wanted(only), told)
        return reporting.report_of(self._layout, self._analysis, tables, whole=only is None)

    def write(self, report: Report | None = None, told: Told = lambda step: None) -> tuple[Path, ...]:
        """Write tables, figures and report beside the results, as `mascope report` does; gives the files."""
        return write_report(self.report(told=told) if report is None else report, self._layout, told)

    def __repr__(self) -> str:
        runs = len(self._layout.journals())
        labels = f", labels={self._options.labels!r}" if self._options.labels else ""
        return f"Results({str(self.path)!r}{labels}): {self.study.get('study')}, {runs} runs"

    def _repr_html_(self) -> str:
        series = self.runs.groupby("series", observed=True).agg(
            runs=("run", "size"), messages=("messages", "sum")
        )
        head = f"<p><b>{escape(str(self.study.get('study')))}</b> ({escape(str(self.path))})</p>"
        warning = "<p><b>SIMULATED</b></p>" if self.simulated else ""
        return head + warning + series.to_html(escape=True)


_NAMES = (
    "agents", "codes", "failures", "figure", "figures", "labelled", "message", "messages", "path", "report",
    "runs", "simulated", "study", "table", "tables", "write",
)  # fmt: skip


def _given(frame: "pd.DataFrame") -> "pd.DataFrame":
    """A frame that its user may change: the one kept here stays as it is."""
    return frame.copy(deep=False)
