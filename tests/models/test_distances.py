import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.models.classes import Classes
from shelver.models.distances import tree_distances, word_distances
from shelver.models.losses import cross_entropy, tree_distance


@st.composite
def forests(draw):
    """Trees of up to 9 categories, with at least one exclusive."""
    count = draw(st.integers(1, 9))
    parents = [draw(st.integers(-1, i - 1)) for i in range(count)]
    exclusive = [draw(st.booleans()) for _ in range(count)]
    exclusive[draw(st.integers(0, count - 1))] = True
    rows = [TreeRow(f"c{i}", f"c{parents[i]}" if parents[i] >= 0 else "", f"C{i}", exclusive[i]) for i in range(count)]
    return Classes(tree_from_rows(rows, "file"), ())


def parents_of(classes):
    """Category or None (the common node above the roots) → what is above it."""
    return {c.category_id: c.parent_id for c in classes.tree.categories}


def slow_steps(classes, a, b):
    """Breadth-first search over the edges, in both directions."""
    edges = [(child, parent) for child, parent in parents_of(classes).items()]
    reached, steps = {a}, 0
    while b not in reached:
        reached |= {y for x, y in edges if x in reached} | {x for x, y in edges if y in reached}
        steps += 1
    return steps


@given(forests())
def test_tree_distances_are_the_steps_of_a_search(classes):
    found = tree_distances(classes)
    ids = classes.exclusive
    wanted = np.asarray([[slow_steps(classes, a, b) for b in ids] for a in ids], float)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, wanted / max(1, wanted.max()), rtol=1e-6)


@given(forests(), st.integers(0, 2**32 - 1))
def test_expected_distance_is_wasserstein_on_the_tree(classes, seed):
    """W1 of a tree metric is the sum over edges of |mass below, of answer − of truth| (Evans & Matsen 2012, eq. 5)."""
    ids = classes.exclusive
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, len(ids), generator=generator).double()
    target = torch.randint(len(ids), (2,), generator=generator)
    parent = parents_of(classes)
    p = torch.softmax(logits, 1)
    wanted = 0.0
    for row in range(2):
        for node in parent:  # the edge from a node to what is above it
            below = 0.0
            for k, class_id in enumerate(ids):
                at = class_id
                while at is not None and at != node:
                    at = parent[at]
                if at == node:
                    below += p[row, k].item() - (k == target[row].item())
            wanted += abs(below) / 2
    distances = tree_distances(classes).double()
    longest = max(slow_steps(classes, a, b) for a in ids for b in ids)
    moved = tree_distance(logits, target, distances) - cross_entropy(logits, target)
    assert moved.item() * max(1, longest) == pytest.approx(wanted, abs=1e-5)


def test_tree_distances_by_hand():
    rows = [
        TreeRow("a", "", "A", True),
        TreeRow("a1", "a", "A1", True),
        TreeRow("a2", "a", "A2", True),
        TreeRow("b", "", "B", False),
        TreeRow("b1", "b", "B1", True),
    ]
    found = tree_distances(Classes(tree_from_rows(rows, "file"), ())) * 4
    assert found.tolist() == [[0, 1, 1, 3], [1, 0, 2, 4], [1, 2, 0, 4], [3, 4, 4, 0]]


def test_one_class_is_at_no_distance_from_itself():
    assert tree_distances(Classes(tree_from_rows([TreeRow("a", "", "A", True)], "file"), ())).tolist() == [[0.0]]


@given(hnp.arrays(np.float32, (4, 3), elements=st.floats(-100, 100, width=32)))
def test_word_distances_are_one_minus_cosine(vectors):
    found = word_distances(torch.from_numpy(vectors))
    assert found.shape == (4, 4)
    for a in range(4):
        for b in range(4):
            x, y = vectors[a].astype(float), vectors[b].astype(float)
            size = max(np.linalg.norm(x), 1e-12) * max(np.linalg.norm(y), 1e-12)
            wanted = 0.0 if a == b else 1 - x @ y / size
            assert found[a, b].item() == pytest.approx(wanted, abs=1e-6)
    assert torch.equal(found, found.T)


def test_words_without_meaning_are_far_from_all():
    found = word_distances(torch.tensor([[0.0, 0.0], [3.0, 0.0], [-1.0, 0.0]]))
    assert found.tolist() == [[0, 1, 1], [1, 0, 2], [1, 2, 0]]
    assert torch.isfinite(word_distances(torch.zeros(3, 2))).all()
