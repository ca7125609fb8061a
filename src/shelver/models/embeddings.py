"""Tables of vectors, one per word or value: trained, random and fixed, or from a pretrained encoder."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from shelver.config import Categorical, Sequence, Text
from shelver.errors import ModelError
from shelver.models.inputs import Inputs

Mode: TypeAlias = Literal["trained", "random", "pretrained", "tuned"]
"""trained: from random; random: fixed; pretrained: vectors of an encoder, fixed; tuned: these, trained further."""

ENCODED = ("pretrained", "tuned")
SPREAD = 0.1
"""Standard deviation of the first weights of a table that is trained."""


def dims_of(spec: Text | Categorical | Sequence, size: int) -> int:
    """Length of an embedding; ``dims = 0`` stands for log2 of the vocabulary, rounded up (thesis, section 2.1.1).

    A *k*-sparse vector of *d* entries can be recovered from about ``k log(d / k)`` random measurements (Baraniuk 2007,
    "Compressive sensing"); a one-hot vector has *k* = 1.

    Examples
    --------
    >>> dims_of(Text(dims=0), 8000), dims_of(Text(dims=7), 8000)
    (13, 7)
    """
    return spec.dims or max(1, math.ceil(math.log2(size)))


class Embeddings(nn.Module):
    """A table of vectors.

    Parameters
    ----------
    size : int
        Size of the vocabulary.
    dims : int
        Length of a vector.
    mode : str
        See `Mode`. What is not learnt is a buffer: saved with the model, moved by no step. Random vectors that stay
        fixed have length 1 on average, so that distances survive (Baraniuk 2007).
    encoder : str
        Text encoder for ``pretrained`` and ``tuned``; `fill` takes its vectors.

    Attributes
    ----------
    weight : Tensor of float32, shape (size, dims)
        The table. With an encoder zeros until `fill`.
    """

    weight: torch.Tensor

    def __init__(self, size: int, dims: int, mode: Mode, encoder: str = "") -> None:
        super().__init__()
        self.mode, self.encoder = mode, encoder if mode in ENCODED else ""
        spread = {"trained": SPREAD, "random": dims**-0.5}.get(mode, 0.0)
        weight = torch.randn(size, dims) * spread
        if mode in ("trained", "tuned"):
            self.weight = nn.Parameter(weight)
        else:
            self.register_buffer("weight", weight)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}, {self.mode}"

    @torch.no_grad()
    def fill(self, vectors: npt.NDArray[np.float32]) -> None:
        """Put vectors in, shortened to the length of the table's.

        Parameters
        ----------
        vectors : ndarray of float32, shape (size, any)
            A vector for each row, as `shelver.features.word_vectors.embedding_rows` gives them.

        Raises
        ------
        ModelError
            Another number of rows.
        """
        size, dims = self.weight.shape
        if len(vectors) != size:
            raise ModelError(f"{len(vectors)} vectors of words", expected=f"{size}, one for each row of the table")
        self.weight.copy_(torch.from_numpy(shorten(vectors, dims)))


def shorten(vectors: npt.NDArray[np.float32], dims: int) -> npt.NDArray[np.float32]:
    """The vectors of `dims` numbers whose dot products are nearest to those of the given ones (Eckart & Young 1936).

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, any)
        Vectors; of the wanted length they stay as they are.
    dims : int
        Numbers wanted; if there are more than the vectors have, zeros follow.

    Returns
    -------
    ndarray of float32, shape (n, dims)
    """
    if vectors.shape[1] <= dims:
        return np.pad(vectors, ((0, 0), (0, dims - vectors.shape[1])))
    wide = vectors.astype(np.float64)
    _, axes = np.linalg.eigh(wide.T @ wide)  # ascending
    best = axes[:, ::-1][:, :dims]
    signs = np.sign(best[np.abs(best).argmax(axis=0), np.arange(dims)])  # an axis may point either way: fix one
    return np.asarray(wide @ (best * signs), np.float32)


Kind = TypeVar("Kind", Text, Categorical, Sequence)


def settings(inputs: Inputs, name: str, kind: type[Kind]) -> Kind:
    """Settings of a feature, known to be of a kind."""
    spec = inputs.specs[name]
    if not isinstance(spec, kind):
        raise TypeError(f"{name} is of kind {spec.kind}, not {kind.__name__}")
    return spec
