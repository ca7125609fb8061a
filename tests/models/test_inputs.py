import numpy as np
import pyarrow as pa
import pytest

from shelver.config import (
    CNN1D,
    RNN,
    Categorical,
    Image,
    Joint,
    Linear,
    Number,
    Sequence,
    Split,
    Text,
    TextVector,
    Vector,
)
from shelver.errors import ModelError
from shelver.features.transform import Transform
from shelver.models.inputs import TAKES, Inputs

FEATURES = {
    "title": Text(min_count=1),
    "words": Sequence(column="title", length=5, min_count=1, embedding="tuned", encoder="minilm"),
    "brand": Categorical(),
    "price": Number(),
    "vector": Vector(),
    "picture": Vector(encoder="efficientnet-lite2", columns=("image",)),
}


def transform(*without):
    features = {name: spec for name, spec in FEATURES.items() if name not in without}
    batch = pa.RecordBatch.from_pydict(
        {
            "product_id": ["p", "q", "r"],
            "title": ["red shoe", None, "blue hat"],
            "brand": ["acme", None, "acme"],
            "price": [1.0, None, 3.0],
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(12).astype(np.float16)), 4),
            "picture": pa.FixedSizeListArray.from_arrays(pa.array(np.ones(6, np.float16)), 2),
        }
    )
    fitted = Transform(features, Split(test=0.01)).fit(lambda: iter([batch]))
    return fitted, fitted.to_batch(fitted.apply(batch))


def test_joint_takes_all():
    fitted, batch = transform()
    inputs = Inputs.for_net(Joint(), fitted)
    assert (inputs.bags, inputs.categories, inputs.sequences) == ({"title": 4}, {"brand": 2}, {"words": 6})
    assert (inputs.vectors, inputs.numbers) == ({"vector": 4, "picture": 2}, ("price",))
    assert inputs.specs == FEATURES
    assert (inputs.text_vectors, inputs.image_vectors) == (("vector",), ("picture",))
    assert (inputs.sparse_size, inputs.dense_size) == (6, 8)
    assert (inputs.sparse(batch).size, inputs.dense(batch).shape) == (6, (3, 8))
    assert Inputs.of(fitted, ()) == inputs, "all kinds if none are named"


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (Linear(), {"title", "brand", "price", "vector", "picture"}),
        (CNN1D(), {"words"}),
        (RNN(), {"words"}),
        (TextVector(), {"vector"}),
        (Image(), {"picture"}),
        (Joint(inputs=("brand", "words")), {"brand", "words"}),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_model_takes_what_its_kind_can(spec, names):
    assert set(Inputs.for_net(spec, transform()[0]).specs) == names


@pytest.mark.parametrize(
    ("spec", "lacks", "message"),
    [
        (
            CNN1D(),
            "words",
            r'needs a sequence of words\n.*\[features.title_words\]; kind = "sequence"; column = "title"',
        ),
        (RNN(), "words", "needs a sequence of words"),
        (TextVector(), "vector", r"needs a vector of text\n.*\[features.text_vector\]"),
        (Image(), "picture", r'needs a vector of the picture\n.*columns = \["image"\]; then run: shelver prepare'),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_model_without_what_it_needs_says_how_to_get_it(spec, lacks, message):
    with pytest.raises(ModelError, match=message):
        Inputs.for_net(spec, transform(lacks)[0])


def test_inputs_that_cannot_be_are_refused():
    fitted, _ = transform()
    with pytest.raises(ModelError, match=r'cannot take "price", a number; expected a sequence of words'):
        Inputs.for_net(CNN1D(inputs=("words", "price")), fitted)
    with pytest.raises(ModelError, match=r'no feature "titel"\n.*"title"'):
        Inputs.for_net(Linear(inputs=("titel",)), fitted)


def test_every_kind_of_net_is_listed():
    assert set(TAKES) == {"linear", "mlp", "wide_deep", "cnn1d", "rnn", "text_vector", "image", "joint"}
