import numpy as np
import pytest
import torch
from small import CLASSES, INPUTS, KINDS, OBJECTIVES, SIZES, batch, inputs, make

from shelver.config import CNN1D, MLP, RNN, Exclusive, Image, Linear, Split, Text, TextVector, WideDeep
from shelver.errors import ModelError
from shelver.features.transform import Transform
from shelver.models.folder import SavedModel
from shelver.models.nets import HITS, Net
from shelver.testing.nets import check_net, nothing_known, scrambled
from shelver.training.predict import probabilities

TREE_HEADS = {**OBJECTIVES, "exclusive": Exclusive(heads="tree")}


@pytest.mark.parametrize("heads", ["flat", "tree"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_net_keeps_its_promises(kind, heads):
    check_net(make(KINDS[kind], TREE_HEADS if heads == "tree" else OBJECTIVES), batch(11))


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_with_unequal_sizes(kind):
    net = make(KINDS[kind]).eval()
    for rows in (1, 2, 3):
        assert {name: tuple(net(batch(rows), name).shape) for name in OBJECTIVES} == {
            name: (rows, n) for name, n in SIZES.items()
        }


@pytest.mark.parametrize("kind", KINDS)
def test_answers_in_batches_of_any_size_are_equal_to_the_last_bit(kind):
    net = scrambled(make(KINDS[kind], TREE_HEADS))
    model = SavedModel(net, Transform({}, Split()), CLASSES, {})
    given = batch(1000)
    for objective in ("exclusive", "keys"):
        whole = probabilities(model, given, objective)
        for size in (1, 7, 300):
            rows = [
                np.arange(start, min(start + size, 1000)) for start in range(0, 1000 if size > 7 else 10 * size, size)
            ]
            found = np.concatenate([probabilities(model, given.take(part), objective) for part in rows])
            assert found.tobytes() == whole[: len(found)].tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heads", ["flat", "tree"])
def test_a_new_net_says_what_its_prior_says(kind, heads):
    objectives = TREE_HEADS if heads == "tree" else OBJECTIVES
    net = make(KINDS[kind], objectives).eval()
    net.prior.words.copy_(torch.randn(5, 8) * 0.1)
    given = batch(6)
    prior = net.prior(torch.from_numpy(given.vectors["vector"]), given.bags[HITS])
    found = torch.log_softmax(net(given, "exclusive"), 1)
    torch.testing.assert_close(found, torch.log_softmax(prior, 1), atol=1e-4, rtol=1e-4)
    assert all((net(given, name) == 0).all() for name in ("rule_based", "type", "keys"))
    alone = make(KINDS[kind].model_copy(update={"prior": False}), objectives).eval()
    assert alone.prior is None
    uniform = torch.softmax(alone(given, "exclusive"), 1)
    assert (uniform[0] == uniform).all()


def test_the_prior_may_use_a_vector_that_is_no_input():
    features = {name: INPUTS.specs[name] for name in ("words", "picture")}
    for spec in (CNN1D(filters=2), Image()):
        net = Net(spec, inputs(features), CLASSES, OBJECTIVES, ("vector", 8))
        assert net.text == "vector"
        check_net(net, batch(9))
        assert Net(spec, inputs(features), CLASSES, OBJECTIVES).prior is None


def test_weights_of_an_objective():
    net = make(WideDeep(hidden=(5,), norm="layer"))
    own = {name for name, weight in net.named_parameters() if any(weight is w for w in net.weights_of("type"))}
    assert own == {
        name for name, _ in net.named_parameters() if name.startswith("deep.") or name.split(".")[-2] == "to_type"
    }
    assert any(
        name.startswith("prior.")
        for name, w in net.named_parameters()
        if any(w is x for x in net.weights_of("exclusive"))
    )
    pulled = {name for name, weight in net.named_parameters() if any(weight is w for w in net.pulled("exclusive"))}
    assert {name.split(".")[-1] for name in pulled} == {"weight"}
    assert not any("norm" in name or "prior" in name for name in pulled)
    assert "deep.hidden.layers.0.weight" in pulled
    assert "deep.hidden.layers.1.weight" not in pulled, "the scale of a norm"


def test_count_of_trained_parameters():
    linear = make(Linear(prior=False), {"keys": OBJECTIVES["keys"]})
    assert linear.count() == 4 * (11 + 4 + 6 + 3 + 18 + 2 + 1)
    cnn = make(CNN1D(prior=False, widths=(1, 3), filters=2), {"keys": OBJECTIVES["keys"]})
    fixed = 2 * (3 * 1 + 1) + 2 * (3 * 3 + 1)  # the embedding of more_words is random and fixed: it has 3 dims
    assert cnn.count() == 13 * 12 + 2 * (12 * 1 + 1) + 2 * (12 * 3 + 1) + fixed + 4 * (8 + 1)


@pytest.mark.parametrize("spec", [CNN1D(), RNN(), TextVector(), Image(), MLP(), WideDeep(), MLP(words="histogram")])
def test_no_input_of_the_right_kind(spec):
    other = "title" if isinstance(spec, CNN1D | RNN | TextVector | Image) else "words"
    with pytest.raises(ModelError, match="no input"):
        make(spec, given=inputs({other: INPUTS.specs[other]}))


def test_a_histogram_needs_a_hidden_layer():
    with pytest.raises(ModelError, match="histogram") as caught:
        make(MLP(words="histogram", hidden=()))
    assert "linear" in caught.value.hint


def test_inputs_of_one_kind_only():
    for name, spec in INPUTS.specs.items():
        for kind in ("mlp", "histogram", "joint"):
            try:
                net = make(KINDS[kind], OBJECTIVES, inputs({name: spec}))
            except ModelError:
                assert name in ("words", "more_words")
                assert kind != "joint"
            else:
                check_net(net, batch(9))


def test_a_model_that_knows_nothing_of_a_product_says_what_is_frequent():
    net = scrambled(make(KINDS["mlp"])).eval()
    found = net(nothing_known(batch(3)), "keys")
    assert (found[0] == found).all()


def test_texts_alone_do_not_see_the_pictures():
    given = batch(5)
    blind = batch(5)
    blind.vectors["picture"][:] = 0
    for kind, equal in (("text_vector", True), ("image", False), ("cnn1d", True), ("joint", False)):
        net = scrambled(make(KINDS[kind])).eval()
        assert torch.equal(net(given, "keys"), net(blind, "keys")) == equal


def test_mean_does_not_grow_with_the_text():
    for average, same in (("mean", True), ("sum", False)):
        net = scrambled(make(KINDS["mlp"], given=inputs({"title": Text(average=average)}))).eval()
        given = batch(8)
        twice = given.bags["title"]
        doubled = type(twice)(twice.offsets, twice.ids, twice.weights * 2, twice.size)
        other = net.embed(type(given)(8, {**given.bags, "title": doubled}))
        assert torch.allclose(net.embed(given), other, atol=1e-6) == same


@pytest.mark.parametrize("heads", ["flat", "tree"])
@pytest.mark.parametrize("kind", KINDS)
def test_inputs_follow_the_weights_to_their_device(kind, heads):
    """The device ``meta`` computes nothing, but refuses to mix with what is on another, as a GPU does."""
    net = make(KINDS[kind], TREE_HEADS if heads == "tree" else OBJECTIVES).to("meta")
    assert net.device.type == "meta"
    for name, size in SIZES.items():
        found = net(batch(4), name)
        assert (found.device.type, found.shape) == ("meta", (4, size))
