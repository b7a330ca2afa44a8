"""Who takes over what an absent agent leaves: its words, its leads, its topics, its terms."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
import pandas as pd

from mascope.stats.placebo import compared
from mascope.stats.profiles import Ints, flag_values
from mascope.stats.resampling import Floats, bootstrap_mean
from mascope.stats.takeover import (
    LASTING,
    Absence,
    Placed,
    absences,
    first_events,
    shares,
    terms,
    topics,
)
from mascope.tables.analysis import Analysis
from mascope.tables.compensation import compensation_flag
from mascope.tables.embedding import vectors
from mascope.tables.table import Column, Table

LEAD = "LEAD"
T = TypeVar("T")
COLUMNS = (
    Column("series", "The series."),
    Column("measure", "What was measured in each run; the notes below say how."),
    Column("agent", "Who; empty for all who remained together."),
    Column("absent", "Who was absent.", detail=True),
    Column("runs", "Runs in which somebody fell silent for good, and that have the measure."),
    Column("gap", "The absent agent's share before.", 3, kind="share"),
    Column("before", "What the others had before.", 3),
    Column("after", "What they have after.", 3),
    Column("change", "After less before.", 3),
    Column("low", "Lower end of its 95% interval by bootstrap over runs.", 3, detail=True),
    Column("high", "Upper end of the same.", 3, detail=True),
    Column("taken", "Change over gap: 1 where all of it is taken over.", 3),
    Column("placebo", "The same change in runs where nobody fell silent.", 3),
    Column("placebo_runs", "Those runs.", detail=True),
    Column("did", "Change less that of the placebo runs: difference in differences.", 3),
    Column("did_low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("did_high", "Upper end of the same.", 3),
    Column("p", "Its two-sided p by permutation of runs.", 3),
    Column("note", "What could not be computed, and why."),
)
NOBODY = f"No agent fell silent for {LASTING} rounds, or to the end, after a failure."
NOTES = (
    f"An agent is absent from a failure on after which it says nothing for {LASTING} rounds or to the end of "
    "the run. Before: the rounds before the failure; after: those that follow it. Placebo runs are those of "
    "the study that seat the same agent and in which nobody is absent, cut at the usual round.",
    "words, leads: per round, as shares of what the whole group had before, the absent agent included; by "
    "agent too. topics: mean cosine (LSA, or the study's embedding) of the others' messages with the "
    "centroid of the absent agent's earlier ones. terms: of the words that only the absent agent had used "
    "before, the share that others use after.",
    "events: messages per run with the flag of compensation after the others were told; delay_rounds: rounds "
    "from the notice to an agent's first.",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """All runs with messages or failures, and what was said in them."""

    names: tuple[str, ...]
    series: "np.ndarray[tuple[int], np.dtype[np.object_]]"
    agents: "np.ndarray[tuple[int, int], np.dtype[np.object_]]"
    """(runs, seats): ids, None where a seat is not taken."""
    rounds: Ints
    texts: Placed
    absence: Absence

    @property
    def most_rounds(self) -> int:
        return int(self.rounds.max(initial=0))

    def amounts(self, weights: Floats) -> Floats:
        """Sums of the weights of texts: (runs, seats, rounds)."""
        shape = (*self.agents.shape, self.most_rounds)
        key = (self.texts.run * shape[1] + self.texts.seat) * shape[2] + self.texts.round
        sums = np.bincount(key, weights=weights, minlength=int(np.prod(shape)))
        return sums.reshape(shape).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """A measure of runs before and after: (runs,) each."""

    before: Floats
    after: Floats
    gap: Floats | None = None

    @property
    def change(self) -> Floats:
        return self.after - self.before


def takeover_table(analysis: Analysis) -> Table:
    """One row a series, measure and agent."""
    title = "What an absent agent leaves, and who takes it over"
    runs = _runs(analysis)
    absent = runs.absence.seat >= 0
    names = [name for name in analysis.series if absent[runs.series == name].any()]
    rows = list(chain.from_iterable(_series_rows(name, runs, analysis) for name in names))
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    frame = frame.astype({c.name: "float64" for c in COLUMNS if c.digits is not None})
    frame = frame.astype({"runs": "Int64", "placebo_runs": "Int64"})
    return Table("takeover", title, COLUMNS, frame, NOTES if rows else (NOBODY,))


def _runs(analysis: Analysis) -> _Runs:
    frames = analysis.frames
    names = tuple(frames.runs["run"].astype(str))
    index = pd.Index(names)
    run_of_agent = index.get_indexer(pd.Index(frames.agents["run"].astype(str)))
    seat = np.asarray(frames.agents.groupby(run_of_agent).cumcount(), dtype=np.intp)
    agents = np.full((len(names), int(seat.max(initial=-1)) + 1), None, dtype=object)
    agents[run_of_agent, seat] = frames.agents["agent"].astype(str).to_numpy(dtype=object)
    keys = pd.MultiIndex.from_arrays([run_of_agent, frames.agents["agent"].astype(str)])

    def placed(frame: pd.DataFrame) -> Placed:
        run = index.get_indexer(pd.Index(frame["run"].astype(str)))
        at = keys.get_indexer(pd.MultiIndex.from_arrays([run, frame["agent"].astype(str)]))
        return Placed(run, seat[at], frame["round"].to_numpy(dtype=np.intp))

    said, failed = placed(frames.messages), placed(frames.failures)
    first = frames.runs["from_round"].to_numpy(dtype=np.intp)
    rounds = first + frames.runs["rounds"].to_numpy(dtype=np.intp)
    shape = (*agents.shape, int(rounds.max(initial=0)))
    absence = absences(_marked(said, shape), _marked(failed, shape), rounds)
    series = frames.runs["series"].astype(str).to_numpy(dtype=object)
    return _Runs(names, series, agents, rounds, said, absence)


def _marked(texts: Placed, shape: tuple[int, int, int]) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    marks = np.zeros(shape, dtype=np.bool_)
    marks[texts.run, texts.seat, texts.round] = True
    return marks


# Series ----------------------------------------------------------------------------------------------------


def _series_rows(series: str, runs: _Runs, analysis: Analysis) -> Iterator[dict[str, object]]:
    rng = analysis.rng(f"takeover {series}")
    mine = np.flatnonzero((runs.series == series) & (runs.absence.seat >= 0))
    who = [str(runs.agents[run, runs.absence.seat[run]]) for run in mine]
    agent, onset = _usual(who), _usual(runs.absence.onset[mine].tolist())
    placebo, cut = _placebo(runs, agent, onset)
    found = analysis.once("takeover", lambda: _changes(runs, runs.absence, analysis))
    beside = analysis.once(f"takeover {agent} {onset}", lambda: _changes(runs, cut, analysis))
    about = {"series": series, "absent": ", ".join(sorted(set(who))), "note": ""}
    several = int((runs.absence.agents[mine] > 1).sum())
    if several:
        about["note"] = f"in {several} of {len(mine)} runs others fell silent too"
    for (measure, other), change in found.items():
        row = _row(change, mine, (beside[measure, other], placebo), (rng, analysis.resamples))
        if row["runs"] or not other:
            yield {**about, "measure": measure, "agent": other, **row, "note": _both(row, about)}
    for event in _events(runs, mine, analysis):
        yield {**about, **event}


def _both(row: Mapping[str, object], about: Mapping[str, str]) -> str:
    return "; ".join(said for said in (str(row["note"]), about["note"]) if said)


def _usual(values: Sequence[T]) -> T:
    return Counter(values).most_common(1)[0][0]


def _placebo(runs: _Runs, agent: str, onset: int) -> tuple[Ints, Absence]:
    """The runs to compare with, and their absence if the agent had left in the round `onset`."""
    seated = (runs.agents == agent).any(axis=1)
    untouched = (runs.absence.seat < 0) & seated & (runs.rounds > onset)
    seat = (
        np.where(untouched, (runs.agents == agent).argmax(axis=1), -1) if len(seated) else runs.absence.seat
    )
    ends = np.where(untouched, runs.rounds, -1)
    cut = Absence(seat, np.where(untouched, onset, -1), ends, untouched.astype(np.intp))
    return np.flatnonzero(untouched), cut


def _changes(runs: _Runs, absence: Absence, analysis: Analysis) -> dict[tuple[str, str], _Change]:
    found: dict[tuple[str, str], _Change] = {}
    words = analysis.frames.messages["words"].to_numpy(dtype=np.float64)
    found |= _taken("words", runs, absence, words)
    if LEAD in analysis.flags:
        leads = np.nan_to_num(flag_values(analysis.labelled, [LEAD])[0])
        found |= _taken("leads", runs, absence, leads)
    if analysis.has_texts and len(runs.texts.run):
        rounds = runs.most_rounds
        found["topics", ""] = _Change(*topics(vectors(analysis, "semantic"), runs.texts, absence, rounds))
        later = terms(analysis.words(), runs.texts, absence, rounds)
        found["terms", ""] = _Change(np.zeros(len(later)), later)
    return found


def _taken(measure: str, runs: _Runs, absence: Absence, weights: Floats) -> dict[tuple[str, str], _Change]:
    found = shares(runs.amounts(weights), absence)
    total = _Change(found.before.sum(axis=1), found.after.sum(axis=1), found.gap)
    absent = np.arange(runs.agents.shape[1]) == absence.seat[:, np.newaxis]
    by_agent = {}
    for agent in dict.fromkeys(name for name in runs.agents.ravel() if name is not None):
        mine = (runs.agents == agent) & ~absent
        by_agent[measure, agent] = _Change(_of_agent(found.before, mine), _of_agent(found.after, mine))
    return {(measure, ""): total, **by_agent}


def _of_agent(by_seat: Floats, mine: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Floats:
    """(runs,): of its seat; NaN where it has none, or is the one who is absent."""
    return np.where(mine.any(axis=1), np.where(mine, by_seat, 0.0).sum(axis=1), np.nan)


def _row(
    change: _Change, mine: Ints, beside: tuple[_Change, Ints], bootstrap: tuple[np.random.Generator, int]
) -> dict[str, object]:
    rng, resamples = bootstrap
    of_mine, of_placebo = change.change[mine], beside[0].change[beside[1]]
    known = ~np.isnan(of_mine)
    if not known.any():
        return {"runs": 0, "note": "nothing was said before the failure, or nothing after"}
    moved = bootstrap_mean(of_mine, rng, resamples)
    row: dict[str, object] = {
        "runs": moved.n, "before": change.before[mine][known].mean(),
        "after": change.after[mine][known].mean(), "change": moved.value,
        "low": moved.low, "high": moved.high, "note": "",
    }  # fmt: skip
    if change.gap is not None:
        gap = float(np.nanmean(change.gap[mine][known]))
        row |= {"gap": gap, "taken": float(of_mine[known].mean()) / gap if gap > 0 else None}
    found = compared(of_mine, of_placebo, rng, resamples)
    if not found.placebo:
        return row | {"note": "no run to compare with"}
    return row | {
        "placebo": float(np.nanmean(of_placebo)), "placebo_runs": found.placebo,
        "did": found.difference.value, "did_low": found.difference.low, "did_high": found.difference.high,
        "p": found.p,
    }  # fmt: skip


# Events ----------------------------------------------------------------------------------------------------


def _events(runs: _Runs, mine: Ints, analysis: Analysis) -> Iterator[dict[str, object]]:
    """Who refers to the absence, and how soon after the others were told of it."""
    flag = compensation_flag(analysis)
    if flag is None:
        return
    event = flag_values(analysis.labelled, [flag])[0] == 1
    since = _told(runs, analysis)
    delays = first_events(event, runs.texts, since, runs.agents.shape[1])
    counts = runs.amounts(event & (runs.texts.round > since[runs.texts.run]))[mine].sum(axis=2)
    told = int((~np.isnan(since[mine])).sum())
    for agent in dict.fromkeys(name for name in runs.agents[mine].ravel() if name is not None):
        seat = runs.agents[mine] == agent
        events = float(counts[seat].sum())
        if events:
            delay = delays[mine][seat]
            yield {"measure": "events", "agent": agent, "runs": told, "after": events / told}
            yield {
                "measure": "delay_rounds", "agent": agent, "runs": int((~np.isnan(delay)).sum()),
                "after": float(np.nanmean(delay)),
            }  # fmt: skip


def _told(runs: _Runs, analysis: Analysis) -> Floats:
    """(runs,): the round in which the others were first told of a failure; NaN where they never were."""
    failures = analysis.frames.failures
    told = failures[failures["told"].to_numpy(dtype=np.bool_)]
    first = told["round"].groupby(told["run"].astype(str)).min().reindex(list(runs.names))
    return np.asarray(first, dtype=np.float64)
