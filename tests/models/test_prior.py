import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import CLASSES, TREE, batch

from shelver.features.batch import Bag
from shelver.models.nets import HITS
from shelver.models.prior import Prior


def test_prior_formula():
    prior = Prior(CLASSES, 8)
    words, centre = torch.randn(5, 8), torch.randn(8)
    prior.words.copy_(words)
    prior.centre.copy_(centre)
    given_batch = batch(3)
    vectors = torch.from_numpy(given_batch.vectors["vector"])
    expected = 20.0 * (vectors @ words.T - centre @ words.T) + 2.0 * prior.below(given_batch.bags[HITS])
    torch.testing.assert_close(prior(vectors, given_batch.bags[HITS]), expected, atol=1e-4, rtol=1e-5)


def test_words_say_nothing_of_a_product_without_a_vector():
    prior = Prior(CLASSES, 8)
    prior.words.copy_(torch.randn(5, 8))
    prior.centre.copy_(torch.randn(8))
    given_batch = batch(3)
    vectors = torch.from_numpy(given_batch.vectors["vector"]).clone()
    vectors[1] = 0
    hits = given_batch.bags[HITS]
    scores, (cosines, below) = prior(vectors, hits), prior.parts(vectors, hits)
    assert (cosines[1] == 0).all()
    assert cosines[[0, 2]].abs().min() > 0
    torch.testing.assert_close(scores[1], 2.0 * below[1])
    torch.testing.assert_close(scores, 20.0 * cosines + 2.0 * below)


@given(st.lists(st.lists(st.integers(0, 6), max_size=6), max_size=5))
def test_below_against_a_slow_reference(rows):
    offsets = np.cumsum([0, *map(len, rows)])
    ids = np.array([i for row in rows for i in row], np.int64)
    found = Prior(CLASSES, 8).below(Bag(offsets, ids, np.ones(len(ids), np.float32), 7))
    assert found.shape == (len(rows), 5)
    for row, hits in enumerate(rows):
        chosen = {TREE.categories[i].category_id for i in hits}
        for place, class_id in enumerate(CLASSES.exclusive):
            chain = {class_id, *(above.category_id for above in TREE.ancestors(class_id))}
            assert found[row, place] == float(bool(chain & chosen))
