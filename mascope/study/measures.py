"""What a hypothesis may compare, by name: one number a run. `stats` and `tables` compute them."""

from collections.abc import Iterable, Mapping
from typing import Any

FROM_CODES = (
    "similarity", "jensen_shannon", "euclidean", "any_trait", "profile_similarity",
    "profile_similarity_slope",
)  # fmt: skip
"""From the labels of messages, as the rate of a flag is."""
COUNTS = ("messages",)
NETWORK = (
    "density", "reciprocity", "in_centralization", "in_gini", "constraint", "pagerank_top",
    "leader_persistence", "words_gini", "messages_gini", "turn_entropy", "broadcasts",
)  # fmt: skip
"""Who names whom, and who takes part."""
LANGUAGES = ("en", "fr", "es", "de", "it", "pt", "nl")
TEXT = (
    "words", "questions", "mentions", "distinct_words", "attribution",
    *(f"language_{name}" for name in LANGUAGES),
)  # fmt: skip
_COURSES = (
    "lexical_homogeneity", "lexical_following", "semantic_homogeneity", "semantic_following",
    "style_matching", "births", "deaths",
)  # fmt: skip
CONVERGENCE = (
    *_COURSES, *(f"{name}_slope" for name in _COURSES), "semantic_drift", "semantic_pull",
)  # fmt: skip
WITHOUT_CODES = (*COUNTS, *NETWORK, *TEXT, *CONVERGENCE)
RUN_MEASURES = (*FROM_CODES, *WITHOUT_CODES)
"""All that any study can compare, beside the rates of its flags and its private answers."""

_SPREAD = ("spread", "spread_change", "flips", "changed")
PROBE_MEASURES: Mapping[str, tuple[str, ...]] = {
    "scale": (*_SPREAD, "shift", "conformity_held"),
    "choice": (*_SPREAD, "conformity_held", "conformity_said"),
    "agent": (*_SPREAD, "entropy", "top_share", "self_share", "leader_agreement"),
    "text": (),
}
"""Of the answers to a private question, by its kind; a hypothesis names them `<probe>.<measure>`."""
OF_OPTIONS = ("first", "last", "moved")
"""Of each option of a choice: `<probe>.last=Rome`."""


def probe_measures(probes: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What can be compared of these questions, given as plain data (`id`, `kind`, `options`)."""
    return tuple(f"{probe['id']}.{name}" for probe in probes for name in _of(probe))


def _of(probe: Mapping[str, Any]) -> tuple[str, ...]:
    options = (f"{when}={option}" for when in OF_OPTIONS for option in probe.get("options") or ())
    return (*PROBE_MEASURES.get(str(probe.get("kind")), ()), *options)


def needs_codes(measure: str) -> bool:
    """Whether labels of messages enter a measure; else it is the same under any labelling."""
    return measure not in WITHOUT_CODES and "." not in measure


def measures_of(study: Mapping[str, Any]) -> tuple[str, ...]:
    """What can be compared in a study as it is stored (`series` → condition), but for the rates of flags."""
    conditions = [entry for entry in (study.get("series") or {}).values() if isinstance(entry, Mapping)]
    asked = [probe for entry in conditions for probe in entry.get("probes") or ()]
    return (*RUN_MEASURES, *dict.fromkeys(probe_measures(asked)))
