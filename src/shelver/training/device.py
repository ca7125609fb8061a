"""Where nets are trained."""

from __future__ import annotations

import torch

from shelver.errors import ModelError


def device_of(wanted: str) -> torch.device:
    """Where to train: the device asked for, or for ``auto`` a GPU if there is one.

    Raises
    ------
    ModelError
        This machine has no such device.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = wanted.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[kind]:
        raise ModelError(f'no device "{wanted}" here', where="training.device", hint='set training.device = "auto"')
    return torch.device(wanted)
