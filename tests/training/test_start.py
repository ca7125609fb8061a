import numpy as np
import pytest
import torch

from shelver.config import BUILT_IN, CNN1D, MLP, Linear, Sequence, Text
from shelver.encoders import open_encoder
from shelver.engine import Aligned, read_aligned
from shelver.errors import ModelError
from shelver.features.sequence import SequenceFeature
from shelver.features.split import Side
from shelver.features.transform import Transform
from shelver.models.folder import build_net
from shelver.pipeline.prepare import dataset
from shelver.training.start import mean_vector, start, typical

asked = []


def encoders(name):
    """Vectors of five numbers that depend on the text alone."""

    def encode(texts):
        asked.append((name, len(texts)))
        return np.stack([np.random.default_rng([len(text), *text.encode()]).normal(size=5) for text in texts]).astype(
            np.float32
        )

    return encode


@pytest.fixture
def examples(plain_toy):
    """The toy catalogue, with words whose vectors come from an encoder."""
    workspace = plain_toy[1]
    found = dataset(workspace).examples
    features = {
        "title": Text(embedding="pretrained", encoder="one", dims=5),
        "brand": Text(embedding="trained"),
        "words": Sequence(column="title", embedding="pretrained", encoder="two", dims=3),
        "more_words": Sequence(column="title", embedding="tuned", encoder="three", dims=7),
    }
    transform = Transform(features, found.transform.split)
    source = Aligned([workspace.products()], transform.columns)
    found.transform = transform.fit(lambda: read_aligned(source, 0, source.rows))
    return found


def test_words_get_the_vectors_of_their_encoders(examples):
    asked.clear()
    tokens = examples.transform.fitted["title"].tokens
    net = build_net(MLP(), examples.transform, examples.classes, BUILT_IN)
    start(net, examples, encoders)
    assert asked == [("one", len(tokens))]
    assert np.array_equal(net.deep.parts[0].words.weight.numpy(), encoders("")(tokens))
    assert any(name.endswith("words.weight") for name in net.state_dict())


def test_sequences_have_rows_for_padding_and_unknown_words(examples):
    net = build_net(CNN1D(), examples.transform, examples.classes, BUILT_IN)
    start(net, examples, encoders)
    fixed, tuned = (part.reader.words for part in net.deep.parts)
    expected = encoders("")(examples.transform.fitted["more_words"].tokens)
    weight = tuned.weight.detach().numpy()
    assert np.array_equal(weight[2:, :5], expected)
    assert (weight[:, 5:] == 0).all()
    assert (weight[0] == 0).all()
    np.testing.assert_allclose(weight[1, :5], expected.mean(axis=0), atol=1e-6)
    assert fixed.weight.shape == (len(expected) + 2, 3)
    assert not list(fixed.parameters())
    assert list(tuned.parameters())


def test_without_encoders_pretrained_words_are_an_error(examples):
    net = build_net(MLP(), examples.transform, examples.classes, BUILT_IN)
    with pytest.raises(ModelError, match='no encoder "one" for the words of title'):
        start(net, examples, None)


@pytest.mark.parametrize("spec", [MLP(inputs=("brand",)), CNN1D(inputs=("words",))], ids=["mlp", "cnn1d"])
def test_biases_of_multi_label_objectives_are_log_odds(examples, spec):
    net = build_net(spec, examples.transform, examples.classes, BUILT_IN)
    start(net, examples, encoders)
    rows = examples.rows("rule_based", Side.TRAIN)
    rate = (examples.target("rule_based", rows).numpy().sum(axis=0) + 0.5) / (len(rows) + 1)
    np.testing.assert_allclose(torch.sigmoid(net.bias("rule_based")).detach().numpy(), rate, rtol=1e-5)
    assert (net.bias("exclusive") == 0).all()


def test_the_prior_asks_the_encoder_of_its_vector(vector_toy):
    found = dataset(vector_toy[1]).examples
    net = build_net(CNN1D(), with_words(found.transform), found.classes, BUILT_IN)
    assert net.text == "text_vector"
    names = []

    def look(name):
        names.append(name)
        return lambda texts: np.ones((len(texts), found.transform.size("text_vector")), np.float32)

    start(net, found, look)
    assert names == [found.transform.features["text_vector"].encoder]
    assert (net.prior.words != 0).all()


def test_nothing_is_taken_from_products_that_are_measured_on(vector_toy):
    examples = dataset(vector_toy[1]).examples
    seen = []

    def batch(rows, own=examples.batch):
        seen.extend(examples.side[rows].tolist())
        return own(rows)

    examples.batch = batch
    encode = open_encoder("static").encode
    net = build_net(Linear(), examples.transform, examples.classes, BUILT_IN)
    start(net, examples, lambda name: encode)
    typical(net, examples)
    assert set(seen) == {Side.TRAIN, Side.VALID}
    kept = np.flatnonzero(examples.side != Side.TEST)
    vectors = examples.features.take(kept, [net.text])[net.text].combine_chunks().flatten().to_numpy(False)
    mean = vectors.reshape(len(kept), -1).astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(mean_vector(examples.features, net.text), mean, atol=1e-6)


def with_words(transform):
    """The same transform, and a sequence feature of three words."""
    spec = Sequence(column="title")
    features = {**transform.features, "words": spec}
    fitted = {**transform.fitted, "words": SequenceFeature(spec, ("a", "b", "c"))}
    return Transform(features, transform.split, fitted, transform.dims)
