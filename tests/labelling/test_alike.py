"""Planted duplicates are found, near misses are not."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.features.batch import Bag
from shelver.labelling.alike import Known, look_alikes
from shelver.labelling.likeness import (
    Likeness,
    picture_codes,
    safe_nearness,
    title_codes,
    usual_nearness,
)
from shelver.labelling.rule_clash import rules_against
from shelver.models.classes import Classes

DIMS = 24


def units(rng, n):
    found = rng.standard_normal((n, DIMS)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def beside(vector, cosine, rng):
    """A unit vector with this cosine to another."""
    other = rng.standard_normal(DIMS).astype(np.float32)
    other -= other @ vector * vector
    return cosine * vector + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other)


def world(n=40, kind=np.float32, seed=0):
    """Product 0 with plants: 1 same title, 2 same picture, 3 and 4 near, 5 a near miss."""
    rng = np.random.default_rng(seed)
    vectors = units(rng, n)
    for place, cosine in ((3, 0.99), (4, 0.96), (5, 0.90)):
        vectors[place] = beside(vectors[0], cosine, rng)
    titles, pictures = np.arange(n), np.full(n, -1)
    titles[1] = titles[0]
    pictures[[0, 2]] = 7
    return Likeness(titles, pictures, vectors.astype(kind))


def known(n=40, **labels):
    answers = np.full(n, -1, np.int64)
    answers[0] = 2
    for place, answer in labels.items():
        answers[int(place[1:])] = answer
    return Known(answers, answers < 0)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_plants_are_found_best_first_and_the_near_miss_is_not(kind):
    found = look_alikes(world(kind=kind), 0, 2, known(), 0.95)
    assert [each.place for each in found] == [1, 2, 3, 4]
    assert [each.reason for each in found] == ["same title", "same picture", "0.99 alike", "0.96 alike"]
    assert found[2].cosine == pytest.approx(0.99, abs=2e-3)
    assert [each.place for each in look_alikes(world(kind=kind), 0, 2, known(), 0.95, most=2)] == [1, 2]


def test_labels_are_never_offered_and_speak_against_what_is_as_near_to_them():
    assert [each.place for each in look_alikes(world(), 0, 2, known(p3=2), 0.95)] == [1, 2, 4]
    likeness = world()
    rng = np.random.default_rng(1)
    likeness.vectors[6] = beside(likeness.vectors[4], 0.97, rng)  # nearer to product 4 than product 0 is
    assert [each.place for each in look_alikes(likeness, 0, 2, known(p6=1), 0.95)] == [1, 2, 3]
    assert [each.place for each in look_alikes(likeness, 0, 2, known(p6=2), 0.95)] == [1, 2, 3, 4]
    likeness.titles[8] = likeness.titles[0]
    assert [each.place for each in look_alikes(likeness, 0, 2, known(p8=3), 0.95)] == [2, 3, 4], "title of two classes"


def test_a_model_and_rules_speak_against_some():
    def tell(places):
        said = np.zeros((len(places), 5), np.float32)
        said[np.arange(len(places)), [{0: 4, 1: 2, 2: 4, 3: 1}.get(int(place), 0) for place in places]] = 1
        return said

    base = known()
    found = look_alikes(world(), 0, 2, Known(base.answers, base.free, None, tell), 0.95)
    assert [each.place for each in found] == [1, 2], "1 as the answer, 2 as the labelled product"
    ruled = Known(base.answers, base.free, lambda places, place, answer: places == 3)
    assert [each.place for each in look_alikes(world(), 0, 2, ruled, 0.95)] == [1, 2, 4]


def test_without_vectors_titles_and_pictures_remain():
    base = world()
    found = look_alikes(Likeness(base.titles, base.pictures, np.zeros((40, 0), np.float32)), 0, 2, known(), 0.95)
    assert [each.place for each in found] == [1, 2]
    with pytest.raises(ValueError, match="40 titles, but pictures"):
        Likeness(base.titles, base.pictures, base.vectors[:39])


def test_titles_and_pictures_as_numbers():
    codes = title_codes(pa.array(["Red boots", "RED  boots!", "", None, "---", "Hat"]))
    assert codes[0] == codes[1] != codes[5]
    assert codes[2:5].tolist() == [-1, -1, -1]
    pictures = picture_codes(pa.array(["x", "none", "x", "", None, "none", "none"]), shared=2)
    assert pictures[0] == pictures[2] >= 0
    assert pictures[[1, 3, 4, 5, 6]].tolist() == [-1] * 5, "a stand-in is no picture"
    assert len(title_codes(pa.array([], pa.string()))) == 0
    assert len(picture_codes(pa.array([], pa.string()))) == 0


@given(st.integers(0, 1000), st.sampled_from([np.float16, np.float32]), st.floats(-0.2, 0.9))
def test_near_against_a_slow_reference(seed, kind, nearness):
    rng = np.random.default_rng(seed)
    vectors = units(rng, 17).astype(kind)
    likeness = Likeness(np.arange(17), np.full(17, -1), vectors)
    cosines = vectors.astype(np.float64) @ vectors[3].astype(np.float64)
    found = set(likeness.near(3, nearness).tolist())
    assert {i for i in range(17) if cosines[i] > nearness + 1e-5} <= found
    assert found <= {i for i in range(17) if cosines[i] > nearness - 1e-5}


def test_usual_nearness_is_a_quantile_of_nearest_neighbours_of_other_titles():
    rng = np.random.default_rng(0)
    vectors = units(rng, 90)
    vectors[1::2][:20] = vectors[::2][:20]  # copies, of the same title: they say nothing
    vectors[80:] = 0
    titles = np.arange(90)
    titles[1::2][:20] = titles[::2][:20]
    likeness = Likeness(titles, np.full(90, -1), vectors)
    best = []
    for i in range(80):
        best.append(max(float(vectors[i] @ vectors[j]) for j in range(90) if titles[i] != titles[j] and i != j))
    assert usual_nearness(likeness, rng, 0.25) == pytest.approx(np.quantile(best, 0.75), abs=1e-5)
    assert usual_nearness(Likeness(titles[:1], titles[:1], vectors[:1]), rng) == 1.0


@given(st.integers(0, 300), st.floats(0.5, 1))
def test_safe_nearness_against_a_slow_reference(seed, right):
    rng = np.random.default_rng(seed)
    vectors = units(rng, 14)
    answers = rng.integers(0, 2, 14)
    least = 0.0
    found = safe_nearness(vectors, answers, least, right)
    cosines = (vectors @ vectors.T)[np.triu_indices(14, 1)]
    same = (answers[:, None] == answers)[np.triu_indices(14, 1)]

    def pure(cut):
        above = cosines >= cut
        return above.any() and same[above].mean() >= right

    if found < 1:
        assert pure(found) or not (cosines >= least).any()
    assert not any(pure(cut) for cut in cosines if least <= cut < found - 1e-6), "as low as can be"


def test_rules_against():
    tree = tree_from_rows([TreeRow("s", "", "Shoes"), TreeRow("b", "s", "Boots"), TreeRow("w", "s", "Wellies"),
                           TreeRow("h", "", "Hats")])  # fmt: skip
    # depth-first: h 0, s 1, b 2, w 3; exclusive classes: h 0, b 1, w 2
    rows = [[], [0], [1], [3], [0, 2], [3, 0]]
    hits = Bag(
        np.cumsum([0, *map(len, rows)]), np.concatenate([np.asarray(row, np.int64) for row in rows]),
        np.ones(7, np.float32), 4,
    )  # fmt: skip
    against = rules_against(hits, Classes.from_rules(tree, []))
    assert against(np.arange(6), 0, 1).tolist() == [False, True, False, True, False, True]
    assert against(np.arange(6), 1, 1).tolist() == [False, False, False, True, False, True], "a rule known to be wrong"
    assert against(np.arange(6), 0, 2).tolist() == [False, True, False, False, True, False]
