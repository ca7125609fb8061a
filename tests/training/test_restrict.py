import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.models.classes import Classes
from shelver.training.restrict import nodes_of, restrict

TREE = tree_from_rows(
    [TreeRow("s", "", "Shoes", True), TreeRow("b", "s", "Boots"), TreeRow("w", "s", "Wellies"),
     TreeRow("h", "", "Hats"), TreeRow("e", "", "Empty", False)]
)  # fmt: skip
CLASSES = Classes.from_rules(TREE, [])


@given(st.integers(0, 999))
def test_against_a_slow_reference(seed):
    rng = np.random.default_rng(seed)
    n, classes, categories = 7, len(CLASSES.exclusive), len(TREE)
    said = rng.dirichlet(np.ones(classes), n).astype(np.float32)
    said[rng.random(said.shape) < 0.4] = 0
    nodes = rng.integers(-1, categories, n)
    before = said.copy()
    found = restrict(said, CLASSES.spans, nodes)
    assert (said == before).all()
    for row, node in enumerate(nodes):
        below = (
            {c.category_id for c in TREE.categories[TREE.span(TREE.categories[node].category_id)]}
            if node >= 0
            else set()
        )
        inside = [category_id in below for category_id in CLASSES.exclusive]
        if node < 0 or not any(inside):
            wanted = said[row]
        elif sum(said[row][inside]) == 0:
            wanted = np.asarray(inside) / sum(inside)
        else:
            wanted = np.where(inside, said[row], 0) / said[row][inside].sum()
        assert found[row] == pytest.approx(wanted, abs=1e-6)


def test_nodes_that_people_named():
    labels = pa.table({"product_id": ["p1", "p3", "p9"], "category_id": ["s", "gone", "h"]})
    products = np.asarray(["p0", "p1", "p2", "p3"], object)
    assert nodes_of(labels, products, TREE).tolist() == [-1, TREE.position("s"), -1, -1]
