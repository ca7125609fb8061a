"""Checkpoints: weights, optimizer state and history, written atomically; no pickle."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from shelver.files import Files
from shelver.models.base import BaseNet
from shelver.models.unlabelled import Teacher

LAST, BEST, MARK = "last.safetensors", "best-{phase}.safetensors", "history.json"
PHASES = 2
"""Phases of a training at most."""


@dataclass
class History:
    """Where training is.

    Attributes
    ----------
    epoch : int
        Epochs done.
    phase, phase_epoch : int
        The present phase, and the epochs done in it.
    best : float
        Best validation loss in this phase (until its first epoch is over: of the phase before).
    best_epoch, waited : int
        Its epoch, and the epochs since.
    losses : list of dict of str to float
        Validation losses of every epoch.
    solved : list of str
        Objectives that were solved at once, which counts as the last epoch.
    """

    epoch: int = 0
    phase: int = 0
    phase_epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    waited: int = 0
    losses: list[dict[str, float]] = field(default_factory=list)
    solved: list[str] = field(default_factory=list)

    def add(self, losses: Mapping[str, tuple[float, int]], judged: Sequence[float]) -> bool:
        """Note an epoch; True if it is the best of its phase, which every epoch is where nothing can be judged."""
        better = not judged or self.phase_epoch == 0 or sum(judged) < self.best
        self.losses.append({name: loss for name, (loss, _) in losses.items()})
        self.epoch, self.phase_epoch = self.epoch + 1, self.phase_epoch + 1
        self.waited = 0 if better else self.waited + 1
        if better:
            self.best, self.best_epoch = sum(judged), self.epoch
        return better

    def next_phase(self) -> None:
        """Go on to the next phase."""
        self.phase, self.phase_epoch, self.waited = self.phase + 1, 0, 0


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

    def save(
        self,
        net: BaseNet,
        optimizer: torch.optim.Optimizer,
        teacher: Teacher | None,
        history: History,
        best: BaseNet | None,
    ) -> None:
        """Write the state after an epoch, and the weights of the net that is the best so far, if there is a new one."""
        if best is not None:
            self.files.write(
                BEST.format(phase=history.phase), save_tensors(_named("net", best.state_dict()), self._mark(history))
            )
        state = _named("net", net.state_dict()) | _named("teacher", teacher.state_dict() if teacher else {})
        for number, moments in optimizer.state_dict()["state"].items():
            state |= _named(f"optimizer.{number}", {name: torch.as_tensor(value) for name, value in moments.items()})
        self.files.write(LAST, save_tensors(state, self._mark(history)))

    def restore(self, net: BaseNet, optimizer: torch.optim.Optimizer, teacher: Teacher | None = None) -> History | None:
        """Take up where training was; None if there is nothing to take up."""
        found = self._read(LAST)
        if found is None:
            return None
        tensors, mark = found
        net.load_state_dict(_part("net", tensors))
        if teacher:
            teacher.load_state_dict(_part("teacher", tensors))
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in _part("optimizer", tensors).items():
            number, moment = name.split(".", 1)
            state.setdefault(int(number), {})[moment] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        return History(**mark["history"])

    def restore_best(self, net: BaseNet, phase: int) -> None:
        """Put the best weights of a phase into the net, if any were saved."""
        found = self._read(BEST.format(phase=phase))
        if found is not None:
            net.load_state_dict(_part("net", found[0]))

    def clear(self) -> None:
        """Remove all files: training is over and the model is saved."""
        for name in (LAST, *(BEST.format(phase=phase) for phase in range(PHASES))):
            self.files.delete(name)

    def part(self, name: str) -> Checkpoints:
        """Checkpoints of one part of a training, in a folder of their own."""
        return Checkpoints(self.files.sub(name), f"{self.fingerprint} {name}")

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


def _named(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}.{name}": value.contiguous() for name, value in tensors.items()}


def _part(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    start = f"{prefix}."
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}
