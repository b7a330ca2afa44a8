"""Do the agents of a run differ? Profiles, similarity by run and by series, and the test over agents."""

import pandas as pd

from mascope.stats import differentiation, profiles, similarity
from mascope.stats.similarity_null import SimilarityNull, affordable, similarity_null
from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

SERIES = Column("series", "The series.")
LABELS = Column("labels", "How the codes were adjudicated, or whose they are.")
NOTE = Column("note", "What could not be computed, and why.")
PERMUTATIONS = 500
"""Shuffles of a run's labels: the Monte-Carlo error of its mean and of a p near .05 is then about .01."""
NOT_CODED = "No message has a decided label yet: judge the results, or bring codes in."

PROFILE_COLUMNS = (
    SERIES,
    Column("agent", "The participant's key."),
    Column("flag", "The flag."),
    LABELS,
    Column(
        "rate", "Share of the agent's decided messages in the series that show the flag.", 3, kind="share"
    ),
    Column("low", "Lower end of its 95% Wilson interval (Wilson 1927).", 3, kind="share"),
    Column("high", "Upper end of the same.", 3, kind="share"),
    Column("run_low", "Lower end of its 95% interval by bootstrap over runs.", 3, detail=True),
    Column("run_high", "Upper end of the same.", 3, detail=True),
    Column("messages", "Decided messages."),
    Column("undecided", "Messages whose label is undecided; they count neither way.", detail=True),
    Column("runs", "Runs they come from."),
)

NULL_COLUMNS = (
    Column(
        "null_mean",
        "Mean cosine if it did not matter which agent sent which message: labels shuffled within runs.",
        3,
        detail=True,
    ),
    Column("null_low", "Lower end of the central 95% of the cosines under that null.", 3, detail=True),
    Column("null_high", "Upper end of the same.", 3, detail=True),
    Column("p_null", "p-value of a cosine as low as this under that null.", 3, kind="p", detail=True),
)

SIMILARITY_COLUMNS = (
    Column("run", "The run's id."),
    SERIES,
    LABELS,
    Column("cosine", "Mean cosine of the agents' profiles, over pairs of agents.", 3, kind="share"),
    Column("pairs", "Pairs of agents it rests on.", detail=True),
    Column("dropped", "Pairs left out because an agent showed no trait at all."),
    Column("jensen_shannon", "Mean Jensen–Shannon distance over the same pairs; 0 is alike.", 3, detail=True),
    Column("euclidean", "Mean Euclidean distance over all pairs; 0 is alike.", 3, detail=True),
    *NULL_COLUMNS,
    NOTE,
)

SERIES_COLUMNS = (
    SERIES,
    LABELS,
    Column("runs", "Runs with codable messages."),
    Column("messages", "Codable messages."),
    Column("cosine", "Similarity: mean over the runs of their mean pairwise cosine.", 3, kind="share"),
    Column("low", "Lower end of its 95% interval by bootstrap over runs.", 3, kind="share"),
    Column("high", "Upper end of the same.", 3, kind="share"),
    Column("pairs", "Pairs of agents it rests on, over all runs.", detail=True),
    Column("dropped", "Pairs left out because an agent showed no trait at all."),
    *NULL_COLUMNS,
    Column("any_trait", "Share of labelled messages that show any trait.", 3, kind="share"),
    Column("any_trait_low", "Lower end of its 95% interval by bootstrap over runs.", 3, detail=True),
    Column("any_trait_high", "Upper end of the same.", 3, detail=True),
    Column("labelled", "Messages whose traits are all decided.", detail=True),
    NOTE,
)

DIFFERENTIATION_COLUMNS = (
    SERIES,
    Column("flag", "The flag."),
    LABELS,
    Column(
        "H", "Kruskal–Wallis H over agents, on the agents' rates in each run (Kruskal and Wallis 1952).", 2
    ),
    Column("df", "Its degrees of freedom."),
    Column("p", "Its p-value, by chi-square.", 3),
    Column("p_adjusted", "The same after Bonferroni over the traits of the series.", 3),
    Column("p_holm", "The same after Holm.", 3, detail=True),
    Column(
        "epsilon_squared",
        "Effect size: share of the variance of ranks between agents (Kelley 1935).",
        3,
        kind="share",
    ),
    Column("icc", "Share of the variance of rates that lies between agents, ICC(1).", 3, kind="share"),
    Column("icc_low", "Lower end of its 95% interval.", 3, detail=True),
    Column("icc_high", "Upper end of the same.", 3, detail=True),
    Column("n", "Agent × run rates."),
    Column("agents", "Agents.", detail=True),
    NOTE,
)


def profiles_table(analysis: Analysis) -> Table:
    frame = profiles.profiles(
        analysis.labelled, analysis.flags, analysis.rng("profiles"), analysis.series, analysis.resamples
    )
    return _table("profiles", "Profiles of the agents", PROFILE_COLUMNS, frame, analysis)


def similarity_table(analysis: Analysis) -> Table:
    found = similarity.similarity(analysis.labelled, analysis.traits, analysis.series)
    frame = _beside_null(found, _null(analysis).runs, ["run", "series"])
    return _table("similarity", "Similarity of the agents, by run", SIMILARITY_COLUMNS, frame, analysis)


def series_table(analysis: Analysis) -> Table:
    found = similarity.series_similarity(
        analysis.labelled, analysis.traits, analysis.rng("series"), analysis.series, analysis.resamples
    )
    frame = _beside_null(found, _null(analysis).series, ["series"])
    return _table("series", "Series", SERIES_COLUMNS, frame, analysis)


def differentiation_table(analysis: Analysis) -> Table:
    frame = differentiation.differentiation(analysis.labelled, analysis.traits, analysis.series)
    title = "Do agents differ? Kruskal–Wallis over agents"
    return _table("differentiation", title, DIFFERENTIATION_COLUMNS, frame, analysis)


def _null(analysis: Analysis) -> SimilarityNull:
    """The permutation null of all runs and series: both tables of similarity show it."""
    return analysis.once(
        "similarity null",
        lambda: similarity_null(
            analysis.labelled,
            analysis.traits,
            analysis.rng("similarity null"),
            analysis.series,
            max(100, min(affordable(len(analysis.labelled), PERMUTATIONS), analysis.resamples)),
        ),
    )


def _beside_null(found: pd.DataFrame, null: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    columns = ["null_mean", "null_low", "null_high", "null_p"]
    beside = null[[*keys, *columns]].rename(columns={"null_p": "p_null"})
    return found.astype(dict.fromkeys(keys, object)).merge(
        beside.astype(dict.fromkeys(keys, object)), on=keys, how="left"
    )


def _table(
    name: str, title: str, columns: tuple[Column, ...], frame: pd.DataFrame, analysis: Analysis
) -> Table:
    shown = frame.assign(labels=analysis.labels)[[column.name for column in columns]]
    return Table(name, title, columns, shown, () if analysis.coded else (NOT_CODED,))
