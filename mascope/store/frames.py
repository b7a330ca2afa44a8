"""A results directory → data frames: what every table and statistic is computed from."""

import math
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from mascope.store import columns
from mascope.store.layout import Results, natural

WORTH_A_PROCESS = 16_000_000
"""Bytes of journals and codes from which several processes read them sooner than one."""
SHARES = 4
"""Into how many parts a process's work is cut, so that none waits long for the other."""
LARGEST_SHARE = 250
"""Files."""
FROM_JOURNALS = ("runs", "messages", "failures", "agents")
LEVEL = "_level"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Frames:
    """Runs, messages, failures and codes of a study, each in the order of series, run, round and position.

    Series stand in the order of the study, runs in that of their numbers. Repeated words are categories; what
    is not known is NaN.
    """

    runs: pd.DataFrame
    """One row a run that has begun.

    `run`, `series`, `replicate` (from 1), `status` (`done`, `partial`, or why it ended otherwise), `reason`,
    `messages` (codable ones), `empty` (shorter ones), `failures_injected`, `failures_organic`,
    `prompt_tokens` and `completion_tokens` (sums over the answers whose usage is known), `cost_usd` (of the
    answers whose price is known), `unpriced` (how many have none), `seconds` (first line to last, pauses
    included; to the minute where the transcript was imported from WarRoom), `rounds` (begun), `agents` (how
    many), `models` (their labels, `; ` between), `started` (UTC), `seed`, `simulated`, `parent` (of a fork),
    `condition_digest`.
    """
    messages: pd.DataFrame
    """One row a codable message.

    `message` (id), `run`, `series`, `agent`, `name`, `round`, `position` (in the round, from 0), `words`
    (stretches of text between blanks), `mentions` (tuple of the ids of other agents named, in the order of
    their first mention), `broadcast` (merely lists addressees), `chars`, `model` (key), `label`, `served_by`,
    `served_model` (as the provider told it), `seat`, `seen` (how many turns were in the prompt),
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
    coder's instructions), `outcome` (`coding`, `unreadable`, `abstained`, `unanswered`), `weight` (for how
    many messages it stands, where the coder was given a sample; else NaN), then a column a flag: 1.0 yes,
    0.0 no, NaN undecided (unsure, or not answered), and `<FLAG>_level` where a flag has levels. A message
    that a coder never came to has no row. Codes of messages too short to be codable are kept.
    """

    agents: pd.DataFrame
    """One row an agent of a run, whether or not it ever spoke.

    `run`, `series`, `agent`, `name`, `own_name` (as its own prompt calls it), `model` (key), `label`,
    `served_by`, `seat`, and its turns so far: `messages` (codable ones), `empty` (shorter ones), `failures`.
    """

    @property
    def flags(self) -> tuple[str, ...]:
        """All flags that somebody coded."""
        coded = self.codes.columns.drop(list(columns.CODES))
        return tuple(name for name in coded if self.codes[name].dtype == np.float64)


def load(results: Results, *, texts: bool = True, jobs: int | None = None) -> Frames:
    """All that was journaled and coded so far. Without `texts` the messages have no column `text`.

    `jobs` processes read the files; None for as many as pay. Raises `CorruptJournal`.
    """
    series = _series_order(results)
    journals = _in_order(results.journals(), series)
    codes = [file for coder in results.coders() for file in _in_order(results.codes_of(coder), series)]
    workers = _workers([*journals, *codes]) if jobs is None else jobs
    tables = _spread(partial(columns.read_journals, texts=texts), journals, workers)
    runs, messages, failures, agents = (_frame([table[name] for table in tables]) for name in FROM_JOURNALS)
    messages["mentions"] = _tuples(messages["mentions"])
    runs["started"] = pd.to_datetime(runs["started"], utc=True, format="ISO8601")
    coded = _frame(_spread(columns.read_codes, codes, workers))
    found = Frames(runs, messages, failures, _in_message_order(coded, messages["message"]), agents)
    names = [*dict.fromkeys(file.stem for file in (*journals, *codes))]
    for frame in (found.runs, found.messages, found.failures, found.codes, found.agents):
        frame["series"] = frame["series"].cat.set_categories(series, ordered=True)
        frame["run"] = frame["run"].cat.set_categories(names, ordered=True)
    return found


def _series_order(results: Results) -> list[str]:
    """As in the study; series that it does not name come after."""
    named = [str(name) for name in results.study().get("series") or ()]
    codes = chain.from_iterable(results.codes_of(coder) for coder in results.coders())
    found = {file.parent.name for file in chain(results.journals(), codes)}
    return [*named, *sorted(found - set(named), key=natural)]


def _in_order(files: Iterable[Path], series: Sequence[str]) -> list[Path]:
    place = {name: number for number, name in enumerate(series)}
    return sorted(files, key=lambda file: (place[file.parent.name], natural(file.stem)))


# Reading ------------------------------------------------------------------------------------------------


def _workers(files: Iterable[Path]) -> int:
    size = sum(file.stat().st_size for file in files)
    return 1 if size < WORTH_A_PROCESS else len(os.sched_getaffinity(0))


def _spread(read: Callable[[Sequence[Path]], T], files: Sequence[Path], workers: int) -> list[T]:
    """What `read` makes of all files: at once, or by shares in several processes, in the files' order."""
    if workers <= 1 or not files:
        return [read(files)]
    size = min(LARGEST_SHARE, math.ceil(len(files) / (SHARES * workers)))
    shares = [files[start : start + size] for start in range(0, len(files), size)]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(pool.map(read, shares))


def _frame(tables: Sequence[pa.Table]) -> pd.DataFrame:
    whole = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
    frame: pd.DataFrame = whole.to_pandas(split_blocks=True, self_destruct=True)
    return frame


def _tuples(cells: "pd.Series[str]") -> "pd.Series[Any]":
    """Ids joined to one word → tuples, each different one kept once."""
    different = np.empty(len(cells.cat.categories), dtype=object)
    for place, word in enumerate(cells.cat.categories):
        different[place] = tuple(word.split(columns.SEPARATOR)) if word else ()
    return pd.Series(different[cells.cat.codes.to_numpy()], index=cells.index, dtype=object)


def _in_message_order(codes: pd.DataFrame, messages: "pd.Series[str]") -> pd.DataFrame:
    """Coder by coder, in the order of the messages; codes of what is no codable message come last."""
    place = pd.Index(messages).get_indexer(pd.Index(codes["message"]))
    place = np.where(place < 0, len(messages), place)
    flags = [name for name in codes.columns if name not in columns.CODES and not name.endswith(LEVEL)]
    coded = [name for flag in flags for name in (flag, flag + LEVEL) if name in codes.columns]
    ordered = codes.iloc[np.lexsort((place, codes["coder"].cat.codes.to_numpy()))]
    return ordered[[*columns.CODES, *coded]].reset_index(drop=True)
