"""Made-up runs of a study, drawn from the true rates of its rehearsed models and the errors of its judges.

Nothing is said and nobody is asked: a message is the flags it shows. Agents behave as `chat.rehearsal` has
them; failures that nobody asks for, empty answers and judges that cannot tell are left out.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mascope.chat.rehearsal import judge_accuracy, true_rates
from mascope.chat.types import Model
from mascope.codebook import Panel
from mascope.errors import InvalidInput
from mascope.judging.adjudication import ADJUDICATIONS, adjudicate
from mascope.panelfile import load_panel
from mascope.pipeline.panels import DEFAULT
from mascope.stats.comparisons import Comparison
from mascope.stats.power import Behaviour, Samples, draw_counts, observed
from mascope.stats.resampling import Floats
from mascope.stats.similarity import DISTANCES, mean_cosines, mean_distances
from mascope.study import Condition, Fault, Study
from mascope.study.condition import SILENCING, Participant
from mascope.study.measures import needs_codes
from mascope.tables.contrasts import known_measures
from mascope.yamlfile import nearest

Told = Callable[[str], None]
"""Called after each step of the work."""


def check_measures(questions: Sequence[Comparison], known: Sequence[str]) -> None:
    for question in questions:
        if question.measure not in known and not needs_codes(question.measure):
            raise InvalidInput(
                f"hypothesis {question.hypothesis}: {question.measure!r} does not follow from rehearsed "
                "rates; a pilot's runs would show it (--pilot)"
            )
        if question.measure not in known:
            hint = nearest(question.measure, known)
            raise InvalidInput(f"hypothesis {question.hypothesis}: no measure {question.measure!r}{hint}")


@dataclass(frozen=True, slots=True)
class Drawing:
    """How to draw, and how much."""

    rng: np.random.Generator
    size: tuple[int, int]
    """(studies, runs)"""
    told: Told


@dataclass(frozen=True, slots=True)
class _Labelling:
    """What becomes of a flag on its way to a label."""

    flags: tuple[str, ...]
    traits: tuple[int, ...]
    """Places among the flags."""
    sensitivity: Floats
    """(flags,): P(label yes | the message shows it)."""
    false_yes: Floats
    """(flags,): P(label yes | it does not)."""


def rehearsed_runs(
    study: Study, panel: Panel, how: str, questions: Sequence[Comparison], drawing: Drawing
) -> tuple[Samples, str]:
    """The runs that answer each question, and what they were made up from. `how` labels are adjudicated.

    Matched runs are made up independently of each other: pairing wins nothing here, and may win more.
    Raises `InvalidInput` where a model is not rehearsed.
    """
    labelling = _labelling(panel, how)
    check_measures(questions, known_measures(labelling.flags))
    made = {}
    for name in dict.fromkeys(s for q in questions for s in (q.series_a, q.series_b)):
        if name not in study.series:
            raise InvalidInput(f"forks ({name}) are not simulated; give the results of a pilot with --pilot")
        made[name] = _series(study, name, labelling, drawing)
        drawing.told(name)
    samples = {q.hypothesis: (made[q.series_a][q.measure], made[q.series_b][q.measure]) for q in questions}
    judges = "with the errors of the rehearsed panel" if _errs(panel) else "labelled without error"
    return samples, f"the rehearsed models' true rates, {judges} ({how}), no failures but those asked for"


def panel_for(study: Study, chosen: Path | None) -> Panel:
    beside = Path(__file__).resolve().parents[2] / DEFAULT
    found = [file for file in (chosen, study.panel, DEFAULT, beside) if file is not None and file.is_file()]
    if chosen is not None and not chosen.is_file():
        raise InvalidInput(f"{chosen}: no such panel file")
    if not found:
        raise InvalidInput(f"{study.file} names no panel, and {DEFAULT} is not here; use --panel")
    return load_panel(found[0])


def _errs(panel: Panel) -> bool:
    return any(judge.model.simulated for judge in panel.judges)


def _labelling(panel: Panel, how: str) -> _Labelling:
    """Judges that are not rehearsed are taken to make no errors: nobody knows theirs beforehand."""
    names = [judge.name for judge in panel.judges if judge.model.simulated]
    if how not in (*ADJUDICATIONS, *names):
        known = (*ADJUDICATIONS, *names)
        raise InvalidInput(f"--labels: no way of labelling called {how!r}{nearest(how, known)}")
    flags = panel.codebook.names
    traits = tuple(place for place, flag in enumerate(flags) if flag in panel.codebook.traits)
    judges = {judge.name: judge_accuracy(judge.model) for judge in panel.judges if judge.model.simulated}
    hits, alarms = np.ones(len(flags)), np.zeros(len(flags))
    for place, flag in enumerate(flags):
        if judges:
            hits[place] = _label_yes({n: j.sensitivity.get(flag, 1.0) for n, j in judges.items()}, how)
            alarms[place] = _label_yes({n: 1 - j.specificity.get(flag, 1.0) for n, j in judges.items()}, how)
    return _Labelling(flags, traits, hits, alarms)


def _label_yes(yes: dict[str, float], how: str) -> float:
    """P(label yes), of those decided, where each coder says yes with its own probability."""
    answers = np.array(np.meshgrid(*[[0.0, 1.0]] * len(yes), indexing="ij")).reshape(len(yes), -1)
    said = np.array(list(yes.values()))[:, np.newaxis]
    chances = np.where(answers == 1, said, 1 - said).prod(axis=0)
    # What Dawid and Skene's model learns from a whole study is, of coders alike, what most of them say.
    rule = "majority" if how == "dawid_skene" else how
    labels = adjudicate(dict(zip(yes, answers, strict=True)), rule)
    decided = float(chances[~np.isnan(labels)].sum())
    return float(chances[labels == 1].sum()) / decided if decided else 0.0


def _series(study: Study, name: str, labelling: _Labelling, drawing: Drawing) -> dict[str, Floats]:
    """Every measure of made-up runs: (studies, runs) each."""
    condition = study.series[name]
    models = {model.key: model for model in study.models_of(name)}
    parts = [_parts(condition, seat, models, labelling) for seat in range(len(condition.participants))]
    speaking = [part for part in parts if part]
    if not speaking:
        raise InvalidInput(f"series {name}: nobody ever speaks")
    drawn = [draw_counts(part, drawing.rng, drawing.size, labelling.traits) for part in speaking]
    spoken = np.array([sum(messages for _, messages in part) for part in speaking], dtype=np.float64)
    yes = np.stack([counts for counts, _ in drawn], axis=2)  # (studies, runs, agents, flags)
    profiles = (yes / spoken[:, np.newaxis])[..., list(labelling.traits)]
    total = spoken.sum()
    shares = {flag: yes[..., place].sum(axis=2) / total for place, flag in enumerate(labelling.flags)}
    with_trait = np.sum([shown for _, shown in drawn], axis=0) / total
    return {**_alike(profiles), "any_trait": with_trait, "messages": np.full(drawing.size, total), **shares}


def _alike(profiles: Floats) -> dict[str, Floats]:
    """Similarity and distances of each run, from profiles (studies, runs, agents, traits)."""
    studies, runs, agents, traits = profiles.shape
    flat = profiles.reshape(-1, traits)
    starts = np.arange(studies * runs) * agents
    found = {"similarity": mean_cosines(flat, starts).mean}
    found |= {name: mean_distances(flat, starts, distance) for name, distance in DISTANCES.items()}
    return {name: values.reshape(studies, runs) for name, values in found.items()}


def _parts(
    condition: Condition, seat: int, models: dict[str, Model], labelling: _Labelling
) -> list[tuple[Behaviour, int]]:
    """How the agent in a seat behaves in how many of its messages."""
    who = condition.participants[seat]
    scenes = Counter(
        _scene(condition, seat, round_)
        for round_ in range(condition.rounds)
        if _speaks(condition, who, round_)
    )
    return [(_behaviour(models, who, scene, labelling), messages) for scene, messages in scenes.items()]


def _speaks(condition: Condition, who: Participant, round_: int) -> bool:
    silent = any(fault.kind in SILENCING and fault.holds(who.id, round_) for fault in condition.faults)
    return who.speaks(round_) and not silent


def _scene(condition: Condition, seat: int, round_: int) -> tuple[bool, bool, bool]:
    """(whether its model speaks, whether it has peers to name, whether it was told of a failure)."""
    who = condition.participants[seat]
    group = condition.schedule.interaction == "group"
    later = condition.schedule.visibility != "simultaneous"
    others = len(condition.participants) > 1
    listed = "peers" in condition.scaffold.templates
    heard = group and (round_ > 0 or (later and seat > 0))
    told = any(_told(condition, fault, seat, round_) for fault in condition.faults)
    return who.asked(round_), others and (listed or heard), group and told


def _told(condition: Condition, fault: Fault, seat: int, round_: int) -> bool:
    """Whether who sits there has been told, by then, that another agent of the series failed."""
    ids = [participant.id for participant in condition.participants]
    if fault.kind not in SILENCING or fault.agent not in ids or fault.agent == ids[seat]:
        return False
    if fault.telling.peers_see == "nothing":
        return False
    at_once = condition.schedule.visibility != "simultaneous" and ids.index(fault.agent) < seat
    return fault.round < round_ or (at_once and fault.round == round_)


def _behaviour(
    models: dict[str, Model], who: Participant, scene: tuple[bool, bool, bool], labelling: _Labelling
) -> Behaviour:
    asked, peers, failed = scene
    rates = dict.fromkeys(labelling.flags, 0.0)
    if asked:
        model = models[str(who.model)]
        if not model.simulated:
            raise InvalidInput(
                f"model {model.key!r} ({model.served_by}) is no rehearsed model, so its rates are not known; "
                "give the results of a pilot with --pilot, or rehearse the study first"
            )
        rates |= {f: r for f, r in true_rates(model, peers=peers, failed=failed).items() if f in rates}
    return observed(_true(labelling.flags, rates), labelling.sensitivity, labelling.false_yes)


def _true(flags: tuple[str, ...], rates: dict[str, float]) -> Behaviour:
    """PHATIC stands alone; the others come independently of each other in what is not PHATIC."""
    alone = rates.get("PHATIC", 0.0)
    others = np.array(
        [0.0 if f == "PHATIC" else min(1.0, rates[f] / (1 - alone)) if alone < 1 else 0.0 for f in flags]
    )
    patterns = np.array(
        [[bool(n >> place & 1) for place in range(len(flags))] for n in range(2 ** len(flags))]
    )
    chances = np.where(patterns, others, 1 - others).prod(axis=1) * (1 - alone)
    if "PHATIC" in flags:
        chances[1 << flags.index("PHATIC")] += alone
    return Behaviour(patterns, chances)
