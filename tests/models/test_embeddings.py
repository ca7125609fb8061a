import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import batch, random_bag

from shelver.config import Categorical, Text
from shelver.errors import ModelError
from shelver.features.batch import Batch
from shelver.models.embeddings import Embeddings, dims_of, shorten
from shelver.models.towers import BagTower, ValueTower


@pytest.mark.parametrize(("size", "dims"), [(1, 1), (2, 1), (3, 2), (950, 10), (8000, 13)])
def test_size_zero_is_log2(size, dims):
    assert dims_of(Text(dims=0), size) == dims
    assert dims_of(Categorical(dims=7), size) == 7


def test_modes():
    torch.manual_seed(0)
    made = {mode: Embeddings(50, 16, mode, "static") for mode in ("trained", "random", "pretrained", "tuned")}
    assert {mode for mode, table in made.items() if list(table.parameters())} == {"trained", "tuned"}
    assert all("weight" in table.state_dict() for table in made.values())
    assert {mode for mode, table in made.items() if table.encoder} == {"pretrained", "tuned"}
    assert made["random"].weight.norm(dim=1).mean().item() == pytest.approx(1, abs=0.1)
    assert made["trained"].weight.detach().std() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("mode", ["pretrained", "tuned"])
def test_fill(mode):
    table = Embeddings(5, 4, mode, "static")
    assert (table.weight == 0).all()
    vectors = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    table.fill(vectors)
    assert np.array_equal(table.weight.detach().numpy(), vectors)
    table.fill(np.concatenate([vectors, vectors * 2], axis=1))
    assert table.weight.shape == (5, 4)
    with pytest.raises(ModelError, match="3 vectors"):
        table.fill(vectors[:3])


@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 8), st.integers(0, 99))
def test_shortened_vectors_keep_dot_products_as_well_as_can_be(n, wide, dims, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, wide)).astype(np.float32)
    short = shorten(vectors, dims)
    assert (short.shape, short.dtype) == ((n, dims), np.float32)
    u, s, _ = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
    best = (u[:, :dims] * s[:dims] ** 2) @ u[:, :dims].T  # of rank `dims`, none is nearer (Eckart & Young)
    np.testing.assert_allclose(short @ short.T, best, atol=1e-4)
    if dims >= wide:
        assert np.array_equal(short[:, :wide], vectors)


@pytest.mark.parametrize("embedding", ["trained", "random"])
@pytest.mark.parametrize("average", ["sum", "mean"])
def test_bags_against_a_slow_reference(embedding, average):
    bag = random_bag(np.random.default_rng(4), 9, 11)
    tower = BagTower("title", 11, Text(dims=6, embedding=embedding, average=average))
    found = tower(Batch(9, {"title": bag})).detach().numpy()
    table = tower.words.weight.detach().numpy()
    for row in range(9):
        places = slice(bag.offsets[row], bag.offsets[row + 1])
        total = sum((w * table[i] for i, w in zip(bag.ids[places], bag.weights[places], strict=True)), np.zeros(6))
        if average == "mean" and places.stop > places.start:
            total = total / bag.weights[places].sum()
        np.testing.assert_allclose(found[row], total, atol=1e-6)
    assert bool(list(tower.parameters())) == (embedding == "trained")


def test_values_are_rows_of_the_table():
    given_batch = batch(7)
    tower = ValueTower("brand", 6, Categorical(dims=9))
    expected = tower.values.weight.detach().numpy()[given_batch.categories["brand"]]
    assert np.array_equal(tower(given_batch).detach().numpy(), expected)
