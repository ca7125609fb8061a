"""What a net knows before the first step: the words of the tree, and vectors of words, how often each label occurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from shelver.config import Vector
from shelver.errors import ModelError
from shelver.features.sequence import SequenceFeature
from shelver.features.split import Side
from shelver.features.text import TextFeature
from shelver.features.transform import Transform
from shelver.features.word_vectors import embedding_rows
from shelver.models.classes import Classes
from shelver.models.embeddings import Embeddings
from shelver.models.nets import Net
from shelver.models.reading import Reader
from shelver.models.towers import BagTower
from shelver.table import Table
from shelver.training.examples import Examples

Vectors = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
"""Texts → vectors of shape (texts, dims)."""
Encoders = Callable[[str], Encode]
"""Name of a text encoder, as in the settings → the encoder."""


def category_texts(classes: Classes) -> list[str]:
    """What is encoded for each exclusive class: its path in words, the most special word first."""
    return [" ".join(reversed(category.path)) for category in classes.tree.exclusive]


def mean_vector(features: Table, name: str) -> npt.NDArray[np.float32]:
    """Mean of a vector feature over all products that are not on the test side: float32, shape (dims,)."""
    total: npt.NDArray[np.float64] | None = None
    count = 0
    for batch in features.batches(["side", name], 8192):
        vectors = batch[name].flatten().to_numpy(zero_copy_only=False).reshape(batch.num_rows, -1).astype(np.float64)
        kept = batch["side"].to_numpy(zero_copy_only=False) != Side.TEST
        total = vectors[kept].sum(axis=0) + (0 if total is None else total)
        count += int(kept.sum())
    if total is None:
        raise ValueError("no products")
    return (total / max(1, count)).astype(np.float32)


@torch.no_grad()
def start(net: Net, examples: Examples, encoders: Encoders | None) -> None:
    """Put what is known before training into a net.

    Vectors of the tree's words and of the mean product go into the prior, vectors of words into pretrained embeddings,
    and into the biases of multi-label objectives the log odds of each class among the training labels.

    Parameters
    ----------
    net : Net
        A new net, on the CPU.
    examples : Examples
        The data set.
    encoders : callable, optional
        Text encoders by their names; needed if the net has pretrained embeddings, or is to have a prior that knows the
        words of the tree.

    Raises
    ------
    ModelError
        The net has pretrained embeddings, but there are no encoders.
    """
    if net.prior is not None and encoders is not None:
        spec = examples.transform.features[net.text]
        encode = encoders(spec.encoder if isinstance(spec, Vector) else "")
        net.prior.words.copy_(torch.from_numpy(encode(category_texts(examples.classes))))
        net.prior.centre.copy_(torch.from_numpy(mean_vector(examples.features, net.text)))
    for module in net.modules():
        if isinstance(module, BagTower | Reader) and isinstance(module.words, Embeddings) and module.words.encoder:
            module.words.fill(_word_rows(examples.transform, module.name, module.words.encoder, encoders))
    for objective in net.objectives:
        bias = net.bias(objective)
        if bias is not None and examples.classes.kind(objective) == "multi_label":
            rows = examples.rows(objective, Side.TRAIN)
            rate = (examples.counts(objective, rows) + 0.5) / (len(rows) + 1.0)
            bias.copy_(torch.logit(torch.from_numpy(rate)))


def _word_rows(transform: Transform, feature_name: str, name: str, encoders: Encoders | None) -> Vectors:
    if encoders is None:
        raise ModelError(f'no encoder "{name}" for the words of {feature_name}', hint="give `start` the encoders")
    feature = transform.fitted[feature_name]
    if not isinstance(feature, TextFeature | SequenceFeature):
        raise TypeError(f"{feature_name} has no words")
    return embedding_rows(feature, encoders(name))
