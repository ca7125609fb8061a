from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from shelver.labelling.splits import silhouette, two_kinds, two_means


def category(rng, n=50, dims=24, gap=0.0, heavy=False):
    spread = np.geomspace(1, 0.1, dims)
    points = (rng.standard_t(5, (n, dims)) if heavy else rng.normal(size=(n, dims))) * spread
    points[: n // 3, 1] += gap
    return points.astype(np.float32)


def test_a_category_of_two_kinds_is_found_among_others():
    rng = np.random.default_rng(0)
    vectors = np.concatenate([category(rng), category(rng, gap=9.0), category(rng)])
    (found,) = two_kinds(vectors, np.repeat([0, 2, 3], 50), 5, rng)
    assert (found.place, found.sizes) == (2, (34, 16))
    assert set(found.examples[0]) <= set(range(66, 100))
    assert set(found.examples[1]) <= set(range(50, 66))


def test_one_kind_is_not_split():
    named = 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        named += len(two_kinds(category(rng, 60, heavy=seed % 2 == 0), np.zeros(60, np.int64), 1, rng))
    assert named <= 1


def test_few_labels_or_no_vectors_say_nothing():
    rng = np.random.default_rng(0)
    assert two_kinds(category(rng, 19, gap=20.0), np.zeros(19, np.int64), 1, rng) == []
    assert two_kinds(np.zeros((40, 0), np.float32), np.zeros(40, np.int64), 1, rng) == []


def test_two_means_and_silhouette_are_those_of_scikit_learn():
    rng = np.random.default_rng(4)
    points = category(rng, 70, dims=5, gap=6.0).astype(np.float64)
    points -= points.mean(0)
    within, kind = two_means(points, rng)
    peer = KMeans(2, n_init=10, random_state=0).fit(points)
    assert within == pytest.approx(peer.inertia_ / (points**2).sum(), rel=1e-6)
    assert silhouette(points, kind) == pytest.approx(silhouette_score(points, kind))
