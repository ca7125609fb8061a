"""Checkpoints: weights, optimizer state and history, written atomically; no pickle."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from shelver.files import Files
from shelver.models.nets import Net

LAST, BEST, MARK = "last.safetensors", "best.safetensors", "history.json"


@dataclass
class History:
    """Where training is: the next epoch, the best validation loss so far, and the losses of every epoch."""

    epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    waited: int = 0
    losses: list[dict[str, float]] = field(default_factory=list)


class Checkpoints:
    """A folder with the last state of a training, and the best weights so far.

    Parameters
    ----------
    files : Files
        The folder.
    fingerprint : str
        Identity of the training; checkpoints of another one are not resumed.

    Notes
    -----
    History and optimizer state lie in the metadata of one file with the weights, so a kill between two writes cannot
    leave a history that does not fit its weights. The best weights carry their epoch: if the kill came after they were
    written but before the last state was, the same epoch is trained again and they are written again, equal.
    """

    def __init__(self, files: Files, fingerprint: str) -> None:
        self.files, self.fingerprint = files, fingerprint

    def save(self, net: Net, optimizer: torch.optim.Optimizer, history: History, better: bool) -> None:
        """Write the state after an epoch."""
        weights = {f"net.{name}": value for name, value in net.state_dict().items()}
        if better:
            self.files.write(BEST, save_tensors(weights, self._mark(history)))
        state = optimizer.state_dict()["state"]
        for number, moments in state.items():
            for name, value in moments.items():
                weights[f"optimizer.{number}.{name}"] = torch.as_tensor(value)
        self.files.write(LAST, save_tensors(weights, self._mark(history)))

    def restore(self, net: Net, optimizer: torch.optim.Optimizer) -> History | None:
        """Take up where training was; None if there is nothing to take up."""
        found = self._read(LAST)
        if found is None:
            return None
        tensors, mark = found
        net.load_state_dict({name[4:]: value for name, value in tensors.items() if name.startswith("net.")})
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, number, moment = name.split(".", 2)
                state.setdefault(int(number), {})[moment] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        return History(**mark["history"])

    def restore_best(self, net: Net) -> None:
        """Put the best weights into the net, if any were saved."""
        found = self._read(BEST)
        if found is not None:
            net.load_state_dict({name[4:]: value for name, value in found[0].items()})

    def clear(self) -> None:
        """Remove all files: training is over and the model is saved."""
        for name in (LAST, BEST):
            self.files.delete(name)

    def _mark(self, history: History) -> dict[str, str]:
        return {MARK: json.dumps({"fingerprint": self.fingerprint, "history": dataclasses.asdict(history)})}

    def _read(self, name: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        try:
            content = self.files.read(name)
        except FileNotFoundError:
            return None
        size = int.from_bytes(content[:8], "little")
        mark = json.loads(json.loads(content[8 : 8 + size])["__metadata__"][MARK])
        if mark["fingerprint"] != self.fingerprint:
            return None
        return load_tensors(content), mark
