import numpy as np
import pytest

from shelver.catalogue.tree_paths import tree_from_paths
from shelver.models.classes import Classes
from shelver.training.treewise import back_off, node_probabilities, shelf_scores

TREE = tree_from_paths([("Food", "Fruit", "Apple"), ("Food", "Fruit", "Pear"), ("Food", "Bread"), ("Home", "Lamp")])
CLASSES = Classes(TREE, ())
NAMES = [category.name for category in TREE.categories]
LEAVES = [category.name for category in TREE.exclusive]


def probability(**leaves):
    return np.asarray([[leaves.get(name, 0.0) for name in LEAVES]], np.float32)


def test_a_node_has_the_sum_of_what_is_below_it():
    found = dict(
        zip(NAMES, node_probabilities(probability(Apple=0.5, Pear=0.2, Bread=0.2, Lamp=0.1), CLASSES)[0], strict=True)
    )
    expected = {"Food": 0.9, "Fruit": 0.7, "Apple": 0.5, "Pear": 0.2, "Bread": 0.2, "Home": 0.1, "Lamp": 0.1}
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("threshold", "shelf"), [(0.45, "Apple"), (0.6, "Fruit"), (0.8, "Food"), (0.95, None), (0.15, "Apple")]
)
def test_the_shelf_is_the_deepest_node_that_is_sure_enough(threshold, shelf):
    nodes = node_probabilities(probability(Apple=0.5, Pear=0.2, Bread=0.2, Lamp=0.1), CLASSES)
    (position,), (sure,) = back_off(nodes, CLASSES, threshold)
    assert (NAMES[position] if position >= 0 else None) == shelf
    assert sure == pytest.approx(nodes[0, position] if shelf else 1.0)


def test_scores_of_shelves():
    rows = np.concatenate([probability(Apple=0.9, Pear=0.1), probability(Apple=0.5, Pear=0.5), probability(Lamp=0.5)])
    positions, _ = back_off(node_probabilities(rows, CLASSES), CLASSES, 0.8)
    truth = np.asarray([LEAVES.index(name) for name in ("Pear", "Pear", "Lamp")])
    found = shelf_scores(positions, truth, CLASSES, 0.8)
    assert found.shelved == pytest.approx(2 / 3)
    assert found.right == pytest.approx(1 / 2)  # "Fruit" is right for a pear, "Apple" is not
    assert found.full == pytest.approx(1 / 3)


def test_no_rows():
    positions, sure = back_off(node_probabilities(np.empty((0, len(LEAVES)), np.float32), CLASSES), CLASSES, 0.5)
    assert len(positions) == len(sure) == 0
    assert shelf_scores(positions, np.empty(0, np.int64), CLASSES, 0.5).shelved == 0
