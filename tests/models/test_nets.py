import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.config import Linear, WideDeep
from shelver.features.batch import Bag, Batch
from shelver.models.classes import Classes
from shelver.models.inputs import Inputs
from shelver.models.losses import LOSSES, binary_cross_entropy, cross_entropy
from shelver.models.nets import HITS, DeepNet, LinearNet, Net, SparseLinear
from shelver.models.prior import Prior

# 7 categories, 5 of them exclusive (one an inner node), 3 assigned by rules: no two sizes of these tests are equal.
TREE = tree_from_rows(
    [
        TreeRow("a", "", "A", False),
        TreeRow("a1", "a", "A1", True),
        TreeRow("a2", "a", "A2", True),
        TreeRow("b", "", "B", True),
        TreeRow("b1", "b", "B1", True),
        TreeRow("c", "", "C", False),
        TreeRow("c1", "c", "C1", True),
    ],
    "file",
)
CLASSES = Classes(TREE, ("a", "a1", "c"))
INPUTS = Inputs(bags={"title": 11, "words": 4}, categories={"brand": 6}, vectors={"vector": 8}, numbers=("price",))
OBJECTIVES = ("exclusive", "rule_based")


def random_bag(rng, rows, size):
    counts = rng.integers(0, 4, rows)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    ids = rng.integers(0, size, offsets[-1])
    return Bag(offsets, ids, rng.random(offsets[-1]).astype(np.float32), size)


def batch(rows=2, seed=0):
    rng = np.random.default_rng(seed)
    price = rng.normal(size=rows).astype(np.float32)
    price[0] = np.nan
    return Batch(
        rows,
        {"title": random_bag(rng, rows, 11), "words": random_bag(rng, rows, 4), HITS: random_bag(rng, rows, 7)},
        {"brand": rng.integers(0, 6, rows)},
        {"price": price},
        {"vector": rng.normal(size=(rows, 8)).astype(np.float32)},
    )


def net(spec, objectives=OBJECTIVES):
    torch.manual_seed(0)
    return Net(spec, INPUTS, CLASSES, objectives, {"brand": 9})


def randomize(module):
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn_like(weight))
    return module


def slow_dense(bag):
    table = np.zeros((len(bag), bag.size))
    for row in range(len(bag)):
        for place in range(bag.offsets[row], bag.offsets[row + 1]):
            table[row, bag.ids[place]] += bag.weights[place]
    return table


@pytest.mark.parametrize("spec", [Linear(), Linear(prior=False), WideDeep(hidden=(5, 3)), WideDeep(hidden=())])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_shapes_with_unequal_sizes(spec, rows):
    made = net(spec).eval()
    assert made(batch(rows), "exclusive").shape == (rows, 5)
    assert made(batch(rows), "rule_based").shape == (rows, 3)
    assert (made.prior is not None) == spec.prior


def test_sparse_linear_against_a_dense_product():
    bag = random_bag(np.random.default_rng(3), 6, 11)
    layer = SparseLinear(11, 4, spread=1.0)
    expected = slow_dense(bag) @ layer.weight.detach().numpy()
    np.testing.assert_allclose(layer(bag).detach().numpy(), expected, atol=1e-5)


def test_inputs_join_vocabularies_and_flag_missing_numbers():
    assert (INPUTS.sparse_size, INPUTS.dense_size) == (11 + 4 + 6, 8 + 2)
    given_batch = batch(3)
    joint = slow_dense(INPUTS.sparse(given_batch))
    brand = np.eye(6)[given_batch.categories["brand"]]
    bags = [slow_dense(given_batch.bags[name]) for name in ("title", "words")]
    np.testing.assert_allclose(joint, np.concatenate([*bags, brand], axis=1))
    dense = INPUTS.dense(given_batch).numpy()
    np.testing.assert_array_equal(dense[:, :8], given_batch.vectors["vector"])
    assert dense[:, 9].tolist() == [1, 0, 0]
    assert dense[0, 8] == 0
    assert dense[1:, 8].tolist() == given_batch.numbers["price"][1:].tolist()


def test_inputs_of_one_kind_only():
    bags = Inputs({"title": 11}, {}, {}, ())
    assert bags.dense(batch(2)).shape == (2, 0)
    vectors = Inputs({}, {}, {"vector": 8}, ())
    assert (len(vectors.sparse(batch(2))), vectors.sparse_size) == (2, 0)
    for inputs in (bags, vectors):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about layers without inputs
            made = Net(Linear(prior=False), inputs, CLASSES, OBJECTIVES, {})
        assert made(batch(2), "exclusive").shape == (2, 5)


