"""Agreement: against textbook values, scikit-learn and a slow reference."""

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from shelver.catalogue.label_events import HISTORY_SCHEMA
from shelver.catalogue.tree_paths import PathRow, path_id, rows_from_paths
from shelver.catalogue.tree_rows import tree_from_rows
from shelver.labelling.agreement import agreement, answer_pairs, cohen, krippendorff, level_table, majority_of_others
from shelver.labelling.bootstrap import bootstrap
from shelver.labelling.opinions import Opinions, opinions, settled

PATHS = [("Shoes", "Boots"), ("Shoes", "Sandals"), ("Hats", "Caps"), ("Hats", "Beanies"), ("Bags",)]
BOOTS, SANDALS, CAPS, BEANIES, BAGS = (path_id(path) for path in PATHS)


@pytest.fixture(scope="module")
def tree():
    return tree_from_rows(rows_from_paths(PathRow(path, exclusive=True) for path in PATHS))


def history(*events):
    """Events as (product, person, category) or (…, how) or (…, how, batch); ("undo", event id) takes one back."""
    rows = []
    for number, event in enumerate(events, 1):
        row = dict.fromkeys(HISTORY_SCHEMA.names) | {"event_id": number, "objective": "exclusive", "how": "human"}
        if event[0] == "undo":
            undone = rows[event[1] - 1]
            row |= undone | {"event_id": number, "kind": "undo", "undoes": event[1]}
        else:
            row |= dict(zip(("product_id", "person", "category_id", "how", "batch"), event, strict=False))
            row |= {"kind": "assign"}
        rows.append(row)
    return pa.Table.from_pylist(rows, HISTORY_SCHEMA)


# Krippendorff (2011), Computing Krippendorff's alpha-reliability, section C: four observers, twelve units, gaps.
TEXTBOOK = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def long(table):
    """(unit, category) of units with two answers or more; units counted anew."""
    columns = [[value for value in column if value is not None] for column in zip(*table, strict=True)]
    columns = [column for column in columns if len(column) > 1]
    unit = np.repeat(np.arange(len(columns)), [len(column) for column in columns])
    return unit, np.asarray(list(itertools.chain(*columns)), np.int64), len(columns)


def slow_alpha(table):
    """From the coincidences, pair by pair (Krippendorff 2011, steps 1 to 4)."""
    values = sorted({v for row in table for v in row if v is not None})
    seen = dict.fromkeys(itertools.product(values, values), 0.0)
    for column in zip(*table, strict=True):
        said = [v for v in column if v is not None]
        for i, j in itertools.permutations(range(len(said)), 2):
            seen[said[i], said[j]] += 1 / (len(said) - 1)
    totals = {v: sum(seen[v, w] for w in values) for v in values}
    n = sum(totals.values())
    expected = sum(t * (t - 1) for t in totals.values())
    if n * (n - 1) == expected:
        return math.nan
    return ((n - 1) * sum(seen[v, v] for v in values) - expected) / (n * (n - 1) - expected)


def test_alpha_of_the_textbook():
    unit, category, units = long(TEXTBOOK)
    assert krippendorff(unit, category, np.ones((1, units)))[0] == pytest.approx(0.743, abs=5e-4)


answers = st.lists(
    st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=3, max_size=3), min_size=2, max_size=12
).filter(lambda columns: any(sum(v is not None for v in c) > 1 for c in columns))


@given(answers)
def test_alpha_equals_the_slow_reference(columns):
    table = list(zip(*columns, strict=True))
    unit, category, units = long(table)
    expected = slow_alpha([[v if sum(x is not None for x in c) > 1 else None for v, c in zip(row, columns, strict=True)]
                           for row in table])  # fmt: skip
    found = krippendorff(unit, category, np.ones((1, units)))[0]
    assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)


@given(answers, st.integers(0, 100))
def test_a_weight_counts_a_unit_so_often(columns, seed):
    unit, category, units = long(list(zip(*columns, strict=True)))
    weights = np.random.default_rng(seed).integers(0, 3, (1, units)).astype(float)
    weights[0, 0] += 1
    blocks = [category[unit == u] for u in range(units) for _ in range(int(weights[0, u]))]
    repeated = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
    expected = krippendorff(repeated, np.concatenate(blocks), np.ones((1, len(blocks))))
    assert krippendorff(unit, category, weights) == pytest.approx(expected, nan_ok=True)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_kappa_equals_that_of_scikit_learn(pairs):
    first, second = np.asarray(pairs).T
    found = cohen(first, second, np.ones((1, len(pairs))))[0]
    if len(set(first) | set(second)) == 1:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)


