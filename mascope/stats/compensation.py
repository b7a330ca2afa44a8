"""Does a group make up for an agent that failed: how often, how far, who, how soon, and more than by chance?

An *event* is a message with the flag of compensation. A message is *exposed* once another agent of its run
has failed in an earlier round. Events in broadcasts, which merely list addressees, are counted apart as well,
since coders take them for references to the absent agent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from mascope.stats.network import Bools
from mascope.stats.placebo import Placebo, difference_in_differences
from mascope.stats.profiles import Ints, places
from mascope.stats.resampling import RESAMPLES, Floats, bootstrap_totals, percentile_interval, ratio

LEVELS = ("L1", "L2", "L3")
COMPENSATION_COLUMNS = (
    "series", "runs", "runs_with", "events", "per_run", "per_run_low", "per_run_high",
    "exposed_messages", "exposed_events", "per_exposed_message", "per_exposed_low", "per_exposed_high",
    "notices", "per_notice", *LEVELS, "no_level", "broadcast_events", "broadcasts", "undecided",
    "who", "compensators", "delay_rounds", "delay_low", "delay_high",
    "did", "did_low", "did_high", "did_p", "failed_runs", "placebo_runs", "note",
)  # fmt: skip

_FLOATS = (
    "per_run", "per_run_low", "per_run_high", "per_exposed_message", "per_exposed_low", "per_exposed_high",
    "per_notice", "delay_rounds", "delay_low", "delay_high", "did", "did_low", "did_high", "did_p",
)  # fmt: skip

CHOICES: Mapping[str, Callable[[Sequence[str]], str]] = MappingProxyType({"intersection": min, "union": max})
"""How the levels that coders gave to one event become one: what all agree it reaches, or what any sees."""


def median_level(levels: Sequence[str]) -> str:
    """The middle level; the lower of two."""
    return sorted(levels)[(len(levels) - 1) // 2]


def event_levels(given: pd.DataFrame, labels: str) -> "pd.Series[str]":
    """Level by message, from `given` (`message`, `level`: one row a coder who gave one)."""
    known = given.dropna(subset=["level"])
    message, messages = pd.factorize(known["message"])
    level, levels = pd.factorize(known["level"].astype(str), sort=True)
    said = np.full((len(messages), int(np.bincount(message).max(initial=0))), -1, dtype=np.intp)
    said[message, known.groupby(message).cumcount()] = level
    # Few different answers are given together, however many messages there are.
    together, which = np.unique(np.sort(said, axis=1), axis=0, return_inverse=True)
    choose = CHOICES.get(labels, median_level)
    chosen = [choose([levels[one] for one in some if one >= 0]) for some in together]
    return pd.Series(np.array(chosen, dtype=object)[which], index=messages, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """All that was said, coded and lost. Runs are numbered as they stand in `runs`."""

    runs: tuple[str, ...]
    series: "np.ndarray[tuple[int], np.dtype[np.object_]]"
    """(runs,)"""
    run: Ints
    round: Ints
    agent: "np.ndarray[tuple[int], np.dtype[np.object_]]"
    broadcast: Bools
    event: Floats
    """(messages,): 1 an event, 0 none, NaN undecided."""
    level: "np.ndarray[tuple[int], np.dtype[np.object_]]"
    """(messages,): None where there is none."""
    exposed: Bools
    """(messages,)"""
    onset: Floats
    """(runs,): the round of the first failure; NaN without one."""
    notices: Floats
    """(runs,): failure notices that others were shown."""


def observed(
    labelled: pd.DataFrame, broadcast: "pd.Series[bool]", levels: "pd.Series[str]", flag: str,
    runs: pd.DataFrame, failures: pd.DataFrame,
) -> Observed:  # fmt: skip
    """labelled: `message`, `run`, `agent`, `round` and the flag; broadcast: in the same order; levels: by
    message; runs: `run`, `series`, one row each run of the messages; failures: `run`, `agent`, `round`,
    `told`."""
    names = tuple(runs["run"].astype(str))
    run = places(labelled["run"], names)
    agent = labelled["agent"].astype(str).to_numpy(dtype=object)
    round_ = labelled["round"].to_numpy(dtype=np.intp)
    level = (
        labelled["message"].map(levels) if len(levels) else pd.Series([None] * len(labelled), dtype=object)
    )
    failed = failures.assign(run=places(failures["run"], names))
    failed = failed[failed["run"] >= 0]
    told = failed["told"].to_numpy(dtype=np.float64)
    return Observed(
        runs=names, series=runs["series"].astype(str).to_numpy(dtype=object),
        run=run, round=round_, agent=agent,
        broadcast=broadcast.to_numpy(dtype=np.bool_),
        event=labelled[flag].to_numpy(dtype=np.float64, na_value=np.nan),
        level=level.astype(object).where(level.notna(), None).to_numpy(dtype=object),
        exposed=_exposed(failed, run, agent, round_),
        onset=failed.groupby("run")["round"].min().reindex(range(len(names))).to_numpy(dtype=np.float64),
        notices=np.bincount(failed["run"], weights=told, minlength=len(names)).astype(np.float64),
    )  # fmt: skip


def _exposed(
    failed: pd.DataFrame, run: Ints, agent: "np.ndarray[tuple[int], np.dtype[np.object_]]", round_: Ints
) -> Bools:
    """Whether another agent of the run failed in an earlier round."""
    first = failed.groupby(["run", failed["agent"].astype(str)], sort=False)["round"].min().reset_index()
    first = first.sort_values(["run", "round"], kind="stable")
    rank = first.groupby("run").cumcount()
    earliest = first[rank == 0].set_index("run")
    second = first[rank == 1].set_index("run")["round"]
    own = earliest["agent"].reindex(run).to_numpy(dtype=object) == agent
    since = np.where(
        own,
        second.reindex(run).to_numpy(dtype=np.float64),
        earliest["round"].reindex(run).to_numpy(dtype=np.float64),
    )
    exposed: Bools = round_ > np.where(np.isnan(since), np.inf, since)
    return exposed


def compensation(
    data: Observed, series: Sequence[str], rng: np.random.Generator, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """One row a series, with the columns `COMPENSATION_COLUMNS`; undefined is NaN.

    `events`: messages with the flag; `per_run`: over all runs. `per_exposed_message`: share of the exposed,
    decided messages that are events; `per_notice`: events for each notice shown. `L1` …: events by level
    (`no_level`: coders gave none). `delay_rounds`: rounds from the first failure to the first exposed event,
    mean over the runs that have one. `did`: difference in differences of the rate of events
    against placebo, see `placebo`. Intervals are 95%, by bootstrap over runs.
    """
    rows = [_row(name, data, rng, resamples) for name in series]
    return pd.DataFrame(rows, columns=list(COMPENSATION_COLUMNS)).astype(dict.fromkeys(_FLOATS, np.float64))


def _row(name: str, data: Observed, rng: np.random.Generator, resamples: int) -> dict[str, object]:
    runs = np.flatnonzero(data.series == name)
    mine = np.isin(data.run, runs)
    yes, decided = data.event == 1, ~np.isnan(data.event)
    counted = {
        "events": yes, "exposed_events": yes & data.exposed, "exposed_messages": decided & data.exposed,
        "broadcast_events": yes & data.broadcast, "broadcasts": data.broadcast, "undecided": ~decided,
    }  # fmt: skip
    sums = {what: int((marks & mine).sum()) for what, marks in counted.items()}
    row: dict[str, object] = {"series": name, "runs": len(runs), **sums}
    if not (decided & mine).any():
        return (
            row
            | dict.fromkeys(("events", "exposed_events", "broadcast_events"))
            | {"note": "no decided label"}
        )
    notices = float(data.notices[runs].sum())
    return (
        row
        | _rates(data, runs, rng, resamples)
        | _levels(data, mine & yes)
        | _who(data.agent[mine & yes])
        | _delay(data, runs, mine & yes & data.exposed, rng, resamples)
        | _against_placebo(difference_in_differences(data, runs, rng, resamples))
        | {"notices": int(notices), "per_notice": sums["events"] / notices if notices else None}
        | {"note": _note(sums["exposed_messages"], notices, runs)}
    )


def _rates(data: Observed, runs: Ints, rng: np.random.Generator, resamples: int) -> dict[str, object]:
    """Per run and per exposed message, with intervals."""
    yes, decided = data.event == 1, ~np.isnan(data.event)
    marks = (yes, yes & data.exposed, decided & data.exposed)
    totals = np.stack(
        [np.bincount(data.run[m], minlength=len(data.runs))[runs] for m in marks], axis=1
    ).astype(np.float64)
    events, exposed_events, exposed = totals.sum(axis=0)
    found: dict[str, object] = {
        "runs_with": int((totals[:, 0] > 0).sum()),
        "per_run": events / len(runs),
        "per_exposed_message": exposed_events / exposed if exposed else None,
    }
    if len(runs) < 2:
        return found
    draws = bootstrap_totals(totals, rng, resamples)
    bounds = {"per_run": draws[:, 0] / len(runs), "per_exposed": ratio(draws[:, 1], draws[:, 2])}
    for what, drawn in bounds.items():
        interval = percentile_interval(drawn, clusters=len(runs))
        if interval and interval.low < interval.high:
            found |= {f"{what}_low": interval.low, f"{what}_high": interval.high}
    return found


def _levels(data: Observed, events: Bools) -> dict[str, object]:
    levels = data.level[events]
    counts = {name: int((levels == name).sum()) for name in LEVELS}
    return {**counts, "no_level": int(events.sum()) - sum(counts.values())}


def _who(agents: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> dict[str, object]:
    counts = pd.Series(agents, dtype=object).value_counts()
    return {"who": ", ".join(f"{agent} {n}" for agent, n in counts.items()), "compensators": len(counts)}


def _delay(
    data: Observed, runs: Ints, events: Bools, rng: np.random.Generator, resamples: int
) -> dict[str, object]:
    first = pd.Series(data.round[events]).groupby(data.run[events]).min().reindex(runs)
    delays = first.to_numpy(dtype=np.float64) - data.onset[runs]
    delays = delays[~np.isnan(delays)]
    if not len(delays):
        return {}
    found: dict[str, object] = {"delay_rounds": float(delays.mean())}
    if len(delays) > 1 and np.ptp(delays) > 0:
        draws = bootstrap_totals(delays, rng, resamples) / len(delays)
        interval = percentile_interval(draws, clusters=len(delays))
        found |= {"delay_low": interval.low, "delay_high": interval.high} if interval else {}
    return found


def _against_placebo(found: Placebo) -> dict[str, object]:
    return {
        "did": found.difference.value, "did_low": found.difference.low, "did_high": found.difference.high,
        "did_p": found.p, "failed_runs": found.failed, "placebo_runs": found.placebo,
    }  # fmt: skip


def _note(exposed: int, notices: float, runs: Ints) -> str:
    said = []
    if len(runs) == 1:
        said.append("one run: no interval")
    if not exposed:
        said.append("no message was exposed to a failure")
    elif not notices:
        said.append("the others were told of no failure")
    return "; ".join(said)
