"""Planted clusters are found, the purest and biggest first, with their odd ones out."""

import numpy as np
import pytest

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.labelling import clusters as module
from shelver.labelling.clusters import find_clusters
from shelver.models.classes import Classes

TREE = tree_from_rows(
    [TreeRow("s", "", "Shoes"), TreeRow("b", "s", "Boots"), TreeRow("w", "s", "Wellies"), TreeRow("h", "", "Hats")]
)
CLASSES = Classes.from_rules(TREE, [])  # depth-first: h 0, s 1, b 2, w 3; exclusive classes: h 0, b 1, w 2


def planted(sizes=(60, 30, 12), noise=0.05, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.linalg.qr(rng.standard_normal((16, 16)))[0][: len(sizes)]
    groups = np.repeat(np.arange(len(sizes)), sizes)
    vectors = centres[groups] + noise * rng.standard_normal((len(groups), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), groups


def says(said):
    return lambda places: said[places]


def test_planted_groups_are_found_again():
    vectors, groups = planted()
    vectors = np.concatenate([vectors, np.zeros((4, 16), np.float32)])
    found = find_clusters(vectors, 0, size=34)
    assert [set(groups[each.places]) for each in found] == [{0}, {1}, {2}]
    assert all(each.tightness > 0.9 and np.isnan(each.purity) and each.node == -1 for each in found)
    assert max(place for each in found for place in (*each.places, *each.odd)) < 102, "zeros are in none"
    again = find_clusters(vectors, 0, size=34)
    assert [each.places.tolist() for each in again] == [each.places.tolist() for each in found]


def test_typical_ones_come_first():
    vectors, _ = planted((40,))
    (found,) = find_clusters(vectors, 0, size=40)
    centre = vectors[np.concatenate([found.places, found.odd])].mean(0)
    cosines = vectors[found.places] @ centre
    assert (np.diff(cosines) <= 1e-6).all()


def test_what_the_model_sees_elsewhere_is_odd_and_purity_orders():
    vectors, groups = planted((40, 36))
    said = np.zeros((76, 3), np.float32)
    said[groups == 0] = [0.1, 0.5, 0.4]  # shoes, but which?
    said[groups == 1] = [1.0, 0.0, 0.0]
    said[0] = [1.0, 0.0, 0.0]
    first, second = find_clusters(vectors, 0, CLASSES, says(said), size=38)
    assert set(groups[first.places]) == {1}, "smaller, but purer"
    assert (first.node, first.purity, first.share) == (0, pytest.approx(1), pytest.approx(1))
    assert 0 in second.odd.tolist()
    assert 0 not in second.places.tolist()
    assert (second.node, second.purity, second.share) == (1, pytest.approx(0.5), pytest.approx(0.9)), "Shoes"
    said[groups == 0] = [0.3, 0.3, 0.4]
    only = find_clusters(vectors, 0, CLASSES, says(said), size=38)
    assert [set(groups[each.places]) for each in only] == [{1}], "one answer would do more harm than good"


def test_many_are_put_to_centres_of_a_sample(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 50)
    vectors, groups = planted((200, 100), seed=3)
    found = find_clusters(vectors, 1, size=150)
    assert [set(groups[each.places]) for each in found] == [{0}, {1}]
    assert sum(len(each) + len(each.odd) for each in found) == 300


def test_too_few():
    assert find_clusters(np.zeros((9, 4), np.float32), 0) == []
    assert find_clusters(np.ones((4, 4), np.float32) / 2, 0) == []
    assert find_clusters(np.zeros((9, 0), np.float32), 0) == []
