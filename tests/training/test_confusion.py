"""Where answers go wrong along the tree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue import tree_from_paths
from shelver.training.confusion import branch_matrix, confused_pairs, path_table, relation, right_by_level

PATHS = ("Bags", "Shoes > Boots", "Shoes > Boots > Rain", "Shoes > Boots > Snow", "Shoes > Sandals", "Hats > Caps")


@pytest.fixture(scope="module")
def tree():
    return tree_from_paths([path.split(" > ") for path in PATHS])


@pytest.fixture(scope="module")
def ids(tree):
    return tuple(tree.resolve(path).category_id for path in PATHS)


def test_the_paths_of_classes(tree, ids):
    paths = path_table(ids, tree)
    assert paths.shape == (6, 3)
    names = [[tree.categories[i].name if i >= 0 else "" for i in row] for row in paths.tolist()]
    assert names[0] == ["Bags", "", ""]
    assert names[2] == ["Shoes", "Boots", "Rain"]


def test_levels_by_hand(tree, ids):
    truth, predicted = np.array([2, 2, 3, 4, 0]), np.array([3, 1, 3, 0, -1])
    first, second, third = right_by_level(truth, predicted, path_table(ids, tree))
    assert (first.depth, first.rows, first.right) == (1, 5, 3 / 5)  # the last has no answer, the fourth another branch
    assert (second.depth, second.rows, second.right) == (2, 4, 3 / 4)
    assert (third.depth, third.rows, third.right) == (3, 3, 1 / 3)  # an answer above the truth is wrong at its depth


@given(data=st.data(), rows=st.integers(1, 30))
def test_levels_against_a_slow_reference(tree, ids, data, rows):
    truth = data.draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
    predicted = data.draw(st.lists(st.integers(-1, 5), min_size=rows, max_size=rows))
    chains = [tree.by_id(i).path for i in ids]
    for level in right_by_level(np.array(truth), np.array(predicted), path_table(ids, tree)):
        deep = [(t, p) for t, p in zip(truth, predicted, strict=True) if len(chains[t]) >= level.depth]
        right = [p >= 0 and chains[p][: level.depth] == chains[t][: level.depth] for t, p in deep]
        assert (level.rows, level.right) == (len(deep), pytest.approx(sum(right) / len(deep)))


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (2, 3, "siblings"),
        (1, 4, "siblings"),
        (1, 2, "above or below"),
        (2, 1, "above or below"),
        (2, 4, "same branch"),
        (0, 5, "other branch"),
        (3, 5, "other branch"),
    ],
)
def test_relations(tree, ids, one, two, expected):
    paths = path_table(ids, tree)
    assert relation(paths[one], paths[two]) == expected


def test_pairs_most_frequent_first(tree, ids):
    truth, predicted = np.array([2, 2, 2, 4, 5, 0]), np.array([3, 3, 2, 0, -1, 5])
    pairs = confused_pairs(truth, predicted, path_table(ids, tree))
    assert [(p.truth, p.predicted, p.rows, p.relation) for p in pairs] == [
        (2, 3, 2, "siblings"),
        (0, 5, 1, "other branch"),
        (4, 0, 1, "other branch"),
    ]
    assert {pair.relation for pair in confused_pairs(truth, predicted, None)} == {"values"}


def test_nothing_is_wrong():
    assert confused_pairs(np.array([1, 0]), np.array([1, 0]), None) == ()
    assert confused_pairs(np.array([], int), np.array([], int), None) == ()


def test_branches(tree, ids):
    truth, predicted = np.array([2, 3, 4, 0, 0]), np.array([4, 0, -1, 0, 2])
    roots, counts = branch_matrix(truth, predicted, path_table(ids, tree))
    assert [tree.categories[root].name for root in roots] == ["Bags", "Shoes"]
    assert counts.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert counts.sum() == len(truth)
