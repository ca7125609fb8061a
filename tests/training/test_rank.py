import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.training.predict import rank


def slow(probability, k):
    order = np.argsort(-probability, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(probability, order, axis=1)


@pytest.mark.parametrize(("rows", "classes"), [(2, 3), (5, 4), (1, 1), (0, 3), (7, 100)])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 99])
def test_rank_against_a_full_sort(rows, classes, k):
    probability = np.random.default_rng(0).permuted(np.arange(rows * classes, dtype=np.float32)).reshape(rows, classes)
    order, best = rank(probability, k)
    expected = slow(probability, min(k, classes))
    np.testing.assert_array_equal(order, expected[0])
    np.testing.assert_array_equal(best, expected[1])
    assert order.shape == (rows, min(k, classes))


@given(st.integers(0, 999), st.integers(1, 5), st.integers(5, 9))
def test_all_ranked_ties_are_in_class_order(seed, rows, k):
    probability = np.random.default_rng(seed).integers(0, 3, (rows, 5)).astype(np.float32)
    np.testing.assert_array_equal(rank(probability, k)[0], slow(probability, 5)[0])


def test_ties_at_the_cut_are_in_class_order():
    for seed in range(50):
        probability = np.random.default_rng(seed).integers(0, 3, (3, 40)).astype(np.float32)
        for k in (1, 2, 5):
            np.testing.assert_array_equal(rank(probability, k)[0], slow(probability, k)[0])


def test_the_input_is_left_alone():
    probability = np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4]], np.float32)
    before = probability.copy()
    rank(probability, 2)
    np.testing.assert_array_equal(probability, before)
