"""What agents answered in private: do they come together, who changes, and does a majority move them?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from mascope.stats import consensus
from mascope.stats.estimates import series_means
from mascope.stats.mentions import mentions
from mascope.stats.network import leaders
from mascope.stats.placebo import compared
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio
from mascope.stats.stances import (
    Pressed,
    changed,
    counted,
    deviation,
    disagreement,
    ends,
    first_and_last,
    flips,
    held_before,
    pressed,
    shift,
    standardised,
)
from mascope.tables.analysis import Analysis
from mascope.tables.probing import Asked, questions
from mascope.tables.table import Column, Table

PERMUTATIONS = 1000
MAJORITY_ARM = 0.5
"""Share of the askings at which the others must have had a majority for a series to count as one with it."""
SOURCES = ("held", "said")

COLUMNS = (
    Column("series", "The series."),
    Column("probe", "The private question."),
    Column("kind", "What it asks for.", detail=True),
    Column("measure", "What was measured in each run; the notes below say how."),
    Column("against", "The control arm that it is held against; empty where it stands alone."),
    Column("value", "Mean over the runs that have it; against a control arm, the difference of means.", 3),
    Column("low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("high", "Upper end of the same.", 3),
    Column("runs", "Runs that have it."),
    Column("runs_against", "Runs of the control arm.", detail=True),
    Column("null", "Its mean by chance; of a difference 0; empty where there is no null.", 3),
    Column("p", "Two-sided p against that: by permutation of runs where series are compared.", 3, "p"),
    Column("note", "What could not be computed, and why."),
)
NO_PROBES = "The study asks nothing in private (`probes:`)."
NO_CONTROL = (
    "conformity: no arm to hold it against: one where agents see only their own turns, or where the others "
    "are split."
)
NOTES = (
    "spread: share of the pairs of agents that answer differently; on a scale, the standard deviation over "
    "agents. spread_change: last asking less first; p by exchanging the two within runs. On a scale, flips "
    "and majorities are of its sides (below, in, above the middle); shift: mean change of an agent's place.",
    "flips: askings that find an agent with another answer than before. changed: agents whose last answer is "
    "not their first. first=, last=: share of the agents with that answer. moved=: of those with another "
    "answer, the share that had come to this one by the next asking.",
    "conformity: Pr(moves to the majority), of the agents that did not stand with it: the answer of more "
    "than half of the others with one, two at least. …_held: what others held in private the time before; "
    "…_said: the option each had last named aloud, confederates included, read as private answers are.",
    "Against an arm without the majority (agents that see only their own turns, or a split group): less the "
    "rate at which agents there move to the same answers, weighed as often as the majority stood for them.",
    "entropy: of the agents named, 0 where all name one. top_share: of the answers, those for the agent "
    "named most. self_share: for oneself. leader_agreement: for the agent of highest PageRank among those "
    "who name each other. Their nulls: answers by chance.",
)
PerRun = Mapping[str, Floats]


def stances_table(analysis: Analysis) -> Table:
    """One row a series, question and measure."""
    asked = questions(analysis)
    rows = list(chain.from_iterable(_rows(one, analysis) for one in asked))
    names = [column.name for column in COLUMNS]
    frame = pd.DataFrame(rows, columns=names).astype(
        dict.fromkeys(("value", "low", "high", "null", "p"), np.float64) | {"runs_against": "Int64"}
    )
    place = {name: number for number, name in enumerate(analysis.series)}
    frame = frame.sort_values("series", key=lambda names: names.map(place), kind="stable", ignore_index=True)
    return Table("stances", "Private answers", COLUMNS, frame, _notes(asked, frame))


def _notes(asked: Sequence[Asked], frame: pd.DataFrame) -> tuple[str, ...]:
    if not asked:
        return (NO_PROBES,)
    compared = (frame["against"] != "").any() or not any(one.kind == "choice" for one in asked)
    return NOTES if compared else (*NOTES, NO_CONTROL)


def run_stances(analysis: Analysis) -> pd.DataFrame:
    """One row a run with `run`, `series` and a column `<probe>.<measure>` for all that was asked."""
    found = pd.DataFrame({"run": [], "series": []}, dtype=object)
    for one in questions(analysis):
        columns = {f"{one.probe}.{name}": values for name, values in measures(one, analysis).items()}
        frame = pd.DataFrame({"run": one.runs, "series": one.series, **columns})
        found = found.merge(frame, on=["run", "series"], how="outer")
    return found


# Measures of runs ------------------------------------------------------------------------------------------


def measures(asked: Asked, analysis: Analysis) -> dict[str, Floats]:
    """Every measure of one question: name → (runs,)."""
    found = _spread(asked) | {"flips": flips(asked.stances), "changed": changed(asked.stances)}
    if asked.places is not None:
        found["shift"] = shift(asked.places)
    if asked.kind == "agent":
        return found | _consensus(_last_named(asked), asked, analysis)
    found |= {f"conformity_{name}": one.conformity() for name, one in _pressures(asked).items()}
    return found | (_shares(asked) if asked.kind == "choice" else {})


def _spread(asked: Asked) -> dict[str, Floats]:
    kinds = len(asked.kinds) or int(asked.stances.max(initial=-1)) + 1
    course = disagreement(counted(asked.stances, kinds)) if asked.places is None else deviation(asked.places)
    first, last = first_and_last(course)
    several = (~np.isnan(course)).sum(axis=1) > 1
    return {"spread": last, "spread_change": np.where(several, last - first, np.nan)}


def _pressures(asked: Asked) -> dict[str, Pressed]:
    kinds = len(asked.kinds)
    found = {"held": pressed(asked.stances, held_before(asked.stances), kinds)}
    if asked.stated is not None:
        found["said"] = pressed(asked.stances, asked.stated, kinds)
    return found


def _shares(asked: Asked) -> dict[str, Floats]:
    """Of each option: who began with it, who ended with it, who moved to it."""
    kinds = len(asked.kinds)
    first, last = (_held(stances, kinds) for stances in ends(asked.stances))
    moved, could = pressed(asked.stances, asked.stances, kinds).moves(kinds)
    rates = {"first": first, "last": last, "moved": ratio(moved, could)}
    return {
        f"{when}={option}": values[:, place]
        for when, values in rates.items()
        for place, option in enumerate(asked.kinds)
    }


def _held(stances: Ints, kinds: int) -> Floats:
    """Share (runs, kinds) of the agents (runs, seats) with a stance that hold each kind."""
    counts = counted(stances[..., np.newaxis], kinds)[:, 0]
    return ratio(counts, counts.sum(axis=-1, keepdims=True))


def _last_named(asked: Asked) -> Ints:
    """(runs, seats): whom each named at the last asking of its run."""
    some = asked.stances.max(axis=1, initial=-1) >= 0
    if not some.shape[1]:
        return np.full(asked.stances.shape[:2], -1, dtype=np.intp)
    last = some.shape[1] - 1 - some[:, ::-1].argmax(axis=1)
    return asked.stances[np.arange(len(last)), :, last]


def _consensus(names: Ints, asked: Asked, analysis: Analysis) -> dict[str, Floats]:
    """Of whom agents name: names (…, runs, seats) → (…, runs)."""
    found = {name: measure(names, asked.size) for name, measure in consensus.MEASURES.items()}
    return found | {"leader_agreement": consensus.agreement_with(names, _leaders(asked, analysis))}


def _leaders(asked: Asked, analysis: Analysis) -> Ints:
    """(runs,): the seat of the PageRank leader among those who name each other; −1 without one."""
    frames = analysis.frames
    mine = frames.agents[frames.agents["run"].isin(list(asked.runs))]
    said = frames.messages[frames.messages["run"].isin(list(asked.runs))]
    found = mentions(said, mine)
    leading = pd.Series(leaders(found.graphs(), found.present), index=list(found.runs))
    return np.asarray(leading.reindex(list(asked.runs)), dtype=np.intp)


# Rows ------------------------------------------------------------------------------------------------------


def _rows(asked: Asked, analysis: Analysis) -> Iterator[dict[str, object]]:
    rng = analysis.rng(f"stances {asked.probe}")
    per_run = measures(asked, analysis)
    known = {name: values for name, values in per_run.items() if not np.isnan(values).all()}
    frame = pd.DataFrame({"run": asked.runs, "series": asked.series, **known})
    present = [name for name in analysis.series if asked.of(name).any()]
    nulls = _nulls(asked, known, analysis, rng)
    means = series_means(frame, present, rng, analysis.resamples, nulls)
    about = {"probe": asked.probe, "kind": asked.kind}
    for alone in means.to_dict("records"):
        yield {**about, "against": "", **{str(name): value for name, value in alone.items()}}
    for beside in _against_controls(asked, known, analysis, rng):
        yield {**about, **beside}


def _nulls(asked: Asked, known: PerRun, analysis: Analysis, rng: np.random.Generator) -> dict[str, Floats]:
    """Measures (permutations, runs) by chance."""
    found: dict[str, Floats] = {}
    if "spread_change" in known:
        signs = rng.choice(np.array([-1.0, 1.0]), size=(PERMUTATIONS, len(asked.runs)))
        found["spread_change"] = signs * known["spread_change"]
    if asked.kind == "agent":
        drawn = consensus.by_chance(_last_named(asked), asked.size, rng, PERMUTATIONS)
        by_chance = _consensus(drawn, asked, analysis)
        found |= {name: values for name, values in by_chance.items() if name in known}
    return found


def _against_controls(
    asked: Asked, known: PerRun, analysis: Analysis, rng: np.random.Generator
) -> Iterator[dict[str, object]]:
    if asked.kind == "agent":
        return
    for source, one in _pressures(asked).items():
        measure = f"conformity_{source}"
        if measure not in known:
            continue
        treated, controls = _arms(asked, one, analysis)
        moves = one.moves(len(asked.kinds))
        for name in treated:
            rate = standardised(moves, one.targets(asked.of(name), len(asked.kinds)))
            for control in controls:
                found = compared(
                    known[measure][asked.of(name)], rate[asked.of(control)], rng, analysis.resamples
                )
                yield {
                    "series": name, "measure": measure, "against": control,
                    "value": found.difference.value, "low": found.difference.low,
                    "high": found.difference.high, "runs": found.failed, "runs_against": found.placebo,
                    "null": None if found.p is None else 0.0, "p": found.p,
                    "note": _why(found.failed, found.placebo, control),
                }  # fmt: skip


def _arms(asked: Asked, one: Pressed, analysis: Analysis) -> tuple[list[str], list[str]]:
    """Series whose agents face a majority, and those to hold them against: alone, or among a split group."""
    treated: list[str] = []
    controls: list[str] = []
    share = one.with_majority()
    for name in analysis.series:
        mine = asked.of(name)
        if not mine.any() or np.isnan(share[mine]).all():
            continue
        faced = bool(np.nanmean(share[mine]) >= MAJORITY_ARM) and not asked.alone[mine].all()
        (treated if faced else controls).append(name)
    return treated, controls


def _why(runs: int, runs_against: int, control: str) -> str:
    if not runs_against:
        return f"no run of {control} could move to the same answers"
    if not runs:
        return "no run has it"
    return "one run: no interval" if min(runs, runs_against) == 1 else ""
