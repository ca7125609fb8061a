"""Losses, as plain functions of scores and targets."""

from __future__ import annotations

import torch
from torch.nn import functional


def cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of a softmax, for the exclusive objective.

    Parameters
    ----------
    logits : Tensor of float32, shape (rows, classes)
        Scores.
    target : Tensor of int64, shape (rows,)
        Right class of each row.
    """
    return functional.cross_entropy(logits, target)


def binary_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of a sigmoid per class, summed over classes and averaged over rows.

    For the rule-based objective; only rows with at least one rule label are given to it.

    Parameters
    ----------
    logits : Tensor of float32, shape (rows, classes)
        Scores.
    target : Tensor of float32, shape (rows, classes)
        1 where a rule assigned the class, else 0.
    """
    return functional.binary_cross_entropy_with_logits(logits, target, reduction="sum") / len(logits)


LOSSES = {"exclusive": cross_entropy, "rule_based": binary_cross_entropy}
