"""What differed between series beside what was meant to: counted by run, before any test.

A `Tallied` is one thing that was counted; its rate in a series is the sum of its counts over the sum of what
they are out of, with a bootstrap interval over runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from mascope.stats.resampling import (
    RESAMPLES,
    Floats,
    bootstrap_totals,
    percentile_interval,
    ratio,
)

AUDIT_COLUMNS = (
    "series", "measure", "detail", "count", "of", "rate", "low", "high", "runs", "note",
)  # fmt: skip
Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Audited:
    """A measure of the audit."""

    definition: str
    material: float
    """The least difference of two series' rates that a reader of a contrast must be told of."""
    label: str
    """What a warning calls it; `{}` is the detail."""
    per: str = ""
    """What one unit of the rate is; a share where empty."""


AUDITS: Mapping[str, Audited] = MappingProxyType(
    {
        "rounds": Audited("Rounds begun, per run.", 0.5, "rounds", "a run"),
        "lost_turns": Audited(
            "Turns (agents × rounds begun) without a codable message; by agent too.", 0.05, "turns lost"
        ),
        "silent_agents": Audited(
            "Agents without any codable message, per run.", 0.5, "agents that never spoke", "a run"
        ),
        "unequal_messages": Audited(
            "Gini coefficient of the numbers of messages of a run's agents that spoke.",
            0.05,
            "inequality of the agents' numbers of messages (Gini)",
            "(mean of runs)",
        ),
        "failures_injected": Audited(
            "Turns lost to faults that the study asks for; by kind too.",
            0.02,
            "turns lost to injected faults",
        ),
        "failures_organic": Audited(
            "Turns lost to any other failure; by kind too.", 0.02, "turns lost to organic failures"
        ),
        "notices": Audited(
            "Failure notices that the others were shown, per run.", 0.5, "failure notices shown", "a run"
        ),
        "notices_with_model": Audited(
            "Notices that name a model of the group where no agent's name tells it, per run.",
            0.1,
            "notices that leak a model's name",
            "a run",
        ),
        "empty": Audited("Answers too short to be coded.", 0.02, "empty answers"),
        "truncated": Audited(
            "Messages cut off at the limit of tokens, where the finish reason is known.",
            0.02,
            "truncated messages",
        ),
        "name_leaks": Audited(
            "Messages that name a model of the group where no agent's name tells it.",
            0.02,
            "messages that leak a model's name",
        ),
        "own_name": Audited(
            "Messages that begin with their speaker's own name.",
            0.05,
            "messages that begin with the own name",
        ),
        "peer_voice": Audited(
            "Messages with a line in a peer's voice.", 0.02, "messages with a line in a peer's voice"
        ),
        "think_tags": Audited(
            "Messages in which tags of reasoning are left.", 0.01, "messages that leak think tags"
        ),
        "other_spellings": Audited(
            "Messages that name another agent in a spelling that a search for its name as it stands misses, "
            "of those that name one.",
            0.05,
            "mentions that a plain search misses",
        ),
        "cleaned": Audited("Messages that hygiene changed.", 0.05, "messages changed by hygiene"),
        "language_switches": Audited(
            "Messages in another language than most of the series, of those in a known one.",
            0.02,
            "messages in another language than most",
        ),
        "served_model_drift": Audited(
            "Messages served by another model (as the provider tells) than most of the "
            "same series and model.",
            0.01,
            "messages by another served model",
        ),
        "retried": Audited("Messages that took more than one attempt.", 0.05, "messages that took a retry"),
        "prompt_unknown": Audited(
            "Messages after the first round whose recorded prompt holds no turn: isolated, or not recorded.",
            0.02,
            "later messages whose prompt holds no turn or is not recorded",
        ),
        "unequal_views": Audited(
            "Rounds whose speakers saw unequal numbers of turns: not simultaneous.",
            0.05,
            "rounds whose speakers saw unequal numbers of turns",
        ),
    }
)
"""Measures of the audit, in the order of the table."""

NOT_MEANT = (
    "lost_turns", "failures_organic", "notices_with_model", "empty", "truncated", "name_leaks", "own_name",
    "peer_voice", "think_tags", "other_spellings", "language_switches", "served_model_drift",
    "prompt_unknown", "unequal_views",
)  # fmt: skip
"""What no study asks for, save by its design: a reader should know of it before any test."""

NAMES = "names"
"""One row more for each series: what its agents are called, in `detail`."""


@dataclass(frozen=True, slots=True, eq=False)
class Tallied:
    """One thing counted in every run."""

    measure: str
    detail: str
    count: Floats
    """(runs,)"""
    of: Floats
    """(runs,): opportunities. 0 where a run has none."""