def test_linear_net_against_plain_algebra():
    made = randomize(LinearNet(INPUTS, {"exclusive": 5, "rule_based": 3}))
    given_batch = batch(3)
    for name in OBJECTIVES:
        sparse = slow_dense(INPUTS.sparse(given_batch)) @ made.sparse[name].weight.detach().numpy()
        dense = INPUTS.dense(given_batch).numpy() @ made.dense[name].weight.detach().numpy().T
        expected = sparse + dense + made.bias(name).detach().numpy()
        np.testing.assert_allclose(made(given_batch, name).detach().numpy(), expected, atol=1e-4)


def test_a_new_net_says_what_its_prior_says():
    for spec in (Linear(), WideDeep(hidden=(5,))):
        made = net(spec).eval()
        made.prior.words.copy_(torch.randn(5, 8))
        given_batch = batch(3)
        prior = made.prior(torch.from_numpy(given_batch.vectors["vector"]), given_batch.bags[HITS])
        torch.testing.assert_close(made(given_batch, "exclusive"), prior, rtol=0, atol=0)
        assert (made(given_batch, "rule_based") == 0).all()
        assert (net(spec.model_copy(update={"prior": False})).eval()(given_batch, "exclusive") == 0).all()


def test_deep_net_embeds_to_the_last_hidden_size():
    made = DeepNet(INPUTS, {"exclusive": 5}, {"brand": 9}, WideDeep(text_dims=6, hidden=(5, 4)))
    assert made.embed(batch(3)).shape == (3, 4)
    assert made.hidden[0].in_features == 6 * 2 + 9 + 10


def test_deep_net_answers_each_row_alone_and_dropout_only_in_training():
    made = randomize(net(WideDeep(hidden=(5, 3), dropout=0.5)))
    given_batch = batch(5)
    made.eval()
    whole = made(given_batch, "exclusive")
    for row in range(5):
        alone = made(given_batch.take(np.array([row])), "exclusive")
        torch.testing.assert_close(alone, whole[row : row + 1])
    torch.testing.assert_close(made(given_batch, "exclusive"), whole, rtol=0, atol=0)
    made.train()
    assert not torch.equal(made(given_batch, "exclusive"), whole)


def test_penalty_is_half_the_squares_of_the_objectives_own_weights():
    made = randomize(net(Linear()))
    for name in OBJECTIVES:
        expected = 0.5 * (made.wide.sparse[name].weight.square().sum() + made.wide.dense[name].weight.square().sum())
        torch.testing.assert_close(made.penalty(name), expected)
    deep = randomize(net(WideDeep(hidden=(5,))))
    shared = 0.5 * sum(w.square().sum() for n, w in deep.deep.named_parameters() if n.endswith("weight"))
    heads = {name: 0.5 * deep.deep.heads[name].weight.square().sum() for name in OBJECTIVES}
    wide = 0.5 * sum(w.square().sum() for n, w in deep.wide.named_parameters() if "exclusive.weight" in n)
    torch.testing.assert_close(deep.penalty("exclusive"), shared - heads["rule_based"] + wide)


def test_prior_formula():
    prior = Prior(CLASSES, 8)
    words, centre = torch.randn(5, 8), torch.randn(8)
    prior.words.copy_(words)
    prior.centre.copy_(centre)
    given_batch = batch(3)
    vectors = torch.from_numpy(given_batch.vectors["vector"])
    expected = 20.0 * (vectors @ words.T - centre @ words.T) + 3.0 * prior.below(given_batch.bags[HITS])
    torch.testing.assert_close(prior(vectors, given_batch.bags[HITS]), expected, atol=1e-4, rtol=1e-5)


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


def test_cross_entropy_against_the_formula():
    logits, target = torch.randn(2, 3, dtype=torch.float64), torch.tensor([2, 0])
    expected = -np.mean(
        [np.log(np.exp(row[t]) / np.exp(row).sum()) for row, t in zip(logits.numpy(), target.tolist(), strict=True)]
    )
    assert cross_entropy(logits, target).item() == pytest.approx(expected)
    assert LOSSES["exclusive"] is cross_entropy


def test_binary_cross_entropy_sums_over_classes_and_averages_over_rows():
    logits = torch.randn(2, 3, dtype=torch.float64)
    target = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    p = 1 / (1 + np.exp(-logits.numpy()))
    expected = -(target.numpy() * np.log(p) + (1 - target.numpy()) * np.log(1 - p)).sum() / 2
    assert binary_cross_entropy(logits, target).item() == pytest.approx(expected)
    assert LOSSES["rule_based"] is binary_cross_entropy
