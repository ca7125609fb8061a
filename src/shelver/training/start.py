"""What a net knows before the first step: the words of the tree, and vectors of words, how often each label occurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
from shelver.training.examples import Examples, spread

TYPICAL_MASS = 20.0
"""With so many products put into it, a category takes on half of what they are like."""
TYPICAL_ROWS = 20_000
"""Products looked at for that, at most."""

Vectors = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
"""Texts → vectors of shape (texts, dims)."""
Encoders = Callable[[str], Encode]
"""Name of a text encoder, as in the settings → the encoder."""


def category_texts(classes: Classes) -> list[str]:
    """What is encoded for each exclusive class: its path in words, the most special word first."""
    return [" ".join(reversed(category.path)) for category in classes.tree.exclusive]


def category_names(classes: Classes) -> list[str]:
    """What is encoded besides: the category's own name, which the path around it may drown."""
    return [category.path[-1] for category in classes.tree.exclusive]


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
    start_vectors(net, examples, encoders)
    for objective in net.objectives:
        start_bias(net, examples, objective)


@torch.no_grad()
def start_vectors(net: Net, examples: Examples, encoders: Encoders | None) -> None:
    """The part of `start` that no label changes: vectors of the tree's words, of the mean product, and of words."""
    if net.prior is not None and encoders is not None:
        spec = examples.transform.features[net.text]
        encode = encoders(spec.encoder if isinstance(spec, Vector) else "")
        paths, names = (encode(texts) for texts in (category_texts(examples.classes), category_names(examples.classes)))
        net.prior.words.copy_(torch.from_numpy((paths + names) / 2))
        net.prior.centre.copy_(torch.from_numpy(mean_vector(examples.features, net.text)))
        net.prior.words.add_(torch.from_numpy(typical(net, examples) / 2))
    start_words(net, examples, encoders)


@torch.no_grad()
def start_words(net: Net, examples: Examples, encoders: Encoders | None) -> None:
    """Vectors of words into pretrained embeddings."""
    for module in net.modules():
        if isinstance(module, BagTower | Reader) and isinstance(module.words, Embeddings) and module.words.encoder:
            module.words.fill(_word_rows(examples.transform, module.name, module.words.encoder, encoders))


@torch.no_grad()
def typical(net: Net, examples: Examples) -> Vectors:
    """What products are like that the words and rules put into a category, without any label: one step of EM.

    ``t[k] = Σ_i p[i, k] (v[i] − m) / (20 + Σ_i p[i, k])`` over products that are not on the test side, with *p* the
    prior's probabilities and *v − m* the product's vector without the mean: where words are clear, a category learns
    how its products are called, and where few products are found it learns little. (Nigam et al. 2000, "Text
    classification from labeled and unlabeled documents using EM", with the tree's words in place of labels.)

    Parameters
    ----------
    net : Net
        Its prior has the vectors of the tree's words and of the mean product.
    examples : Examples
        The data set; `TYPICAL_ROWS` products spread over it are looked at, at most.

    Returns
    -------
    ndarray of float32, shape (classes, dims)
    """
    prior = net.prior
    assert prior is not None  # noqa: S101  (only called with one)
    sums, mass = torch.zeros_like(prior.words), torch.zeros(prior.classes)
    for batch in examples.parts(spread(np.flatnonzero(np.isin(examples.side, (Side.TRAIN, Side.VALID))), TYPICAL_ROWS)):
        vectors, hits, found = net.prior_inputs(batch)
        probability = torch.softmax(prior(vectors, hits, found), 1)
        probability[(vectors == 0).all(1)] = 0  # products without a vector
        sums += probability.T @ (vectors - prior.centre)
        mass += probability.sum(0)
    return (sums / (TYPICAL_MASS + mass)[:, None]).numpy()


@torch.no_grad()
def start_bias(net: Net, examples: Examples, objective: str) -> None:
    """The log odds of each class among the training labels into the bias of a multi-label objective."""
    bias = net.bias(objective)
    if bias is not None and examples.classes.kind(objective) == "multi_label":
        rows = examples.rows(objective, Side.TRAIN)
        bias.copy_(log_odds(examples.counts(objective, rows), len(rows)))


def log_odds(counts: npt.NDArray[Any], labels: float) -> torch.Tensor:
    """Log odds of classes that are right so often among so many labels, with half a label of each kind added."""
    return torch.logit(torch.from_numpy((counts + 0.5) / (labels + 1.0)))


def _word_rows(transform: Transform, feature_name: str, name: str, encoders: Encoders | None) -> Vectors:
    if encoders is None:
        raise ModelError(f'no encoder "{name}" for the words of {feature_name}', hint="give `start` the encoders")
    feature = transform.fitted[feature_name]
    if not isinstance(feature, TextFeature | SequenceFeature):
        raise TypeError(f"{feature_name} has no words")
    return embedding_rows(feature, encoders(name))
