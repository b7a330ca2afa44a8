"""The published WarRoom study's transcripts (one JSON file a run) → a results directory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mascope import __version__
from mascope.errors import InvalidFile
from mascope.imports.deposit import Discussion, ImportSummary, deposit, study_name
from mascope.imports.warroom import condition, naming, transcript, turns
from mascope.imports.warroom.condition import Condition
from mascope.imports.warroom.naming import Source
from mascope.store.journal import Header
from mascope.store.layout import Results
from mascope.study.build import digest

UNRECORDED = "unrecorded"
"""The visibility that journals state: `seen` is empty there because the platform recorded nobody's prompts.
What the platform did (`staggered`) stands in study.yaml."""


def import_warroom(source: Path, results: Results, study: str | None = None) -> ImportSummary:
    """Bring all transcripts under `source` into `results`; they are left alone if one file cannot be used.

    `study` names the study; left out, it is called as the results directory is. Raises `InvalidFile` (a bad
    file, by name), `ForeignResults` (something else lies in `results`).
    """
    sources = naming.named((file, transcript.read(file)) for file in _files(source))
    keys = condition.model_keys(sources)
    conditions = condition.conditions(sources, keys)
    content = _study(study_name(study, results), sources, conditions)
    discussions = (_discussion(source, keys, conditions[source.run], content) for source in sources)
    return deposit(results, content, "warroom", discussions, _notes(sources, conditions))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InvalidFile(folder, "no such folder; give the folder that holds the transcripts")
    files = sorted(file for file in folder.rglob("*.json") if not file.name.startswith("."))
    if not files:
        raise InvalidFile(folder, "holds no transcripts (*.json)")
    return files


def _study(name: str, sources: Sequence[Source], conditions: Mapping[str, Condition]) -> dict[str, Any]:
    series = {
        name: {"runs": len(runs), **conditions[runs[0].run]}
        for name, runs in naming.by_series(sources).items()
    }
    return {"study": name, "seed": 0, "models": condition.models(sources), "series": series}


def _discussion(
    source: Source, keys: Mapping[str, str], of_run: Condition, study: Mapping[str, Any]
) -> Discussion:
    header = Header(
        run=source.run,
        series=source.series,
        replicate=source.replicate,
        seed=0,
        study=study["study"],
        digest=digest(study),
        agents=turns.agents(source, keys),
        condition={
            **of_run,
            "schedule": {**of_run["schedule"], "visibility": UNRECORDED},
            "imported": "warroom",
        },
        condition_digest=digest([of_run, study["models"]]),
        simulated=False,
        version=__version__,
        started=turns.started(source.transcript),
        aliases=naming.aliases(source),
    )
    return turns.discussion(source, header)


def _notes(sources: Sequence[Source], conditions: Mapping[str, Condition]) -> list[str]:
    return [
        f"series {series}: {run.run} differs from {runs[0].run} in {', '.join(differing)}"
        for series, runs in naming.by_series(sources).items()
        for run in runs[1:]
        if (differing := _differing(conditions[runs[0].run], conditions[run.run]))
    ]


def _differing(one: Condition, other: Condition) -> list[str]:
    return [key for key in one if one[key] != other[key]]
