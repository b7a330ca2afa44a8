"""The vectors of all codable messages, made once for all tables that need them."""

from mascope.stats.vectors import EMBEDDINGS, Vectors, tfidf
from mascope.study.embedding import built_in, embedding_of
from mascope.tables.analysis import Analysis

CONFIGURED = "semantic"
"""The name of the vectors that a study chooses (`analysis: {embeddings: …}`)."""


def vectors(analysis: Analysis, name: str) -> Vectors:
    """(messages, dimensions) by a name of `EMBEDDINGS`, each of length 1 or 0."""
    if name == CONFIGURED and analysis.embedded is not None:
        return analysis.embedded
    weighted = analysis.once("tfidf", lambda: tfidf(analysis.words()))
    if name == CONFIGURED and built_in(analysis.study) == "tfidf":
        return weighted
    rng = analysis.rng(f"vectors {name}")
    return analysis.once(f"vectors {name}", lambda: EMBEDDINGS[name](weighted, rng))


def named(analysis: Analysis) -> str:
    """What the semantic vectors are, in one sentence."""
    wanted = embedding_of(analysis.study)
    if wanted is None:
        return f"semantic: {'TF-IDF' if built_in(analysis.study) == 'tfidf' else 'LSA'}."
    if analysis.embedded is None:
        return f"semantic: LSA, for not every text has a vector by {wanted.name} yet (`mascope embed`)."
    return f"semantic: {wanted.name}, {analysis.embedded.shape[1]} dimensions."
