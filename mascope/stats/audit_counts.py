"""Runs, agents, messages and failures → what the audit counts in every run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.audit import Tallied
from mascope.stats.language import Names
from mascope.stats.network import gini
from mascope.stats.profiles import Ints, places
from mascope.stats.resampling import Floats, factorized
from mascope.stats.traces import Bools, Traces, names_tell_models, notices_with_model, other_spellings


@dataclass(frozen=True, slots=True, eq=False)
class Journaled:
    """The frames of a results directory, as `store.frames` describes them; runs in one order throughout."""

    runs: pd.DataFrame
    agents: pd.DataFrame
    messages: pd.DataFrame
    failures: pd.DataFrame
    traces: Traces | None = None
    """Of the messages' texts; None where texts were not loaded."""
    languages: Names | None = None
    """(messages,) of the same, as `language.languages` tells them."""
    asked: Bools | None = None
    """(agents,): whether a model speaks for it; None where for all. A confederate says given lines only."""
    scripted: pd.DataFrame | None = None
    """The lines that were given to agents to say; None where there were none."""

    @property
    def seats(self) -> pd.DataFrame:
        """The agents that models speak for."""
        return self.agents if self.asked is None else self.agents[self.asked]

    def due(self, agent: str | None = None) -> Floats:
        """(runs,): turns in which a model was to speak, of all agents or of one."""
        seats, given = self.seats, self.scripted
        if agent is not None:
            seats = seats[seats["agent"] == agent]
        turns: Floats = self.per_run(seats) * self.runs["rounds"].to_numpy(dtype=np.float64)
        if given is None:
            return turns
        mine = given[given["agent"].isin(seats["agent"].unique())]
        return turns - self.per_run(mine)

    @property
    def place(self) -> "pd.Index[str]":
        """The runs' names, in their order."""
        return pd.Index(self.runs["run"].astype(str))

    def per_run(self, frame: pd.DataFrame, weights: npt.ArrayLike | None = None) -> Floats:
        """Rows of `frame`, or the sum of their weights, in each run: (runs,)."""
        return self.counter(frame)(weights)

    def counter(self, frame: pd.DataFrame) -> Callable[[npt.ArrayLike | None], Floats]:
        """`per_run` of one frame, whose runs are looked up once for all that is counted in it."""
        place = self.place
        run = places(frame["run"], place) + 1  # 0 is no run of these

        def per_run(weights: npt.ArrayLike | None) -> Floats:
            counts = np.bincount(run, weights, minlength=len(place) + 1)
            return counts[1:].astype(np.float64)

        return per_run


def tallies(data: Journaled) -> Iterator[Tallied]:
    """Everything that can be counted; what needs texts only where they are."""
    yield from _turns(data)
    told = names_tell_models(data.agents)
    yield from _failures(data, told)
    yield from _provenance(data)
    if data.traces is not None and data.languages is not None:
        yield from _texts(data, told, data.traces, data.languages)


def _turns(data: Journaled) -> Iterator[Tallied]:
    ones = np.ones(len(data.runs))
    rounds = data.runs["rounds"].to_numpy(dtype=np.float64)
    due = data.due()
    said = data.runs["messages"].to_numpy(dtype=np.float64)
    empty = data.runs["empty"].to_numpy(dtype=np.float64)
    yield Tallied("rounds", "", rounds, ones)
    yield Tallied("lost_turns", "", due - said, due)
    for agent, seats in data.seats.groupby("agent", sort=False, observed=True):
        there = data.due(str(agent))
        yield Tallied("lost_turns", str(agent), there - data.per_run(seats, seats["messages"]), there)
    silent = data.seats["messages"].to_numpy() == 0
    yield Tallied("silent_agents", "", data.per_run(data.seats, silent), ones)
    values = _inequality(data.seats[~silent], data)
    yield Tallied("unequal_messages", "", np.nan_to_num(values), (~np.isnan(values)).astype(np.float64))
    yield Tallied("empty", "", empty, said + empty)


def _inequality(spoke: pd.DataFrame, data: Journaled) -> Floats:
    """(runs,): Gini coefficient of the numbers of messages of a run's agents; NaN where none spoke."""
    run = places(spoke["run"], data.place)
    seat = pd.Series(run).groupby(run).cumcount().to_numpy()
    said = np.zeros((len(data.place), int(seat.max(initial=-1)) + 1))
    present = np.zeros(said.shape, dtype=np.bool_)
    said[run, seat], present[run, seat] = spoke["messages"], True
    return gini(said, present)


