"""Do agents take over what others bring up, and the sooner the more often they have seen it?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from mascope.stats.adoption import EXPRESSIONS, LENGTH, Periods, Said, periods
from mascope.stats.hazard import Cells, cells, clustered_effect, exposure_effect, shuffled
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, bootstrap_totals, percentile_interval, permutation_p, ratio
from mascope.stats.words import Words, words
from mascope.study.condition import ALONE
from mascope.tables.analysis import Analysis
from mascope.tables.structure import ESTIMATES
from mascope.tables.table import Table

PERMUTATIONS = 200
MOST_MESSAGES = 20_000
"""Of a series; of more, whole runs are left out."""
Part = tuple[int, int | None]
"""Cells from the first place to before the second."""
SHOWN_LEVELS: Mapping[str, Part] = {"seen_1": (0, 1), "seen_2": (1, 2), "seen_3+": (2, None)}
SHOWN_AGENTS: Mapping[str, Part] = {"agents_1": (0, 1), "agents_2+": (1, None)}
SHOWN_TURNS: Mapping[str, Part] = {"turn_1": (0, 1), "turn_2": (1, 2), "turn_3+": (2, None)}
NO_TEXTS = "Texts were not loaded."
NOTES = (
    f"An expression is {LENGTH} words in a row that stand in no brief; of each run at most {EXPRESSIONS}, "
    "drawn by chance. A period is a turn of an agent that has been shown it in messages of others and has "
    "not used it; using it is an adoption. What an agent was shown is what its prompt held; where that was "
    "not recorded, all rounds before.",
    "adopted: share of the expressions that an agent was shown and did not have which another came to use. "
    "hazard: adoptions per period; seen_…: by messages in the prompt that hold the expression; agents_…: by "
    "how many others wrote them; turn_…: by turns since the first exposure.",
    "seen_effect, agents_effect: log odds ratio of adopting when exposure doubles, turns since exposure held "
    "fixed (discrete-time logistic hazard). Null: exposures shuffled among the periods of a run and turn; of "
    "turn_…, turns shuffled among the periods of a run and exposure.",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """A hazard: adoptions over periods at risk of some cells."""

    name: str
    cells: Cells
    """(runs, turns, levels)"""
    null: Cells | None
    """(permutations, runs, turns, levels)"""
    turns: Part = (0, None)
    levels: Part = (0, None)

    def totals(self, of: Cells) -> Floats:
        """(…, 2): at risk, adopted."""
        turns, levels = slice(*self.turns), slice(*self.levels)
        parts = [counts[..., turns, levels].sum(axis=(-2, -1)) for counts in (of.at_risk, of.adopted)]
        return np.stack(parts, axis=-1)


def adoption_table(analysis: Analysis) -> Table:
    """One row a series and measure."""
    title = "Adoption of expressions across agents"
    names = [column.name for column in ESTIMATES]
    if not analysis.has_texts:
        return Table("adoption", title, ESTIMATES, pd.DataFrame(columns=names), (NO_TEXTS,))
    rows = [row for name in analysis.series for row in _series_rows(name, analysis)]
    frame = pd.DataFrame(rows, columns=names).astype(
        dict.fromkeys(("value", "low", "high", "null", "p"), np.float64)
    )
    return Table("adoption", title, ESTIMATES, frame, NOTES)


def _series_rows(series: str, analysis: Analysis) -> Iterator[dict[str, object]]:
    rng = analysis.rng(f"adoption {series}")
    mine = _affordable(analysis, series)
    if not len(mine):
        return
    said = _said(analysis, series, mine)
    found = periods(_words_of(analysis.words(), mine), said, _brief(analysis, series), rng)
    if not len(found.run):
        yield {
            "series": series, "measure": "hazard", "runs": 0,
            "note": "no agent was shown an expression that it did not have",
        }  # fmt: skip
        return
    by_messages, by_agents = (
        cells(found.run, found.turn, level, found.adopted.astype(np.float64), said.runs)
        for level in (found.messages, found.agents)
    )
    yield from (
        {"series": series, **row}
        for row in chain(
            _hazards(list(_counted(found, by_messages, by_agents, rng)), rng, analysis.resamples),
            (_effect("seen_effect", by_messages, rng), _effect("agents_effect", by_agents, rng)),
        )
    )


def _affordable(analysis: Analysis, series: str) -> Ints:
    """The messages of the series; of more than `MOST_MESSAGES`, those of as many of its first runs as fit."""
    mine = np.flatnonzero((analysis.frames.messages["series"] == series).to_numpy())
    if len(mine) <= MOST_MESSAGES:
        return mine
    run = pd.factorize(analysis.frames.messages["run"].iloc[mine].astype(str).to_numpy(dtype=object))[0]
    sizes = np.cumsum(np.bincount(run))
    return mine[run <= max(1, int(np.searchsorted(sizes, MOST_MESSAGES, side="right")) - 1)]


def _said(analysis: Analysis, series: str, mine: Ints) -> Said:
    messages = analysis.frames.messages.iloc[mine]
    run = pd.factorize(messages["run"].astype(str).to_numpy(dtype=object))[0]
    return Said(
        run=run,
        agent=pd.factorize(messages["agent"].astype(str).to_numpy(dtype=object))[0],
        round=messages["round"].to_numpy(dtype=np.intp),
        views=messages["view"].astype(str),
        recorded=_recorded(analysis, series, messages, run),
    )


def _recorded(
    analysis: Analysis, series: str, messages: pd.DataFrame, run: Ints
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Whether it is known what prompts held: somebody of the run saw something, or was not meant to."""
    schedule = _condition(analysis, series).get("schedule") or {}
    if schedule.get("interaction") in ALONE:
        return np.ones(len(messages), dtype=np.bool_)
    seen = np.bincount(run, weights=messages["seen"].to_numpy(dtype=np.float64)) > 0
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = seen[run]
    return found


