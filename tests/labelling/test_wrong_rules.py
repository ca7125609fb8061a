"""Wrong rules: judged by labels and a model, with words to exclude."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.tree import Tree
from shelver.catalogue.tree_paths import PathRow, path_id, rows_from_paths
from shelver.catalogue.tree_rows import tree_from_rows
from shelver.labelling.wrong_rules import (
    ENOUGH,
    Firings,
    calibrated,
    inside,
    judge_rules,
    sample_firings,
    telling_words,
    verdicts,
)
from shelver.models.classes import Classes

PATHS = [("Shoes", "Boots"), ("Shoes", "Sandals"), ("Hats", "Caps"), ("Hats",)]


@pytest.fixture(scope="module")
def tree():
    categories = tree_from_rows(rows_from_paths(PathRow(path) for path in PATHS))
    found = Tree(replace(each, exclusive=str(each) not in ("Shoes", "Hats > Caps")) for each in categories)
    assert [str(category) for category in found.exclusive] == ["Hats", "Shoes > Boots", "Shoes > Sandals"]
    return found


def place(tree, *path):
    return tree.position(path_id(path))


def test_a_label_in_or_below_the_rules_category_is_right(tree):
    hats, caps, boots = (place(tree, *path) for path in (("Hats",), ("Hats", "Caps"), ("Shoes", "Boots")))
    shoes = tree.position(tree.by_id(path_id(("Shoes", "Boots"))).parent_id)
    rules = np.array([boots, shoes, hats, boots, caps, caps, boots])
    labels = np.array([boots, boots, boots, -1, hats, boots, shoes])
    found = verdicts(tree, rules, labels)
    assert found[[0, 1, 2, 5, 6]].tolist() == [1, 1, 0, 0, 0]
    assert math.isnan(found[3])
    assert math.isnan(found[4])  # nobody can say "Hats > Caps": "Hats" is the most that a person can say


def test_probability_inside_a_category_is_the_sum_below_it(tree):
    classes = Classes(tree, ())
    probabilities = np.array([[0.1, 0.6, 0.3], [0.5, 0.25, 0.25]], np.float32)  # hats, boots, sandals
    shoes = tree.position(tree.by_id(path_id(("Shoes", "Boots"))).parent_id)
    assert inside(classes, np.array([shoes, place(tree, "Hats")]), probabilities) == pytest.approx([0.9, 0.5])
    assert inside(classes, np.array([place(tree, "Hats", "Caps")]), probabilities[:1]) == pytest.approx([0.0])


def firings(*rules):
    """For each rule its answers: (right by people, wrong by people, the model's probabilities)."""
    rows = [
        (number, right, human)
        for number, (good, bad, told) in enumerate(rules)
        for right, human in [*[(1.0, True)] * good, *[(0.0, True)] * bad, *[(p, False) for p in told]]
    ]
    rule, right, human = zip(*rows, strict=True)
    return Firings(np.array(rule), np.arange(len(rows)), np.array(right), np.array(human))


def test_the_most_harmful_rule_comes_first():
    known = firings((10, 10, []), (18, 2, []), (1, 0, []), (0, 1, []), (0, 0, []))
    found = judge_rules(known, np.array([100, 100, 5000, 10, 70]))
    assert [one.rule for one in found[:3]] == [0, 1, 3]  # a rule of 10 products does less harm than one of 100
    by_rule = {one.rule: one for one in found}
    assert by_rule[0].precision == 0.5
    assert by_rule[0].low == pytest.approx(0.299, abs=1e-3)  # Wilson's interval of 10 of 20
    assert by_rule[0].wrong_products == pytest.approx((29.9, 50.0, 70.1), abs=0.1)
    assert by_rule[2].wrong_products[0] == pytest.approx(0, abs=1e-9)  # one label that agrees proves no harm
    assert by_rule[2].wrong_products[2] > 1000  # and no innocence
    assert (by_rule[4].basis, by_rule[4].low, by_rule[4].high) == ("nothing", 0.0, 1.0)


def test_the_models_word_is_marked_and_yields_to_labels():
    told = [0.1] * 40
    known = firings((1, 1, told), (ENOUGH, 0, told), (0, 0, told))
    by_rule = {one.rule: one for one in judge_rules(known, np.array([50, 50, 50]))}
    assert [by_rule[i].basis for i in range(3)] == ["model", "labels", "model"]
    assert by_rule[1].precision == 1.0
    assert by_rule[2].precision == pytest.approx(0.1)
    assert by_rule[0].precision == pytest.approx((1 + 0.4) / 6)
    assert by_rule[0].low < by_rule[0].precision < by_rule[0].high
    assert len(known.of(0).rule) == 42


@given(st.integers(0, 8), st.integers(0, 8), st.lists(st.floats(0, 1), max_size=5))
def test_an_interval_holds_the_precision(good, bad, told):
    if good + bad + len(told) == 0:
        return
    (found,) = judge_rules(firings((good, bad, told)), np.array([30]))
    assert 0 <= found.low <= found.precision + 1e-9
    assert found.precision <= found.high + 1e-9 <= 1 + 2e-9
    assert (found.right, found.wrong) == (good, bad)


def test_a_sample_is_bounded_for_each_rule_and_does_not_depend_on_order():
    rule = np.repeat([0, 1, 2], [50, 3, 20])
    product = np.arange(73)
    wanted = product % 2 == 0
    kept = sample_firings(product, rule, wanted, 10)
    assert np.bincount(rule[kept], minlength=3).tolist() == [10, 2, 10]
    assert wanted[kept].all()
    order = np.random.default_rng(0).permutation(73)
    assert set(product[order][sample_firings(product[order], rule[order], wanted[order], 10)]) == set(product[kept])


def test_the_models_probabilities_are_put_right_by_what_people_said():
    rng = np.random.default_rng(0)
    judged = rng.uniform(0.2, 0.4, 400)  # too low: nine of ten are right
    right = (rng.random(400) < 0.9).astype(float)
    assert calibrated(np.array([0.3]), judged, right)[0] == pytest.approx(0.9, abs=0.05)
    assert calibrated(np.array([0.3]), judged[:5], right[:5])[0] == 0.3


def test_words_of_wrong_matches_are_told():
    good = [frozenset({"leather", "boot", colour}) for colour in ("red", "blue", "green", "black")] * 5
    bad = [frozenset({"boot", "tray", "car", colour}) for colour in ("red", "blue", "green", "black")]
    found = telling_words(good + bad, np.array([1.0] * 20 + [0.0] * 4), frozenset({"boot"}))
    assert [word.word for word in found] == ["car", "tray"]
    assert (found[0].wrong, found[0].right) == (4, 0)
    assert telling_words(good + bad[:2], np.array([1.0] * 20 + [0.0] * 2)) == []  # two are no pattern
    assert telling_words(bad, np.zeros(4)) == []  # nothing to tell them from
