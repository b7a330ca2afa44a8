"""From a study file to a `Study`: patches merged, factors crossed, every name checked."""

import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascope import __version__
from mascope.chat.types import Model
from mascope.codebook import FLAG_NAME
from mascope.study import schema
from mascope.study.build import Cast, Origin, build_condition, digest, fault_place
from mascope.study.condition import Condition, Hypothesis, Study
from mascope.study.declared import STAMP, declaration
from mascope.study.measures import RUN_MEASURES, probe_measures
from mascope.yamlfile import Document, Places, nearest, read, validate

Patch = Mapping[str, Any]
LIMITS = "limits"
"""Key of the stamp that says how many tokens each model is taken to hold: model → number, or null."""
FORKED = re.compile(r"-fork[0-9]+-.+$")
"""What a series of forks has after the name of the series it was forked from."""


def load_study(file: Path) -> Study:
    """The study in `file`, or `InvalidFile`."""
    document = read(file)
    raw = validate(schema.StudyFile, document)
    cast = _cast(raw)
    series: dict[str, Condition] = {}
    written: dict[str, Written] = {}
    for name, (patch, places) in _patches(raw, document).items():
        data, origin = merge(_shared(raw), patch), Origin(document, places)
        series[name] = build_condition(origin, data, cast)
        # A stored study has the faults of `base:` in each series, also where their agent has no seat.
        written[name] = Written(origin, data, own_faults="faults" in patch and not raw.mascope)
    _check_fault_agents(written, series)
    resolved = _resolved(raw, series)
    return Study(
        name=raw.study,
        file=file,
        seed=raw.seed,
        models=cast.models,
        series=series,
        hypotheses=tuple(_hypothesis(document, n, h, series) for n, h in enumerate(raw.hypotheses)),
        panel=_panel(document, raw),
        resolved=resolved,
        digest=digest(resolved),
        places={key: _place(document, key) for key in cast.models},
        analysis=raw.analysis.model_dump(mode="json", exclude_defaults=True),
    )


def branched(study: Study, condition: Patch) -> Condition:
    """A condition in its resolved form, as journals hold it, on the models of `study`. `InvalidFile`.

    Errors name the study's file, and the keys of the condition.
    """
    document = read(study.file)
    raw = validate(schema.StudyFile, document)
    return build_condition(Origin(Document(study.file, dict(condition)), ((),)), condition, _cast(raw))


