"""The names that a study may use are those of what is computed."""

from mascope.stats.language import FUNCTION_WORDS
from mascope.stats.measures import MEASURES
from mascope.stats.network import MEASURES as OF_GRAPHS
from mascope.stats.participation import SHUFFLES
from mascope.stats.vectors import EMBEDDINGS
from mascope.study.measures import (
    CONVERGENCE,
    COUNTS,
    FROM_CODES,
    LANGUAGES,
    NETWORK,
    PROBE_MEASURES,
    RUN_MEASURES,
    needs_codes,
    probe_measures,
)
from mascope.study.probes import PROBE_KINDS


def test_what_follows_from_labels_is_what_is_computed_of_them() -> None:
    assert {name for name in (*FROM_CODES, *COUNTS) if "profile" not in name} == set(MEASURES)


def test_the_measures_of_networks_are_all_there() -> None:
    assert set(NETWORK) == {*OF_GRAPHS, *SHUFFLES, "leader_persistence", "broadcasts"}


def test_the_languages_are_those_that_are_told_apart() -> None:
    assert set(LANGUAGES) == set(FUNCTION_WORDS)


def test_every_embedding_has_its_measures() -> None:
    for name in EMBEDDINGS:
        assert {f"{name}_homogeneity", f"{name}_homogeneity_slope", f"{name}_following"} <= set(CONVERGENCE)


def test_no_name_stands_twice_and_none_could_be_a_probes() -> None:
    assert len(set(RUN_MEASURES)) == len(RUN_MEASURES)
    assert not any("." in name for name in RUN_MEASURES)


def test_every_kind_of_probe_has_its_measures() -> None:
    assert set(PROBE_MEASURES) == set(PROBE_KINDS)


def test_a_choice_has_measures_of_each_option() -> None:
    found = probe_measures([{"id": "vote", "kind": "choice", "options": ["for", "against"]}, {"id": "why"}])

    assert "vote.last=against" in found
    assert "vote.conformity_said" in found
    assert not any(name.startswith("why") for name in found)


def test_labels_enter_flags_and_profiles_and_nothing_else() -> None:
    names = ("LEAD", "similarity", "in_gini", "words", "vote.flips", "profile_similarity_slope")

    assert [name for name in names if needs_codes(name)] == ["LEAD", "similarity", "profile_similarity_slope"]
