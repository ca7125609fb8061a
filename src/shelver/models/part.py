"""What takes one kind of input in a net."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import nn

from shelver.features.batch import Batch


class Part(nn.Module):
    """A module that gives `width` numbers per product.

    Attributes
    ----------
    width : int
        Columns of its answer.
    """

    width: int

    @abstractmethod
    def forward(self, batch: Batch) -> torch.Tensor:
        """Numbers: float32, shape (rows, width)."""
