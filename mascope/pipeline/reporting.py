"""The last stages: journals and codes → frames → statistics → tables → report."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from mascope import __version__
from mascope.codebook import Panel, Thresholds
from mascope.errors import InvalidFile, InvalidInput
from mascope.judging.adjudication import ADJUDICATIONS
from mascope.pipeline.describing import facts_of
from mascope.pipeline.instructions import digests, doubts
from mascope.pipeline.panels import panel_file, panel_of
from mascope.report import Labels, Report, Summary
from mascope.report.methods import methods
from mascope.stats.resampling import Floats
from mascope.store import frames, recodings
from mascope.store.frames import Frames
from mascope.store.layout import Results
from mascope.store.vectors import Kept
from mascope.study import Hypothesis
from mascope.study.declared import first_declared, status_of
from mascope.study.embedding import embedding_of
from mascope.study.schema import HypothesisFile
from mascope.tables import Table
from mascope.tables.analysis import RESAMPLES, Analysis, label_messages, panel_and_references
from mascope.tables.catalog import build
from mascope.tables.contrasts import known_measures
from mascope.tables.gate import gates
from mascope.yamlfile import nearest


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may choose."""

    labels: str | None = None
    """Left out: as the panel adjudicates, else by intersection."""
    coders: Sequence[str] | None = None
    panel: Path | None = None
    only: Collection[str] | None = None
    resamples: int = RESAMPLES


def report(results: Results, options: Options) -> Report:
    """Everything that can be said of what is in `results` now."""
    analysis = analyse(results, options)
    return report_of(results, analysis, build(analysis, options.only), whole=options.only is None)


def report_of(results: Results, analysis: Analysis, tables: Iterable[Table], *, whole: bool) -> Report:
    """The report of these tables; with its methods where they are the `whole` of it."""
    found = tuple(tables)
    audit = [note for table in found if table.name == "audit" for note in table.notes]
    labels = _labels(analysis)
    how = methods(facts_of(results, analysis), labels, found) if whole else None
    return Report(_summary(results, analysis, audit), found, labels, how)


def analyse(results: Results, options: Options) -> Analysis:
    """The frames of `results`, labelled. `InvalidInput` where what is asked for is not there."""
    stored = results.study()
    found = frames.load(results)
    panel = panel_of(results, options.panel) if panel_file(results, options.panel) else None
    flags, traits = _flags(found, panel)
    coders, references = panel_and_references(found, options.coders)
    labels = options.labels or (panel.adjudication if panel else "intersection")
    if labels not in (*ADJUDICATIONS, *coders, *references):
        known = (*ADJUDICATIONS, *coders, *references)
        raise InvalidInput(f"--labels: no way of labelling called {labels!r}{nearest(labels, known)}")
    return Analysis(
        frames=found,
        series=_series(stored, found),
        flags=flags,
        traits=traits,
        coders=coders,
        references=references,
        labels=labels,
        labelled=label_messages(found, flags, coders, labels),
        hypotheses=_hypotheses(stored, flags),
        exploratory=_exploratory(stored),
        withdrawn=_withdrawn(stored),
        study=stored,
        power=_power(results),
        thresholds=panel.thresholds if panel else Thresholds(),
        reconcile=panel.humans if panel else "majority",
        recodings=recodings.load(results),
        seed=int(stored.get("seed", 0)),
        resamples=options.resamples,
        embedded=_embedded(results, stored, found),
        instructed=digests(panel) if panel else {},
    )


def _embedded(results: Results, stored: dict[str, Any], found: Frames) -> Floats | None:
    """The vectors that `mascope embed` has made, if all are there; nothing is sent here."""
    wanted = embedding_of(stored)
    return None if wanted is None else Kept(results, wanted.folder).of(found.messages["text"])


