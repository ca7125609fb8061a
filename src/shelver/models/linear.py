"""The wide part: logistic regression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from torch import nn

from shelver.features.batch import Batch
from shelver.models.inputs import Inputs
from shelver.models.sparse import SparseLinear

TO = "to_"
"""Begins the names of parts that belong to an objective; torch reserves some names, such as ``type``."""


class ZeroLinear(nn.Linear):
    """A linear layer that starts at zero, so that a new net says what its prior says."""

    def __init__(self, inputs: int, outputs: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about layers without inputs
            super().__init__(inputs, outputs)

    def reset_parameters(self) -> None:
        """Set weights and biases to zero."""
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)


class LinearNet(nn.Module):
    """Logistic regression: one weight per input and class, and nothing shared between objectives.

    Parameters
    ----------
    inputs : Inputs
        What goes in: bags of words, one-hot values, numbers and vectors.
    outputs : mapping of str to int
        Number of scores of each objective.
    """

    def __init__(self, inputs: Inputs, outputs: Mapping[str, int]) -> None:
        super().__init__()
        self.inputs = inputs
        self.sparse = nn.ModuleDict({TO + name: SparseLinear(inputs.sparse_size, n) for name, n in outputs.items()})
        self.dense = nn.ModuleDict({TO + name: ZeroLinear(inputs.dense_size, n) for name, n in outputs.items()})

    def forward(self, batch: Batch, objective: str) -> torch.Tensor:
        """Scores: float32, shape (rows, scores)."""
        sparse: torch.Tensor = self.sparse[TO + objective](self.inputs.sparse(batch))
        dense: torch.Tensor = self.dense[TO + objective](self.inputs.dense(batch).to(sparse))
        return sparse + dense

    def bias(self, objective: str) -> torch.Tensor:
        """What the scores of an objective start from: float32, shape (scores,)."""
        return self.get_parameter(f"dense.{TO}{objective}.bias")

    def used(self, objective: str) -> list[nn.Module]:
        """Layers of an objective."""
        return [self.sparse[TO + objective], self.dense[TO + objective]]
