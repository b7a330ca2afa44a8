"""A results directory → data frames: what every table and statistic is computed from."""

import itertools
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from mascope.store import columns, loading
from mascope.store.asides import SEPARATOR
from mascope.store.layout import Results
from mascope.store.loading import Listed

LEVEL = "_level"
TABLES = ("runs", "messages", "failures", "agents", "probes", "scripted", "codes")


@dataclass(frozen=True, slots=True)
class Frames:
    """Runs, messages, failures and codes of a study, each in the order of series, run, round and position.

    What a fork repeats of its parent is the parent's alone: of a fork, messages, failures and all that is
    counted or summed are those from its own first round on. Series stand in the order of the study, runs in
    that of their numbers. Repeated words are categories; what is not known is NaN.
    """

    runs: pd.DataFrame
    """One row a run that has begun.

    `run`, `series`, `replicate` (from 1), `status` (`done`, `partial`, or why it ended otherwise), `reason`,
    `messages` (codable ones), `empty` (shorter ones), `failures_injected`, `failures_organic`,
    `prompt_tokens` and `completion_tokens` (sums over the answers whose usage is known), `cost_usd` (of the
    answers whose price is known), `unpriced` (how many have none), `seconds` (first line to last, pauses
    included; to the minute where the transcript was imported from WarRoom), `rounds` (begun; a fork's own),
    `agents` (how many), `models` (their labels, `; ` between), `started` (UTC), `seed`, `simulated`,
    `parent` (of a fork), `from_round` (the first of its own rounds; 0 but for forks), `condition_digest`.
    """
    messages: pd.DataFrame
    """One row a codable message.

    `message` (id), `run`, `series`, `agent`, `name`, `round`, `position` (in the round, from 0), `words`
    (stretches of text between blanks), `mentions` (tuple of the ids of other agents named, in the order of
    their first mention), `broadcast` (merely lists addressees), `chars`, `model` (key), `label`, `served_by`,
    `served_model` (as the provider told it), `seat`, `seen` (how many turns were in the prompt),
    `view` (which codable messages of the run those were, by their places in this order: `0-6,8`),
    `finish_reason`, `changes` (by hygiene, `;` between), `prompt_tokens`, `completion_tokens`,
    `reasoning_tokens`, `cost_usd`, `latency_s`, `attempts`, `at` (UTC, as text), and, if asked for, `text`.
    """
    failures: pd.DataFrame
    """One row a turn that brought no message.

    `failure` (id), `run`, `series`, `agent`, `name`, `round`, `position`, `kind`, `origin` (`injected` or
    `organic`), `told` (whether the others saw a notice), `notice` (its text), `detail`, `attempts`, `at`.
    """
    codes: pd.DataFrame
    """One row a coder's verdict on a message, coder by coder.

    `message`, `run`, `series`, `coder`, `kind` (`llm`, `rules`, `human`, `imported`), `digest` (of the
    coder's instructions), `outcome` (`coding`, `unreadable`, `abstained`, `unanswered`), `unanswered` (the
    flags that a coding says nothing of, `;` between), `weight` (for how many messages it stands, where the
    coder was given a sample; else NaN), then a column a flag: 1.0 yes, 0.0 no, NaN undecided (unsure, or not
    answered), and `<FLAG>_level` where a flag has levels. A message that a coder never came to has no row.
    Codes of messages too short to be codable are kept.
    """

    agents: pd.DataFrame
    """One row an agent of a run, whether or not it ever spoke.

    `run`, `series`, `agent`, `name`, `own_name` (as its own prompt calls it), `model` (key), `label`,
    `served_by`, `seat`, and its turns so far: `messages` (codable ones), `empty` (shorter ones), `failures`.
    """
    probes: pd.DataFrame
    """One row a private answer.

    `id`, `run`, `series`, `agent`, `name`, `probe`, `kind`, `round` (after which it was asked; −1 before the
    first), `outcome` (`answered`, `unreadable`, `failed`), `answer` (an option, an agent's id or a text),
    `value` (on a scale), `seen_others` (turns of others in its prompt), and of the question `low`, `high`
    (NaN where the study names no ends) and `options` (tuple).
    """
    scripted: pd.DataFrame
    """One row a line that the study itself gave.

    `run`, `series`, `agent`, `name`, `round`, `position`, `text`.
    """

    @property
    def flags(self) -> tuple[str, ...]:
        """All flags that somebody coded."""
        coded = self.codes.columns.drop(list(columns.CODES))
        return tuple(name for name in coded if self.codes[name].dtype == np.float64)

    def of_runs(self, runs: Collection[str]) -> "Frames":
        """The same of these runs only."""

        def kept(frame: pd.DataFrame) -> pd.DataFrame:
            named = frame["run"].astype("category").cat  # to look each name up once
            wanted = named.categories.isin(list(runs))
            return frame[np.append(wanted, False)[named.codes.to_numpy()]].reset_index(drop=True)

        return Frames(**{one.name: kept(getattr(self, one.name)) for one in fields(self)})


