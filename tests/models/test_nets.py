import numpy as np
import torch
from small import CLASSES, INPUTS, KINDS, OBJECTIVES, SIZES, batch, inputs, make

from shelver.config import CNN1D, MLP, Joint, Linear, WideDeep
from shelver.models.linear import LinearNet
from shelver.models.nets import HITS
from shelver.testing.nets import scrambled


def slow_dense(bag):
    table = np.zeros((len(bag), bag.size))
    for row in range(len(bag)):
        for place in range(bag.offsets[row], bag.offsets[row + 1]):
            table[row, bag.ids[place]] += bag.weights[place]
    return table


def test_inputs_join_vocabularies_and_flag_missing_numbers():
    assert (INPUTS.sparse_size, INPUTS.dense_size) == (11 + 4 + 6 + 3, 8 + 10 + 2)
    given = batch(3)
    joint = slow_dense(INPUTS.sparse(given))
    values = [np.eye(size)[given.categories[name]] for name, size in (("brand", 6), ("gender", 3))]
    bags = [slow_dense(given.bags[name]) for name in ("title", "type")]
    np.testing.assert_allclose(joint, np.concatenate([*bags, *values], axis=1))
    dense = INPUTS.dense(given).numpy()
    np.testing.assert_array_equal(dense[:, :8], given.vectors["vector"])
    np.testing.assert_array_equal(dense[:, 8:18], given.vectors["picture"])
    assert dense[:, 19].tolist() == [1, 0, 0]
    assert dense[0, 18] == 0
    assert dense[1:, 18].tolist() == given.numbers["price"][1:].tolist()


def test_inputs_of_one_kind_only():
    bags = inputs({"title": INPUTS.specs["title"]})
    assert bags.dense(batch(2)).shape == (2, 0)
    vectors = inputs({"vector": INPUTS.specs["vector"]})
    assert (len(vectors.sparse(batch(2))), vectors.sparse_size) == (2, 0)


def test_linear_net_against_plain_algebra():
    made = LinearNet(INPUTS, {"exclusive": 5, "rule_based": 3})
    for weight in made.parameters():
        torch.nn.init.normal_(weight)
    given = batch(3)
    for name in ("exclusive", "rule_based"):
        sparse, dense = made.used(name)
        expected = slow_dense(INPUTS.sparse(given)) @ sparse.weight.detach().numpy()
        expected += INPUTS.dense(given).numpy() @ dense.weight.detach().numpy().T + made.bias(name).detach().numpy()
        np.testing.assert_allclose(made(given, name).detach().numpy(), expected, atol=1e-4)


def test_logits_are_prior_and_wide_and_deep_part_added_up():
    given = batch(4)
    for kind in ("linear", "wide_deep", "cnn1d", "joint"):
        net = scrambled(make(KINDS[kind])).eval()
        net.prior.words.copy_(torch.randn(5, 8))
        for name in SIZES:
            expected = torch.zeros(4, SIZES[name])
            if name == "exclusive":
                expected = expected + net.prior(torch.from_numpy(given.vectors["vector"]), given.bags[HITS])
            if net.wide is not None:
                expected = expected + net.wide(given, name)
            if net.deep is not None:
                expected = expected + net.embed(given) @ net.head_weight(name).T + net.heads[f"to_{name}"].bias
            torch.testing.assert_close(net(given, name), expected)


def test_width_of_the_embedding():
    towers = 6 + 2 + 9 + 2 + INPUTS.dense_size  # log2 of 4 tokens is 2, of 3 values rounded up as well
    assert make(MLP(hidden=())).width == towers
    assert make(WideDeep(hidden=(5, 4))).width == 4
    assert make(WideDeep(hidden=(5, 4))).deep.hidden.layers[0].in_features == towers
    assert make(CNN1D(widths=(1, 4), filters=3)).width == 2 * 3 * 2, "widths, filters, sequences"
    assert make(Joint(hidden=(), widths=(2,), filters=3)).width == towers + 3 * 2


def test_dropout_only_in_training():
    net = scrambled(make(WideDeep(hidden=(5, 3), dropout=0.5))).eval()
    whole = net(batch(5), "exclusive")
    torch.testing.assert_close(net(batch(5), "exclusive"), whole, rtol=0, atol=0)
    net.train()
    assert not torch.equal(net(batch(5), "exclusive"), whole)


def test_a_histogram_is_a_product_with_the_counts():
    net = scrambled(make(MLP(words="histogram", hidden=(7,)))).eval()
    given, part = batch(3), net.deep.parts[0]
    expected = slow_dense(INPUTS.sparse(given)) @ part.sparse.weight.detach().numpy()
    expected += INPUTS.dense(given).numpy() @ part.dense.weight.detach().numpy().T + part.bias.detach().numpy()
    np.testing.assert_allclose(net.embed(given).detach().numpy(), np.maximum(expected, 0), atol=1e-4)


def test_bias_of_an_objective_is_what_its_scores_start_from():
    for kind in ("linear", "mlp", "joint"):
        net = make(KINDS[kind].model_copy(update={"prior": False})).eval()
        with torch.no_grad():
            net.bias("keys").copy_(torch.arange(4.0))
        assert net(batch(3), "keys").tolist() == [[0, 1, 2, 3]] * 3
        assert (net(batch(3), "rule_based") == 0).all()


def test_objectives_keep_their_order_and_settings():
    net = make(Linear())
    assert net.objectives == ("exclusive", "rule_based", "type", "keys")
    assert net.settings == OBJECTIVES
    assert CLASSES.of("keys") == ("p", "q", "r", "s")
