"""Bags times a matrix: equal to PyTorch's own layer, forward and backward."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.features.batch import Bag
from shelver.models import sparse
from shelver.models.sparse import SparseLinear, order_of, transpose, weighted_sums


def random_bag(rng, rows, size, longest=5):
    counts = rng.integers(0, longest + 1, rows)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    ids = rng.integers(0, size, offsets[-1])
    return Bag(offsets, ids, rng.normal(size=len(ids)).astype(np.float32), size)


def dense(bag):
    answer = np.zeros((len(bag), bag.size))
    rows = np.repeat(np.arange(len(bag)), np.diff(bag.offsets))
    np.add.at(answer, (rows, bag.ids), bag.weights.astype(np.float64))
    return answer


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 7), st.integers(1, 40), st.integers(1, 9), st.sampled_from([1, 7, 600_000]), st.integers(0, 2**31)
)
def test_forward_and_gradient_are_those_of_matrix_products(rows, size, outputs, chunk, seed):
    rng = np.random.default_rng(seed)
    bag, gradient = random_bag(rng, rows, size), rng.normal(size=(rows, outputs))
    layer = SparseLinear(size, outputs, 1.0)
    before, sparse.CHUNK = sparse.CHUNK, chunk
    try:
        sums = layer(bag)
        sums.backward(torch.from_numpy(gradient).float())
    finally:
        sparse.CHUNK = before
    np.testing.assert_allclose(sums.detach(), dense(bag) @ layer.weight.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(layer.weight.grad, dense(bag).T @ gradient, atol=1e-4)


def test_gradient_is_that_of_pytorch():
    rng = np.random.default_rng(3)
    bag, gradient = random_bag(rng, 50, 700, 9), torch.randn(50, 13)
    layer, plain = SparseLinear(700, 13, 0.1), torch.randn(700, 13, requires_grad=True)
    layer(bag).backward(gradient)
    weighted_sums(bag, plain).backward(gradient)
    torch.testing.assert_close(layer.weight.grad, plain.grad)


def test_gradients_add_up_until_they_are_cleared():
    rng = np.random.default_rng(4)
    one, two = random_bag(rng, 6, 30), random_bag(rng, 3, 30)
    layer = SparseLinear(30, 4, 0.1)
    layer(one).sum().backward()
    (2 * layer(two)).sum().backward()
    want = (dense(one).sum(0) + 2 * dense(two).sum(0))[:, None].repeat(4, 1)
    np.testing.assert_allclose(layer.weight.grad, want, atol=1e-5)
    layer.zero_grad(set_to_none=True)
    layer(two).sum().backward()
    np.testing.assert_allclose(layer.weight.grad, dense(two).sum(0)[:, None].repeat(4, 1), atol=1e-5)


def test_a_gradient_from_elsewhere_is_added_to():
    rng = np.random.default_rng(5)
    bag = random_bag(rng, 6, 30)
    layer = SparseLinear(30, 4, 0.1)
    (layer(bag).sum() + 0.5 * layer.weight.square().sum()).backward()
    want = dense(bag).sum(0)[:, None] + layer.weight.detach().numpy()
    np.testing.assert_allclose(layer.weight.grad, want, atol=1e-5)


def test_memory_is_used_again_and_given_back():
    bag = random_bag(np.random.default_rng(6), 6, 30)
    layer = SparseLinear(30, 4, 0.1)
    layer(bag).sum().backward()
    place = layer.weight.grad.data_ptr()
    layer.zero_grad(set_to_none=True)
    layer(bag).sum().backward()
    assert layer.weight.grad.data_ptr() == place
    assert copy.deepcopy(layer)._room is None
    layer.eval()
    assert layer._room is None


def test_no_gradient_where_none_is_wanted():
    bag = random_bag(np.random.default_rng(7), 6, 30)
    layer = SparseLinear(30, 4, 0.1)
    with torch.no_grad():
        assert not layer(bag).requires_grad
    layer.weight.requires_grad_(False)
    assert not layer(bag).requires_grad


def test_a_gradient_is_the_same_to_the_last_bit():
    rng = np.random.default_rng(8)
    bag, gradient = random_bag(rng, 400, 90, 20), torch.randn(400, 37)
    found = []
    for threads in (1, 2, 1):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        layer = SparseLinear(90, 37)
        layer(bag).backward(gradient)
        torch.set_num_threads(before)
        found.append(layer.weight.grad.numpy().tobytes())
    assert found[0] == found[1] == found[2]


def test_in_a_net_of_float64_sums_are_the_same_numbers():
    rng = np.random.default_rng(10)
    bag, layer = random_bag(rng, 40, 90, 20), SparseLinear(90, 37, 1.0)
    single, weight = layer(bag), layer.weight.detach().clone()
    torch.nn.Sequential(layer).double()
    assert layer.weight.dtype == torch.float32
    assert torch.equal(layer.weight, weight)
    assert layer(bag).dtype == torch.float64
    assert torch.equal(layer(bag), single.double())


def test_a_row_is_the_same_to_the_last_bit_among_any_others():
    bag, layer = random_bag(np.random.default_rng(11), 300, 90, 20), SparseLinear(90, 37, 1.0)
    together = layer(bag)
    for row in (0, 17, 299):
        assert torch.equal(layer(bag.take(np.array([row])))[0], together[row])
        assert torch.equal(layer(bag.take(np.array([5, row, 9])))[1], together[row])


def test_the_same_start_from_the_same_seed_and_zeros_by_default():
    torch.manual_seed(1)
    one = SparseLinear(5, 3, 0.1)
    torch.manual_seed(1)
    assert torch.equal(one.weight, SparseLinear(5, 3, 0.1).weight)
    assert not SparseLinear(5, 3).weight.any()
    assert list(one.state_dict()) == ["weight"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9), st.integers(1, 30), st.integers(0, 2**31))
def test_transposing_twice_sorts_each_row(rows, size, seed):
    bag = random_bag(np.random.default_rng(seed), rows, size)
    np.testing.assert_array_equal(dense(transpose(bag)), dense(bag).T)
    np.testing.assert_array_equal(transpose(transpose(bag)).offsets, bag.offsets)


@pytest.mark.parametrize("size", [1, 300, 1 << 16, (1 << 16) + 1, 200_000])
def test_order_is_that_of_a_stable_sort(size):
    ids = np.random.default_rng(9).integers(0, size, 5000)
    ids[:3] = size - 1
    np.testing.assert_array_equal(order_of(ids, size), np.argsort(ids, kind="stable"))