def _condition(analysis: Analysis, series: str) -> Mapping[str, Any]:
    found = (analysis.study.get("series") or {}).get(series)
    return found if isinstance(found, Mapping) else {}


def _brief(analysis: Analysis, series: str) -> Words:
    return words([str(_condition(analysis, series).get("brief") or "")])


def _words_of(found: Words, texts: Ints) -> Words:
    """Those of some texts, in their order."""
    sizes = found.lengths[texts]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes) + np.repeat(found.starts[texts], sizes)
    return Words(found.vocabulary, found.word[place], starts)


# Measures --------------------------------------------------------------------------------------------------


def _counted(
    found: Periods, by_messages: Cells, by_agents: Cells, rng: np.random.Generator
) -> Iterator[_Counted]:
    yield _Counted("adopted", _expressions(found, len(by_messages.at_risk)), None)
    yield _Counted("hazard", by_messages, None)
    for by, shown in ((by_messages, SHOWN_LEVELS), (by_agents, SHOWN_AGENTS)):
        null = shuffled(by, rng, PERMUTATIONS)
        yield from (_Counted(name, by, null, levels=part) for name, part in shown.items())
    null = _swapped(shuffled(_swapped(by_messages), rng, PERMUTATIONS))
    yield from (_Counted(name, by_messages, null, turns=part) for name, part in SHOWN_TURNS.items())


def _expressions(found: Periods, runs: int) -> Cells:
    """Expressions at risk, and those that were adopted at all, in the first cell of each run."""
    number = np.flatnonzero(np.bincount(found.expression))
    taken = np.bincount(found.expression, weights=found.adopted)[number] > 0
    run = np.zeros(int(number[-1]) + 1, dtype=np.intp)
    run[found.expression] = found.run
    one = np.ones(len(number), dtype=np.intp)
    return cells(run[number], one, one, taken.astype(np.float64), runs)


def _swapped(by: Cells) -> Cells:
    """Turns in the place of levels, and the other way round."""
    return Cells(np.swapaxes(by.at_risk, -2, -1), np.swapaxes(by.adopted, -2, -1))


def _hazards(
    measures: list[_Counted], rng: np.random.Generator, resamples: int
) -> Iterator[dict[str, object]]:
    """All from the same resamples of the runs."""
    totals = np.stack([measure.totals(measure.cells) for measure in measures], axis=1)
    runs = (totals[..., 0] > 0).sum(axis=0)
    drawn = bootstrap_totals(totals, rng, resamples) if len(totals) > 1 else None
    for place, measure in enumerate(measures):
        draws = None if drawn is None else ratio(drawn[:, place, 1], drawn[:, place, 0])
        yield {"measure": measure.name, **_hazard(measure, totals[:, place], draws, int(runs[place]))}


def _hazard(measure: _Counted, totals: Floats, draws: Floats | None, runs: int) -> dict[str, object]:
    at_risk, adopted = totals.sum(axis=0)
    if not at_risk:
        return {"runs": 0, "note": "no such period"}
    row: dict[str, object] = {"value": adopted / at_risk, "runs": runs, "note": ""}
    if measure.null is not None:
        null = measure.totals(Cells(measure.null.at_risk.sum(axis=1), measure.null.adopted.sum(axis=1)))
        row |= _against(float(adopted / at_risk), ratio(null[:, 1], null[:, 0]))
    bounds = None if draws is None or runs < 2 else percentile_interval(draws, clusters=runs)
    if bounds is None or bounds.low == bounds.high:
        return row | {"note": "one run: no interval" if runs < 2 else "too few adoptions for an interval"}
    return row | {"low": bounds.low, "high": bounds.high}


def _effect(name: str, by: Cells, rng: np.random.Generator) -> dict[str, object]:
    found, null = clustered_effect(by), shuffled(by, rng, PERMUTATIONS)
    row: dict[str, object] = {"measure": name, "value": found.value, "runs": found.n, "note": ""}
    if found.value is None:
        return row | {"note": "adoptions at one level of exposure only, or none"}
    by_chance = exposure_effect(Cells(null.at_risk.sum(axis=1), null.adopted.sum(axis=1)))
    row |= _against(found.value, by_chance) | {"low": found.low, "high": found.high}
    return row | ({} if found.interval else {"note": "one run: no interval"})


def _against(value: float, null: Floats) -> dict[str, object]:
    known = null[~np.isnan(null)]
    return {"null": float(known.mean()) if len(known) else None, "p": permutation_p(value, known)}
