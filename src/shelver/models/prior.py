"""What is known before any label: the words of the tree, and the rules.

Labels refine this prior instead of replacing it: nets add their own scores, which start at zero, to it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from shelver.features.batch import Bag
from shelver.models.classes import Classes
from shelver.models.lexicon import Lexicon
from shelver.models.sparse import weighted_sums
from shelver.models.tensors import indices

WORDS_SCALE = 20.0
"""How much one unit of cosine weighs at first, in nats; training adjusts it."""
NAMES_SCALE = 4.0
"""How much it weighs at first, in nats, that a product has all words of a category's name; training adjusts it."""
RULES_SCALE = 2.0
"""How much a rule that fired weighs at first, in nats; training adjusts it."""


class Prior(nn.Module):
    """Scores of the exclusive classes from the tree's words and the rules.

    ``words_scale · (v · c − m · c) + names_scale · o + rules_scale · h``, with *v* the product's text vector, *c* the
    vector of the category's words, *m* the mean product (so that categories near to everything gain nothing by it),
    *o* the share of the words of the category's name that the product has (see `Lexicon`), and *h* 1 if a rule put the
    product into the category or above it. A product without a vector has no first term.

    Parameters
    ----------
    classes : Classes
        Classes and tree.
    dims : int
        Size of the text vectors.
    lexicon : Lexicon, optional
        Knows the words of the categories' names; without it *o* is 0.
    """

    words: torch.Tensor
    centre: torch.Tensor
    spans: torch.Tensor
    names: torch.Tensor

    def __init__(self, classes: Classes, dims: int, lexicon: Lexicon | None = None) -> None:
        super().__init__()
        self.classes, self.lexicon = len(classes.exclusive), lexicon
        self.register_buffer("words", torch.zeros(self.classes, dims))
        self.register_buffer("centre", torch.zeros(dims))
        self.register_buffer("spans", torch.from_numpy(classes.spans))
        if lexicon is not None:  # its shares follow from the vocabulary and the tree: nothing to save
            self.register_buffer("names", torch.from_numpy(lexicon.shares), persistent=False)
        self.words_scale = nn.Parameter(torch.tensor(WORDS_SCALE))
        self.names_scale = nn.Parameter(torch.tensor(NAMES_SCALE)) if lexicon is not None else None
        self.rules_scale = nn.Parameter(torch.tensor(RULES_SCALE))

    @property
    def scales(self) -> tuple[nn.Parameter, ...]:
        """What each of `parts` is multiplied by."""
        every = (self.words_scale, self.names_scale, self.rules_scale)
        return tuple(scale for scale in every if scale is not None)

    def forward(self, vectors: torch.Tensor, hits: Bag, found: Bag | None = None) -> torch.Tensor:
        """Scores.

        Parameters
        ----------
        vectors : Tensor of float32, shape (rows, dims)
            Text vectors of the products.
        hits : Bag over the tree's categories
            Categories that rules assigned.
        found : Bag over the lexicon's words, optional
            Words of categories' names that the products have.

        Returns
        -------
        Tensor of float32, shape (rows, classes)
        """
        scores = (self.words_scale * self._apart(vectors)) @ self.words.T  # (rows, classes)
        if found is not None and self.names_scale is not None:
            scores = scores + self.names_scale * weighted_sums(found, self.names)
        some = np.flatnonzero(np.diff(hits.offsets))
        if len(some) == 0:
            return scores
        below = self.rules_scale * self.below(hits.take(some))
        return scores.index_add(0, indices(some, self.words), below)

    def parts(self, vectors: torch.Tensor, hits: Bag, found: Bag | None = None) -> tuple[torch.Tensor, ...]:
        """What the scores are made of, without the scales: each of shape (rows, classes)."""
        cosines = self._apart(vectors) @ self.words.T
        shares = (weighted_sums(found, self.names),) if found is not None and self.names_scale is not None else ()
        return cosines, *shares, self.below(hits)

    def _apart(self, vectors: torch.Tensor) -> torch.Tensor:
        """Vectors without the mean product; zero for products without a vector, of which words say nothing."""
        vectors = vectors.to(self.words)
        return (vectors - self.centre) * (vectors != 0).any(1, keepdim=True)

    def below(self, hits: Bag) -> torch.Tensor:
        """1 for the classes at or below a category that was hit: float32, shape (rows, classes)."""
        rows = indices(np.repeat(np.arange(len(hits)), np.diff(hits.offsets)), self.words)
        spans = self.spans[indices(hits.ids, self.words)]  # (hits, 2)
        edges = torch.zeros(len(hits), self.classes + 1, device=self.words.device)
        ones = torch.ones(len(rows), device=self.words.device)
        edges.index_put_((rows, spans[:, 0]), ones, accumulate=True)
        edges.index_put_((rows, spans[:, 1]), -ones, accumulate=True)
        return (edges.cumsum(1)[:, :-1] > 0.5).to(self.words.dtype)
