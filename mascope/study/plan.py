"""A study → its runs. Pure: the same file always gives the same runs, ids, names, seeds and orders."""

import random
from collections.abc import Mapping

from mascope.chat.types import Model
from mascope.names import name_agents
from mascope.records import Agent
from mascope.seeds import derive
from mascope.store.layout import run_id
from mascope.study.build import label_of
from mascope.study.condition import SCRIPT, Condition, Participant, Run, Study


def plan(study: Study) -> tuple[Run, ...]:
    """Every run of every series, in the order of the file."""
    return tuple(
        plan_run(study, series, replicate)
        for series, condition in study.series.items()
        for replicate in range(1, condition.runs + 1)
    )


def plan_run(study: Study, series: str, replicate: int) -> Run:
    condition = study.series[series]
    seed = derive(study.name, study.seed, series, replicate)
    models = {model.key: model for model in study.models_of(series)}
    return Run(
        id=run_id(series, replicate),
        series=series,
        replicate=replicate,
        seed=seed,
        agents=_agents(condition, models, seed),
        condition=condition,
        models=models,
        simulated=any(model.simulated for model in models.values()),
    )


def _agents(condition: Condition, models: dict[str, Model], seed: int) -> tuple[Agent, ...]:
    labels = [label_of(participant, models) for participant in condition.participants]
    naming = condition.names
    public = name_agents(naming.peers, labels)
    private = name_agents(naming.own, labels) if naming.own is not None else (None,) * len(labels)
    deal = list(range(len(labels)))
    if naming.permute:
        random.Random(derive(seed, "names")).shuffle(deal)  # noqa: S311 - an experiment's draw, not a secret
    return tuple(
        seated(participant, seat, models, (public[deal[seat]], private[deal[seat]]))
        for seat, participant in enumerate(condition.participants)
    )


def seated(
    participant: Participant, seat: int, models: Mapping[str, Model], names: tuple[str, str | None]
) -> Agent:
    """The participant in its seat, with its (public, own) names."""
    model = participant.model
    return Agent(
        id=participant.id,
        name=names[0],
        own_name=names[1],
        model=SCRIPT if model is None else model,
        served_by=SCRIPT if model is None else models[model].served_by,
        label=label_of(participant, models),
        seat=seat,
    )
