"""Checkpoints of a training that is over in a moment: kept in memory, gone with it."""

from __future__ import annotations

import torch

from shelver.models.base import BaseNet
from shelver.models.unlabelled import Teacher
from shelver.training.checkpoint import Checkpoints, History


class MemoryCheckpoints(Checkpoints):
    """The best weights so far, and nothing to resume from; there is no folder."""

    def __init__(self) -> None:  # the folder of `Checkpoints` is left out on purpose
        self._best: dict[str, torch.Tensor] = {}

    def save(
        self,
        net: BaseNet,
        optimizer: torch.optim.Optimizer,
        teacher: Teacher | None,
        history: History,
        best: BaseNet | None,
    ) -> None:
        """Remember the weights of the net that is the best so far, if there is a new one."""
        if best is not None:
            self._best = {name: value.detach().clone() for name, value in best.state_dict().items()}

    def restore(self, net: BaseNet, optimizer: torch.optim.Optimizer, teacher: Teacher | None = None) -> History | None:
        """There is never anything to take up."""
        return None

    def restore_best(self, net: BaseNet, phase: int) -> None:
        """Put the best weights into the net."""
        if self._best:
            net.load_state_dict(self._best)

    def clear(self) -> None:
        """Forget them."""
        self._best = {}

    def part(self, name: str) -> MemoryCheckpoints:
        """Checkpoints of one part of a training."""
        return MemoryCheckpoints()
