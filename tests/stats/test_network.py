import importlib
from typing import Any

import numpy as np
import pytest

from mascope.stats.network import (
    MEASURES,
    constraint,
    density,
    gini,
    in_centralization,
    in_gini,
    leaders,
    pagerank,
    pagerank_top,
    persistence,
    reciprocity,
)
from mascope.stats.resampling import Floats

networkx: Any = importlib.import_module("networkx")  # it ships no types


def graphs(count: int = 40, n: int = 7) -> Floats:
    """Random weighted graphs, some of them with isolated agents and dangling ones."""
    generator = np.random.default_rng(3)
    weights = generator.poisson(0.6, size=(count, n, n)).astype(np.float64)
    weights[:, np.arange(n), np.arange(n)] = 0
    weights[::3, 2, :] = 0
    weights[::5, :, 4] = 0
    weights[::5, 4, :] = 0
    return weights


def all_present(of: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    return np.ones(of.shape[:-1], dtype=np.bool_)


def directed(weights: Floats) -> Any:
    return networkx.from_numpy_array(weights, create_using=networkx.DiGraph)


def one(weights: list[list[float]]) -> tuple[Floats, "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"]:
    graph = np.array([weights], dtype=np.float64)
    return graph, all_present(graph)


def test_density_and_reciprocity_are_those_of_networkx() -> None:
    many = graphs()
    present = all_present(many)

    assert density(many, present) == pytest.approx([networkx.density(directed(g)) for g in many], abs=1e-12)
    assert reciprocity(many, present) == pytest.approx(
        [networkx.overall_reciprocity(directed(g)) for g in many], abs=1e-12
    )


def test_pagerank_is_that_of_networkx() -> None:
    many = graphs()
    theirs = [networkx.pagerank(directed(g), alpha=0.85, tol=1e-14, max_iter=10_000) for g in many]

    assert pagerank(many, all_present(many)) == pytest.approx(
        np.array([[ranks[node] for node in range(7)] for ranks in theirs]), abs=1e-9
    )


def test_burts_constraint_is_that_of_networkx() -> None:
    many = graphs()
    theirs = [networkx.constraint(directed(g), weight="weight") for g in many]

    assert constraint(many, all_present(many)) == pytest.approx(
        [np.nanmean(list(found.values())) for found in theirs], abs=1e-9
    )


def test_in_centralization_is_one_for_a_star_and_zero_for_a_ring() -> None:
    star = one([[0, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0], [5, 0, 0, 0]])
    ring = one([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]])

    assert in_centralization(*star) == pytest.approx([1.0])
    assert in_centralization(*ring) == pytest.approx([0.0])


def test_gini_by_hand() -> None:
    # x = 1, 2, 3, 10: Σ(2i − 5)x = −3 − 2 + 3 + 30 = 28; n Σx = 4 · 16. All alike: 0. One has all: (n − 1)/n.
    amounts = np.array([[3.0, 1.0, 10.0, 2.0], [5.0, 5.0, 5.0, 5.0], [0.0, 0.0, 9.0, 0.0]])

    assert gini(amounts) == pytest.approx([28 / 64, 0.0, 0.75])
    assert np.isnan(gini(np.zeros((1, 4)))).all()


def test_seats_that_are_not_taken_change_nothing() -> None:
    small = graphs(n=5)
    padded = np.zeros((len(small), 8, 8))
    padded[:, :5, :5] = small
    present = np.zeros((len(small), 8), dtype=np.bool_)
    present[:, :5] = True

    for name, measure in MEASURES.items():
        assert measure(padded, present) == pytest.approx(
            measure(small, all_present(small)), abs=1e-12, nan_ok=True
        ), name


def test_without_mentions_only_density_and_centralization_are_defined() -> None:
    silent = np.zeros((1, 3, 3)), np.ones((1, 3), dtype=np.bool_)

    assert density(*silent) == pytest.approx([0.0])
    assert in_centralization(*silent) == pytest.approx([0.0])
    for measure in (reciprocity, in_gini, constraint, pagerank_top):
        assert np.isnan(measure(*silent)).all(), measure.__name__


def test_an_agent_alone_has_no_network() -> None:
    alone = np.zeros((1, 1, 1)), np.ones((1, 1), dtype=np.bool_)

    for name, measure in MEASURES.items():
        assert np.isnan(measure(*alone)).all(), name


def test_who_is_named_most_leads_and_a_tie_has_no_leader() -> None:
    weights = np.array(
        [[[0, 3, 0], [0, 0, 0], [0, 2, 0]], [[0, 1, 0], [1, 0, 0], [0, 0, 0]], np.zeros((3, 3))]
    )
    present = np.ones((3, 3), dtype=np.bool_)

    assert leaders(weights, present).tolist() == [1, -1, -1]


def test_persistence_counts_neighbouring_rounds_that_both_have_a_leader() -> None:
    # 1 → 1 kept, 1 → none and none → 2 do not count, 2 → 0 lost: 1 of 2.
    leading = np.array([[1, 1, -1, 2, 0], [-1, 3, -1, 3, -1]])

    assert persistence(leading)[0] == pytest.approx(0.5)
    assert np.isnan(persistence(leading)[1])


@pytest.mark.parametrize("count", [0, 3])
def test_graphs_of_nobody_measure_nothing_and_nobody_leads(count: int) -> None:
    nobody = np.zeros((count, 0, 0))
    present = all_present(nobody)

    assert all(np.isnan(measure(nobody, present)).tolist() == [True] * count for measure in MEASURES.values())
    assert leaders(nobody, present).tolist() == [-1] * count