def test_an_interval_holds_its_value_and_shrinks_with_more_products():
    def width(products):
        right = np.arange(products) % 4 > 0
        found = bootstrap(lambda weights: weights @ right / weights.sum(axis=1), products, products)
        assert found.low <= found.value == 0.75 <= found.high
        return found.high - found.low

    assert 0.1 < width(200) < 0.14  # 2 × 1.96 × sqrt(0.75 × 0.25 / 200) = 0.120
    assert width(3000) < 0.04
    assert bootstrap(lambda weights: np.full(len(weights), np.nan), 5, 5) is None


def test_every_pair_of_answers_is_found_once():
    unit = np.array([0, 0, 0, 1, 2, 2])
    first, second = answer_pairs(unit)
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2), (4, 5)]


def test_levels_of_the_tree(tree):
    table = level_table(tree)
    place = {c.category_id: i for i, c in enumerate(tree)}
    shoes = tree.position(tree.by_id(BOOTS).parent_id)
    assert table[place[BOOTS]].tolist() == [shoes, place[BOOTS]]
    assert table[place[BAGS]].tolist() == [place[BAGS], place[BAGS]]


def test_what_people_agree_on(tree):
    said = opinions(history(
        ("a", "ann", BOOTS), ("a", "bob", BOOTS), ("a", "eve", SANDALS),
        ("b", "ann", CAPS), ("b", "bob", BEANIES),
        ("c", "ann", BAGS), ("c", "bob", BAGS),
        ("d", "ann", BOOTS), ("d", "bob", CAPS),
        ("e", "ann", BAGS),
    ), tree)  # fmt: skip
    predicted = np.asarray([tree.position(c) for c in (BOOTS, CAPS, BAGS, CAPS, BAGS)])
    found = agreement(said, tree, predicted)
    assert found.products == 4
    assert found.raw.value == pytest.approx(2 / 6)
    assert found.raw.answers == 6
    assert [level.raw.value for level in found.levels] == pytest.approx([5 / 6, 2 / 6])
    assert found.siblings.value == pytest.approx(3 / 4)
    assert {pair.people: pair.products for pair in found.pairs} == {
        ("ann", "bob"): 4, ("ann", "eve"): 1, ("bob", "eve"): 1
    }  # fmt: skip
    ann = next(person for person in found.people if person.person == "ann")
    assert (ann.products, ann.model.value, ann.model.answers) == (5, 0.8, 5)
    assert (ann.others.value, ann.others.answers) == (1 / 3, 3)  # on "a" the others are split evenly
    torn = {frozenset(c.category_ids): (c.pairs, c.agreement) for c in found.contested}
    assert torn[frozenset((BOOTS, SANDALS))] == (2, pytest.approx(1 / 4))  # boots in 4 pairs, 1 agrees
    assert found.contested[0].pairs == 2
    assert found.as_dict()["alpha"]["answers"] == 4


def test_nobody_shares_a_product(tree):
    found = agreement(opinions(history(("a", "ann", BOOTS), ("b", "bob", BOOTS)), tree), tree)
    assert (found.products, found.raw, found.alpha, found.pairs, found.levels) == (0, None, None, (), ())
    assert [person.products for person in found.people] == [1, 1]
    assert agreement(opinions(history(), tree), tree).people == ()


def test_the_last_word_of_each_person_counts_unless_taken_back_or_not_their_own(tree):
    said = opinions(history(
        ("a", "ann", BOOTS), ("a", "ann", CAPS), ("undo", 2), ("a", "bob", BAGS), ("a", "bob", BOOTS),
        ("a", "eve", SANDALS, "review"), ("b", "ann", CAPS, "look_alike"), ("c", "ann", "gone"),
    ), tree)  # fmt: skip
    assert said.products == ("a",)
    assert said.people == ("ann", "bob")
    assert said.category.tolist() == [tree.position(BOOTS)] * 2


def test_majority_of_others_leaves_out_oneself():
    said = Opinions(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0]), np.array([5, 5, 7, 5]), ("a", "b"), ("x", "y", "z"))
    majority, clear = majority_of_others(said)
    assert clear.tolist() == [False, False, True, False]
    assert majority[2] == 5


@pytest.mark.parametrize(
    ("events", "done"),
    [
        ([("a", "ann", BOOTS)], False),
        ([("a", "ann", BOOTS), ("a", "bob", BOOTS)], True),
        ([("a", "ann", BOOTS), ("a", "bob", CAPS)], False),
        ([("a", "ann", BOOTS), ("a", "ann", CAPS, "review")], True),
        ([("a", "ann", BOOTS), ("a", "ann", BOOTS)], True),
        ([("a", "ann", BOOTS, "import", "x"), ("a", "ann", BOOTS, "import", "y")], False),
        ([("a", "ann", BOOTS), ("a", "ann", BOOTS, "look_alike")], False),
        ([("a", "ann", BOOTS), ("a", "bob", BOOTS), ("undo", 2)], False),
    ],
)
def test_a_label_looked_at_twice_is_settled(events, done):
    assert settled(history(*events)) == ({"a"} if done else set())