def stamped(study: Study, root: Path, declared: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What `root`/study.yaml holds: the study as resolved, with its digest and our version.

    It is itself a study file; the panel's path is relative to it, so that a project can be moved as a whole.
    `declared` are the digests of the hypotheses before the first run; None where that is still to come.
    """
    stamp = {
        "version": __version__,
        "digest": study.digest,
        "simulated": study.simulated,
        LIMITS: {key: model.context_tokens for key, model in study.models.items()},
        STAMP: declaration(study.resolved["hypotheses"]) if declared is None else dict(declared),
    }
    panel = {"panel": os.path.relpath(study.panel, root)} if study.panel else {}
    analysis = {"analysis": dict(study.analysis)} if study.analysis else {}
    return {"study": study.name, "mascope": stamp, **panel, **study.resolved, **analysis}


def first_limits(study: Study, stored: Mapping[str, Any]) -> dict[str, int | None]:
    """What a stored study.yaml says that models hold, of those that are as they were."""
    kept = (stored.get("mascope") or {}).get(LIMITS) or {}
    before = stored.get("models") or {}
    return {
        key: kept[key]
        for key, model in study.models.items()
        if key in kept and model.context_tokens is None and _same_model(model, before.get(key) or {})
    }


def _same_model(model: Model, before: Mapping[str, Any]) -> bool:
    now = {"model": model.served_by, "base_url": model.base_url, "parameters": dict(model.parameters)}
    then = {"base_url": None, "parameters": {}, **before}
    return "context" not in before and all(then.get(name) == value for name, value in now.items())


def merge(base: Patch, patch: Patch) -> dict[str, Any]:
    """`patch` laid over `base`: mappings are merged key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in patch.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def _shared(raw: schema.StudyFile) -> Patch:
    return raw.base if raw.brief is None else {"brief": raw.brief, **raw.base}


def _patches(raw: schema.StudyFile, document: Document) -> dict[str, tuple[Patch, Places]]:
    """What each series changes, and where in the file that stands: `series:`, then `factors:` crossed."""
    patches: dict[str, tuple[Patch, Places]] = {
        name: (patch or {}, (("series", name), ("base",), ())) for name, patch in raw.series.items()
    }
    factors = [[(factor, level) for level in levels] for factor, levels in raw.factors.items()]
    for cell in itertools.product(*factors) if factors else ():
        name = "-".join(level for _, level in cell)
        if name in patches:
            raise document.error(("factors",), f"the levels cross to {name!r}, which is a series already")
        crossed: Patch = {}
        for factor, level in cell:
            crossed = merge(crossed, raw.factors[factor][level] or {})
        # Where two factors set the same key, the later one holds, and is where a mistake stands.
        places = tuple(("factors", factor, level) for factor, level in reversed(cell))
        patches[name] = (crossed, (*places, ("base",), ()))
    return patches


def _cast(raw: schema.StudyFile) -> Cast:
    layouts = {key: model.turns for key, model in raw.models.items() if model.turns is not None}
    return Cast({key: model.reached(key, model.context) for key, model in raw.models.items()}, layouts)


@dataclass(frozen=True, slots=True)
class Written:
    """A series as the file has it."""

    origin: Origin
    data: Mapping[str, Any]
    own_faults: bool
    """Whether its own patch speaks of faults."""


def _check_fault_agents(written: Mapping[str, Written], series: Mapping[str, Condition]) -> None:
    """A fault of `base:` holds wherever its agent is seated, and it is seated somewhere.

    What a series itself asks for must happen in it, or a treatment would silently be a control. What the base
    asks for may have no place in a shorter series, such as a control of one round; the plan tells of it.
    """
    of_series = {name: {seat.id for seat in condition.participants} for name, condition in series.items()}
    anywhere = set().union(*of_series.values())
    for name, condition in series.items():
        source = written[name]
        seated = of_series[name] if source.own_faults else anywhere
        said = "this series seats no agent" if source.own_faults else "no series seats an agent"
        for n, fault in enumerate(condition.faults):
            if fault.agent not in seated:
                place = (*fault_place(source.data, n), "agent")
                hint = nearest(fault.agent, seated)
                raise source.origin.error(place, f"{said} {fault.agent!r}{hint}")
            if source.own_faults and fault.round >= condition.rounds:
                place = (*fault_place(source.data, n), "round")
                problem = (
                    f"round {fault.round} never comes: the series has rounds 0 to {condition.rounds - 1}"
                )
                raise source.origin.error(place, problem)


def _place(document: Document, key: str) -> str:
    line = document.lines.get(("models", key))
    return f"{document.file}:{line}" if line else str(document.file)


def _hypothesis(
    document: Document, n: int, raw: schema.HypothesisFile, series: Mapping[str, Condition]
) -> Hypothesis:
    for name in raw.compare:
        if FORKED.sub("", name) not in series:
            raise document.error(
                ("hypotheses", n, "compare"), f"unknown series {name!r}{nearest(name, series)}"
            )
    if problem := _unknown_measure(raw, series):
        raise document.error(("hypotheses", n, "measure"), problem)
    if any(str(other.get("id")) == raw.id for other in document.data["hypotheses"][:n]):
        raise document.error(("hypotheses", n, "id"), f"two hypotheses are called {raw.id!r}")
    return Hypothesis(**raw.model_dump(exclude={"compare"}), series_a=raw.compare[0], series_b=raw.compare[1])


def _unknown_measure(raw: schema.HypothesisFile, series: Mapping[str, Condition]) -> str | None:
    """What is wrong with the measure, if anything: it must be there in both series."""
    if raw.measure in RUN_MEASURES or re.fullmatch(FLAG_NAME, raw.measure):
        return None
    asked = {name: _private_measures(series[FORKED.sub("", name)]) for name in raw.compare}
    without = [name for name, measures in asked.items() if raw.measure not in measures]
    if 0 < len(without) < len(set(raw.compare)):
        return f"{raw.measure!r}: the series {without[0]!r} is not asked that (`probes:`)"
    if not without:
        return None
    known = (*RUN_MEASURES, *dict.fromkeys(name for measures in asked.values() for name in measures))
    return f"no measure {raw.measure!r}{nearest(raw.measure, known)} (or a flag of the panel)"


def _private_measures(condition: Condition) -> tuple[str, ...]:
    return probe_measures(condition.resolved.get("probes") or ())


def _panel(document: Document, raw: schema.StudyFile) -> Path | None:
    if raw.panel is None:
        return None
    panel = document.file.parent / raw.panel
    if not panel.is_file():
        raise document.error(("panel",), f"no such file: {panel}")
    return panel


def _resolved(raw: schema.StudyFile, series: Mapping[str, Condition]) -> dict[str, Any]:
    return {
        "seed": raw.seed,
        "models": {key: model.model_dump(exclude_defaults=True) for key, model in raw.models.items()},
        "series": {name: {"runs": c.runs, **c.resolved} for name, c in series.items()},
        "hypotheses": [
            hypothesis.model_dump(mode="json", exclude_none=True) for hypothesis in raw.hypotheses
        ],
    }
