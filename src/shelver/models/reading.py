"""Words of a text in order, as vectors: where nets that read begin."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from shelver.config import Sequence as Words
from shelver.features.batch import Batch, Ints
from shelver.models.embeddings import Embeddings, dims_of, settings
from shelver.models.inputs import Inputs
from shelver.models.tensors import indices

PADDING = 0
"""Number of no word; 1 is an unknown word, and the vocabulary begins with 2."""


class Reader(nn.Module):
    """Embeds the words of one text.

    Parameters
    ----------
    name : str
        The sequence feature.
    size : int
        Size of its vocabulary, with padding and the unknown word.
    spec : Sequence
        Its settings.

    Attributes
    ----------
    width : int
        Length of a word's vector.
    """

    def __init__(self, name: str, size: int, spec: Words) -> None:
        super().__init__()
        self.name, self.width = name, dims_of(spec, size)
        self.words = Embeddings(size, self.width, spec.embedding, spec.encoder)

    def forward(self, batch: Batch) -> tuple[torch.Tensor, Ints]:
        """Vectors and lengths.

        Returns
        -------
        vectors : Tensor of float32, shape (rows, time, width)
            Zero after the end of a text; *time* is the length of the longest text of the batch, 1 at least.
        lengths : ndarray of int64, shape (rows,)
            Number of words of each text.
        """
        words = batch.sequences[self.name]
        lengths = np.asarray((words != PADDING).sum(axis=1), np.int64)
        longest = int(lengths.max(initial=0))
        if longest == 0:
            words, longest = np.full((len(words), 1), PADDING), 1
        weight = self.words.weight
        ids = indices(words[:, :longest], weight)
        return functional.embedding(ids, weight) * (ids != PADDING)[:, :, None], lengths


def readers(inputs: Inputs) -> list[Reader]:
    """A reader for each sequence feature."""
    return [Reader(name, size, settings(inputs, name, Words)) for name, size in inputs.sequences.items()]
