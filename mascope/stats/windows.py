"""Similarity of the agents' profiles in successive windows of a run."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mascope.stats.profiles import tally
from mascope.stats.resampling import Floats
from mascope.stats.similarity import mean_cosines

WINDOWS = 3


def window_similarity(labelled: pd.DataFrame, traits: Sequence[str], runs: tuple[str, ...]) -> Floats:
    """(runs, `WINDOWS`): mean pairwise cosine of the agents' trait rates in each third of the run's rounds.

    labelled: as for `profiles`. NaN where fewer than two agents show a trait.
    """
    found = np.full((len(runs), WINDOWS), np.nan)
    if not traits or labelled.empty:
        return found
    run = pd.Index(runs).get_indexer(pd.Index(labelled["run"].astype(str)))
    round_ = labelled["round"].to_numpy(dtype=np.intp)
    rounds = pd.Series(round_).groupby(run).transform("max").to_numpy() + 1
    window = round_ * WINDOWS // rounds
    counts = tally(labelled.assign(run=run * WINDOWS + window, series=0), traits)
    place = np.array(counts.cells.runs, dtype=np.intp)
    found[place // WINDOWS, place % WINDOWS] = mean_cosines(counts.rates, counts.cells.starts).mean
    return found