def audit(
    tallies: Sequence[Tallied],
    series_of_run: Sequence[str],
    series: Sequence[str],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """One row a series, measure and detail that has an opportunity, with the columns `AUDIT_COLUMNS`."""
    member = np.asarray(series_of_run, dtype=object)
    ordered = sorted(tallies, key=lambda one: list(AUDITS).index(one.measure))
    rows = [
        row
        for name in series
        for row in _series_rows(
            name, ordered, member == name, np.random.default_rng(rng.integers(2**63)), resamples
        )
    ]
    return pd.DataFrame(rows, columns=list(AUDIT_COLUMNS))


def _series_rows(
    name: str, tallies: Sequence[Tallied], mine: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    rng: np.random.Generator, resamples: int,
) -> Iterator[dict[str, object]]:  # fmt: skip
    runs = int(mine.sum())
    if runs == 0 or not tallies:
        return
    totals = np.stack([np.stack([one.count[mine], one.of[mine]], axis=1) for one in tallies], axis=1)
    drawn = bootstrap_totals(totals, rng, resamples) if runs > 1 else None
    for place, one in enumerate(tallies):
        count, of = totals[:, place].sum(axis=0)
        if of == 0:
            continue
        bounds = None
        if drawn is not None and np.ptp(ratio(totals[:, place, 0], totals[:, place, 1])) > 0:
            bounds = percentile_interval(ratio(drawn[:, place, 0], drawn[:, place, 1]), clusters=runs)
        yield {
            "series": name, "measure": one.measure, "detail": one.detail, "count": count, "of": of,
            "rate": count / of,
            "low": bounds.low if bounds else None, "high": bounds.high if bounds else None,
            "runs": runs, "note": "one run: no interval" if runs == 1 else "",
        }  # fmt: skip


def confounds(audited: pd.DataFrame, series_a: str, series_b: str) -> tuple[str, ...]:
    """What differs between two series by their audit, one phrase each, the order that of `AUDITS`.

    audited: as `audit` gives it. Two rates differ where they lie further apart than the measure's `material`
    and than 1.96 standard errors of their difference (each taken from its bootstrap interval; a rate that is
    the same in every run has none).
    """
    of_a, of_b = (_by_measure(audited, name) for name in (series_a, series_b))
    said = [
        _phrase(measure, detail, (series_a, a), (series_b, of_b[measure, detail]))
        for (measure, detail), a in of_a.items()
        if (measure, detail) in of_b and _differ(measure, a, of_b[measure, detail])
    ]
    return (*_other_names(audited, series_a, series_b), *said)


def concerns(audited: pd.DataFrame, series: str) -> tuple[str, ...]:
    """What in a series by itself stands out: rates of `NOT_MEANT` that reach the measure's `material`.

    Turns lost are none of them where the study asks for faults: those lose turns too.
    """
    rates = {measure: rate for (measure, detail), rate in _by_measure(audited, series).items() if not detail}
    asked_for = "failures_injected" in rates and rates["failures_injected"].value > 0
    return tuple(
        f"{AUDITS[measure].label} {_shown(measure, rates[measure])}"
        for measure in NOT_MEANT
        if measure in rates
        and rates[measure].value >= AUDITS[measure].material
        and not (asked_for and measure == "lost_turns")
    )


@dataclass(frozen=True, slots=True)
class _Rate:
    value: float
    error: float
    """Its standard error."""


def _by_measure(audited: pd.DataFrame, series: str) -> dict[tuple[str, str], _Rate]:
    rows = audited[(audited["series"] == series) & audited["measure"].isin(list(AUDITS))]
    low, high, rate = (
        rows[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("low", "high", "rate")
    )
    error = np.nan_to_num((high - low) / (2 * Z_95))
    keys = zip(rows["measure"], rows["detail"], strict=True)
    return {key: _Rate(float(r), float(e)) for key, r, e in zip(keys, rate, error, strict=True)}


def _differ(measure: str, a: _Rate, b: _Rate) -> bool:
    apart = abs(a.value - b.value)
    return apart >= AUDITS[measure].material and apart > Z_95 * float(np.hypot(a.error, b.error))


def _phrase(measure: str, detail: str, a: tuple[str, _Rate], b: tuple[str, _Rate]) -> str:
    about = AUDITS[measure]
    label = f"{about.label} ({detail})" if detail else about.label
    return f"{label}: {', '.join(f'{_shown(measure, rate)} in {name}' for name, rate in (a, b))}"


def _shown(measure: str, rate: _Rate) -> str:
    per = AUDITS[measure].per
    return f"{rate.value:.2g} {per}" if per else f"{rate.value:.1%}"


def _other_names(audited: pd.DataFrame, series_a: str, series_b: str) -> Iterator[str]:
    rows = audited[audited["measure"] == NAMES]
    names = dict(zip(rows["series"], rows["detail"], strict=True))
    if series_a in names and series_b in names and names[series_a] != names[series_b]:
        yield f"names: {names[series_a]} in {series_a}, {names[series_b]} in {series_b}"
