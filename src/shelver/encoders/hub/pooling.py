"""The networks that are exported: a transformer, then pooling and dense layers, or the tower of a joint model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "Identity": nn.Identity,
    "Tanh": nn.Tanh,
    "ReLU": nn.ReLU,
    "GELU": nn.GELU,
    "Sigmoid": nn.Sigmoid,
    "SiLU": nn.SiLU,
}
"""What may follow a dense layer, by the last part of its name."""


class Network(nn.Module):
    """A frozen model and how its vectors are read off.

    Parameters
    ----------
    model : torch.nn.Module
        Of ``transformers``.
    read : callable
        (model, input) → vectors (rows, dims) or token vectors (rows, tokens, dims).
    pooling : sequence of str
        For token vectors: see `pool`.
    dense : sequence of torch.nn.Module
        Applied to the vectors in order.
    """

    def __init__(
        self,
        model: nn.Module,
        read: Callable[[Any, Tensor], Tensor],
        pooling: Sequence[str] = (),
        dense: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.model, self.read, self.pooling = model, read, tuple(pooling)
        self.dense = nn.Sequential(*dense)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Ids (rows, tokens), or pictures (rows, 3, height, width) → vectors (rows, dims)."""
        found = self.read(self.model, x)
        if self.pooling:
            found = pool(found, self.pooling)
        return self.dense(found)  # type: ignore[no-any-return]


def pool(tokens: Tensor, kinds: Sequence[str]) -> Tensor:
    """Make one vector of the tokens of each row, as sentence-transformers does where nothing is padded.

    Parameters
    ----------
    tokens : Tensor of float32, shape (rows, tokens, dims)
    kinds : sequence of str
        Several are joined, in the order of `shelver.encoders.hub.layout.POOLING`.

    Returns
    -------
    Tensor of float32, shape (rows, dims × number of kinds)
    """
    return torch.cat([_pooled(tokens, kind) for kind in kinds], dim=1)


def _pooled(tokens: Tensor, kind: str) -> Tensor:
    match kind:
        case "cls":
            return tokens[:, 0]
        case "lasttoken":
            return tokens[:, -1]
        case "max":
            return tokens.amax(dim=1)
        case "mean":
            return tokens.mean(dim=1)
        case "mean_sqrt_len_tokens":
            return tokens.sum(dim=1) / tokens.new_ones(tokens.shape[1]).sum().sqrt()
        case "weightedmean":
            weight = tokens.new_ones(tokens.shape[1]).cumsum(0)  # 1, 2, ..., tokens
            return (tokens * weight[:, None]).sum(dim=1) / weight.sum()
    raise ValueError(kind)
