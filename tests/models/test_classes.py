import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.tree import Category, Tree
from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.models.classes import Classes


@st.composite
def trees(draw):
    """Any tree of up to 15 categories with any of them exclusive (one at least)."""
    n = draw(st.integers(1, 15))
    parents = [draw(st.integers(-1, i - 1)) for i in range(n)]
    flags = [draw(st.booleans()) for _ in range(n)]
    flags[draw(st.integers(0, n - 1))] = True
    rows = [TreeRow(f"c{i}", "" if parents[i] < 0 else f"c{parents[i]}", f"n{i}", flags[i]) for i in range(n)]
    return tree_from_rows(rows, "file")


@given(trees())
def test_spans_against_a_slow_reference_also_of_exclusive_inner_nodes(tree):
    classes = Classes(tree, ())
    spans = classes.spans
    assert spans.shape == (len(tree), 2)
    for i, category in enumerate(tree):
        below = {
            place
            for place, class_id in enumerate(classes.exclusive)
            if class_id == category.category_id
            or category.category_id in {above.category_id for above in tree.ancestors(class_id)}
        }
        assert set(range(*spans[i].tolist())) == below


@given(trees(), st.data())
def test_rules_imply_all_above(tree, data):
    ids = [category.category_id for category in tree]
    assigned = data.draw(st.lists(st.sampled_from(ids), max_size=4))
    classes = Classes.from_rules(tree, assigned)
    wanted = set(assigned) | {above.category_id for one in assigned for above in tree.ancestors(one)}
    assert classes.rule_based == tuple(one for one in ids if one in wanted)
    assert classes.of("exclusive") == tuple(category.category_id for category in tree if category.exclusive)
    assert classes.of("rule_based") == classes.rule_based


@given(trees())
def test_as_rows_and_back_through_json(tree):
    classes = Classes(tree, ("c0",))
    again = Classes.of_rows(json.loads(json.dumps(classes.as_rows())))
    assert again == classes
    assert np.array_equal(again.spans, classes.spans)
    assert again.tree.fingerprint() == tree.fingerprint()


def test_other_rows_are_refused():
    for broken in ({}, {"categories": [["a"]], "rule_based": []}, {"categories": []}):
        with pytest.raises((KeyError, ValueError)):
            Classes.of_rows(broken)


def test_an_inner_class_and_its_leaves():
    tree = Tree(
        [
            Category("s", None, "Shoes", ("Shoes",), True),
            Category("b", "s", "Boots", ("Shoes", "Boots"), True),
            Category("x", None, "Xtra", ("Xtra",), False),
        ]
    )
    assert Classes(tree, ()).spans.tolist() == [[0, 2], [1, 2], [2, 2]]
