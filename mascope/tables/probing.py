"""Private answers → cubes (runs, seats, moments), one set for each question that a study asks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mascope.names import MentionFinder
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats
from mascope.stats.stances import Bools, cube, sides, stated_by
from mascope.study.probes import HIGH, LOW, PROBE_KINDS, Probe
from mascope.tables.analysis import Analysis

SIDES = ("below", "middle", "above")
"""Kinds of answers on a scale."""
COUNTED = frozenset({"scale", "choice", "agent"})
"""Kinds of probes whose answers are stances; texts are none."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One question, and all that was answered to it."""

    probe: str
    kind: str
    runs: tuple[str, ...]
    series: tuple[str, ...]
    """(runs,)"""
    size: Ints
    """(runs,): agents, confederates included."""
    moments: Ints
    """Rounds after which it was asked, −1 before the first, ascending."""
    kinds: tuple[str, ...]
    """What a stance is a number of: options, sides of the scale; empty where it is a seat."""
    stances: Ints
    """(runs, seats, moments)"""
    places: Floats | None
    """The same on the scale; None for other kinds."""
    stated: Ints | None
    """(runs, seats, moments): the option that each agent, confederates included, had last named aloud by
    then; None where there are no options or no texts."""
    alone: Bools
    """(runs,): whether nobody was ever shown a turn of another's."""

    def of(self, series: str) -> Bools:
        return np.array([name == series for name in self.series], dtype=np.bool_)


def questions(analysis: Analysis) -> tuple[Asked, ...]:
    """Every question with stances for answers, in the order asked."""
    return analysis.once("questions", lambda: _questions(analysis))


def _questions(analysis: Analysis) -> tuple[Asked, ...]:
    rows = analysis.frames.probes
    counted = rows[rows["kind"].isin(list(COUNTED))]
    return tuple(
        _asked(analysis, str(probe), counted[(counted["probe"] == probe).to_numpy()])
        for probe in counted["probe"].astype(str).unique()
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Seats:
    """Where the agents of some runs sit: seats are numbered within each run."""

    runs: tuple[str, ...]
    index: pd.MultiIndex
    seat: Ints
    size: Ints

    @classmethod
    def of(cls, agents: pd.DataFrame, runs: tuple[str, ...]) -> "_Seats":
        run = pd.Index(runs).get_indexer(pd.Index(agents["run"].astype(str)))
        mine = agents[run >= 0]
        run = run[run >= 0]
        seat = np.asarray(mine.groupby(run).cumcount(), dtype=np.intp)
        index = pd.MultiIndex.from_arrays([run, mine["agent"].astype(str).to_numpy(dtype=object)])
        return cls(runs, index, seat, np.bincount(run, minlength=len(runs)))

    def find(self, run: Ints, agent: "pd.Series[str]") -> Ints:
        """The seats of these agents in these runs; −1 for who does not sit there."""
        if not len(run):
            return np.empty(0, dtype=np.intp)
        keys = pd.MultiIndex.from_arrays([run, agent.astype(str).to_numpy(dtype=object)])
        place = self.index.get_indexer(keys)
        return np.where(place >= 0, self.seat[place], -1)

    def run(self, frame: pd.DataFrame) -> Ints:
        return pd.Index(self.runs).get_indexer(pd.Index(frame["run"].astype(str)))


def _asked(analysis: Analysis, probe: str, rows: pd.DataFrame) -> Asked:
    runs = tuple(pd.unique(rows["run"].astype(str)))
    seats = _Seats.of(analysis.frames.agents, runs)
    moments = np.unique(rows["round"].to_numpy(dtype=np.intp))
    kind = str(rows["kind"].iloc[0])
    answered = rows[(rows["outcome"] == "answered") & (rows["kind"] == kind)]
    kinds = _kinds(kind, rows)
    stances, places = _cubes(answered, seats, moments, kind, kinds)
    series = rows["series"].astype(str).groupby(rows["run"].astype(str), sort=False).first()
    views = rows.groupby(rows["run"].astype(str), sort=False)["seen_others"].max().reindex(list(runs))
    return Asked(
        probe=probe, kind=kind, runs=runs, series=tuple(series.reindex(list(runs))), size=seats.size,
        moments=moments, kinds=kinds, stances=stances, places=places,
        stated=_stated(analysis, probe, kinds, seats, moments) if kind == "choice" else None,
        alone=np.asarray(views == 0),
    )  # fmt: skip


def _kinds(kind: str, rows: pd.DataFrame) -> tuple[str, ...]:
    if kind == "scale":
        return SIDES
    if kind == "agent":
        return ()
    options = [option for given in rows["options"].drop_duplicates() for option in given]
    return tuple(dict.fromkeys([*options, *rows["answer"].dropna().astype(str)]))


def _cubes(
    rows: pd.DataFrame, seats: _Seats, moments: Ints, kind: str, kinds: tuple[str, ...]
) -> tuple[Ints, Floats | None]:
    """Stances, and on a scale the places; an answer that names nobody of the run is none."""
    run = seats.run(rows)
    at = (run, seats.find(run, rows["agent"]), np.searchsorted(moments, rows["round"].to_numpy()))
    shape = (len(seats.runs), int(seats.size.max(initial=0)), len(moments))
    if kind == "scale":
        places = np.full(shape, np.nan)
        places[at] = rows["value"].to_numpy(dtype=np.float64)
        return sides(places, _end(rows["low"], LOW), _end(rows["high"], HIGH)), places
    if kind == "agent":
        return cube(at, seats.find(run, rows["answer"]), shape), None
    said = pd.Index(kinds).get_indexer(pd.Index(rows["answer"].astype(str)))
    return cube(at, said, shape), None


def _end(given: "pd.Series[float]", usual: float) -> float:
    known = given.dropna()
    return float(known.iloc[0]) if len(known) else usual


def _stated(
    analysis: Analysis, probe: str, kinds: tuple[str, ...], seats: _Seats, moments: Ints
) -> Ints | None:
    """What was named aloud, read as the private answers are: a message that names just one option."""
    if not analysis.has_texts or not kinds:
        return None
    frames = analysis.frames
    columns = ["run", "agent", "round", "position", "text"]
    said = pd.concat([frames.messages[columns].astype({"run": str, "agent": str}),
                      frames.scripted[columns].astype({"run": str, "agent": str})])  # fmt: skip
    said = said[said["run"].isin(list(seats.runs))].sort_values(["round", "position"], kind="stable")
    reader = Probe(probe, "", "choice", (), "", options=kinds)
    finder, parse = MentionFinder({}), PROBE_KINDS["choice"].parse
    option = said["text"].map({text: parse(text, reader, finder) for text in said["text"].unique()})
    said, option = said[option.notna()], option.dropna()
    run = seats.run(said)
    at = (run, seats.find(run, said["agent"]), said["round"].to_numpy(dtype=np.intp))
    shape = (len(seats.runs), int(seats.size.max(initial=0)), int(at[2].max(initial=-1)) + 1)
    return stated_by(cube(at, pd.Index(kinds).get_indexer(pd.Index(option)), shape), moments)
