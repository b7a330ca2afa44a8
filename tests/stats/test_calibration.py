"""Do the tests hold their level and the intervals theirs? A smaller number of studies than in `bench/`."""

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def calibration() -> Any:
    return importlib.import_module("bench.calibration")


STUDIES = 200
TESTS = (
    "mann_whitney", "mann_whitney_permuted", "mann_whitney_ties", "signed_rank", "kruskal_wallis",
    "similarity_null", "equivalence", "mcnemar", "gee", "placebo", "convergence_slope",
    "network_density", "network_reciprocity", "network_in_centralization", "network_in_gini",
    "network_constraint", "network_pagerank_top", "swapped_groups", "semantic_drift", "attribution",
    "adoption", "takeover", "conformity",
)  # fmt: skip
INTERVALS = (
    "difference", "cliffs_delta", "r", "matched_difference", "wilson", "icc", "series_cosine",
    "series_cosine_few", "gee_log_odds", "placebo_difference", "adoption_effect", "takeover_change",
    "conformity_difference",
)  # fmt: skip


def test_every_simulation_is_run(calibration: Any) -> None:
    assert set(calibration.LEVELS) == set(TESTS)
    assert set(calibration.COVERAGES) == set(INTERVALS)


def share(calibration: Any, studies: Mapping[str, Any], name: str) -> float:
    return float(calibration.share(studies[name], STUDIES, np.random.default_rng(2)).value)


@pytest.mark.parametrize("name", TESTS)
def test_a_true_hypothesis_is_rejected_in_about_5_percent_of_studies(calibration: Any, name: str) -> None:
    # Of 200 studies at a true level of .05, fewer than 1 or more than 22 are rejected in 1 of 2,000 tries.
    assert 0.005 <= share(calibration, calibration.LEVELS, name) <= 0.11


@pytest.mark.parametrize("name", INTERVALS)
def test_an_interval_holds_the_truth_in_about_95_percent_of_studies(calibration: Any, name: str) -> None:
    assert 0.89 <= share(calibration, calibration.COVERAGES, name) <= 0.995
