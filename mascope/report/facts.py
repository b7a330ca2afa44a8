"""What the methods are written from: the tables of the report, and what they do not say."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from mascope.report.summary import Labels
from mascope.tables import Table


@dataclass(frozen=True, slots=True)
class Coder:
    name: str
    kind: str
    """`llm`, `rules`, `human` or `imported`."""
    model: str | None = None
    """What answers for it, where that is a model."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the tables do not say."""

    study: str
    digest: str
    simulated: bool
    imported: str | None
    """Where the transcripts come from, if they were not held here."""
    seed: int
    resamples: int
    models: tuple[str, ...]
    """The models that answered, as a reader knows them."""
    coders: tuple[Coder, ...]
    """Panel and references."""
    versions: Mapping[str, str]
    """Software → version."""
    forks: int = 0
    """Runs that go on from a round of another."""
    probes: tuple[str, ...] = ()
    """Ids of the private questions that were asked."""
    answers: int = 0
    """How often they were."""
    scripted: int = 0
    """Messages that the study had written beforehand."""


@dataclass(frozen=True, slots=True)
class Told:
    facts: Facts
    labels: Labels
    tables: Mapping[str, Table]

    def rows(self, table: str) -> pd.DataFrame:
        return self.tables[table].frame if table in self.tables else pd.DataFrame()

    def has(self, table: str, column: str) -> bool:
        """Whether any row of the table has a value there."""
        found = self.rows(table)
        return column in found and bool(found[column].notna().any())