def load(results: Results, *, texts: bool = True, jobs: int | None = None) -> Frames:
    """All that was journaled and coded so far. Without `texts` the messages have no column `text`.

    `jobs` processes read the files; None for as many as pay. Raises `CorruptJournal`.
    """
    listed = Listed.of(results)
    found = loading.read(results.root, listed, TABLES, jobs)
    if not texts:
        found["messages"] = [part.drop_columns("text") for part in found["messages"]]
    by_name = {name: loading.frame(found.pop(name)) for name in list(found)}
    runs, messages, failures, agents, probes, scripted, coded = by_name.values()
    messages["mentions"] = _tuples(messages["mentions"])
    probes["options"] = _tuples(probes["options"])
    runs["started"] = pd.to_datetime(runs["started"], utc=True, format="ISO8601")
    coded = _in_message_order(coded, messages["message"])
    names = [*dict.fromkeys(file.stem for file in (*listed.journals, *listed.codes))]
    for frame in (runs, messages, failures, coded, agents, probes, scripted):
        frame["series"] = frame["series"].cat.set_categories(list(listed.series), ordered=True)
        frame["run"] = frame["run"].cat.set_categories(names, ordered=True)
    return Frames(runs, messages, failures, coded, agents, probes, scripted)


def rows_of(codes: pd.DataFrame, coder: str) -> pd.DataFrame:
    """One coder's rows of `Frames.codes`; they follow each other, so that nothing is copied."""
    by_coder = (codes["coder"] == coder).to_numpy(dtype=np.bool_)
    first = int(by_coder.argmax()) if len(by_coder) else 0
    block = slice(first, first + int(by_coder.sum()))
    return codes.iloc[block] if by_coder[block].all() else codes[by_coder]


def _tuples(cells: "pd.Series[str]") -> "pd.Series[Any]":
    """Ids joined to one word → tuples, each different one kept once."""
    different = np.empty(len(cells.cat.categories), dtype=object)
    for place, word in enumerate(cells.cat.categories):
        different[place] = tuple(word.split(SEPARATOR)) if word else ()
    return pd.Series(different[cells.cat.codes.to_numpy()], index=cells.index, dtype=object)


def _in_message_order(codes: pd.DataFrame, messages: "pd.Series[str]") -> pd.DataFrame:
    """Coder by coder, in the order of the messages; codes of what is no codable message come last."""
    flags = [name for name in codes.columns if name not in columns.CODES and not name.endswith(LEVEL)]
    coded = [name for flag in flags for name in (flag, flag + LEVEL) if name in codes.columns]
    named = codes[[*columns.CODES, *coded]]
    if all(rows["message"].reset_index(drop=True).equals(messages) for rows in _blocks(named)):
        return named  # as they mostly are: every coder has coded every message, one by one
    place = pd.Index(messages).get_indexer(pd.Index(codes["message"]))
    place = np.where(place < 0, len(messages), place)
    ordered = named.iloc[np.lexsort((place, codes["coder"].cat.codes.to_numpy()))]
    return ordered.reset_index(drop=True)


def _blocks(codes: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows that follow each other and are by one coder."""
    coders = codes["coder"].cat.codes.to_numpy()
    bounds = [0, *(np.flatnonzero(np.diff(coders)) + 1), len(codes)]
    return [codes.iloc[first:after] for first, after in itertools.pairwise(bounds)]
