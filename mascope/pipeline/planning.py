"""The first stage: a study file → what it will do and cost. Sends nothing, writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascope.chat.prices import PriceTable, load_prices
from mascope.chat.routes import missing_for
from mascope.chat.tokens import estimated
from mascope.chat.types import Model
from mascope.codebook import Panel
from mascope.errors import InvalidInput
from mascope.panelfile import load_panel
from mascope.pipeline.cautions import cautions
from mascope.pipeline.limits import with_limits
from mascope.study import Run, Study, load_study, plan
from mascope.study.estimate import (
    Range,
    answer_tokens,
    loads,
    messages,
)
from mascope.study.measures import measures_of
from mascope.yamlfile import nearest

JUDGING = "(judging)"
"""What stands for the series in the costs of a panel."""
ANSWER_OF_JUDGE = 20
"""Tokens of one flag in a judge's answer, at least."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model has to do in one series (or in judging), over all runs."""

    series: str
    model: str
    served_by: str
    calls: int
    prompt_tokens: Range
    completion_tokens: Range
    cost_usd: Range | None
    """None where the price is unknown."""
    calls_most: int
    """Where every empty answer is asked for again as often as the study says."""


@dataclass(frozen=True, slots=True)
class Plan:
    study: Study
    panel: Panel | None
    runs: tuple[Run, ...]
    costs: tuple[Cost, ...]
    missing: tuple[str, ...]
    """Keys, extras and models without which the study cannot run, with what to do."""
    prices: str
    """Where the prices are from."""
    cautions: tuple[str, ...] = ()
    """What may not be as it was meant."""

    @property
    def total_usd(self) -> Range | None:
        """Over all that has a known price; None when nothing has."""
        known = [cost.cost_usd for cost in self.costs if cost.cost_usd is not None]
        return sum(known, Range(0, 0)) if known else None

    @property
    def unpriced(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cost.served_by for cost in self.costs if cost.cost_usd is None))


def plan_study(file: Path, panel: Path | None = None, prices: Path | None = None) -> Plan:
    """Everything `mascope plan` says. Raises what is wrong with the files; what is missing is listed."""
    table = load_prices(prices)
    study = with_limits(load_study(file), table)
    chosen = panel or study.panel
    coders = load_panel(chosen) if chosen else None
    check_flags(study, coders)
    judges = [judge.model for judge in (coders.judges if coders else ())]
    missing = (*missing_for(used_models(study), study.places), *missing_for(judges))
    costs = (*_discussion_costs(study, table), *(_judging_costs(study, coders, table) if coders else ()))
    return Plan(
        study, coders, plan(study), costs, tuple(dict.fromkeys(missing)), table.source, cautions(study)
    )


def check_flags(study: Study, panel: Panel | None) -> None:
    """`InvalidInput` where a hypothesis is about a flag that the panel does not code."""
    for hypothesis in study.hypotheses:
        measure = hypothesis.measure
        if panel and measure not in (*measures_of(study.resolved), *panel.codebook.names):
            hint = nearest(measure, panel.codebook.names)
            raise InvalidInput(
                f"{study.file}: hypothesis {hypothesis.id}: no flag {measure!r} in {panel.file}{hint}"
            )


def used_models(study: Study) -> list[Model]:
    """The models that some series seats, in the order of the file."""
    used = {model.key for series in study.series for model in study.models_of(series)}
    return [model for key, model in study.models.items() if key in used]


def select(runs: Collection[Run], series: Collection[str] | None, first: int | None) -> tuple[Run, ...]:
    """The runs of the named series only, and the first replicates of each only."""
    known = {run.series for run in runs}
    for name in series or ():
        if name not in known:
            raise InvalidInput(f"--series: no series {name!r} in this study{nearest(name, known)}")
    return tuple(
        run
        for run in runs
        if (series is None or run.series in series) and (first is None or run.replicate <= first)
    )


def _discussion_costs(study: Study, prices: PriceTable) -> list[Cost]:
    return [
        _cost(
            load.series,
            study.models[load.model],
            (load.calls, load.calls_most),
            (load.prompt_tokens, load.completion_tokens),
            prices,
        )
        for load in loads(study)
    ]


def _judging_costs(study: Study, panel: Panel, prices: PriceTable) -> list[Cost]:
    """Each judge reads the codebook, the context and the message, for every message."""
    codebook = estimated(panel.codebook.preamble) + sum(
        estimated(flag.definition) + sum(estimated(example.text) for example in flag.examples)
        for flag in panel.codebook.flags
    )
    calls, prompt = 0, Range(0, 0)
    for condition in study.series.values():
        coded = messages(condition) * condition.runs
        longest = max((answer_tokens(p) for p in condition.participants), key=lambda answer: answer.high)
        calls += coded
        prompt += (Range(codebook, codebook) + longest.times(panel.context + 1)).times(coded)
    flags = len(panel.codebook.flags)
    return [
        _cost(
            JUDGING,
            judge.model,
            (calls, calls),
            (
                prompt,
                Range(
                    min(ANSWER_OF_JUDGE * flags, judge.sampling.max_tokens), judge.sampling.max_tokens
                ).times(calls),
            ),
            prices,
        )
        for judge in panel.judges
    ]


def _cost(
    series: str, model: Model, calls: tuple[int, int], tokens: tuple[Range, Range], prices: PriceTable
) -> Cost:
    """calls: at least, at most; tokens: of prompts, of answers."""
    rate, (prompt, completion) = prices.rate(model), tokens
    usd = prompt.times(rate.input) + completion.times(rate.output) if rate is not None else None
    return Cost(series, model.label, model.served_by, calls[0], prompt, completion, usd, calls[1])


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain data, for scripts."""
    study = plan.study
    return {
        "study": study.name,
        "digest": study.digest,
        "simulated": study.simulated or bool(plan.panel and plan.panel.simulated),
        "runs": [_run_json(run) for run in plan.runs],
        "calls": sum(cost.calls for cost in plan.costs),
        "costs": [_cost_json(cost) for cost in plan.costs],
        "cost_usd": _range_json(plan.total_usd),
        "unknown_prices": list(plan.unpriced),
        "prices": plan.prices,
        "missing": list(plan.missing),
        "limits": {model.key: model.context_tokens for model in used_models(study)},
        "cautions": list(plan.cautions),
    }


def _run_json(run: Run) -> dict[str, Any]:
    agents = [{"id": a.id, "name": a.name, "model": a.model, "served_by": a.served_by} for a in run.agents]
    rounds = run.condition.rounds
    return {"run": run.id, "series": run.series, "seed": run.seed, "rounds": rounds, "agents": agents}


def _cost_json(cost: Cost) -> dict[str, Any]:
    return {
        "series": cost.series,
        "model": cost.model,
        "served_by": cost.served_by,
        "calls": cost.calls,
        "calls_most": cost.calls_most,
        "prompt_tokens": _range_json(cost.prompt_tokens),
        "completion_tokens": _range_json(cost.completion_tokens),
        "cost_usd": _range_json(cost.cost_usd),
    }


def _range_json(value: Range | None) -> list[float] | None:
    return None if value is None else [value.low, value.high]
