"""What a run must have for a measure: told where no run of a series has it."""

from collections.abc import Mapping
from types import MappingProxyType

_PAIR, _TWO_ROUNDS, _HALVES = (
    "a round with two messages", "two rounds", "an agent that speaks in both halves of a run"
)  # fmt: skip
_EMBEDDED = ("lexical", "semantic")

NETWORK: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(("density", "in_centralization"), "two agents"),
    **dict.fromkeys(("reciprocity", "in_gini", "constraint", "pagerank_top"), "an agent that names another"),
    "leader_persistence": "two rounds in a row, each with one agent of highest PageRank",
    "turn_entropy": "two agents that spoke",
    "words_gini": "words",
})  # fmt: skip

TEXT: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("attribution", "attribution_chance"), "two authors, and a second run to learn from")
)

CONVERGENCE: Mapping[str, str] = MappingProxyType({
    "profile_similarity": "two agents that show a trait in one window",
    "profile_similarity_slope": "two agents that show a trait, in each of two windows",
    **{f"{name}_homogeneity": f"{_PAIR} that differ" for name in _EMBEDDED},
    **{f"{name}_homogeneity_slope": f"two such rounds: {_PAIR} that differ" for name in _EMBEDDED},
    "style_matching": _PAIR,
    "style_matching_slope": f"two such rounds: {_PAIR}",
    **{f"{name}_following": _TWO_ROUNDS for name in _EMBEDDED},
    **{f"{name}_following_slope": "three rounds" for name in _EMBEDDED},
    **dict.fromkeys(("births", "deaths"), _TWO_ROUNDS),
    **dict.fromkeys(("births_slope", "deaths_slope"), "three rounds"),
    "semantic_drift": _HALVES,
    **dict.fromkeys(("semantic_pull", "semantic_pull_own"), f"{_HALVES}, and others that speak"),
})  # fmt: skip
