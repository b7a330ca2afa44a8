"""From a study file to a `Study`: patches merged, factors crossed, every name checked."""

import itertools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mascope import __version__
from mascope.chat.types import NOTHING, Model
from mascope.codebook import FLAG_NAME
from mascope.study import schema
from mascope.study.build import Cast, Origin, build_condition, digest
from mascope.study.condition import Condition, Hypothesis, Study
from mascope.study.declared import STAMP, declaration
from mascope.yamlfile import Document, Places, nearest, read, validate

Patch = Mapping[str, Any]
FORKED = re.compile(r"-fork[0-9]+-.+$")
"""What a series of forks has after the name of the series it was forked from."""


RUN_MEASURES = ("similarity", "jensen_shannon", "euclidean", "any_trait", "messages")
"""What a hypothesis may compare, beside the rate of a flag; computed in `stats/measures.py`."""


def load_study(file: Path) -> Study:
    """The study in `file`, or `InvalidFile`."""
    document = read(file)
    raw = validate(schema.StudyFile, document)
    cast = _cast(raw)
    series: dict[str, Condition] = {}
    origins: dict[str, Origin] = {}
    patches = _patches(raw, document)
    for name, (patch, places) in patches.items():
        origins[name] = Origin(document, places)
        series[name] = build_condition(origins[name], merge(_shared(raw), patch), cast)
    _check_fault_agents(origins, series)
    for name, (patch, _) in patches.items():
        if "faults" in patch:
            _check_own_faults(origins[name], series[name])
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
        STAMP: declaration(study.resolved["hypotheses"]) if declared is None else dict(declared),
    }
    panel = {"panel": os.path.relpath(study.panel, root)} if study.panel else {}
    return {"study": study.name, "mascope": stamp, **panel, **study.resolved}


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
        places = tuple(("factors", factor, level) for factor, level in cell)
        patches[name] = (crossed, (*places, ("base",), ()))
    return patches


def _cast(raw: schema.StudyFile) -> Cast:
    layouts = {key: model.turns for key, model in raw.models.items() if model.turns is not None}
    return Cast({key: _model(key, model) for key, model in raw.models.items()}, layouts)


def _model(key: str, raw: schema.ModelFile) -> Model:
    return Model(
        key=key,
        served_by=raw.model,
        label=raw.label or raw.model.rpartition("/")[2],
        base_url=raw.base_url,
        key_env=raw.key_env,
        concurrency=raw.concurrency,
        deadline_s=raw.deadline,
        parameters=raw.parameters or NOTHING,
        context_tokens=raw.context,
        client=raw.route,
    )


def _check_fault_agents(origins: Mapping[str, Origin], series: Mapping[str, Condition]) -> None:
    """A fault holds wherever its agent is seated; one whose agent is seated nowhere is a mistake."""
    seated = {participant.id for condition in series.values() for participant in condition.participants}
    for name, condition in series.items():
        for n, fault in enumerate(condition.faults):
            if fault.agent not in seated:
                problem = f"no series seats an agent {fault.agent!r}{nearest(fault.agent, seated)}"
                raise origins[name].error(("faults", n, "agent"), problem)


def _check_own_faults(origin: Origin, condition: Condition) -> None:
    """What a series itself asks for must happen in it, or a treatment would silently be a control."""
    seated = {participant.id for participant in condition.participants}
    for n, fault in enumerate(condition.faults):
        if fault.agent not in seated:
            problem = f"this series seats no agent {fault.agent!r}{nearest(fault.agent, seated)}"
            raise origin.error(("faults", n, "agent"), problem)
        if fault.round >= condition.rounds:
            problem = f"round {fault.round} never comes: the series has rounds 0 to {condition.rounds - 1}"
            raise origin.error(("faults", n, "round"), problem)


def _hypothesis(
    document: Document, n: int, raw: schema.HypothesisFile, series: Mapping[str, Condition]
) -> Hypothesis:
    for name in raw.compare:
        if FORKED.sub("", name) not in series:
            raise document.error(
                ("hypotheses", n, "compare"), f"unknown series {name!r}{nearest(name, series)}"
            )
    if raw.measure not in RUN_MEASURES and not re.fullmatch(FLAG_NAME, raw.measure):
        problem = f"no measure {raw.measure!r}{nearest(raw.measure, RUN_MEASURES)} (or a flag of the panel)"
        raise document.error(("hypotheses", n, "measure"), problem)
    if any(str(other.get("id")) == raw.id for other in document.data["hypotheses"][:n]):
        raise document.error(("hypotheses", n, "id"), f"two hypotheses are called {raw.id!r}")
    return Hypothesis(**raw.model_dump(exclude={"compare"}), series_a=raw.compare[0], series_b=raw.compare[1])


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
