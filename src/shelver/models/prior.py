"""What is known before any label: the words of the tree, and the rules.

Labels refine this prior instead of replacing it: nets add their own scores, which start at zero, to it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from shelver.features.batch import Bag
from shelver.models.classes import Classes
from shelver.models.tensors import indices

WORDS_SCALE = 20.0
"""How much one unit of cosine weighs at first, in nats; training adjusts it."""
RULES_SCALE = 3.0
"""How much a rule that fired weighs at first, in nats; training adjusts it."""


class Prior(nn.Module):
    """Scores of the exclusive classes from the tree's words and the rules.

    ``words_scale · (v · c − m · c) + rules_scale · h``, with *v* the product's text vector, *c* the vector of the
    category's words, *m* the mean product (so that categories near to everything gain nothing by it), and *h* 1 if a
    rule put the product into the category or above it.

    Parameters
    ----------
    classes : Classes
        Classes and tree.
    dims : int
        Size of the text vectors.
    """

    words: torch.Tensor
    centre: torch.Tensor
    spans: torch.Tensor

    def __init__(self, classes: Classes, dims: int) -> None:
        super().__init__()
        self.classes = len(classes.exclusive)
        self.register_buffer("words", torch.zeros(self.classes, dims))
        self.register_buffer("centre", torch.zeros(dims))
        self.register_buffer("spans", torch.from_numpy(classes.spans))
        self.words_scale = nn.Parameter(torch.tensor(WORDS_SCALE))
        self.rules_scale = nn.Parameter(torch.tensor(RULES_SCALE))

    def forward(self, vectors: torch.Tensor, hits: Bag) -> torch.Tensor:
        """Scores.

        Parameters
        ----------
        vectors : Tensor of float32, shape (rows, dims)
            Text vectors of the products.
        hits : Bag over the tree's categories
            Categories that rules assigned.

        Returns
        -------
        Tensor of float32, shape (rows, classes)
        """
        scores = (self.words_scale * (vectors.to(self.words) - self.centre)) @ self.words.T  # (rows, classes)
        some = np.flatnonzero(np.diff(hits.offsets))
        if len(some) == 0:
            return scores
        below = self.rules_scale * self.below(hits.take(some))
        return scores.index_add(0, indices(some, self.words), below)

    def below(self, hits: Bag) -> torch.Tensor:
        """1 for the classes at or below a category that was hit: float32, shape (rows, classes)."""
        rows = indices(np.repeat(np.arange(len(hits)), np.diff(hits.offsets)), self.words)
        spans = self.spans[indices(hits.ids, self.words)]  # (hits, 2)
        edges = torch.zeros(len(hits), self.classes + 1, device=self.words.device)
        ones = torch.ones(len(rows), device=self.words.device)
        edges.index_put_((rows, spans[:, 0]), ones, accumulate=True)
        edges.index_put_((rows, spans[:, 1]), -ones, accumulate=True)
        return (edges.cumsum(1)[:, :-1] > 0.5).to(self.words.dtype)
