import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import CLASSES, OBJECTIVES, batch, make
from test_classes import trees

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.config import Exclusive, Linear, WideDeep
from shelver.models.tree_head import TreeHead
from shelver.testing.nets import scrambled


def slow_answers(tree, score):
    """Probability of each exclusive class, by walking down the tree.

    ``score(category_id)`` is the score of a child, ``score("none of " + category_id)`` that of none of its children.
    """
    found = {}

    def alive(category):
        return any(c.exclusive for c in tree.categories[tree.span(category.category_id)])

    def choose(parent, probability):
        children = [c for c in tree if c.parent_id == (parent and parent.category_id) and alive(c)]
        if parent is not None and not children:
            found[parent.category_id] = probability
            return
        names = [c.category_id for c in children]
        if parent is not None and parent.exclusive:
            names.append(f"none of {parent.category_id}")
        total = sum(np.exp(score(name)) for name in names)
        for child in children:
            choose(child, probability * np.exp(score(child.category_id)) / total)
        if parent is not None and parent.exclusive:
            found[parent.category_id] = probability * np.exp(score(names[-1])) / total

    choose(None, 1.0)
    return [found[c.category_id] for c in tree.exclusive]


def option_names(tree):
    """What each option of the head stands for: depth first, a node before what is below it."""
    names = []
    for category in tree:
        below = tree.categories[tree.span(category.category_id)]
        if any(c.exclusive for c in below):
            names.append(category.category_id)
        if category.exclusive and any(c.exclusive for c in below[1:]):
            names.append(f"none of {category.category_id}")
    return names


@given(trees(), st.integers(0, 1000))
def test_against_a_walk_down_the_tree(tree, seed):
    head, names = TreeHead(tree), option_names(tree)
    assert head.options == len(names)
    scores = np.random.default_rng(seed).normal(size=(3, len(names))) * 3
    found = head.log_probabilities(torch.from_numpy(scores)).exp().numpy()
    expected = [slow_answers(tree, dict(zip(names, row, strict=True)).__getitem__) for row in scores]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@given(trees(), st.integers(0, 1000))
def test_lifted_scores_answer_as_a_flat_softmax(tree, seed):
    head = TreeHead(tree)
    scores = torch.from_numpy(np.random.default_rng(seed).normal(size=(2, len(tree.exclusive))) * 5)
    torch.testing.assert_close(head.log_probabilities(head.lift(scores)), torch.log_softmax(scores, 1))


def test_a_chain_has_no_choice_and_depths_may_differ():
    tree = tree_from_rows(
        [
            TreeRow("a", "", "A", False),
            TreeRow("b", "a", "B", False),
            TreeRow("c", "b", "C", True),
            TreeRow("d", "", "D", True),
            TreeRow("e", "", "E", False),
        ],
        "file",
    )
    head = TreeHead(tree)
    assert head.options == 4, "e has nothing exclusive below it"
    scores = torch.tensor([[1.0, 9.0, -9.0, 0.0]])
    expected = torch.log_softmax(torch.tensor([[1.0, 0.0]]), 1)
    torch.testing.assert_close(head.log_probabilities(scores), expected)


def test_large_scores_do_not_overflow():
    head = TreeHead(CLASSES.tree)
    scores = torch.linspace(-2000, 2000, head.options).repeat(2, 1).requires_grad_()
    found = head.log_probabilities(scores)
    assert found.isfinite().all()
    found.sum().backward()
    assert scores.grad.isfinite().all()
    assert head.lift(torch.full((1, 5), 2000.0)).isfinite().all()


def test_gradient_against_finite_differences():
    head = TreeHead(CLASSES.tree)
    scores = torch.randn(2, head.options, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(head.log_probabilities, scores)
    flat = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(head.lift, flat)


@pytest.mark.parametrize("spec", [Linear(), WideDeep(hidden=(6,))], ids=["linear", "wide_deep"])
def test_a_net_with_a_tree_of_choices_answers_with_log_probabilities(spec):
    net = scrambled(make(spec, {**OBJECTIVES, "exclusive": Exclusive(heads="tree")})).eval()
    found = net(batch(4), "exclusive")
    assert found.shape == (4, 5)
    torch.testing.assert_close(found.exp().sum(1), torch.ones(4))
    assert net.bias("exclusive") is None


def test_weights_of_classes_are_those_of_their_choices_added_up():
    net = scrambled(make(WideDeep(hidden=(6,)), {"exclusive": Exclusive(heads="tree")}))
    by_name = dict(zip(option_names(CLASSES.tree), net.heads.get_parameter("to_exclusive.weight"), strict=True))
    expected = [
        by_name["a"] + by_name["a1"],
        by_name["a"] + by_name["a2"],
        by_name["b"] + by_name["none of b"],
        by_name["b"] + by_name["b1"],
        by_name["c"] + by_name["c1"],
    ]
    assert CLASSES.exclusive == ("a1", "a2", "b", "b1", "c1")
    torch.testing.assert_close(net.head_weight("exclusive"), torch.stack(expected))
