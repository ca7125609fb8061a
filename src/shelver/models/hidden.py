"""Hidden layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import nn

Norm: TypeAlias = Literal["none", "batch", "layer"]


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation (Ioffe & Szegedy 2015) that also takes a single row in training.

    One row has no spread, so it is scaled as in evaluation, by the running mean and variance, which it leaves alone.
    """

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Normalised rows: shape (rows, width)."""
        if self.training and len(rows) == 1:
            return nn.functional.batch_norm(
                rows, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        return super().forward(rows)


class Hidden(nn.Module):
    """Linear layer, normalisation, ReLU and dropout, one after the other, once per size.

    Parameters
    ----------
    width : int
        Size of what comes in.
    sizes : sequence of int
        Sizes of the layers; none: what comes in goes out.
    dropout : float
        Share of units silenced in training.
    norm : str
        ``none``, ``batch`` (Ioffe & Szegedy 2015) or ``layer`` (Ba et al. 2016).

    Attributes
    ----------
    width : int
        Size of what goes out.
    """

    def __init__(self, width: int, sizes: Sequence[int], dropout: float, norm: Norm) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for size in sizes:
            layers += [nn.Linear(width, size), *after(size, dropout, norm)]
            width = size
        self.layers, self.width = nn.Sequential(*layers), width

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Output of the last layer: shape (rows, width)."""
        found: torch.Tensor = self.layers(rows)
        return found


def after(size: int, dropout: float, norm: Norm) -> list[nn.Module]:
    """What follows the linear layer of a hidden layer."""
    norms: dict[Norm, list[nn.Module]] = {"none": [], "batch": [BatchNorm(size)], "layer": [nn.LayerNorm(size)]}
    return [*norms[norm], nn.ReLU(), nn.Dropout(dropout)]
