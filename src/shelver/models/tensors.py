"""NumPy arrays of a batch as tensors, where and as precise as the weights they meet; on the CPU nothing is copied."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch


def indices(values: npt.NDArray[Any], like: torch.Tensor) -> torch.Tensor:
    """Integers on the device of another tensor: int64, same shape."""
    return torch.from_numpy(values).to(like.device, torch.int64)


def floats(values: npt.NDArray[Any], like: torch.Tensor) -> torch.Tensor:
    """Numbers on the device and in the type of another tensor: same shape."""
    return torch.from_numpy(values).to(like.device, like.dtype)
