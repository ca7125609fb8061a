"""What a net knows before the first step: the words of the tree, and how often each rule label occurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from shelver.features.split import Side
from shelver.models.classes import Classes
from shelver.models.nets import Net
from shelver.table import Table
from shelver.training.examples import Examples

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]


def category_texts(classes: Classes) -> list[str]:
    """What is encoded for each exclusive class: its path in words, the most special word first."""
    return [" ".join(reversed(category.path)) for category in classes.tree.exclusive]


def mean_vector(features: Table, name: str) -> npt.NDArray[np.float32]:
    """Mean of a vector feature over all products that are not on the test side: float32, shape (dims,)."""
    total: npt.NDArray[np.float64] | None = None
    count = 0
    for batch in features.batches(["side", name], 8192):
        vectors = batch[name].flatten().to_numpy(zero_copy_only=False).reshape(batch.num_rows, -1).astype(np.float64)
        kept = batch["side"].to_numpy(zero_copy_only=False) != Side.TEST
        total = vectors[kept].sum(axis=0) + (0 if total is None else total)
        count += int(kept.sum())
    if total is None:
        raise ValueError("no products")
    return (total / max(1, count)).astype(np.float32)


@torch.no_grad()
def start(net: Net, examples: Examples, encode: Encode | None) -> None:
    """Put what is known before training into a net.

    Parameters
    ----------
    net : Net
        A new net.
    examples : Examples
        The data set.
    encode : callable, optional
        Text encoder of the net's text vectors; needed if the net has a prior.
    """
    if net.prior is not None and encode is not None:
        net.prior.words.data.copy_(torch.from_numpy(encode(category_texts(examples.classes))))
        net.prior.centre.data.copy_(torch.from_numpy(mean_vector(examples.features, net.text)))
    if "rule_based" in net.objectives and examples.rules is not None:
        rows = examples.rows("rule_based", Side.TRAIN)
        counts = np.bincount(examples.rules.take(rows).ids, minlength=examples.rules.size)
        rate = torch.from_numpy((counts + 0.5) / (len(rows) + 1.0))
        net.wide.bias("rule_based").copy_(torch.logit(rate).float())
