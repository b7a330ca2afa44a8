import numpy as np
import pytest
from sklearn import metrics
from sklearn.cluster import KMeans

from mascope.stats.roles import adjusted_rand, k_means, roles, silhouette_score, z_scores


def blobs(rng: np.random.Generator, sizes: tuple[int, ...], features: int = 4) -> np.ndarray:
    centres = 6 * np.eye(len(sizes), features)
    return np.concatenate([rng.normal(c, 0.5, (n, features)) for c, n in zip(centres, sizes, strict=True)])


def counted(
    rng: np.random.Generator, rates: np.ndarray, runs: int = 20, rounds: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    """Yeses and messages (runs, agents, features) at rates (agents, features)."""
    return rng.binomial(rounds, rates, (runs, *rates.shape)).astype(float), np.full(
        (runs, *rates.shape), float(rounds)
    )


@pytest.mark.parametrize("k", [2, 3, 5])
def test_clusters_are_as_tight_as_those_of_scikit_learn(k: int) -> None:
    rng = np.random.default_rng(k)
    points = rng.normal(size=(14, 5))

    _, inertia = k_means(points[np.newaxis], k, rng, 200)

    best = KMeans(k, n_init=200, random_state=0).fit(points).inertia_
    assert inertia[0] == pytest.approx(best, rel=1e-9)


def test_many_sets_are_clustered_as_each_alone_would_be() -> None:
    rng = np.random.default_rng(1)
    sets = np.stack([blobs(rng, (4, 5, 3)) for _ in range(6)])

    together, _ = k_means(sets, 3, rng)

    truth = np.repeat([0, 1, 2], (4, 5, 3))
    assert adjusted_rand(together, truth) == pytest.approx(np.ones(6))


def test_silhouette_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(12, 3))
    cluster = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3])  # the last one is alone

    assert silhouette_score(points, cluster) == pytest.approx(
        metrics.silhouette_score(points, cluster), abs=1e-9
    )


def test_adjusted_rand_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    clusters, reference = rng.integers(0, 4, (20, 15)), rng.integers(0, 3, 15)

    expected = [metrics.adjusted_rand_score(reference, one) for one in clusters]
    assert adjusted_rand(clusters, reference) == pytest.approx(expected, abs=1e-9)


def test_z_scores_leave_what_is_alike_or_unknown_at_zero() -> None:
    z = z_scores(np.array([[1.0, 0.3, np.nan], [3.0, 0.3, 1.0], [2.0, 0.3, 2.0]]))

    assert z[:, 0] == pytest.approx([-1.2247, 1.2247, 0], abs=1e-4)
    assert z[:, 1].tolist() == [0, 0, 0]
    assert z[0, 2] == 0


def test_planted_roles_are_found_and_supported() -> None:
    rng = np.random.default_rng(4)
    leaders, critics, quiet = [0.6, 0.1, 0.1], [0.1, 0.7, 0.2], [0.02, 0.02, 0.6]
    rates = np.array([leaders] * 4 + [critics] * 4 + [quiet] * 4)

    found = roles(*counted(rng, rates), rng)

    assert found is not None
    assert found.k == 3
    assert found.doubt == ""
    assert metrics.adjusted_rand_score(np.repeat([0, 1, 2], 4), found.cluster) == 1


def test_agents_who_do_not_differ_have_no_supported_roles() -> None:
    rng = np.random.default_rng(5)
    found = roles(*counted(rng, np.full((14, 5), 0.3)), rng)

    assert found is not None
    assert "below" in found.doubt


def test_the_roles_of_few_agents_are_not_supported_however_clear() -> None:
    rng = np.random.default_rng(6)
    found = roles(*counted(rng, np.array([[0.9, 0.1]] * 3 + [[0.1, 0.9]] * 3)), rng)

    assert found is not None
    assert found.k == 2
    assert found.doubt == "only 6 agents, of 10 that are needed"


def test_one_run_says_nothing_of_stability() -> None:
    rng = np.random.default_rng(7)
    found = roles(*counted(rng, np.repeat([[0.9, 0.1], [0.1, 0.9]], 6, axis=0), runs=1, rounds=200), rng)

    assert found is not None
    assert found.stability is None
    assert "stability unknown" in found.doubt


@pytest.mark.parametrize("agents", [0, 1, 3])
def test_too_few_agents_have_no_roles(agents: int) -> None:
    rng = np.random.default_rng(8)

    assert roles(np.ones((3, agents, 2)), np.full((3, agents, 2), 2.0), rng) is None


def test_agents_who_are_all_alike_have_no_roles() -> None:
    assert roles(np.ones((3, 8, 2)), np.full((3, 8, 2), 2.0), np.random.default_rng(9)) is None
