"""A small tree, every kind of input and every kind of net: no two sizes are equal."""

import numpy as np

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.config import (
    CNN1D,
    MLP,
    RNN,
    Categorical,
    Exclusive,
    Image,
    Joint,
    Linear,
    MultiClass,
    MultiLabel,
    Number,
    RuleBased,
    Sequence,
    Text,
    TextVector,
    Vector,
    WideDeep,
)
from shelver.features.batch import Bag, Batch
from shelver.models.classes import Classes, Values
from shelver.models.inputs import Inputs
from shelver.models.nets import HITS, Net

# 7 categories, 5 of them exclusive (one an inner node), 3 assigned by rules.
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
# Objectives of the user's own may have names that torch keeps for itself.
OWN = {"type": Values("multi_class", ("x", "y")), "keys": Values("multi_label", ("p", "q", "r", "s"))}
CLASSES = Classes(TREE, ("a", "a1", "c"), OWN)
OBJECTIVES = {"exclusive": Exclusive(), "rule_based": RuleBased(), "type": MultiClass(), "keys": MultiLabel()}
SIZES = {"exclusive": 5, "rule_based": 3, "type": 2, "keys": 4}

FEATURES = {
    "title": Text(dims=6),
    "type": Text(dims=0, average="mean", embedding="random"),
    "brand": Categorical(dims=9),
    "gender": Categorical(dims=0, embedding="random"),
    "price": Number(),
    "vector": Vector(),
    "picture": Vector(encoder="efficientnet-lite2", columns=("image",)),
    "words": Sequence(dims=12),
    "more_words": Sequence(dims=0, embedding="random"),
}


def inputs(features=FEATURES):
    """Sizes of some features."""
    sizes = {"title": 11, "type": 4, "brand": 6, "gender": 3, "vector": 8, "picture": 10, "words": 13, "more_words": 7}
    of = {
        kind: {name: sizes[name] for name, spec in features.items() if isinstance(spec, kind)}
        for kind in (Text, Categorical, Vector, Sequence)
    }
    numbers = tuple(name for name, spec in features.items() if isinstance(spec, Number))
    return Inputs(of[Text], of[Categorical], of[Vector], numbers, of[Sequence], dict(features))


INPUTS = inputs()

KINDS = {
    "linear": Linear(),
    "mlp": MLP(hidden=(5, 3)),
    "mlp with layer norm": MLP(hidden=(5, 3), norm="layer"),
    "histogram": MLP(words="histogram", hidden=(5, 3), norm="batch"),
    "wide_deep": WideDeep(hidden=(5, 3), norm="batch"),
    "shallow": WideDeep(hidden=()),
    "cnn1d": CNN1D(widths=(1, 2, 5), filters=3),
    "rnn": RNN(units=4),
    "lstm": RNN(units=4, cell="lstm", both_directions=False, hidden=(6,)),
    "text_vector": TextVector(),
    "image": Image(hidden=(6,)),
    "joint": Joint(hidden=(5, 3), widths=(2, 3), filters=2, norm="batch"),
}


def random_bag(rng, rows, size):
    """Rows of up to three entries."""
    counts = rng.integers(0, 4, rows)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return Bag(offsets, rng.integers(0, size, offsets[-1]), rng.random(offsets[-1]).astype(np.float32), size)


def random_sequence(rng, rows, size, length):
    """Rows of up to `length` words, none at all in the first."""
    counts = rng.integers(0, length + 1, rows)
    counts[:1] = 0
    return np.where(np.arange(length) < counts[:, None], rng.integers(1, size, (rows, length)), 0)


def batch(rows=2, seed=0):
    """Random inputs of every kind; the price of the first row is missing."""
    rng = np.random.default_rng(seed)
    price = rng.normal(size=rows).astype(np.float32)
    price[:1] = np.nan
    return Batch(
        rows,
        {"title": random_bag(rng, rows, 11), "type": random_bag(rng, rows, 4), HITS: random_bag(rng, rows, 7)},
        {"brand": rng.integers(0, 6, rows), "gender": rng.integers(0, 3, rows)},
        {"price": price},
        {name: rng.normal(size=(rows, n)).astype(np.float32) for name, n in INPUTS.vectors.items()},
        {"words": random_sequence(rng, rows, 13, 6), "more_words": random_sequence(rng, rows, 7, 4)},
    )


def make(spec, objectives=OBJECTIVES, given=INPUTS):
    """A new net."""
    return Net(spec, given, CLASSES, objectives)
