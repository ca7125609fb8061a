"""Answers along the tree: the probability of any node, and the deepest node that is sure enough."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from shelver.models.classes import Classes
from shelver.training.metrics import ShelfScores

NOWHERE = -1
"""Position of a product that is not even sure at the top of the tree."""


def node_probabilities(probability: npt.NDArray[np.float32], classes: Classes) -> npt.NDArray[np.float64]:
    """Probability of every category, taken with all below it: the sum over the exclusive classes there.

    Parameters
    ----------
    probability : ndarray of float, shape (rows, exclusive classes)
        Probabilities of the exclusive classes.
    classes : Classes
        Classes and tree.

    Returns
    -------
    ndarray of float64, shape (rows, categories)
        In the depth-first order of the tree.
    """
    sums = torch.zeros(len(probability), probability.shape[1] + 1, dtype=torch.float64)
    torch.cumsum(torch.from_numpy(probability), 1, dtype=torch.float64, out=sums[:, 1:])
    before = sums.numpy()
    found = np.take(before, classes.spans[:, 1], axis=1)
    found -= np.take(before, classes.spans[:, 0], axis=1)
    return np.clip(found, 0.0, 1.0, out=found)


def back_off(
    nodes: npt.NDArray[np.float64], classes: Classes, threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The deepest category that is sure enough: a product that is "a shoe, but which?" still gets a useful shelf.

    Parameters
    ----------
    nodes : ndarray of float64, shape (rows, categories)
        From `node_probabilities`.
    classes : Classes
        Classes and tree.
    threshold : float
        Probability that a category needs.

    Returns
    -------
    positions : ndarray of int64, shape (rows,)
        Position in the tree; of equally deep ones the most probable, then the first; −1 where none is sure enough.
    probability : ndarray of float64, shape (rows,)
        Its probability; 1 for −1, which is the whole tree.
    """
    row, place = np.nonzero(nodes >= threshold)  # few: a product has at most 1 / threshold of them at each depth
    holds = classes.depths[place] > 0
    row, place = row[holds], place[holds]
    value = nodes[row, place]
    order = np.lexsort((-place, value, classes.depths[place], row))
    positions, sure = np.full(len(nodes), NOWHERE, np.int64), np.ones(len(nodes))
    positions[row[order]], sure[row[order]] = place[order], value[order]  # the last of a row stays
    return positions, sure


def shelf_scores(
    positions: npt.NDArray[np.int64], truth: npt.NDArray[np.int64], classes: Classes, threshold: float
) -> ShelfScores:
    """How good shelves are.

    Parameters
    ----------
    positions : ndarray of int64, shape (rows,)
        Shelves, from `back_off`.
    truth : ndarray of int64, shape (rows,)
        Right exclusive classes.
    classes : Classes
        Classes and tree.
    threshold : float
        Probability that the shelves needed.
    """
    shelved = positions != NOWHERE
    spans = classes.spans[positions[shelved]]
    right = (spans[:, 0] <= truth[shelved]) & (truth[shelved] < spans[:, 1])
    exclusive = np.asarray([category.exclusive for category in classes.tree.categories], np.bool_)
    return ShelfScores(
        threshold=threshold,
        shelved=float(shelved.mean()) if len(shelved) else 0.0,
        right=float(right.mean()) if len(right) else 0.0,
        full=float(exclusive[positions[shelved]].sum() / max(1, len(positions))),
    )
