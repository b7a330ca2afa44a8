"""What a reader can be shown of a study: every turn in short, and each run's transcript and codes, packed."""

from dataclasses import dataclass

import pandas as pd

from mascope.store import loading
from mascope.store.layout import Results
from mascope.store.lines import read_first
from mascope.store.loading import Listed


@dataclass(frozen=True, slots=True)
class CoderInfo:
    """Who coded, as its codes files say."""

    name: str
    kind: str
    model: str | None
    digest: str
    flags: tuple[str, ...]


def coder_info(results: Results) -> tuple[CoderInfo, ...]:
    """Everyone who has coded something here, by the first of their files that says who they are."""
    found = (_first_header(results, coder) for coder in results.coders())
    return tuple(info for info in found if info is not None)


def _first_header(results: Results, coder: str) -> CoderInfo | None:
    headers = (read_first(file) for file in results.each_of(coder))
    header = next((line for line in headers if line is not None), None)
    if header is None:
        return None
    return CoderInfo(
        coder, str(header["kind"]), header.get("model"), str(header["digest"]), tuple(header["flags"])
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that can be shown of a study. Runs stand in the order of its series and of their numbers."""

    transcripts: pd.DataFrame
    """One row a run that has begun: `run`, `series`, `status`, `version` (of mascope), `started`, `turns`
    (how many), `packed` (by `shown.transcript`)."""
    turns: pd.DataFrame
    """One row a turn, run by run, by round and position: `turn` (its id), `run`, `agent`, `label`, `served`
    (the model that answered, as the provider told it, else as the study names it), `round`, `kind`
    (`shown.Kind`), `truncated` (at the limit of tokens), `cleaned` (by hygiene), `retried`, `told` (of a
    failure: whether the others were)."""
    verdicts: pd.DataFrame
    """One row a run and coder: `run`, `coder`, `cost_usd` (of its answers, as far as known), `packed` (by
    `shown.verdicts`)."""


def load(results: Results) -> Evidence:
    """All that is there so far, read on all cores where that pays. Raises `CorruptJournal`."""
    found = loading.read(results.root, Listed.of(results), Evidence.__slots__)
    return Evidence(**{name: loading.frame(parts) for name, parts in found.items()})
