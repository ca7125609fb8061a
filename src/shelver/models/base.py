"""What every net can do, whether it is one or made of several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import nn

from shelver.config import AnyObjective
from shelver.config.models import Bagged, Combined, NetSpec
from shelver.features.batch import Batch


class BaseNet(nn.Module, ABC):
    """A net scores: ``net(batch, objective) -> logits``; it knows nothing of training.

    Parameters
    ----------
    settings : mapping of str to AnyObjective
        What it learns, and the settings of each objective.

    Attributes
    ----------
    spec : settings
        Which model it is.
    objectives : tuple of str
        What it learns.
    """

    spec: NetSpec | Combined | Bagged

    def __init__(self, settings: Mapping[str, AnyObjective]) -> None:
        super().__init__()
        self.settings, self.objectives = dict(settings), tuple(settings)

    @abstractmethod
    def forward(self, batch: Batch, objective: str) -> torch.Tensor:
        """Logits of one objective: float32, shape (rows, classes)."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Size of the embedding; raises ModelError if there is none."""

    @abstractmethod
    def embed(self, batch: Batch) -> torch.Tensor:
        """What all objectives share, just before the last layer: float32, shape (rows, width).

        Raises
        ------
        ModelError
            The model has none.
        """

    @abstractmethod
    def head_weight(self, objective: str) -> torch.Tensor:
        """Weights of the last layer, an embedding of each class: float32, shape (classes, width).

        Raises
        ------
        ModelError
            The model has none.
        """

    @abstractmethod
    def bias(self, objective: str) -> torch.Tensor | None:
        """What the scores of an objective start from: float32, shape (classes,); None if there is no such thing."""

    @abstractmethod
    def weights_of(self, objective: str) -> list[nn.Parameter]:
        """All trained parameters that an objective uses; its steps move no others."""

    def pulled(self, objective: str) -> list[nn.Parameter]:
        """Parameters that an objective uses and L2 pulls towards zero: matrices, not biases, norms or scales."""
        return [weight for weight in self.weights_of(objective) if weight.ndim > 1]

    def rates(self) -> dict[nn.Parameter, float]:
        """How many times as long as others the steps of some parameters are; 1 for those that are not in it."""
        return {}

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device

    def count(self) -> int:
        """Number of trained parameters."""
        return sum(weight.numel() for weight in self.parameters())
