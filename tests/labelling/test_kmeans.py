import numpy as np
import pytest
from sklearn.cluster import KMeans

from shelver.labelling.kmeans import kmeans, nearest_of


def rng(seed=0):
    return np.random.default_rng(seed)


def test_nearest_is_that_of_all_distances():
    x, centres = rng(1).standard_normal((50, 3)).astype(np.float32), rng(2).standard_normal((7, 3)).astype(np.float32)
    slow = np.linalg.norm(x[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest_of(x, centres), slow)


@pytest.mark.parametrize("seed", range(5))
def test_clusters_that_lie_apart_are_found_also_from_a_sample(seed):
    of = rng(seed).integers(12, size=8_000)
    centres = 10 * rng(9).standard_normal((12, 6))
    x = (centres[of] + rng(seed).standard_normal((8_000, 6))).astype(np.float32)
    found = kmeans(x, 12, rng(seed))
    assert len(set(zip(of.tolist(), found.tolist(), strict=True))) == 12


def test_a_result_cannot_be_bettered_by_moving_one_vector_to_another_centre():
    x = rng(3).standard_normal((300, 4)).astype(np.float32)
    found = kmeans(x, 5, rng(), rounds=200)
    means = np.stack([x[found == cluster].mean(axis=0) for cluster in range(5)])
    np.testing.assert_array_equal(nearest_of(x, means), found)


def test_fewer_clusters_where_vectors_are_equal_and_no_dimensions_at_all():
    two = np.repeat(np.eye(2, 3, dtype=np.float32), [4, 6], axis=0)
    assert len(set(kmeans(two, 5, rng()).tolist())) == 2
    assert set(kmeans(two[:, :0], 5, rng()).tolist()) == {0}
    assert kmeans(two[:1], 5, rng()).tolist() == [0]


def test_the_same_seed_gives_the_same_clusters():
    x = rng().standard_normal((6_000, 5)).astype(np.float32)
    np.testing.assert_array_equal(kmeans(x, 30, rng(1)), kmeans(x, 30, rng(1)))


@pytest.mark.parametrize("clusters", [7, 60])
def test_clusters_are_nearly_as_tight_as_those_of_scikit_learn(clusters):
    made = rng(4)
    x = made.standard_normal((40, 16))[made.integers(40, size=900)] + 0.7 * made.standard_normal((900, 16))
    x = x.astype(np.float32)
    found = kmeans(x, clusters, rng())
    assert len(set(found.tolist())) == clusters
    cost = sum(((x[found == one] - x[found == one].mean(axis=0)) ** 2).sum() for one in range(clusters))
    assert cost < 1.03 * KMeans(clusters, n_init=1, random_state=0).fit(x).inertia_
