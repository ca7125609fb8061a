"""Temperature scaling: one number per objective that makes probabilities mean what they say."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from shelver.config.objectives import Kind
from shelver.features.split import Side
from shelver.models.base import BaseNet
from shelver.training.examples import Examples, spread

SPREAD = 0.5
"""Standard deviation of log T before anything is seen: with few validation labels, T stays near 1."""
LIMIT = math.log(20)
"""Temperatures are looked for between 1/20 and 20."""
ROWS = 20_000
"""Validation rows used at most."""


def fit_temperature(logits: torch.Tensor, target: torch.Tensor, kind: Kind) -> float:
    """The temperature T under which ``logits / T`` explain the targets best (Guo et al. 2017, arXiv:1706.04599, eq. 9).

    Minimises ``Σ loss(logits / T) + (ln T)² / (2 · 0.5²)`` over ln T by golden section; the first term is convex in
    1 / T, the second keeps T near 1 where few rows speak.

    Parameters
    ----------
    logits : Tensor of float, shape (rows, classes)
        Scores of products that were not trained on.
    target : Tensor, int64 (rows,) or float (rows, classes)
        What is right, for one class of several or for any number of classes.
    kind : str
        Which of the two.

    Returns
    -------
    float
        1 if there are no rows.
    """
    if len(logits) == 0:
        return 1.0
    scores = logits.double()

    def cost(log_t: float) -> float:
        scaled = scores * math.exp(-log_t)
        if kind == "multi_class":
            loss = functional.cross_entropy(scaled, target, reduction="sum")
        else:
            loss = functional.binary_cross_entropy_with_logits(scaled, target.double(), reduction="sum")
        return float(loss) + log_t**2 / (2 * SPREAD**2)

    return math.exp(_golden(cost, -LIMIT, LIMIT))


def _golden(cost: Callable[[float], float], low: float, high: float, tolerance: float = 1e-3) -> float:
    """Where a function with one minimum is least (Kiefer 1953)."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > tolerance:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = cost(right)
    return (low + high) / 2


@torch.no_grad()
def temperatures(net: BaseNet, examples: Examples) -> dict[str, float]:
    """Temperature of each objective of a net, found on the validation side.

    1 for an objective whose missing labels are no negatives: nothing there says how sure its answers ought to be.
    """
    net.eval()
    found = {}
    for name in net.objectives:
        if net.settings[name].loss == "positive_unlabelled":
            found[name] = 1.0
            continue
        rows = spread(examples.rows(name, Side.VALID), ROWS)
        logits = [net(batch, name).cpu() for batch in examples.parts(rows)]
        every = torch.cat(logits) if logits else torch.empty(0, len(examples.classes.of(name)))
        found[name] = fit_temperature(every, examples.target(name, rows), examples.classes.kind(name))
    return {name: float(np.round(value, 6)) for name, value in found.items()}