def _flags(found: Frames, panel: Panel | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(flags, traits): those that somebody coded, in the order of the codebook where it knows them."""
    coded = found.flags
    if panel is None or not set(coded) <= set(panel.codebook.names):
        return coded, tuple(flag for flag in coded if f"{flag}_level" not in found.codes)
    flags = tuple(flag for flag in panel.codebook.names if flag in coded)
    return flags, tuple(flag for flag in flags if flag in panel.codebook.traits)


def _series(stored: dict[str, Any], found: Frames) -> tuple[str, ...]:
    planned = [str(name) for name in stored.get("series") or ()]
    begun = [str(name) for name in found.runs["series"].unique()]
    return tuple(dict.fromkeys([*planned, *begun]))


def _hypotheses(stored: dict[str, Any], flags: tuple[str, ...]) -> tuple[Hypothesis, ...]:
    declared = tuple(_hypothesis(entry) for entry in stored.get("hypotheses") or ())
    known = known_measures(flags, stored)
    for hypothesis in declared:
        name = hypothesis.measure
        if flags and name not in known:
            raise InvalidInput(f"hypothesis {hypothesis.id}: no measure {name!r}{nearest(name, known)}")
    return declared


def _hypothesis(entry: Any) -> Hypothesis:
    """As in a study file: whoever brought in transcripts writes them into the stored study by hand."""
    try:
        read = HypothesisFile.model_validate(entry)
    except ValidationError as error:
        wrong = (": ".join((*map(str, one["loc"]), one["msg"])) for one in error.errors())
        raise InvalidInput(f"hypotheses: {entry}: {'; '.join(wrong)}") from error
    a, b = read.compare
    return Hypothesis(read.id, read.measure, a, b, read.direction, read.family, read.margin, read.matched_by)


def _exploratory(stored: dict[str, Any]) -> tuple[str, ...]:
    """Ids of the hypotheses that came, or were changed, after the first run had begun."""
    declared = first_declared(stored)
    entries = stored.get("hypotheses") or ()
    return tuple(str(entry["id"]) for entry in entries if status_of(entry, declared) == "exploratory")


def _withdrawn(stored: dict[str, Any]) -> tuple[str, ...]:
    """Ids of those that were declared before the first run and are not in the study any more."""
    left = {str(entry["id"]) for entry in stored.get("hypotheses") or ()}
    return tuple(id_ for id_ in first_declared(stored) if id_ not in left)


def _power(results: Results) -> Mapping[str, Any]:
    """What `mascope power --keep` left here."""
    if not results.power_file.is_file():
        return {}
    try:
        found = json.loads(results.power_file.read_bytes())
    except ValueError as error:
        raise InvalidFile(results.power_file, "is not JSON") from error
    return found if isinstance(found, dict) else {}


def _labels(analysis: Analysis) -> Labels:
    codes = analysis.frames.codes
    given = {flag: codes[f"{flag}_level"] for flag in analysis.flags if f"{flag}_level" in codes}
    return Labels(
        rule=analysis.labels,
        flags=analysis.flags,
        traits=analysis.traits,
        coders=analysis.coders,
        references=analysis.references,
        levels={flag: tuple(sorted(map(str, levels.dropna().unique()))) for flag, levels in given.items()},
        thresholds=analysis.thresholds,
        frame=analysis.labelled,
        codes=codes,
        gates=tuple(gates(analysis).values()) if analysis.coders else (),
    )


def _summary(results: Results, analysis: Analysis, audit: Sequence[str]) -> Summary:
    stored, found = results.study(), analysis.frames
    stamp = stored.get("mascope") or {}
    simulated = bool(stamp.get("simulated")) or _rehearsed(found)
    lines = [
        f"{len(analysis.series)} series, {len(found.runs)} {'run' if len(found.runs) == 1 else 'runs'}, "
        f"{_coded_messages(analysis)}",
        "Series: " + ", ".join(f"{name} {count}" for name, count in _per_series(analysis).items()),
        _coders_line(analysis),
        f"Labels: {analysis.labels}. mascope {__version__}, study digest {str(stamp.get('digest', ''))[:12]}",
    ]
    return Summary(
        str(stored.get("study")), simulated, tuple(lines), (*_staggered(stored), *_warnings(analysis), *audit)
    )


def _coded_messages(analysis: Analysis) -> str:
    """How many messages there are to code, and of how many a coder has said something.

    As in the literature, "coded messages" are all that are coded or to be coded; a sample is said beside it.
    """
    messages, ids = len(analysis.frames.messages), analysis.frames.messages["message"].array
    said = [frames.rows_of(analysis.frames.codes, coder)["message"] for coder in analysis.coders]
    if messages and any(of_one.array.equals(ids) for of_one in said):  # as it mostly is
        return f"{messages} coded messages"
    coded = pd.concat(said).nunique() if said else 0
    if not coded:
        return f"{messages} codable messages"
    return f"{messages} coded messages" + (f" (codes for {coded} of them)" if coded < messages else "")


def _rehearsed(found: Frames) -> bool:
    return bool(found.runs["simulated"].astype(bool).any())


def _per_series(analysis: Analysis) -> dict[str, int]:
    counts = analysis.frames.messages["series"].value_counts()
    return {name: int(counts.get(name, 0)) for name in analysis.series}


def _coders_line(analysis: Analysis) -> str:
    if not analysis.coders:
        return "Coders: none yet"
    references = f"; compared with: {', '.join(analysis.references)}" if analysis.references else ""
    return f"Coders: {', '.join(analysis.coders)}{references}"


def _staggered(stored: dict[str, Any]) -> list[str]:
    schedules = {name: (entry or {}).get("schedule") for name, entry in (stored.get("series") or {}).items()}
    staggered = [
        str(name)
        for name, schedule in schedules.items()
        if isinstance(schedule, dict)
        and schedule.get("visibility") == "staggered"
        and schedule.get("interaction", "group") == "group"
    ]
    said = "staggered visibility: what agents saw depended on how fast the others answered."
    return [f"{', '.join(staggered)}: {said}"] if staggered else []


def _warnings(analysis: Analysis) -> list[str]:
    """What stands between a reader and the tables."""
    runs, codes = analysis.frames.runs, analysis.frames.codes
    warnings = []
    states = Counter(str(status) for status in runs["status"])
    for status, count in sorted(states.items()):
        if status != "done":
            warnings.append(f"{count} of {len(runs)} runs are {status}.")
    organic = int(runs["failures_organic"].sum())
    if organic:
        warnings.append(f"{organic} turns were lost to failures that nobody asked for.")
    for coder in (*analysis.coders, *analysis.references):
        own = frames.rows_of(codes, coder)
        warnings += doubts(coder, own, analysis.instructed)
        warnings += _coverage(own, coder, len(analysis.frames.messages))
    return warnings


def _coverage(codes: pd.DataFrame, coder: str, messages: int) -> list[str]:
    outcomes = Counter(str(outcome) for outcome in codes["outcome"])
    said = [f"{outcomes[o]} {o}" for o in ("unreadable", "abstained", "unanswered") if outcomes[o]]
    if len(codes) < messages:
        said.insert(0, f"{len(codes)} of {messages} messages coded")
    return [f"Coder {coder}: {', '.join(said)}."] if said else []
