"""What the texts say by themselves, without any judge."""

import numpy as np
import pandas as pd

from mascope.names import MentionFinder
from mascope.stats.attribution import CHARACTERS, MOST, SHUFFLES, Attribution, affordable, attribution
from mascope.stats.estimates import ESTIMATE_COLUMNS, series_means
from mascope.stats.profiles import Ints
from mascope.stats.resampling import Floats, ratio
from mascope.tables import needs
from mascope.tables.analysis import Analysis
from mascope.tables.structure import ESTIMATES
from mascope.tables.table import Table

NO_TEXTS = "Texts were not loaded."
NOTES = (
    "attribution: share of messages whose author is told from the text alone (character trigrams, names of "
    "agents masked, ridge classifier, runs held out in turn); null: with authors shuffled within runs "
    f"({SHUFFLES} times). attribution_chance: 1 / authors. Of a series with more than {MOST:,} messages, as "
    "many runs as make up that number are looked at, drawn by chance from the study's seed.",
    "questions: messages with a question mark. mentions: messages that name another agent and are no "
    "broadcast. distinct_words: different words / words of a run. language_…: messages in that language, of "
    "those whose language is told by their function words.",
)
QUESTION = "[?？؟]"
LEAST_SHARE = 0.01
"""Of messages that a language must have to be listed."""
MASK = "@"


def text_table(analysis: Analysis) -> Table:
    """One row a series and measure."""
    title = "Texts, without a judge"
    if not analysis.has_texts:
        empty = pd.DataFrame(columns=list(ESTIMATE_COLUMNS))
        return Table("text", title, ESTIMATES, empty, (NO_TEXTS,))
    per_run, nulls = run_texts(analysis)
    frame = series_means(
        per_run, analysis.series, analysis.rng("text"), analysis.resamples, nulls, needs.TEXT
    )
    return Table("text", title, ESTIMATES, frame, NOTES)


def run_texts(analysis: Analysis) -> tuple[pd.DataFrame, dict[str, Floats]]:
    """One row a run with messages, with `run`, `series` and the measures; and the null of attribution."""
    found, run = text_measures(analysis), _runs(analysis)[0]
    accuracy, chance, null = _attributions(analysis, run, len(found))
    return found.assign(attribution=accuracy, attribution_chance=chance), {"attribution": null}


def text_measures(analysis: Analysis) -> pd.DataFrame:
    """The same rows without attribution, which takes longer than all the others."""
    messages = analysis.frames.messages
    run, runs = _runs(analysis)
    series = messages["series"].astype(str).groupby(run).first().to_numpy(dtype=object)
    measured = {
        "words": messages["words"],
        "questions": messages["text"].str.contains(QUESTION),
        "mentions": ~messages["broadcast"] & messages["mentions"].map(bool),
        **_languages(analysis),
    }
    means = {
        name: _means(values.to_numpy(dtype=np.float64), run, len(runs)) for name, values in measured.items()
    }
    return pd.DataFrame({
        "run": runs, "series": series, **means, "distinct_words": _distinct(analysis, run)
    })  # fmt: skip


def _runs(analysis: Analysis) -> "tuple[np.ndarray[tuple[int], np.dtype[np.intp]], pd.Index[str]]":
    """(messages,): the run of each; and the runs."""
    run, runs = pd.factorize(analysis.frames.messages["run"].astype(str))
    return run, runs


def _means(values: Floats, run: "np.ndarray[tuple[int], np.dtype[np.intp]]", runs: int) -> Floats:
    means = pd.Series(values).groupby(run).mean().reindex(range(runs))
    return np.asarray(means, dtype=np.float64)


def _languages(analysis: Analysis) -> "dict[str, pd.Series[float]]":
    """Language → 1 or 0 a message, NaN where no language is told; the commonest first."""
    told = pd.Series(analysis.languages(), index=analysis.frames.messages.index, dtype=object)
    shares = told.value_counts(normalize=True)
    return {
        f"language_{name}": (told == name).astype(np.float64).where(told.notna())
        for name, share in shares.items()
        if share >= LEAST_SHARE
    }


def _distinct(analysis: Analysis, run: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> Floats:
    words = analysis.words()
    of_run = run[words.of_text]
    runs = int(run.max(initial=-1)) + 1
    size = max(1, len(words.vocabulary))
    different = np.bincount(pd.unique(of_run * size + words.word) // size, minlength=runs)
    said = np.bincount(of_run, minlength=runs).astype(np.float64)
    return ratio(different.astype(np.float64), said)


def _attributions(
    analysis: Analysis, run: "np.ndarray[tuple[int], np.dtype[np.intp]]", runs: int
) -> tuple[Floats, Floats, Floats]:
    """Accuracy (runs,), chance (runs,) and accuracy with shuffled authors (shuffles, runs)."""
    messages, rng = analysis.frames.messages, analysis.rng("attribution")
    accuracy, chance, null = np.full(runs, np.nan), np.full(runs, np.nan), np.full((SHUFFLES, runs), np.nan)
    for name in analysis.series:
        mine = np.flatnonzero((messages["series"] == name).to_numpy())
        every = np.unique(run[mine], return_inverse=True)
        author = pd.factorize(messages["agent"].iloc[mine].astype(str).to_numpy(dtype=object))[0]
        kept = affordable(every[1], rng)
        present, of_kept = np.unique(run[mine[kept]], return_inverse=True)
        found: Attribution | None = attribution(masked(analysis, mine[kept]), author[kept], of_kept, rng)
        if found is not None:
            accuracy[present], null[:, present] = found.accuracy, found.shuffled
            chance[every[0]] = 1 / found.authors
    return accuracy, chance, null


def masked(analysis: Analysis, chosen: Ints) -> list[str]:
    """How each message chosen begins, with a mark in place of every agent's name: style, not signatures."""
    messages = analysis.frames.messages[["run", "text"]].iloc[chosen]
    agents = analysis.frames.agents
    agents = agents[agents["run"].isin(messages["run"].unique())]
    made: dict[tuple[tuple[str, str], ...], MentionFinder] = {}
    finders: dict[str, MentionFinder] = {}
    names: dict[str, dict[str, str]] = {}
    for run, cast in agents.groupby(agents["run"].astype(str), sort=False):
        key = tuple(zip(cast["agent"].astype(str), cast["name"].astype(str), strict=True))
        if key not in made:
            made[key] = MentionFinder({agent: (name,) for agent, name in key})
        finders[str(run)] = made[key]
        names[str(run)] = dict.fromkeys(cast["agent"].astype(str), MASK)
    rows = zip(messages["run"].astype(str), messages["text"], strict=True)
    return [finders[run].replace(text[:CHARACTERS], names[run], shared=MASK) for run, text in rows]