def _failures(data: Journaled, told: frozenset[str]) -> Iterator[Tallied]:
    due = data.due()
    ones = np.ones(len(data.runs))
    failures = data.failures
    for origin in ("injected", "organic"):
        mine = failures[failures["origin"] == origin]
        yield Tallied(f"failures_{origin}", "", data.per_run(mine), due)
        for kind in sorted(mine["kind"].astype(str).unique()):
            yield Tallied(f"failures_{origin}", kind, data.per_run(mine[mine["kind"] == kind]), due)
    neutral = ~data.place.isin(list(told))
    yield Tallied("notices", "", data.per_run(failures, failures["told"]), ones)
    leaks = notices_with_model(failures, data.agents, told)
    yield Tallied("notices_with_model", "", data.per_run(failures, leaks), neutral.astype(np.float64))


def _provenance(data: Journaled) -> Iterator[Tallied]:
    messages = data.messages
    counted = data.counter(messages)
    said = counted(None)

    def share(measure: str, marked: npt.ArrayLike, among: npt.ArrayLike | None = None) -> Tallied:
        return Tallied(measure, "", counted(marked), said if among is None else counted(among))

    reason = messages["finish_reason"].astype(object)
    yield share("truncated", reason == "length", reason.notna())
    yield share("cleaned", messages["changes"].astype(object).fillna("") != "")
    drifted, known = _drift(messages)
    yield share("served_model_drift", drifted, known)
    yield share("retried", messages["attempts"] > 1)
    later = (messages["round"] > 0).to_numpy()
    yield share("prompt_unknown", later & (messages["seen"] == 0).to_numpy(), later)
    yield _unequal_views(data)


def _drift(messages: pd.DataFrame) -> tuple[Bools, Bools]:
    """(messages,): served by another model than most of the same series and model; and whether known."""
    names = sorted(map(str, factorized(messages["served_model"])[1]))
    served = places(messages["served_model"], names)
    known = served >= 0
    if not names:
        return np.zeros(len(messages), dtype=np.bool_), known
    (series, _), (model, models) = (factorized(messages[name], missing=True) for name in ("series", "model"))
    group = series * len(models) + model
    counts = np.bincount((group * len(names) + served)[known], minlength=(int(group.max()) + 1) * len(names))
    usual = counts.reshape(-1, len(names)).argmax(axis=1)  # of as frequent ones the first by name
    return known & (served != usual[group]), known


def _unequal_views(data: Journaled) -> Tallied:
    """Of the rounds after the first with several speakers who saw something."""
    messages = data.messages
    seen, round_ = messages["seen"].to_numpy(dtype=np.intp), messages["round"].to_numpy(dtype=np.intp)
    run = places(messages["run"], data.place)
    later = (seen > 0) & (run >= 0)
    rounds = int(round_.max(initial=-1)) + 1
    key, size = run[later] * rounds + round_[later], len(data.place) * rounds
    most, least = np.zeros(size), np.full(size, np.inf)
    np.maximum.at(most, key, seen[later])
    np.minimum.at(least, key, seen[later])
    several = (np.bincount(key, minlength=size) > 1).reshape(len(data.place), rounds)
    unequal = several & (most > least).reshape(several.shape)
    return Tallied(
        "unequal_views", "", unequal.sum(axis=1).astype(np.float64), several.sum(axis=1).astype(np.float64)
    )


def _texts(data: Journaled, told: frozenset[str], found: Traces, languages: Names) -> Iterator[Tallied]:
    messages = data.messages
    counted = data.counter(messages)
    said = counted(None)
    neutral = np.where(data.place.isin(list(told)), 0.0, said)
    yield Tallied("name_leaks", "", counted(found.names_model), neutral)
    yield Tallied("own_name", "", counted(found.own_name), said)
    yield Tallied("peer_voice", "", counted(found.peer_voice), said)
    yield Tallied("think_tags", "", counted(found.think_tags), said)
    named = messages["mentions"].astype(bool)
    missed = other_spellings(messages, data.agents)
    yield Tallied("other_spellings", "", counted(missed), counted(named))
    language = factorized(languages)[0]
    known = language >= 0
    switched = known & (language != _usual(language, factorized(messages["series"], missing=True)[0]))
    yield Tallied("language_switches", "", counted(switched), counted(known))


def _usual(language: Ints, series: Ints) -> Ints:
    """(messages,): the most frequent language of the message's series, of several the one that came first.

    −1 is no language.
    """
    known = language >= 0
    languages = int(language.max(initial=-1)) + 1
    found, pairs = factorized(languages * series[known] + language[known])
    rarest_first = np.argsort(-np.bincount(found), kind="stable")[::-1]
    usual = np.full(int(series.max(initial=-1)) + 1, -1)
    if len(found):
        of_series, spoken = np.divmod(np.array(pairs)[rarest_first], languages)
        usual[of_series] = spoken  # of the languages of one series the last stays
    return usual[series]
