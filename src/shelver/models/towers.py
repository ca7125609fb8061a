"""Parts of a net that take one kind of input each; a part gives `width` numbers per product."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from shelver.config import Categorical, Text
from shelver.features.batch import Batch
from shelver.models.embeddings import SPREAD, Embeddings, dims_of, settings
from shelver.models.hidden import Norm, after
from shelver.models.inputs import Inputs
from shelver.models.part import Part
from shelver.models.sparse import SparseLinear, weighted_sums
from shelver.models.tensors import floats, indices


class BagTower(Part):
    """A text as the weighted sum, or average, of the embeddings of its tokens (thesis, section 2.1.1).

    ``Σ wᵢ Eᵢ`` or ``Σ wᵢ Eᵢ / Σ wᵢ``, with *w* the weights in the bag, such as TF-IDF; an empty text gives zeros.

    Parameters
    ----------
    name : str
        The feature.
    size : int
        Size of its vocabulary.
    spec : Text
        Its settings.
    """

    def __init__(self, name: str, size: int, spec: Text) -> None:
        super().__init__()
        self.name, self.mean, self.width = name, spec.average == "mean", dims_of(spec, size)
        self.words: SparseLinear | Embeddings
        if spec.embedding == "trained":
            self.words = SparseLinear(size, self.width, SPREAD)
        else:
            self.words = Embeddings(size, self.width, spec.embedding, spec.encoder)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Embedded texts: shape (rows, width)."""
        bag = batch.bags[self.name]
        found: torch.Tensor
        found = self.words(bag) if isinstance(self.words, SparseLinear) else weighted_sums(bag, self.words.weight)
        if not self.mean:
            return found
        rows = np.repeat(np.arange(len(bag)), np.diff(bag.offsets))
        totals = np.bincount(rows, bag.weights, minlength=len(bag))
        return found / floats(np.where(totals > 0, totals, 1), found)[:, None]


class ValueTower(Part):
    """A categorical value as its embedding; a missing or unknown value has one too.

    Parameters
    ----------
    name : str
        The feature.
    size : int
        Number of its values, with the one for missing or unknown.
    spec : Categorical
        Its settings.
    """

    def __init__(self, name: str, size: int, spec: Categorical) -> None:
        super().__init__()
        self.name, self.width = name, dims_of(spec, size)
        self.values = Embeddings(size, self.width, spec.embedding)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Embedded values: shape (rows, width)."""
        weight = self.values.weight
        return functional.embedding(indices(batch.categories[self.name], weight), weight)


class DenseTower(Part):
    """Vectors and numbers as they are; a number takes two places: its value, and whether it is missing.

    Parameters
    ----------
    inputs : Inputs
        What goes in.
    """

    like: torch.Tensor

    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.inputs, self.width = inputs, inputs.dense_size
        self.register_buffer("like", torch.empty(0), persistent=False)  # knows the device and the type of the net

    def forward(self, batch: Batch) -> torch.Tensor:
        """Numbers: shape (rows, width)."""
        return self.inputs.dense(batch).to(self.like)


class Histogram(Part):
    """The first hidden layer, straight on the counts: ``W x`` for bags, one-hot values, numbers and vectors.

    Parameters
    ----------
    inputs : Inputs
        What goes in.
    width : int
        Size of the layer.
    dropout, norm
        As for `Hidden`.
    """

    def __init__(self, inputs: Inputs, width: int, dropout: float, norm: Norm) -> None:
        super().__init__()
        self.inputs, self.width = inputs, width
        self.sparse = SparseLinear(inputs.sparse_size, width, SPREAD) if inputs.sparse_size else None
        self.dense = nn.Linear(inputs.dense_size, width, bias=False) if inputs.dense_size else None
        self.bias = nn.Parameter(torch.zeros(width))
        self.after = nn.Sequential(*after(width, dropout, norm))

    def forward(self, batch: Batch) -> torch.Tensor:
        """Output of the layer: shape (rows, width)."""
        total = self.bias.expand(len(batch), self.width)
        if self.sparse is not None:
            total = total + self.sparse(self.inputs.sparse(batch))
        if self.dense is not None:
            total = total + self.dense(self.inputs.dense(batch).to(self.bias))
        found: torch.Tensor = self.after(total)
        return found


def towers(inputs: Inputs) -> list[Part]:
    """A part for each text and each categorical value, and one for all vectors and numbers."""
    parts: list[Part] = []
    for name, size in inputs.bags.items():
        parts.append(BagTower(name, size, settings(inputs, name, Text)))
    for name, size in inputs.categories.items():
        parts.append(ValueTower(name, size, settings(inputs, name, Categorical)))
    if inputs.dense_size:
        parts.append(DenseTower(inputs))
    return parts
