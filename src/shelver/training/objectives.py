"""What an objective asks of a net: its loss on labelled products, and what unlabelled ones add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch

from shelver.config import AnyObjective, Exclusive, OneOf
from shelver.config.objectives import Kind
from shelver.errors import ModelError
from shelver.features.batch import Batch
from shelver.features.split import Side
from shelver.models.base import BaseNet
from shelver.models.classes import Classes
from shelver.models.distances import tree_distances, word_distances
from shelver.models.losses import (
    balanced_weights,
    binary_cross_entropy,
    cross_entropy,
    positive_unlabelled,
    tree_distance,
)
from shelver.models.unlabelled import Teacher, consistency, entropy, ramp_up
from shelver.training.examples import Examples

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Logits (rows, classes) and target → mean loss of a row."""


@dataclass(frozen=True)
class Learner:
    """How one objective is learnt.

    Attributes
    ----------
    name : str
        The objective.
    kind : str
        ``multi_class`` or ``multi_label``.
    settings : AnyObjective
        Its settings.
    supervised : callable
        Its loss on labelled products.
    """

    name: str
    kind: Kind
    settings: AnyObjective
    supervised: Loss

    @property
    def unlabelled(self) -> bool:
        """Does it learn from products without a label?"""
        return self.settings.entropy > 0 or self.settings.consistency > 0

    def loss(self, net: BaseNet, batch: Batch, target: torch.Tensor) -> torch.Tensor:
        """Weighted loss on labelled products."""
        logits = net(batch, self.name)
        return self.settings.weight * self.supervised(logits, target.to(logits.device))

    def unlabelled_loss(self, net: BaseNet, batch: Batch, teacher: Teacher | None, done: float) -> torch.Tensor:
        """Weighted loss on products without a label.

        Parameters
        ----------
        net : Net
            The net.
        batch : Batch
            Products.
        teacher : Teacher, optional
            Needed for `consistency`.
        done : float
            Share of the training that is over: the weight of these losses ramps up with it.
        """
        logits = net(batch, self.name)
        total = self.settings.entropy * entropy(logits, self.kind)
        if self.settings.consistency and teacher is not None:
            with torch.no_grad():
                taught = teacher.net(batch, self.name)
            total = total + self.settings.consistency * consistency(logits, taught, self.kind)
        return self.settings.weight * ramp_up(done) * total


def make_learners(
    objectives: Mapping[str, AnyObjective], examples: Examples, words: torch.Tensor | None = None
) -> dict[str, Learner]:
    """How each objective is learnt from a data set.

    Parameters
    ----------
    objectives : mapping of str to AnyObjective
        Objectives and their settings.
    examples : Examples
        The data set; how often each class occurs is counted on its training side.
    words : Tensor of float32, shape (exclusive classes, dims), optional
        Vectors of the categories' words, for ``distance = "words"``.

    Raises
    ------
    ModelError
        They are needed, and not given.
    """
    return {
        name: Learner(name, examples.classes.kind(name), spec, _supervised(name, spec, examples, words))
        for name, spec in objectives.items()
    }


def _supervised(name: str, spec: AnyObjective, examples: Examples, words: torch.Tensor | None) -> Loss:
    rows = examples.rows(name, Side.TRAIN)
    counts = torch.from_numpy(examples.counts(name, rows))
    if isinstance(spec, OneOf):
        if spec.loss == "tree_distance":
            distances = _distances(spec, examples.classes, words)
            return lambda logits, target: tree_distance(logits, target, distances.to(logits))
        if spec.loss == "class_balanced":
            weight = balanced_weights(counts)
            return lambda logits, target: cross_entropy(logits, target, weight.to(logits))
        return cross_entropy
    if spec.loss == "positive_unlabelled":
        return partial(positive_unlabelled, frequency=spec.frequency)
    if spec.loss == "class_balanced":
        weight = balanced_weights(counts)
        return lambda logits, target: binary_cross_entropy(logits, target, weight.to(logits))
    return binary_cross_entropy


def _distances(spec: OneOf, classes: Classes, words: torch.Tensor | None) -> torch.Tensor:
    if isinstance(spec, Exclusive) and spec.distance == "words":
        if words is None:
            what = "there are no vectors of the categories' words to take distances of"
            hint = 'give the model a text vector and prior = true, or set distance = "tree"'
            raise ModelError(what, where="objectives.exclusive.distance", hint=hint)
        return word_distances(words)
    return tree_distances(classes)
