"""Distances between exclusive classes, for the loss that counts near misses for less."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from shelver.models.classes import Classes


def tree_distances(classes: Classes) -> torch.Tensor:
    """Steps in the tree from class to class, up to the nearest category above both and down again.

    ``D[a, b] = depth(a) + depth(b) − 2 · depth(above both)``, divided by its largest value. Roots hang on one common
    node. An inner class ("this, and none of its children") is one step from its children.

    Parameters
    ----------
    classes : Classes
        The tree and its exclusive classes.

    Returns
    -------
    Tensor of float32, shape (classes, classes)
        Symmetric, 0 on the diagonal only, at most 1.
    """
    tree = classes.tree
    chains = [
        [*(tree.position(above.category_id) for above in tree.ancestors(class_id)), tree.position(class_id)]
        for class_id in classes.exclusive
    ]
    depth = np.asarray([len(chain) for chain in chains], np.int64)
    deepest = int(depth.max(initial=0))
    nodes = np.asarray([chain + [-1] * (deepest - len(chain)) for chain in chains], np.int64)  # (classes, deepest)
    steps = np.add.outer(depth, depth).astype(np.float32)
    for level in nodes.reshape(len(chains), deepest).T:
        shared = level[:, None] == level[None, :]  # a node has one place in the tree: all above it is shared too
        shared &= level[:, None] >= 0
        steps[shared] -= 2
    return torch.from_numpy(steps / max(1.0, float(steps.max(initial=0.0))))


def word_distances(vectors: torch.Tensor) -> torch.Tensor:
    """One minus the cosine of the vectors of the categories' words.

    Parameters
    ----------
    vectors : Tensor of float, shape (classes, dims)
        Text vector of each class, of any length; zero is without meaning and far (1) from all others.

    Returns
    -------
    Tensor of float32, shape (classes, classes)
        Symmetric, 0 on the diagonal, from 0 (same direction) to 2 (opposite).
    """
    unit = functional.normalize(vectors.detach().double(), dim=1)
    distances = (1 - unit @ unit.T).clamp(min=0)
    return distances.fill_diagonal_(0).float()
