"""Bags of words times a weight matrix, fast on a CPU: forward, and a gradient without a new matrix in every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from shelver.features.batch import Bag, Ints

CHUNK = 600_000
"""Numbers of a gradient that are summed at once: a few megabytes, so that they stay in the cache."""


class SparseLinear(nn.Module):
    """``Σ weightᵢ · Wᵢ`` over the entries of a bag; starts at zero or at random.

    Parameters
    ----------
    size : int
        Size of the vocabulary.
    outputs : int
        Number of outputs.
    spread : float
        Standard deviation of the first weights.

    Notes
    -----
    On a CPU ``weight.grad`` is written by this layer: into the same memory in every step, as asking the system for a
    new matrix takes longer than filling it (1,300 classes × 23,000 words: 120 MB). So a gradient is only good until the
    next backward pass, it comes from ``Tensor.backward`` alone (``torch.autograd.grad`` gives None for the weight), and
    there are no second derivatives. `eval` gives the memory back.

    The weight stays float32 when the net is turned to float64, and only the sums are turned: a row is summed up word by
    word, whatever other rows there are, so there is nothing for float64 to hide, and float32 is ten times as fast.
    """

    like: torch.Tensor

    def __init__(self, size: int, outputs: int, spread: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size, outputs) * spread)
        self.register_buffer("like", torch.empty(0), persistent=False)  # knows the type of the net
        self._room: torch.Tensor | None = None

    def forward(self, bag: Bag) -> torch.Tensor:
        """Sums: shape (rows, outputs), of the type of the net."""
        if self.weight.is_cpu and self.weight.requires_grad and torch.is_grad_enabled():
            sums: torch.Tensor = _Sums.apply(self.weight, bag, self)  # type: ignore[no-untyped-call]
            return sums.to(self.like)
        return weighted_sums(bag, self.weight).to(self.like)

    def add_gradient(self, bag: Bag, gradient: torch.Tensor) -> None:
        """Add ``Xᵀ G`` to ``weight.grad``.

        Parameters
        ----------
        bag : Bag
            X, of the forward pass.
        gradient : Tensor of float32, shape (rows, outputs)
            G, the gradient of the sums.
        """
        turned, gradient = transpose(bag), gradient.contiguous()
        fresh = self.weight.grad is None
        if fresh:
            self.weight.grad = self._gradient()
        into = self.weight.grad
        assert into is not None  # noqa: S101  (set above)
        step = max(1, CHUNK // max(1, self.weight.shape[1]))
        for start in range(0, bag.size, step):
            stop = min(start + step, bag.size)
            first, last = turned.offsets[start], turned.offsets[stop]
            if first == last:
                if fresh:
                    into[start:stop].zero_()
                continue
            offsets = turned.offsets[start : stop + 1] - first
            part = Bag(offsets, turned.ids[first:last], turned.weights[first:last], turned.size)
            sums = weighted_sums(part, gradient)  # (words of this chunk, outputs)
            if fresh:
                into[start:stop].copy_(sums)
            else:
                into[start:stop].add_(sums)

    def _gradient(self) -> torch.Tensor:
        room, weight = self._room, self.weight
        if room is None or room.shape != weight.shape or room.dtype != weight.dtype:
            room = self._room = torch.empty_like(weight, requires_grad=False)
        return room

    def train(self, mode: bool = True) -> SparseLinear:
        """Turn to training, or to evaluation, which needs no memory for a gradient."""
        if not mode:
            self._room = None
        super().train(mode)
        return self

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> SparseLinear:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.weight.dtype == torch.float64:
            self.weight.data = self.weight.data.float()
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_room": None}  # a copy of the layer needs no copy of it

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


class _Sums(torch.autograd.Function):
    """Sums whose backward pass leaves the gradient of the weight with its layer."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, bag: Bag, layer: SparseLinear) -> torch.Tensor:
        ctx.bag, ctx.layer = bag, layer
        return weighted_sums(bag, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None, None]:
        ctx.layer.add_gradient(ctx.bag, gradient)
        return None, None, None


def weighted_sums(bag: Bag, matrix: torch.Tensor) -> torch.Tensor:
    """``X M`` for a bag X.

    Parameters
    ----------
    bag : Bag
        Rows over a vocabulary of as many ids as the matrix has rows.
    matrix : Tensor, shape (vocabulary, outputs)

    Returns
    -------
    Tensor, shape (rows, outputs)
        Of the type of the matrix, where the matrix is.
    """
    return functional.embedding_bag(
        torch.from_numpy(bag.ids).to(matrix.device),
        matrix,
        torch.from_numpy(bag.offsets).to(matrix.device),
        mode="sum",
        per_sample_weights=torch.from_numpy(bag.weights).to(matrix.device, matrix.dtype),
        include_last_offset=True,
    )


def transpose(bag: Bag) -> Bag:
    """Rows and vocabulary exchanged: for every word the rows it is in, ascending."""
    rows = np.repeat(np.arange(len(bag)), np.diff(bag.offsets))
    order = order_of(bag.ids, bag.size)
    offsets = np.zeros(bag.size + 1, np.int64)
    np.cumsum(np.bincount(bag.ids, minlength=bag.size), out=offsets[1:])
    return Bag(offsets, rows[order], bag.weights[order], len(bag))


def order_of(ids: Ints, size: int) -> Ints:
    """Places of the ids in ascending order, equal ones in the order they come in.

    Parameters
    ----------
    ids : ndarray of int64
        ``0 <= ids < size``, and size is at most 2³².

    Notes
    -----
    NumPy sorts 16 bits by radix, five times as fast as longer numbers; so sort the lower 16 bits, then the upper.
    """
    order: Ints = np.argsort(ids.astype(np.uint16), kind="stable")
    if size > 1 << 16:
        order = order[np.argsort((ids[order] >> 16).astype(np.uint16), kind="stable")]
    return order
